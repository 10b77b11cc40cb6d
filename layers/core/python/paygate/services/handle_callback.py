"""A rail calls: verify over the raw bytes, keep them, then apply, and answer in the rail's own words.

Once the bytes are kept the rail may stop repeating: what fails to apply is applied again by `resolve`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from paygate.domain.errors import CallbackRefused, Conflict, Unavailable
from paygate.ports import StoredCallback
from paygate.services.observe import NotYet

if TYPE_CHECKING:
    from paygate.ports import CallbackReply, CallbackRequest, Ids, Ledger, Meter, Observation, Transaction
    from paygate.services.observe import Observe
    from paygate.services.rails import Rails

log = logging.getLogger(__name__)


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
        except CallbackRefused as refused:
            self._meter.count("CallbacksRefused", rail=rail.name)
            log.warning("callback refused: %s", refused)
            return rail.callback_refused()
        stored = StoredCallback(self._ids.new("CBK"), rail.name, request)
        callback_id, is_applied = self._ledger.keep_callback(stored)
        if not is_applied:
            try:
                self._apply(rail.name, callback_id, seen)
            except (Conflict, NotYet, Unavailable) as error:
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
        self._apply(stored.rail, callback_id, seen)

    def _apply(self, rail: str, callback_id: str, seen: Observation) -> None:
        def note(tx: Transaction, outcome: str) -> None:
            tx.callback_applied(callback_id, outcome)

        self._observe(rail, seen, also=note)
