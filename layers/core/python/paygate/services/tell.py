"""What the meter hears of payments and refunds, whoever moved them; after the commit, so that it is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.domain.states import RefundState

if TYPE_CHECKING:
    from paygate.domain.payment import Payment
    from paygate.ports import Meter

_REFUNDS = {
    RefundState.SUCCEEDED: "RefundsSucceeded",
    RefundState.FAILED: "RefundsFailed",
    RefundState.UNKNOWN: "RefundsUnknown",
    RefundState.REVERSED: "RefundsReversed",
}


def created(meter: Meter, payment: Payment) -> None:
    meter.count("PaymentsCreated", method=payment.method)


def failed(meter: Meter, payment: Payment) -> None:
    meter.count("PaymentsFailed", method=payment.method)


def settled(meter: Meter, payment: Payment) -> None:
    """With how long that took, as the shop sees it: the payer's own time included."""
    meter.count("PaymentsSettled", method=payment.method)
    if payment.settled_at is not None:
        took = payment.settled_at - payment.created_at
        meter.measure("TimeToSettle", round(took.total_seconds() * 1000), method=payment.method)


def refund_moved(meter: Meter, payment: Payment, state: RefundState) -> None:
    if state in _REFUNDS:
        meter.count(_REFUNDS[state], method=payment.method)
