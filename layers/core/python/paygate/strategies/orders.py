"""The reference and the order that most methods use, made of what is stored and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.ports import Order

if TYPE_CHECKING:
    from paygate.domain.payment import Payment
    from paygate.ports import Attempt


def rail_reference(payment: Payment) -> str:
    """28 capital letters and digits, the same for every try of a payment."""
    return payment.id.removeprefix("PAY_") + "01"


def rail_order(payment: Payment, attempt: Attempt) -> Order:
    """A pure function of what is stored, so that a repeat is identical."""
    return Order(
        reference=attempt.reference,
        channel=payment.channel,
        amount=payment.due,
        subject=payment.description or f"Order {payment.order_id}",
        opened_at=attempt.created_at,
        expires_at=attempt.rail_expires_at,
        return_url=payment.return_url,
        payment_id=payment.id,
        rail_id=attempt.rail_id,
    )
