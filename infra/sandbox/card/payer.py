"""What a payer does, to the payment as it is now."""

from typing import Any
from urllib.parse import urlsplit

from infra.sandbox.card import intents
from infra.sandbox.card.books import get
from infra.sandbox.card.context import Processor, Work
from infra.sandbox.card.errors import StripeError, no_such, refused, unauthorized
from infra.sandbox.ledger import Row

GOOD_CARD, BAD_CARD = "pm_card_visa", "pm_card_visa_chargeDeclined"


def find(processor: Processor, client_secret: str) -> Row:
    with processor.ledger.transaction() as db:
        row: Row | None = db.execute("SELECT * FROM intents WHERE client_secret = ?", (client_secret,)).fetchone()
    if row is None:
        raise no_such("payment_intent", client_secret.partition("_secret")[0])
    return row


def confirm(processor: Processor, intent: Row, method: str, return_url: str | None = None) -> Row:
    """A card that is declined is no error here: the payment shows it."""
    asked: dict[str, Any] = {"payment_method": method, "use_stripe_sdk": True}
    if return_url and urlsplit(return_url).scheme in ("http", "https"):
        asked["return_url"] = return_url
    with processor.ledger.transaction() as db:
        try:
            intents.confirm(_work(processor, db), get(db, "intents", intent["id"]), asked)
        except StripeError as error:
            if error.status != 402:  # noqa: PLR2004
                raise
        intent = get(db, "intents", intent["id"])
    processor.deliveries.wake()
    return intent


def authenticate(processor: Processor, intent: Row, *, is_passed: bool) -> Row:
    with processor.ledger.transaction() as db:
        found = get(db, "intents", intent["id"])
        intent = intents.authenticate(_work(processor, db), found, is_passed=is_passed)
    processor.deliveries.wake()
    return intent


def settle(processor: Processor, intent: Row, *, is_paid: bool) -> Row:
    with processor.ledger.transaction() as db:
        found = get(db, "intents", intent["id"])
        intent = intents.settle(_work(processor, db), found, is_paid=is_paid)
    processor.deliveries.wake()
    return intent


def act(processor: Processor, action: dict[str, Any], decision: str, method: str | None) -> Row:
    """All that the payer does in one go: 3-D Secure is passed to pay, and failed to decline."""
    if action.get("publishableKey") != processor.merchant.publishable_key:
        raise unauthorized("Invalid API Key provided: the action's publishableKey is not the merchant's.")
    intent = find(processor, str(action.get("clientSecret", "")))
    if decision not in ("pay", "decline"):
        raise refused(None, "decision must be pay or decline")
    default = GOOD_CARD if decision == "pay" else BAD_CARD
    intent = confirm(processor, intent, method or default)
    if intent["status"] == "requires_action":
        intent = authenticate(processor, intent, is_passed=decision == "pay")
    return intent


def _work(processor: Processor, db: Any) -> Work:
    return Work(db, processor.public_url, time_scale=processor.time_scale)
