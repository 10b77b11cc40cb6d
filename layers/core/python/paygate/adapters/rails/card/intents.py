"""PaymentIntents: what one is asked for, and what it says (docs.stripe.com/api/payment_intents/object).

`metadata[reference]` is our number of the order. A PaymentIntent has no expiry of its own: ours closes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.rails.card import wire
from paygate.adapters.rails.card.client import reason_of
from paygate.domain.errors import OutcomeUnknown
from paygate.ports import Observation, TradeStatus

if TYPE_CHECKING:
    from datetime import datetime

    from paygate.adapters.rails.card.wire import Json
    from paygate.domain.money import Money
    from paygate.ports import Order

# docs.stripe.com/payments/paymentintents/lifecycle. A declined attempt leads back to requires_payment_method.
STATUSES = {
    "requires_payment_method": TradeStatus.WAITING,
    "requires_confirmation": TradeStatus.WAITING,
    "requires_action": TradeStatus.WAITING,
    "processing": TradeStatus.PROCESSING,
    "requires_capture": TradeStatus.PROCESSING,
    "succeeded": TradeStatus.PAID,
    "canceled": TradeStatus.CLOSED,
}
SUCCEEDED, AUTHORISED = "succeeded", "requires_capture"
_LONGEST_DESCRIPTION = 500


def creation(order: Order, capture_method: str) -> dict[str, str]:
    """The same order gives the same parameters, which is what its Idempotency-Key stands for.

    Without redirects: methods that lead the payer away are other methods than a card.
    """
    return {
        "amount": str(order.amount.units),
        "currency": order.amount.asset.code.lower(),
        "description": _description(order),
        "metadata[reference]": order.reference,
        "metadata[payment_id]": order.payment_id,
        "automatic_payment_methods[enabled]": "true",
        "automatic_payment_methods[allow_redirects]": "never",
        "capture_method": capture_method,
    }


def _description(order: Order) -> str:
    kept = "".join(char if char.isprintable() else " " for char in order.subject)
    return kept.strip()[:_LONGEST_DESCRIPTION] or order.reference


def reference_of(found: Json) -> str:
    """Our number of the order that an intent or a charge is for; empty where it is not one of ours."""
    metadata = wire.inner(found, "metadata")
    return wire.text(metadata, "reference") if wire.text(metadata, "payment_id") else ""


def require_same(intent: Json, order: Order) -> None:
    if not wire.an_id(intent, "id").startswith("pi_") or reference_of(intent) != order.reference:
        raise OutcomeUnknown("the card processor answered for another order")


def status_of(intent: Json) -> TradeStatus:
    try:
        return STATUSES[wire.text(intent, "status")]
    except KeyError:
        raise OutcomeUnknown("the card processor tells of a state that is new") from None


def total(intent: Json) -> Money:
    """What came in, once it has: a capture in the processor's console may take less. Raises ValueError."""
    is_paid = wire.text(intent, "status") == SUCCEEDED
    return wire.money(intent, "amount_received" if is_paid else "amount")


def observation(intent: Json, reference: str) -> Observation:
    """Raises OutcomeUnknown where it cannot be read. `last_payment_error` is told by its codes alone."""
    error = wire.inner(intent, "last_payment_error")
    try:
        amount = total(intent)
    except ValueError:
        raise OutcomeUnknown("the card processor's amount cannot be read") from None
    return Observation(
        reference=reference,
        status=status_of(intent),
        rail_id=wire.an_id(intent, "id"),
        amount=amount,
        at=_paid_at(intent),
        reason=reason_of(error) if error else None,
    )


def _paid_at(intent: Json) -> datetime | None:
    is_paid = wire.text(intent, "status") == SUCCEEDED
    return wire.moment(wire.inner(intent, "latest_charge"), "created") if is_paid else None
