"""Refunds (docs.stripe.com/api/refunds/object): one of ours carries our numbers in its metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.rails.card import wire
from paygate.adapters.rails.card.client import reason_of
from paygate.domain.errors import OutcomeUnknown
from paygate.domain.money import Money
from paygate.ports import RefundAnswer, RefundStatus, ToldRefund

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paygate.adapters.rails.card.wire import Json
    from paygate.ports import RefundOrder

STATUSES = {
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}
_LONGEST_REASON = 200


def creation(refund: RefundOrder, intent_id: str) -> dict[str, str]:
    """`reason` takes three words only at the processor; a shop's own words go into the metadata."""
    params = {
        "payment_intent": intent_id,
        "amount": str(refund.amount.units),
        "metadata[refund_reference]": refund.reference,
        "metadata[reference]": refund.order.reference,
        "metadata[payment_id]": refund.order.payment_id,
    }
    reason = "".join(char if char.isprintable() else " " for char in refund.reason or "").strip()
    return params | ({"metadata[reason]": reason[:_LONGEST_REASON]} if reason else {})


def reference_of(found: Json) -> str:
    """Our number of the refund; empty where it was made in the processor's console."""
    return wire.text(wire.inner(found, "metadata"), "refund_reference")


def answer(found: Json, refund: RefundOrder) -> RefundAnswer:
    """Raises OutcomeUnknown for a refund that is not the one asked about."""
    try:
        is_same = reference_of(found) == refund.reference and wire.money(found, "amount") == refund.amount
    except ValueError:
        is_same = False
    if not is_same:
        raise OutcomeUnknown("the card processor answered for another refund")
    status = _status(found)
    return RefundAnswer(status, wire.an_id(found, "id"), _reason(found) if status is RefundStatus.FAILED else None)


def told(found: Json) -> ToldRefund:
    """Raises OutcomeUnknown, ValueError."""
    status, rail_id = _status(found), wire.an_id(found, "id")
    reason = _reason(found) if status is RefundStatus.FAILED else None
    return ToldRefund(reference_of(found) or rail_id, status, wire.money(found, "amount"), rail_id, reason)


def succeeded(found: Iterable[Json], received: Money) -> Money:
    """The sum given back. A refund that is pending is not, though the charge's `amount_refunded` counts it."""
    try:
        done = [wire.money(refund, "amount") for refund in found if _status(refund) is RefundStatus.SUCCEEDED]
    except ValueError:
        raise OutcomeUnknown("the card processor's refunds cannot be read") from None
    if any(amount.asset != received.asset for amount in done):
        raise OutcomeUnknown("the card processor refunded another currency")
    return Money(sum(amount.units for amount in done), received.asset)


def last_from_outside(made: Iterable[Json]) -> ToldRefund | None:
    """The newest that was made in the processor's console: by its own number it is known again if it fails."""
    newest = next((refund for refund in made if not reference_of(refund)), None)
    try:
        return told(newest) if newest else None
    except ValueError:
        raise OutcomeUnknown("the card processor's refunds cannot be read") from None


def _status(found: Json) -> RefundStatus:
    try:
        return STATUSES[wire.text(found, "status")]
    except KeyError:
        raise OutcomeUnknown("the card processor tells of a refund's state that is new") from None


def _reason(found: Json) -> str:
    failed = wire.text(found, "failure_reason")
    return reason_of({"code": failed}) if failed else wire.text(found, "status")
