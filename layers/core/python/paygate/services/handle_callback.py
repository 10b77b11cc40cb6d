"""A rail calls: verify over the raw bytes, keep them, then apply, and answer in the rail's own words.

Once the bytes are kept the rail may stop repeating: what fails to apply is applied again by `resolve`.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from paygate.domain.errors import CallbackRefused, Conflict, OutcomeUnknown, SignatureProbe, Unavailable
from paygate.ports import StoredCallback
from paygate.services.book_refunds import NotYet
from paygate.services.observe import Outrun
from paygate.services.rails import order_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from paygate.ports import CallbackReply, CallbackRequest, Ids, Ledger, Meter, Observation, Transaction
    from paygate.services.observe import Observe
    from paygate.services.rails import Rails

log = logging.getLogger(__name__)

_ASKED_AT_MOST = 3


class HandleCallback:
    """Both halves: `__call__` when the rail calls, `again` when `resolve` finds one that is not applied."""

    def __init__(self, ledger: Ledger, rails: Rails, observe: Observe, ids: Ids, meter: Meter) -> None:
        self._ledger = ledger
        self._rails = rails
        self._observe = observe
        self._ids = ids
        self._meter = meter

    def __call__(self, rail_name: str, request: CallbackRequest) -> CallbackReply:
        """Raises NotFound for a rail that is off, Unavailable when the bytes could not be kept."""
        rail = self._rails.by_name(rail_name)
        try:
            seen = rail.read_callback(request)
        except SignatureProbe:
            self._meter.count("CallbackProbes", rail=rail.name)
            return rail.callback_refused()
        except (CallbackRefused, OutcomeUnknown) as refused:  # unknown: the rail's keys could not be fetched
            self._meter.count("CallbacksRefused", rail=rail.name)
            log.warning("callback refused: %s", refused)
            return rail.callback_refused()
        if seen is None:
            return rail.callback_accepted()
        stored = StoredCallback(self._ids.new("CBK"), rail.name, request)
        callback_id, is_applied = self._ledger.keep_callback(stored)
        if not is_applied:
            try:
                self._apply(rail.name, callback_id, seen)
            except (Conflict, NotYet, OutcomeUnknown, Unavailable) as error:
                log.warning("callback %s waits: %s", callback_id, type(error).__name__)
        return rail.callback_accepted()

    def again(self, callback_id: str) -> None:
        """Apply a stored callback. It verified when it came; keys may have rotated since, so a refusal is noted."""
        with self._ledger.transaction() as tx:
            stored = tx.callback(callback_id)
        if stored is None:
            return
        try:
            seen = self._rails.by_name(stored.rail).read_callback(stored.request)
        except CallbackRefused:
            self._meter.alarm("StoredCallbackRefused", rail=stored.rail)
            return
        if seen is not None:
            self._apply(stored.rail, callback_id, seen)

    def _apply(self, rail: str, callback_id: str, seen: Observation) -> None:
        def note(tx: Transaction, outcome: str) -> None:
            tx.callback_applied(callback_id, outcome)

        if not seen.is_hint:
            self._observe(rail, seen, also=note)
            return
        for _ in range(_ASKED_AT_MOST):
            with suppress(Outrun):
                self._ask(rail, seen, note)
                return
        raise Conflict("the payment moved each time that the rail was asked")

    def _ask(self, rail: str, seen: Observation, note: Callable[[Transaction, str], None]) -> None:
        """Apply what the rail says now, with the refund that was told of."""
        with self._ledger.transaction() as tx:
            trade = tx.trade(rail, seen.reference, seen.rail_id)
            if not trade and not seen.reference:  # an order of somebody else at the same account
                note(tx, "no order of ours")
                return
        if not trade:
            self._observe(rail, seen, also=note)
            return
        attempt, payment = trade[0]
        at_rail, order = order_at(self._rails, payment, attempt)
        answer = at_rail.query(replace(order, rail_id=order.rail_id or seen.rail_id))
        answer = replace(answer, refund=seen.refund or answer.refund)
        self._observe(rail, answer, is_current=True, asked_at=payment.version, also=note)
