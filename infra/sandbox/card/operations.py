"""The endpoints that the sandbox has, what each takes and what it does: docs.stripe.com/api."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.sandbox.card import intents, lists, objects, refunds
from infra.sandbox.card.books import Json, find
from infra.sandbox.card.context import Work
from infra.sandbox.card.disputes import named_dispute
from infra.sandbox.card.errors import ParameterError, invalid, missing, no_such
from infra.sandbox.card.money import check_amount, currency
from infra.sandbox.card.params import (
    PAGE,
    Spec,
    absent,
    at_most,
    boolean,
    integer,
    known,
    metadata,
    one_of,
    only,
    positive,
    text,
    texts,
)


@dataclass(frozen=True)
class Call:
    work: Work
    object_id: str
    params: Json


@dataclass(frozen=True)
class Operation:
    """`name` is how the call is listed and how the fault script names it."""

    name: str
    verb: str
    path: str
    spec: Spec
    run: Callable[[Call], Json]
    required: tuple[str, ...] = ()
    is_for_browsers: bool = False

    def match(self, verb: str, path: str) -> str | None:
        """The object's id, which is empty where the address has none; None when it is another address."""
        pattern = self.path.replace("{id}", "(?P<id>[A-Za-z0-9_]+)")
        matched = re.fullmatch(pattern, path) if verb == self.verb else None
        return matched.groupdict().get("id", "") if matched else None


def raw_card(name: str, _value: Any) -> Any:
    """Never taken, whoever sends it, and not repeated in the answer."""
    raise ParameterError(
        402,
        "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test tokens"
        " that map to the test card you are using, see https://stripe.com/docs/testing.",
        param=name,
    )


EXPAND: Spec = {"expand": texts}
METHOD: Spec = {
    "payment_method": text,
    "payment_method_data": {
        "type": only("card"),
        "card": {"token": text, **dict.fromkeys(("number", "cvc", "exp_month", "exp_year"), raw_card)},
    },
    "return_url": text,
    "use_stripe_sdk": boolean,
}
CONFIRM: Spec = {
    **METHOD,
    **EXPAND,
    "client_secret": text,
    **known(
        "amount_details", "amount_to_confirm", "capture_method", "confirmation_token", "error_on_requires_action"
    ),
    **known("excluded_payment_method_types", "mandate", "mandate_data", "off_session", "payment_method_options"),
    **known("receipt_email", "setup_future_usage", "shipping", "payment_method_types", "hooks", "radar_options"),
}
DESCRIBED: Spec = {
    "description": at_most(1000),
    "metadata": metadata,
    "receipt_email": at_most(512),
    "statement_descriptor_suffix": at_most(22),
}
CONNECT = known("application_fee_amount", "on_behalf_of", "transfer_data", "transfer_group")
CREATE: Spec = {
    **METHOD,
    **EXPAND,
    **DESCRIBED,
    **CONNECT,
    "amount": integer,
    "currency": currency,
    "automatic_payment_methods": {"enabled": boolean, "allow_redirects": one_of("always", "never")},
    "capture_method": one_of("automatic", "automatic_async", "manual"),
    "confirm": boolean,
    "confirmation_method": only("automatic"),
    "payment_method_types": texts,
    **known("allowed_payment_method_types", "amount_details", "confirmation_token", "customer", "customer_account"),
    **known("error_on_requires_action", "excluded_payment_method_types", "hooks", "mandate", "mandate_data"),
    **known("off_session", "payment_details", "payment_method_configuration", "payment_method_options"),
    **known("radar_options", "setup_future_usage", "shipping", "statement_descriptor"),
}
MODIFY: Spec = {
    **DESCRIBED,
    **EXPAND,
    **CONNECT,
    "amount": integer,
    "currency": currency,
    **known("customer", "shipping"),
}
REASONS = ("duplicate", "fraudulent", "requested_by_customer")
CANCEL_REASONS = (*REASONS, "abandoned")
REFUND: Spec = {
    "amount": positive,
    "charge": text,
    "payment_intent": text,
    "metadata": metadata,
    "reason": one_of(*REASONS),
    **EXPAND,
    **known("currency", "customer", "instructions_email", "origin", "refund_application_fee", "reverse_transfer"),
}
OF_PAYMENT: Spec = {**PAGE, "charge": text, "payment_intent": text}


def create_intent(call: Call) -> Json:
    _check_creation(call.params)
    intent = intents.create(call.work, call.params)
    if call.params.get("confirm"):
        attached = ("payment_method", "payment_method_data")
        rest = {name: value for name, value in call.params.items() if name not in attached}
        intent = intents.confirm(call.work, intent, rest)
    return objects.intent(call.work.db, intent)


def _check_creation(params: Json) -> None:
    check_amount(params["amount"], params["currency"])
    if params.get("payment_method_types", ["card"]) != ["card"]:
        raise invalid("payment_method_types", "The sandbox simulates cards only.")
    if "payment_method_types" in params and params.get("automatic_payment_methods", {}).get("enabled"):
        raise invalid(
            "automatic_payment_methods",
            "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
        )
    if "return_url" in params and not params.get("confirm"):
        raise invalid("return_url", "This parameter cannot be used without confirm=true.")


def retrieve_intent(call: Call) -> Json:
    return objects.intent(call.work.db, intents.named(call.work.db, call.object_id))


def modify_intent(call: Call) -> Json:
    intent = intents.named(call.work.db, call.object_id)
    amount, code = call.params.get("amount", intent["amount"]), call.params.get("currency", intent["currency"])
    check_amount(amount, code)
    return objects.intent(call.work.db, intents.modify(call.work, intent, call.params))


def confirm_intent(call: Call) -> Json:
    intent = intents.named(call.work.db, call.object_id)
    return objects.intent(call.work.db, intents.confirm(call.work, intent, call.params))


def cancel_intent(call: Call) -> Json:
    intent = intents.named(call.work.db, call.object_id)
    reason = call.params.get("cancellation_reason")
    return objects.intent(call.work.db, intents.cancel(call.work, intent, reason))


def capture_intent(call: Call) -> Json:
    intent = intents.named(call.work.db, call.object_id)
    amount = call.params.get("amount_to_capture")
    return objects.intent(call.work.db, intents.capture(call.work, intent, amount))


def list_intents(call: Call) -> Json:
    return lists.page(call.work.db, "intents", call.params, {})


def search_intents(call: Call) -> Json:
    return lists.search(call.work.db, call.params)


def retrieve_charge(call: Call) -> Json:
    row = find(call.work.db, "charges", call.object_id)
    if row is None:
        raise no_such("charge", call.object_id)
    return objects.charge(call.work.db, row)


def list_charges(call: Call) -> Json:
    return lists.page(call.work.db, "charges", call.params, {"intent_id = ?": call.params.get("payment_intent")})


def create_refund(call: Call) -> Json:
    if not {"charge", "payment_intent"} & set(call.params):
        raise missing("charge")
    return objects.refund(call.work.db, refunds.create(call.work, call.params))


def retrieve_refund(call: Call) -> Json:
    return objects.refund(call.work.db, refunds.named_refund(call.work.db, call.object_id))


def modify_refund(call: Call) -> Json:
    refund = refunds.named_refund(call.work.db, call.object_id)
    return objects.refund(call.work.db, refunds.modify(call.work, refund, call.params))


def cancel_refund(call: Call) -> Json:
    refund = refunds.named_refund(call.work.db, call.object_id)
    return objects.refund(call.work.db, refunds.cancel(call.work, refund))


def retrieve_dispute(call: Call) -> Json:
    return objects.dispute(call.work.db, named_dispute(call.work.db, call.object_id))


def of_payment(table: str) -> Callable[[Call], Json]:
    """A list of refunds or disputes, of one charge or PaymentIntent when asked."""

    def run(call: Call) -> Json:
        intent_id = call.params.get("payment_intent")
        if intent_id is not None:
            intents.named(call.work.db, intent_id, "payment_intent")
        conditions = {
            "charge_id = ?": call.params.get("charge"),
            "charge_id IN (SELECT id FROM charges WHERE intent_id = ?)": intent_id,
        }
        return lists.page(call.work.db, table, call.params, conditions)

    return run


def retrieve_event(call: Call) -> Json:
    row = find(call.work.db, "events", call.object_id)
    if row is None:
        raise no_such("event", call.object_id)
    return objects.event(call.work.db, row)


def list_events(call: Call) -> Json:
    """`delivery_success` false: those that some endpoint has not acknowledged."""
    delivered = (
        "NOT EXISTS (SELECT 1 FROM callbacks WHERE state <> 'acknowledged'"
        " AND json_extract(params, '$.event.id') = events.id) = ?"
    )
    kinds = call.params.get("types")
    conditions = {
        delivered: call.params.get("delivery_success"),
        "type IN (SELECT value FROM json_each(?))": json.dumps(kinds) if kinds else None,
        "type = ?": call.params.get("type"),
    }
    return lists.page(call.work.db, "events", call.params, conditions)


def retrieve_balance_transaction(call: Call) -> Json:
    row = find(call.work.db, "balance_transactions", call.object_id)
    if row is None:
        raise no_such("balance transaction", call.object_id)
    return objects.balance_transaction(call.work.db, row)


def list_balance_transactions(call: Call) -> Json:
    equal: dict[str, Any] = {f"{name} = ?": call.params.get(name) for name in ("currency", "source", "type")}
    return lists.page(call.work.db, "balance_transactions", call.params, equal)


INTENT = "payment_intents/{id}"
OPERATIONS = (
    Operation(
        "payment_intents.search",
        "GET",
        "payment_intents/search",
        {"query": text, "limit": positive, "page": absent, **EXPAND},
        search_intents,
        ("query",),
    ),
    Operation("payment_intents.create", "POST", "payment_intents", CREATE, create_intent, ("amount", "currency")),
    Operation("payment_intents.list", "GET", "payment_intents", {**PAGE, **known("customer")}, list_intents),
    Operation(
        "payment_intents.retrieve",
        "GET",
        INTENT,
        {**EXPAND, "client_secret": text},
        retrieve_intent,
        is_for_browsers=True,
    ),
    Operation("payment_intents.update", "POST", INTENT, MODIFY, modify_intent),
    Operation(
        "payment_intents.confirm", "POST", f"{INTENT}/confirm", CONFIRM, confirm_intent, is_for_browsers=True
    ),
    Operation(
        "payment_intents.cancel",
        "POST",
        f"{INTENT}/cancel",
        {"cancellation_reason": one_of(*CANCEL_REASONS), **EXPAND},
        cancel_intent,
    ),
    Operation(
        "payment_intents.capture",
        "POST",
        f"{INTENT}/capture",
        {
            "amount_to_capture": positive,
            **EXPAND,
            **known("final_capture", "metadata", "statement_descriptor"),
            **CONNECT,
        },
        capture_intent,
    ),
    Operation("charges.retrieve", "GET", "charges/{id}", EXPAND, retrieve_charge),
    Operation("charges.list", "GET", "charges", {**PAGE, "payment_intent": text}, list_charges),
    Operation("refunds.create", "POST", "refunds", REFUND, create_refund),
    Operation("refunds.list", "GET", "refunds", OF_PAYMENT, of_payment("refunds")),
    Operation("refunds.retrieve", "GET", "refunds/{id}", EXPAND, retrieve_refund),
    Operation("refunds.update", "POST", "refunds/{id}", {"metadata": metadata, **EXPAND}, modify_refund),
    Operation("refunds.cancel", "POST", "refunds/{id}/cancel", EXPAND, cancel_refund),
    Operation("disputes.list", "GET", "disputes", OF_PAYMENT, of_payment("disputes")),
    Operation("disputes.retrieve", "GET", "disputes/{id}", EXPAND, retrieve_dispute),
    Operation(
        "events.list",
        "GET",
        "events",
        {**PAGE, "type": text, "types": texts, "delivery_success": boolean},
        list_events,
    ),
    Operation("events.retrieve", "GET", "events/{id}", EXPAND, retrieve_event),
    Operation(
        "balance_transactions.list",
        "GET",
        "balance_transactions",
        {**PAGE, "source": text, "type": text, "currency": currency, **known("payout")},
        list_balance_transactions,
    ),
    Operation(
        "balance_transactions.retrieve", "GET", "balance_transactions/{id}", EXPAND, retrieve_balance_transaction
    ),
)
