"""A PaymentIntent's life: docs.stripe.com/payments/paymentintents/lifecycle and the API's reference.

requires_payment_method → requires_confirmation → requires_action → processing → requires_capture → succeeded;
a declined attempt leads back to requires_payment_method with last_payment_error; canceled ends it.
"""

import time
from typing import Any

from infra.sandbox.card import cards, charges, disputes, events, objects
from infra.sandbox.card.books import dumps, find, get, insert, loads, new_id, now, update
from infra.sandbox.card.context import Work
from infra.sandbox.card.errors import StripeError, card_error, no_such, refused
from infra.sandbox.card.merchant import token
from infra.sandbox.ledger import Db, Row

CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action")
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
FACTS = ("automatic_payment_methods", "description", "receipt_email", "statement_descriptor_suffix")
SEARCH_LAG_SECONDS = 60  # "data is searchable in less than a minute" (docs.stripe.com/search)
Params = dict[str, Any]


def named(db: Db, intent_id: str, param: str = "intent") -> Row:
    row = find(db, "intents", intent_id)
    if row is None:
        raise no_such("payment_intent", intent_id, param)
    return row


def create(work: Work, params: Params) -> Row:
    intent_id = new_id("pi")
    metadata = {name: value for name, value in params.get("metadata", {}).items() if value}
    automatic = params.get("automatic_payment_methods")
    if automatic:
        automatic = {"allow_redirects": "always", **automatic}
    facts = {**{name: params[name] for name in FACTS if name in params}, "automatic_payment_methods": automatic}
    intent = insert(
        work.db,
        "intents",
        id=intent_id,
        order_no=metadata.get("reference") or intent_id,
        client_secret=f"{intent_id}_secret_{token(25)}",
        status="requires_payment_method",
        amount=params["amount"],
        currency=params["currency"],
        capture_method=params.get("capture_method", "automatic_async"),
        metadata=dumps(metadata),
        facts=dumps(facts),
        created=now(),
        searchable_at=time.time() + SEARCH_LAG_SECONDS * work.time_scale,
    )
    events.of_intent(work, "created", intent)
    return _attached(work, intent, params)


def modify(work: Work, intent: Row, params: Params) -> Row:
    money_changes = {name: params[name] for name in ("amount", "currency") if name in params}
    if money_changes and intent["status"] not in CONFIRMABLE:
        raise unexpected(work.db, intent, "update the amount of")
    metadata = {**loads(intent["metadata"]), **params.get("metadata", {})}
    facts = {**loads(intent["facts"]), **{name: params[name] for name in FACTS if name in params}}
    kept = dumps({name: value for name, value in metadata.items() if value})
    return update(work.db, "intents", intent["id"], **money_changes, metadata=kept, facts=dumps(facts))


def confirm(work: Work, intent: Row, params: Params) -> Row:
    """Raises a card error (402) after it has been booked that the attempt failed."""
    if intent["status"] not in CONFIRMABLE:
        raise unexpected(work.db, intent, "confirm")
    intent = _attached(work, intent, params)
    if intent["payment_method"] is None:
        raise refused(
            "payment_intent_unexpected_state",
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the"
            " PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a"
            " payment method or ConfirmationToken.",
            payment_intent=objects.intent(work.db, intent),
        )
    _check_return_url(intent, params)
    method = get(work.db, "payment_methods", intent["payment_method"])
    if cards.CARDS[method["card"]].is_challenged:
        return _challenge(work, intent, params.get("return_url"))
    return _charge(work, intent, method, is_authenticated=False)


def authenticate(work: Work, intent: Row, *, is_passed: bool) -> Row:
    """What the payer's bank tells after 3-D Secure."""
    if intent["status"] != "requires_action":
        raise unexpected(work.db, intent, "authenticate")
    method = get(work.db, "payment_methods", intent["payment_method"])
    if is_passed:
        return _charge(work, intent, method, is_authenticated=True)
    error = refused(
        "payment_intent_authentication_failure",
        "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new"
        " PaymentMethod to attempt to fulfill this PaymentIntent again.",
    )
    return _fall_back(work, intent, method, error)


def settle(work: Work, intent: Row, *, is_paid: bool) -> Row:
    """How a payment that was processing ends."""
    if intent["status"] != "processing":
        raise unexpected(work.db, intent, "settle")
    charge = get(work.db, "charges", intent["latest_charge"])
    if is_paid:
        return _succeeded(work, intent, charges.succeed(work, charge))
    method = get(work.db, "payment_methods", charge["payment_method"])
    return _declined(work, intent, method, charge, ("card_declined", "generic_decline", "Your card was declined."))


def capture(work: Work, intent: Row, amount: int | None) -> Row:
    if intent["status"] != "requires_capture":
        raise unexpected(work.db, intent, "capture")
    amount = intent["amount_capturable"] if amount is None else amount
    if amount > intent["amount_capturable"]:
        raise refused(
            "amount_too_large",
            "The provided amount_to_capture is greater than the amount that can be captured on this PaymentIntent.",
            param="amount_to_capture",
        )
    charge = charges.capture(work, get(work.db, "charges", intent["latest_charge"]), amount)
    return _succeeded(work, intent, charge)


def cancel(work: Work, intent: Row, reason: str | None) -> Row:
    """What was only authorised is given up, which is no refund (changelog, 2025-03-31.basil)."""
    if intent["status"] not in CANCELABLE:
        raise refused(
            "payment_intent_unexpected_state",
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a"
            f" PaymentIntent with one of the following statuses may be canceled: {', '.join(CANCELABLE)}.",
            payment_intent=objects.intent(work.db, intent),
        )
    end = {"status": "canceled", "canceled_at": now(), "cancellation_reason": reason}
    intent = update(work.db, "intents", intent["id"], **end, next_action=None, amount_capturable=0)
    events.of_intent(work, "canceled", intent)
    return intent


def unexpected(db: Db, intent: Row, verb: str) -> StripeError:
    return refused(
        "payment_intent_unexpected_state",
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        payment_intent=objects.intent(db, intent),
    )


def _attached(work: Work, intent: Row, params: Params) -> Row:
    """With the payment method that the parameters name, which gets an id of its own."""
    name = params.get("payment_method")
    data = params.get("payment_method_data")
    if data is not None:
        name = cards.by_token(data["card"]["token"])
        if name is None:
            raise no_such("token", data["card"]["token"], "payment_method_data[card][token]")
    if name is None:
        return intent
    if find(work.db, "payment_methods", name) is None:
        if cards.find(name) is None:
            raise no_such("PaymentMethod", name, "payment_method")
        name = insert(work.db, "payment_methods", id=new_id("pm"), card=name, created=now())["id"]
    return update(work.db, "intents", intent["id"], payment_method=name, status="requires_confirmation")


def _check_return_url(intent: Row, params: Params) -> None:
    automatic = loads(intent["facts"]).get("automatic_payment_methods") or {}
    may_redirect = automatic.get("enabled") and automatic.get("allow_redirects") != "never"
    if may_redirect and not params.get("return_url") and not params.get("use_stripe_sdk"):
        raise refused(
            None,
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of"
            " these payment methods might redirect your customer off of your page, you must provide a"
            " `return_url`. If you don't want to accept redirect-based payment methods, set"
            " `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to"
            " `never` when creating Setup Intents and Payment Intents.",
        )


def _challenge(work: Work, intent: Row, return_url: str | None) -> Row:
    url = f"{work.public_url}/card/3ds/{intent['client_secret']}"
    if return_url:
        action = {"redirect_to_url": {"return_url": return_url, "url": url}, "type": "redirect_to_url"}
    else:
        sdk = {"source": new_id("src"), "stripe_js": url, "type": "three_d_secure_redirect"}
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": sdk}
    intent = update(work.db, "intents", intent["id"], status="requires_action", next_action=dumps(action))
    events.of_intent(work, "requires_action", intent)
    return intent


def _charge(work: Work, intent: Row, method: Row, *, is_authenticated: bool) -> Row:
    card = cards.CARDS[method["card"]]
    charge = charges.begin(work, intent, method, is_authenticated=is_authenticated)
    intent = update(work.db, "intents", intent["id"], latest_charge=charge["id"], next_action=None, last_error=None)
    if card.decline:
        intent = _declined(work, intent, method, charge, card.decline)
        if not is_authenticated:
            raise _error(work, intent)
        return intent
    if card.is_slow:
        events.of_charge(work, "pending", charge)
        intent = update(work.db, "intents", intent["id"], status="processing")
        events.of_intent(work, "processing", intent)
        return intent
    if intent["capture_method"] == "manual":
        charges.authorise(work, charge)
        held = {"status": "requires_capture", "amount_capturable": intent["amount"]}
        intent = update(work.db, "intents", intent["id"], **held)
        events.of_intent(work, "amount_capturable_updated", intent)
        return intent
    return _succeeded(work, intent, charges.succeed(work, charge))


def _succeeded(work: Work, intent: Row, charge: Row) -> Row:
    done = {"status": "succeeded", "amount_received": charge["amount_captured"], "amount_capturable": 0}
    intent = update(work.db, "intents", intent["id"], **done)
    events.of_intent(work, "succeeded", intent)
    method = get(work.db, "payment_methods", charge["payment_method"])
    disputed = cards.CARDS[method["card"]].dispute
    if disputed:
        kind, reason = disputed
        disputes.open_dispute(work, charge, charge["amount_captured"], reason, is_inquiry=kind == "inquiry")
    return intent


def _declined(work: Work, intent: Row, method: Row, charge: Row, decline: tuple[str, str, str]) -> Row:
    code, decline_code, message = decline
    charges.fail(work, charge, *decline)
    error = card_error(message, code=code, decline_code=decline_code, charge=charge["id"])
    return _fall_back(work, intent, method, error)


def _fall_back(work: Work, intent: Row, method: Row, error: StripeError) -> Row:
    shown = {**error.fields, "message": error.message, "payment_method": objects.payment_method(work.db, method)}
    intent = update(
        work.db,
        "intents",
        intent["id"],
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_error=dumps(shown),
    )
    events.of_intent(work, "payment_failed", intent)
    return intent


def _error(work: Work, intent: Row) -> StripeError:
    fields = loads(intent["last_error"])
    del fields["type"]
    return card_error(fields.pop("message"), **fields, payment_intent=objects.intent(work.db, intent))
