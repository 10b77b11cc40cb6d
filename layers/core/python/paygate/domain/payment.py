"""A payment, and every way its state can move. Pure: what happens is returned, never done here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from paygate.domain import events
from paygate.domain.errors import Conflict
from paygate.domain.money import Money, decimal_text
from paygate.domain.states import (
    GONE_STATES,
    OPEN_STATES,
    PAID_STATES,
    PAYMENT_TRANSITIONS,
    PaymentException,
    PaymentState,
    RefundState,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from paygate.domain.events import Event
    from paygate.domain.quote import Quote
    from paygate.domain.refund import Refund


@dataclass(frozen=True, slots=True)
class Payment:
    """What the shop asked (`price`), what the rail must bring (`due`), what came and went in due's units.

    `version` grows with every change and is what compare-and-set compares; `sequence` is the last event's.
    What is due, less `tolerance`, is enough.
    """

    id: str
    order_id: str
    user_id: int
    method: str
    channel: str
    state: PaymentState
    price: Money
    due: Money
    request_id: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    description: str | None = None
    return_url: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)
    received: int = 0
    pending: int = 0
    refund_reserved: int = 0
    refunded: int = 0
    refunded_outside: int = 0
    withdrawn: int = 0
    exceptions: tuple[PaymentException, ...] = ()
    settled_at: datetime | None = None
    failure_reason: str | None = None
    version: int = 1
    sequence: int = 0
    tolerance: int = 0
    quote: Quote | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def has_settled(self) -> bool:
        """Also when its money was withdrawn afterwards."""
        return self.state in PAID_STATES or self.state is PaymentState.REVERSED

    @property
    def refundable(self) -> int:
        """Units that a new refund of ours may still take."""
        left = self.received - self.refunded - self.refunded_outside - self.refund_reserved
        return max(left, 0)

    def received_text(self) -> str:
        return decimal_text(self.received, self.due.asset.decimals)

    def withdrawn_text(self) -> str:
        return decimal_text(self.withdrawn, self.due.asset.decimals)

    def refunded_text(self) -> str:
        return decimal_text(self.refunded + self.refunded_outside, self.due.asset.decimals)


@dataclass(frozen=True, slots=True)
class Change:
    """A move to commit: the row before and after, why, and the event that commits with it.

    `detail` stands in the timeline beside the reason.
    """

    before: Payment
    after: Payment
    reason: str
    event: Event | None = None
    detail: Mapping[str, object] | None = None


def accept(payment: Payment, at: datetime) -> Change:
    """The rail took the order, or there was nothing to ask."""
    return Change(payment, _move(payment, PaymentState.PENDING, at), "accepted")


def confirm(payment: Payment, pending: int, at: datetime) -> Change:
    """Money is seen and not final. A payment that is over stays where it is and shows what is pending."""
    state = PaymentState.CONFIRMING if payment.is_open else payment.state
    return Change(payment, replace(_move(payment, state, at), pending=pending), "confirming")


def release(payment: Payment, at: datetime) -> Change:
    """What was seen came to nothing (declined, replaced, bounced); it may still be paid."""
    return Change(payment, replace(_move(payment, PaymentState.PENDING, at), pending=0), "released")


def receive(
    payment: Payment,
    received: int,
    pending: int,
    at: datetime,
    event_id: str,
    reason: str,
    tx_ids: Sequence[str] = (),
) -> Change | None:
    """Transfers so far: final ones sum to `received`, others to `pending`; None when nothing is new.

    It settles nothing: part of what is due leaves an open payment CONFIRMING, and one that is over where it is. One
    that is settled is as much refunded as its sums say.
    """
    if (received, pending) == (payment.received, payment.pending):
        return None
    state = payment.state
    if payment.is_open:
        state = PaymentState.CONFIRMING if received or pending else PaymentState.PENDING
    elif payment.state in PAID_STATES:
        state = _by_sums(replace(payment, received=received))
    is_over = payment.state in PAID_STATES and received > payment.due.units
    is_more = received > payment.received
    after = replace(
        _move(payment, state, at),
        received=received,
        pending=pending,
        exceptions=_with(payment.exceptions, *([PaymentException.OVERPAID] if is_over else [])),
        sequence=payment.sequence + is_more,
    )
    return Change(payment, after, reason, events.received(event_id, after, at, tx_ids) if is_more else None)


def withdraw(payment: Payment, withdrawn: int, at: datetime, event_id: str, tx_ids: Sequence[str] = ()) -> Change:
    """Money that had settled is held by somebody else (`withdrawn` in all), or comes back (0: all of it)."""
    sums = replace(payment, withdrawn=withdrawn)
    state = PaymentState.REVERSED if withdrawn else _by_sums(sums)
    moved = replace(_move(sums, state, at), sequence=payment.sequence + 1)
    tell, reason = (
        (events.reversed_, "withdrawn") if withdrawn > payment.withdrawn else (events.reinstated, "reinstated")
    )
    return Change(payment, moved, reason, tell(event_id, moved, at, tx_ids))


def settle(
    payment: Payment,
    received: int,
    at: datetime,
    event_id: str,
    *,
    is_duplicate: bool,
    tx_ids: Sequence[str] = (),
) -> Change:
    """Final money, at least what was due. Late money is money; a second payment of one order is flagged."""
    found = {
        PaymentException.OVERPAID: received > payment.due.units,
        PaymentException.LATE: payment.state in GONE_STATES,
        PaymentException.DUPLICATE: is_duplicate,
    }
    after = replace(
        _move(payment, PaymentState.SETTLED, at),
        received=received,
        pending=0,
        settled_at=at,
        failure_reason=None,
        exceptions=_with(
            tuple(name for name in payment.exceptions if name is not PaymentException.UNDERPAID),
            *(name for name, is_so in found.items() if is_so),
        ),
        sequence=payment.sequence + 1,
    )
    return Change(payment, after, "settled", events.settled(event_id, after, at, tx_ids))


def fail(payment: Payment, reason: str, at: datetime, event_id: str) -> Change:
    """The rail says that no money will come."""
    return _end(payment, PaymentState.FAILED, reason, at, event_id)


def expire(payment: Payment, at: datetime, event_id: str) -> Change:
    """The window closed. What came and is too little stays refundable."""
    is_part = payment.received > 0
    kept = replace(
        payment, exceptions=_with(payment.exceptions, *([PaymentException.UNDERPAID] if is_part else []))
    )
    return replace(_end(kept, PaymentState.EXPIRED, "EXPIRED", at, event_id), before=payment)


def cancel(payment: Payment, at: datetime, event_id: str) -> Change:
    return _end(payment, PaymentState.CANCELLED, "CANCELLED", at, event_id)


def refund_moved(payment: Payment, before: Refund | None, after: Refund, at: datetime, event_id: str) -> Change:
    """Book a refund's move on its payment: reserve, sums, and the state that the sums give."""
    units = after.amount.units
    was_held = before is not None and before.holds_reserve
    was_done = before is not None and before.state is RefundState.SUCCEEDED
    is_done = after.state is RefundState.SUCCEEDED
    done = units * (is_done - was_done)
    is_ours = after.origin == "API"
    sums = replace(
        payment,
        refund_reserved=payment.refund_reserved - units * (was_held - after.holds_reserve),
        refunded=payment.refunded + (done if is_ours else 0),
        refunded_outside=payment.refunded_outside + (0 if is_ours else done),
    )
    moved = replace(_move(sums, _state_by_refunds(sums), at), sequence=payment.sequence + 1)
    if is_done:
        return Change(payment, moved, "refunded", events.refunded(event_id, moved, after, at))
    if after.state is RefundState.FAILED:
        return Change(payment, moved, "refund failed", events.refund_failed(event_id, moved, after, at))
    if after.state is RefundState.REVERSED:
        return Change(payment, moved, "refund reversed", events.refund_reversed(event_id, moved, after, at))
    return Change(payment, replace(moved, sequence=payment.sequence), "refund " + after.state.lower())


def _state_by_refunds(payment: Payment) -> PaymentState:
    return _by_sums(payment) if payment.state in PAID_STATES else payment.state


def _by_sums(payment: Payment) -> PaymentState:
    gone = payment.refunded + payment.refunded_outside
    if gone == 0:
        return PaymentState.SETTLED
    return PaymentState.REFUNDED if gone >= payment.received else PaymentState.PARTIALLY_REFUNDED


def _end(payment: Payment, state: PaymentState, reason: str, at: datetime, event_id: str) -> Change:
    after = replace(_move(payment, state, at), pending=0, failure_reason=reason, sequence=payment.sequence + 1)
    return Change(payment, after, reason.lower(), events.failed(event_id, after, at))


def _move(payment: Payment, state: PaymentState, at: datetime) -> Payment:
    if payment.state is not state and (payment.state, state) not in PAYMENT_TRANSITIONS:
        raise Conflict(f"payment {payment.id} cannot go from {payment.state} to {state}")
    return replace(payment, state=state, updated_at=at, version=payment.version + 1)


def _with(exceptions: tuple[PaymentException, ...], *more: PaymentException) -> tuple[PaymentException, ...]:
    return exceptions + tuple(name for name in more if name not in exceptions)
