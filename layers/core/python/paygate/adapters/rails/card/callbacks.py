"""Webhook events (docs.stripe.com/webhooks, docs.stripe.com/api/events/types).

They come in any order and more than once, each a picture of its object when it was made. Only an end that cannot
be undone is read from the picture; all else is a hint, upon which the order is asked about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.rails.card import intents, refunds, wire
from paygate.adapters.rails.card.signature import verify
from paygate.domain.errors import CallbackRefused, OutcomeUnknown
from paygate.ports import CallbackReply, Observation, TradeStatus

if TYPE_CHECKING:
    from datetime import datetime

    from paygate.adapters.rails.card.settings import CardSettings
    from paygate.adapters.rails.card.wire import Json
    from paygate.ports import CallbackRequest, ToldRefund

ACCEPTED = CallbackReply(200, "application/json", "{}")  # any 2xx
REFUSED = CallbackReply(400, "application/json", "{}")  # anything else, and it is sent again for three days
EVENTS = (
    "payment_intent.succeeded",
    "payment_intent.canceled",
    "payment_intent.processing",
    "payment_intent.amount_capturable_updated",
    "payment_intent.payment_failed",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
"""What the endpoint at the processor must be subscribed to. What else comes is accepted, and passed over."""

_OVER = {"payment_intent.succeeded": TradeStatus.PAID, "payment_intent.canceled": TradeStatus.CLOSED}
_OF_REFUNDS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})


def read(request: CallbackRequest, settings: CardSettings, now: datetime) -> Observation | None:
    """None for what is not about an order of ours, or tells nothing new. Raises CallbackRefused."""
    header = request.headers.get("stripe-signature", "")
    verify(request.body, header, settings.webhook_secrets, request.received_at or now)
    try:
        event = wire.read_object(request.body)
        seen = _observation(event, wire.inner(wire.inner(event, "data"), "object"))
    except (ValueError, OutcomeUnknown):
        raise CallbackRefused("the event cannot be read") from None
    mismatch = _mismatch(event, settings)
    return Observation(seen.reference, seen.status, seen.rail_id, mismatch=mismatch) if seen and mismatch else seen


def _observation(event: Json, found: Json) -> Observation | None:
    kind = wire.text(event, "type")
    if kind in _OVER and intents.reference_of(found):
        return _end(found, _OVER[kind])
    if kind not in EVENTS and kind not in _OF_REFUNDS:
        return None
    if kind.startswith("payment_intent."):
        reference = intents.reference_of(found)
        return _hint(reference, wire.an_id(found, "id")) if reference else None
    # A refund or a dispute names its intent; whose that is, only the books know.
    intent_id = wire.an_id(found, "payment_intent")
    told = refunds.told(found) if kind in _OF_REFUNDS else None
    return _hint(intents.reference_of(found), intent_id, told) if intent_id else None


def _end(intent: Json, status: TradeStatus) -> Observation:
    """Neither can turn into anything else; what it does not tell (refunds, disputes) stays as it is known."""
    seen = intents.observation(intent, intents.reference_of(intent))
    if seen.status is not status:
        raise ValueError("the event is of another state than its object")
    return seen


def _hint(reference: str, intent_id: str, told: ToldRefund | None = None) -> Observation:
    return Observation(reference, TradeStatus.PROCESSING, intent_id or None, refund=told, is_hint=True)


def _mismatch(event: Json, settings: CardSettings) -> str | None:
    """Another account's event comes by an endpoint for connected accounts; another mode's by mistake."""
    if event.get("account") is not None:
        return "account"
    return "mode" if event.get("livemode") is not settings.is_live else None
