"""Apply what a rail says about an order, whoever heard it: a callback, a query, a close.

Facts that do not fit (another amount, another app) change nothing and open a case for the operator. A race is
lost by reloading and deciding again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from paygate.domain import payment as moves
from paygate.domain.errors import Conflict
from paygate.domain.states import PaymentState
from paygate.ports import AttemptStatus, TradeStatus
from paygate.services import tell
from paygate.services.book_refunds import BookRefunds, NotYet
from paygate.services.cases import open_rail_case
from paygate.services.races import TRIES
from paygate.services.settle import settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from paygate.domain.payment import Change, Payment
    from paygate.ports import Attempt, Clock, Ids, Ledger, Meter, Nudge, Observation, Transaction

_RAIL_PRECISION = timedelta(seconds=1)  # rails take an expiry in whole seconds, so theirs may come first


class Outrun(Conflict):
    """The payment moved after the rail was asked: the answer may be older than what moved it. Ask again."""


class Observe:
    """The one door through which a rail's word reaches a payment."""

    def __init__(self, ledger: Ledger, clock: Clock, ids: Ids, meter: Meter, nudge: Nudge) -> None:
        self._ledger = ledger
        self._clock = clock
        self._ids = ids
        self._meter = meter
        self._nudge = nudge
        self._refunds = BookRefunds(clock, ids, meter)

    def __call__(
        self,
        rail: str,
        seen: Observation,
        *,
        is_current: bool = False,
        asked_at: int | None = None,
        also: Callable[[Transaction, str], None] | None = None,
    ) -> str:
        """Apply `seen` and answer what came of it in a word or two.

        `is_current`: the rail was asked just now, so what it leaves out is not there. `asked_at` is the version of
        the payment before it was asked. `also` runs in the same transaction with the outcome.
        Raises NotYet (what can be booked is), Outrun, Conflict (races lost too often), Unavailable.
        """
        for _ in range(TRIES):
            try:
                with self._ledger.transaction() as tx:
                    outcome, changes, is_all = self._apply(tx, rail, seen, is_current=is_current)
                    _require_in_time(changes, asked_at)
                    if also is not None and is_all:
                        also(tx, outcome)
            except Outrun:
                raise
            except Conflict:
                continue
            self._tell(changes)
            if not is_all:
                raise NotYet
            return outcome
        raise Conflict("lost too many races")

    def _apply(
        self, tx: Transaction, rail: str, seen: Observation, *, is_current: bool
    ) -> tuple[str, list[Change], bool]:
        """The outcome, the moves, and whether that is all that `seen` tells."""
        trade = tx.trade(rail, seen.reference, seen.rail_id)
        found = {attempt.reference: (attempt, payment) for attempt, payment in trade}
        attempt, payment = found.pop(seen.reference, (None, None))
        problem = _what_does_not_fit(payment, seen, is_anothers=bool(found))
        if problem is not None:
            open_rail_case(tx, self._meter, rail, seen, problem, payment)
            return problem, [], True
        if attempt is None or payment is None:
            raise AssertionError("an order without payment does not fit")  # pragma: no cover
        change = self._move(tx, rail, payment, seen, is_current=is_current)
        current = change.after if change else payment
        kept = _after(attempt, seen, is_paid=current.has_settled)
        is_ended = kept is not None and kept.status is AttemptStatus.DONE
        if change is not None:
            tx.save(change, kept if is_ended else None)
        if kept is not None and not (change and is_ended):
            tx.save_attempt(kept)
        changes, is_all = [change] if change else [], True
        if current.has_settled:
            refunds, is_all = self._refunds(tx, rail, current, seen)
            changes += refunds
            withdrawal = self._book_withdrawal(tx, changes[-1].after if changes else current, seen)
            changes += [withdrawal] if withdrawal else []
        return (", ".join(change.reason for change in changes) or "nothing new"), changes, is_all

    def _move(
        self, tx: Transaction, rail: str, payment: Payment, seen: Observation, *, is_current: bool
    ) -> Change | None:
        """The payment's own move, if what the rail says makes one."""
        if _brought_money(seen) and not payment.has_settled:
            return settle(tx, rail, payment, payment.due.units, self._clock.now(), self._ids.new("EVT"))
        if seen.status is TradeStatus.PROCESSING and payment.state is PaymentState.PENDING:
            return moves.confirm(payment, payment.due.units, self._clock.now())
        is_released = seen.status is TradeStatus.WAITING and payment.state is PaymentState.CONFIRMING
        if is_released and is_current and not payment.received:
            return moves.release(payment, self._clock.now())
        is_over = seen.status in (TradeStatus.CLOSED, TradeStatus.FAILED)
        if is_over and payment.is_open and not payment.received:  # a part that came is never cancelled
            return self._end(payment, seen)
        return None

    def _end(self, payment: Payment, seen: Observation) -> Change:
        now, event_id = self._clock.now(), self._ids.new("EVT")
        if seen.status is TradeStatus.FAILED:
            return moves.fail(payment, seen.reason or seen.status.value, now, event_id)
        if now + _RAIL_PRECISION >= payment.expires_at:
            return moves.expire(payment, now, event_id)
        return moves.cancel(payment, now, event_id)

    def _book_withdrawal(self, tx: Transaction, payment: Payment, seen: Observation) -> Change | None:
        """Disputes: what they hold now, whichever way it went, since messages about them come in any order."""
        if seen.withdrawn is None or not payment.has_settled or seen.withdrawn.units == payment.withdrawn:
            return None
        change = moves.withdraw(payment, seen.withdrawn.units, self._clock.now(), self._ids.new("EVT"))
        tx.save(change)
        if seen.withdrawn.units > payment.withdrawn:
            self._meter.alarm("PaymentReversed", rail=payment.method)
        return change

    # ------------------------------------------------------------ what the world hears

    def _tell(self, changes: list[Change]) -> None:
        for change in changes:
            if change.after.state is PaymentState.SETTLED and not change.before.has_settled:
                tell.settled(self._meter, change.after)
            elif change.before.is_open and not change.after.is_open:
                tell.failed(self._meter, change.after)
        if any(change.event for change in changes):
            self._nudge()


def _require_in_time(changes: list[Change], asked_at: int | None) -> None:
    if changes and asked_at not in (None, changes[0].before.version):
        raise Outrun("the payment moved while the rail was asked")


def _what_does_not_fit(payment: Payment | None, seen: Observation, *, is_anothers: bool) -> str | None:
    """`is_anothers`: the rail's own number of the trade belongs to another order."""
    if seen.mismatch is not None:
        return f"other {seen.mismatch}"
    if payment is None:
        return "unknown order"
    if _brought_money(seen) and seen.amount != payment.due:
        return "other amount"
    return "trade of another order" if is_anothers else None


def _after(attempt: Attempt, seen: Observation, *, is_paid: bool) -> Attempt | None:
    """The attempt as it ends, where nothing more will come of it, or with the rail's own number, if that is new."""
    if attempt.status is AttemptStatus.DONE:
        return None
    known = replace(attempt, rail_id=attempt.rail_id or seen.rail_id)
    if is_paid or seen.status in (TradeStatus.CLOSED, TradeStatus.FAILED):
        return replace(known, status=AttemptStatus.DONE, next_query_at=None)
    return known if known != attempt else None


def _brought_money(seen: Observation) -> bool:
    """Where all was given back, the trade is closed and was paid all the same."""
    return seen.status is TradeStatus.PAID or bool(seen.refunded and seen.refunded.units)
