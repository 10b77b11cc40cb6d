"""Close what was not paid in time: at the rail first, then here. "Already paid" settles it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paygate.domain import payment as moves
from paygate.domain.states import PaymentState
from paygate.ports import AttemptStatus, TradeStatus
from paygate.services import tell
from paygate.services.drain import MOST, drain
from paygate.services.rails import order_at
from paygate.services.schedule import WATCH_MARGIN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.domain.payment import Payment
    from paygate.ports import Clock, Due, Ids, Ledger, Meter, Nudge, Observation
    from paygate.services.observe import Observe
    from paygate.services.rails import Rails


@dataclass(frozen=True, slots=True)
class Expired:
    """How many payments were looked at, and how many must be looked at again."""

    payments: int
    put_off: int


class Expire:
    """One sweep. A payment whose rail gives no answer stays open and is tried again when its lease ends."""

    def __init__(
        self,
        ledger: Ledger,
        rails: Rails,
        observe: Observe,
        clock: Clock,
        ids: Ids,
        meter: Meter,
        nudge: Nudge,
    ) -> None:
        self._ledger = ledger
        self._rails = rails
        self._observe = observe
        self._clock = clock
        self._ids = ids
        self._meter = meter
        self._nudge = nudge

    def __call__(self, seconds: float, *, most: int = MOST) -> Expired:
        """Work for `seconds`, on at most `most` payments, or until nothing is due; oldest first."""
        deadline = time.monotonic() + seconds
        payments, put_off = drain(self._due, self._one, deadline, most=most)
        while self._ledger.agenda.sweep() and time.monotonic() < deadline:
            continue
        return Expired(payments, put_off)

    def _due(self, limit: int, lease_seconds: int, without: Sequence[str]) -> Sequence[Due]:
        return self._ledger.agenda.expired(limit, lease_seconds, without, WATCH_MARGIN_SECONDS)

    def _one(self, due: Due) -> None:
        payment_id = due.id
        with self._ledger.transaction() as tx:
            payment, attempt = tx.payment(payment_id), tx.attempt(payment_id)
        if payment is None or attempt is None or _is_underway(payment):
            return
        rail, order = order_at(self._rails, payment, attempt)
        seen = rail.close(order)
        if seen.status in (TradeStatus.CLOSED, TradeStatus.ABSENT) and not _is_underway(payment):
            self._expire(payment_id, seen)
        else:
            self._observe(attempt.rail, seen, is_current=True)

    def _expire(self, payment_id: str, seen: Observation) -> None:
        with self._ledger.transaction() as tx:
            payment, attempt = tx.payment(payment_id), tx.attempt(payment_id)
            if payment is None or attempt is None:
                return
            if not payment.is_open or _is_underway(payment):
                return
            change = moves.expire(payment, self._clock.now(), self._ids.new("EVT"))
            done = replace(attempt, status=AttemptStatus.DONE, next_query_at=None, rail_id=seen.rail_id)
            tx.save(change, done)
        tell.failed(self._meter, payment)
        self._nudge()


def _is_underway(payment: Payment) -> bool:
    """Money that is seen and not final: only the word of who sent it ends that."""
    return payment.state is PaymentState.CONFIRMING and bool(payment.pending)
