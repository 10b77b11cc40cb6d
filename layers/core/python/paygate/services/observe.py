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
from paygate.domain.money import Money
from paygate.domain.refund import OUTSIDE, Refund
from paygate.domain.states import PAID_STATES, PaymentState, RefundState
from paygate.ports import AttemptStatus, Case, TradeStatus
from paygate.services.races import TRIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from paygate.domain.payment import Change, Payment
    from paygate.ports import Attempt, Clock, Ids, Ledger, Meter, Nudge, Observation, Transaction

_RAIL_PRECISION = timedelta(seconds=1)  # rails take an expiry in whole seconds, so theirs may come first


class NotYet(Exception):
    """The observation cannot be booked before something else is known; it will be applied again."""


class Observe:
    """The one door through which a rail's word reaches a payment."""

    def __init__(self, ledger: Ledger, clock: Clock, ids: Ids, meter: Meter, nudge: Nudge) -> None:
        self._ledger = ledger
        self._clock = clock
        self._ids = ids
        self._meter = meter
        self._nudge = nudge

    def __call__(
        self,
        rail: str,
        seen: Observation,
        *,
        is_current: bool = False,
        also: Callable[[Transaction, str], None] | None = None,
    ) -> str:
        """Apply `seen` and answer what came of it in a word or two.

        `is_current`: the rail was asked just now, so what it leaves out is not there. `also` runs in the same
        transaction with the outcome. Raises NotYet, Conflict (races lost too often), Unavailable.
        """
        for _ in range(TRIES):
            try:
                with self._ledger.transaction() as tx:
                    outcome, changes = self._apply(tx, rail, seen, is_current=is_current)
                    if also is not None:
                        also(tx, outcome)
            except Conflict:
                continue
            self._tell(changes)
            return outcome
        raise Conflict("lost too many races")

    def _apply(
        self, tx: Transaction, rail: str, seen: Observation, *, is_current: bool
    ) -> tuple[str, list[Change]]:
        trade = tx.trade(rail, seen.reference, seen.rail_id)
        found = {attempt.reference: (attempt, payment) for attempt, payment in trade}
        attempt, payment = found.pop(seen.reference, (None, None))
        problem = _what_does_not_fit(payment, seen, is_anothers=bool(found))
        if problem is not None:
            self._open_case(tx, rail, seen, problem, payment)
            return problem, []
        if attempt is None or payment is None:
            raise AssertionError("an order without payment does not fit")  # pragma: no cover
        change = self._move(tx, payment, seen)
        current = change.after if change else payment
        ended = _ended(attempt, seen, is_paid=_is_paid(current))
        if change is not None:
            tx.save(change, ended)
        elif ended is not None:
            tx.save_attempt(ended)
        refunds = self._book_refunds(tx, rail, current, seen, is_current=is_current)
        changes = [change, *refunds] if change else refunds
        return (", ".join(change.reason for change in changes) or "nothing new"), changes

    def _move(self, tx: Transaction, payment: Payment, seen: Observation) -> Change | None:
        """The payment's own move, if what the rail says makes one."""
        if _brought_money(seen) and not _is_paid(payment):
            return self._settle(tx, payment)
        if seen.status is TradeStatus.PROCESSING and payment.state is PaymentState.PENDING:
            return moves.confirm(payment, payment.due.units, self._clock.now())
        if seen.status in (TradeStatus.CLOSED, TradeStatus.FAILED) and payment.is_open:
            return self._end(payment, seen)
        return None

    def _settle(self, tx: Transaction, payment: Payment) -> Change:
        is_first = tx.claim_order(payment.order_id, payment.id)
        now, event_id = self._clock.now(), self._ids.new("EVT")
        return moves.settle(payment, payment.due.units, now, event_id, is_duplicate=not is_first)

    def _end(self, payment: Payment, seen: Observation) -> Change:
        now, event_id = self._clock.now(), self._ids.new("EVT")
        if seen.status is TradeStatus.FAILED or payment.state is PaymentState.CONFIRMING:
            return moves.fail(payment, seen.reason or seen.status.value, now, event_id)
        if now + _RAIL_PRECISION >= payment.expires_at:
            return moves.expire(payment, now, event_id)
        return moves.cancel(payment, now, event_id)

    # ------------------------------------------------------------ refunds that the rail tells of

    def _book_refunds(
        self, tx: Transaction, rail: str, payment: Payment, seen: Observation, *, is_current: bool
    ) -> list[Change]:
        """The refund that is told of, where it is ours; and what the rail's sum holds beyond all that we know.

        The sum is looked at either way: a refund in the rail's console may have been told of while one of ours
        was under way.
        """
        if not _is_paid(payment):
            return []
        told = tx.refund_by_reference(payment.id, seen.refund_reference) if seen.refund_reference else None
        ours = self._book_ours(tx, payment, told) if told else None
        current = ours.after if ours else payment
        surplus = _given_back(current, seen, is_current=is_current) - current.refunded - current.refunded_outside
        if surplus <= 0:
            return [ours] if ours else []
        if current.refund_reserved:
            raise NotYet  # the sum may hold a refund of ours that is still under way
        name = f"outside-{current.refunded_outside + surplus}"
        reference = name if told or seen.refund_reference is None else seen.refund_reference
        outside = self._book_outside(tx, rail, current, seen, Money(surplus, payment.due.asset), reference)
        return [ours, outside] if ours else [outside]

    def _book_ours(self, tx: Transaction, payment: Payment, ours: Refund) -> Change | None:
        if ours.state not in (RefundState.PENDING, RefundState.UNKNOWN):
            return None
        now = self._clock.now()
        done = ours.to(RefundState.SUCCEEDED, now)
        tx.save_refund(ours, done, None)
        change = moves.refund_moved(payment, ours, done, now, self._ids.new("EVT"))
        tx.save(change)
        return change

    def _book_outside(
        self, tx: Transaction, rail: str, payment: Payment, seen: Observation, amount: Money, reference: str
    ) -> Change:
        """A refund made in the rail's own console: recorded whatever it does to the sum, and an alarm."""
        now = self._clock.now()
        refund = Refund(
            id=self._ids.new("REF"),
            payment_id=payment.id,
            amount=amount,
            state=RefundState.SUCCEEDED,
            reference=reference,
            origin=OUTSIDE,
            reason="made at the rail",
            request_id=payment.request_id,
            created_at=now,
            updated_at=now,
        )
        if not tx.add_outside_refund(refund):
            raise Conflict("another told of this refund first")
        change = moves.refund_moved(payment, None, refund, now, self._ids.new("EVT"))
        tx.save(change)
        self._open_case(tx, rail, seen, "refunded at the rail", payment)
        return change

    # ------------------------------------------------------------ what the world hears

    def _open_case(
        self, tx: Transaction, rail: str, seen: Observation, problem: str, payment: Payment | None
    ) -> None:
        detail = {"reference": seen.reference, "railId": seen.rail_id, "status": seen.status.value}
        for name, money in (("amount", seen.amount), ("refunded", seen.refunded)):
            detail[name] = f"{money.text()} {money.asset.code}" if money else None
        told = f"{problem}:{seen.reference}:{detail['amount']}:{detail['refunded']}:{seen.refund_reference}"
        is_new = tx.open_case(
            Case(
                kind=problem.upper().replace(" ", "_"),
                dedupe=f"{rail}:{told}",
                rail=rail,
                detail=detail,
                payment_id=payment.id if payment else None,
            )
        )
        if is_new:
            self._meter.alarm("RailFactDidNotFit", rail=rail)

    def _tell(self, changes: list[Change]) -> None:
        for change in changes:
            method = change.after.method
            if change.after.state is PaymentState.SETTLED and change.before.state not in PAID_STATES:
                self._meter.count("PaymentsSettled", method=method)
            elif change.before.is_open and not change.after.is_open:
                self._meter.count("PaymentsFailed", method=method)
        if any(change.event for change in changes):
            self._nudge()


def _what_does_not_fit(payment: Payment | None, seen: Observation, *, is_anothers: bool) -> str | None:
    """`is_anothers`: the rail's own number of the trade belongs to another order."""
    if seen.mismatch is not None:
        return f"other {seen.mismatch}"
    if payment is None:
        return "unknown order"
    if _brought_money(seen) and seen.amount != payment.due:
        return "other amount"
    return "trade of another order" if is_anothers else None


def _ended(attempt: Attempt, seen: Observation, *, is_paid: bool) -> Attempt | None:
    """The attempt as it ends, where nothing more will come of it."""
    is_over = is_paid or seen.status in (TradeStatus.CLOSED, TradeStatus.FAILED)
    if not is_over or attempt.status is AttemptStatus.DONE:
        return None
    return replace(attempt, status=AttemptStatus.DONE, next_query_at=None, rail_id=seen.rail_id)


def _brought_money(seen: Observation) -> bool:
    """Where all was given back, the trade is closed and was paid all the same."""
    return seen.status is TradeStatus.PAID or bool(seen.refunded and seen.refunded.units)


def _given_back(payment: Payment, seen: Observation, *, is_current: bool) -> int:
    if seen.refunded is not None:
        return seen.refunded.units
    is_all = is_current and seen.status is TradeStatus.CLOSED  # a paid order closes by a full refund only
    return payment.received if is_all else 0


def _is_paid(payment: Payment) -> bool:
    return payment.state in PAID_STATES or payment.state is PaymentState.REVERSED
