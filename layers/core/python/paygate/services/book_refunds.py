"""Refunds that a rail tells of: ours as they end, and those made in its own console."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paygate.domain import payment as moves
from paygate.domain.errors import Conflict
from paygate.domain.money import Money
from paygate.domain.refund import OURS, OUTSIDE, Refund
from paygate.domain.states import UNDER_WAY, RefundState
from paygate.ports import RefundStatus
from paygate.services import tell
from paygate.services.cases import open_rail_case, open_stuck_refund_case, stuck_refund_case

if TYPE_CHECKING:
    from paygate.domain.payment import Change, Payment
    from paygate.ports import Clock, Ids, Meter, Observation, ToldRefund, Transaction


class NotYet(Exception):
    """Not all of an observation can be booked before something else is known; it will be applied again."""


class BookRefunds:
    """The one refund that is told of, and what the rail's sum holds beyond all that we know.

    The sum is looked at either way: a refund in the rail's console may have been told of while one of ours was
    under way.
    """

    def __init__(self, clock: Clock, ids: Ids, meter: Meter) -> None:
        self._clock = clock
        self._ids = ids
        self._meter = meter

    def __call__(
        self, tx: Transaction, rail: str, payment: Payment, seen: Observation
    ) -> tuple[list[Change], bool]:
        """The moves, and whether they are all: False while the rail's sum may hold a refund of ours that is under
        way. Raises Conflict.
        """
        seen, known = self._known(tx, payment, seen)
        changes = []
        if seen.refund is not None:
            if seen.refund.status is RefundStatus.STUCK and known is None:
                open_rail_case(tx, self._meter, rail, seen, "refund stuck", payment)
            elif seen.refund.status is RefundStatus.STUCK and known and known.state in UNDER_WAY:
                open_stuck_refund_case(tx, self._meter, rail, known, seen.refund)
            if _is_of_another_amount(known, seen.refund):
                open_rail_case(tx, self._meter, rail, seen, "other refund amount", payment)
                return [], True
            told = self._told(tx, rail, payment, known, seen.refund)
            changes += [told] if told else []
        current = changes[-1].after if changes else payment
        surplus = _surplus(current, seen, is_known=known is not None)
        if surplus > 0 and seen.refunded is not None and current.refund_reserved:
            return changes, False
        if surplus > 0:
            changes.append(self._outside(tx, rail, current, seen, Money(surplus, payment.due.asset), known))
        return changes, True

    def _known(self, tx: Transaction, payment: Payment, seen: Observation) -> tuple[Observation, Refund | None]:
        """The refund that is told of, if we know it. One of ours that had failed and is done all the same is given
        a name of its own: what failed stays failed, and its reserve is free.
        """
        told = seen.refund
        known = tx.refund_by_reference(payment.id, told.reference) if told else None
        if told and known and known.state is RefundState.FAILED and told.status is RefundStatus.SUCCEEDED:
            seen = replace(seen, refund=replace(told, reference=f"{told.reference}-late"))
            known = tx.refund_by_reference(payment.id, f"{told.reference}-late")
        return seen, known

    def _told(
        self, tx: Transaction, rail: str, payment: Payment, known: Refund | None, told: ToldRefund
    ) -> Change | None:
        """The move that a refund which we know makes by what is told of it, if any."""
        state = _next(known.state, told.status) if known else None
        if known is None or state is None:
            return None
        now = self._clock.now()
        is_failure = state is not RefundState.SUCCEEDED
        moved = known.to(state, now, (told.reason or "failed at the rail") if is_failure else None)
        moved = replace(moved, rail_id=told.rail_id or known.rail_id)
        tx.save_refund(known, moved, None)
        change = moves.refund_moved(payment, known, moved, now, self._ids.new("EVT"))
        tx.save(change)
        tx.close_case(stuck_refund_case(rail, known.id))
        tell.refund_moved(self._meter, payment, state)
        return change

    def _outside(
        self,
        tx: Transaction,
        rail: str,
        payment: Payment,
        seen: Observation,
        amount: Money,
        known: Refund | None,
    ) -> Change:
        """A refund made in the rail's own console: recorded whatever it does to the sum, and an alarm."""
        is_named = seen.refund and known is None and seen.refund.status is RefundStatus.SUCCEEDED
        name = f"outside-{payment.version}"  # no sum: after one came back another may bring the same
        now = self._clock.now()
        refund = Refund(
            id=self._ids.new("REF"),
            payment_id=payment.id,
            amount=amount,
            state=RefundState.SUCCEEDED,
            reference=seen.refund.reference if seen.refund and is_named else name,
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
        open_rail_case(tx, self._meter, rail, seen, "refunded at the rail", payment)
        return change


def _next(state: RefundState, told: RefundStatus) -> RefundState | None:
    """Where a refund that is in `state` goes when the rail tells `told`; None: nowhere."""
    if told is RefundStatus.SUCCEEDED and state in UNDER_WAY:
        return RefundState.SUCCEEDED
    if told is RefundStatus.FAILED and state in UNDER_WAY:
        return RefundState.FAILED
    if told is RefundStatus.FAILED and state is RefundState.SUCCEEDED:
        return RefundState.REVERSED
    return None


def _is_of_another_amount(known: Refund | None, told: ToldRefund) -> bool:
    """One of ours always has the amount that we asked for."""
    return bool(known and known.origin == OURS and told.amount and told.amount != known.amount)


def _surplus(payment: Payment, seen: Observation, *, is_known: bool) -> int:
    """Units that were given back at the rail and that no refund we know of accounts for."""
    told = seen.refund
    if seen.refunded is not None:
        return seen.refunded.units - payment.refunded - payment.refunded_outside
    is_done = told is not None and told.status is RefundStatus.SUCCEEDED and not is_known
    return told.amount.units if told and told.amount and is_done else 0
