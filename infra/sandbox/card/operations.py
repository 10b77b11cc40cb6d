"""The endpoints that the sandbox has: docs.stripe.com/api."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from infra.sandbox.card import endpoints, specs
from infra.sandbox.card.books import Json
from infra.sandbox.card.endpoints import Call
from infra.sandbox.card.money import currency
from infra.sandbox.card.params import PAGE, Spec, absent, boolean, known, metadata, one_of, positive, text, texts


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


INTENT = "payment_intents/{id}"
OPERATIONS = (
    Operation(
        "payment_intents.search",
        "GET",
        "payment_intents/search",
        {"query": text, "limit": positive, "page": absent, **specs.EXPAND},
        endpoints.search_intents,
        ("query",),
    ),
    Operation(
        "payment_intents.create",
        "POST",
        "payment_intents",
        specs.CREATE,
        endpoints.create_intent,
        ("amount", "currency"),
    ),
    Operation(
        "payment_intents.list", "GET", "payment_intents", {**PAGE, **known("customer")}, endpoints.list_intents
    ),
    Operation(
        "payment_intents.retrieve",
        "GET",
        INTENT,
        {**specs.EXPAND, "client_secret": text},
        endpoints.retrieve_intent,
        is_for_browsers=True,
    ),
    Operation("payment_intents.update", "POST", INTENT, specs.MODIFY, endpoints.modify_intent),
    Operation(
        "payment_intents.confirm",
        "POST",
        f"{INTENT}/confirm",
        specs.CONFIRM,
        endpoints.confirm_intent,
        is_for_browsers=True,
    ),
    Operation(
        "payment_intents.cancel",
        "POST",
        f"{INTENT}/cancel",
        {"cancellation_reason": one_of(*specs.CANCEL_REASONS), **specs.EXPAND},
        endpoints.cancel_intent,
    ),
    Operation(
        "payment_intents.capture",
        "POST",
        f"{INTENT}/capture",
        {
            "amount_to_capture": positive,
            **specs.EXPAND,
            **known("final_capture", "metadata", "statement_descriptor"),
            **specs.CONNECT,
        },
        endpoints.capture_intent,
    ),
    Operation("charges.retrieve", "GET", "charges/{id}", specs.EXPAND, endpoints.retrieve_charge),
    Operation("charges.list", "GET", "charges", {**PAGE, "payment_intent": text}, endpoints.list_charges),
    Operation("refunds.create", "POST", "refunds", specs.REFUND, endpoints.create_refund),
    Operation("refunds.list", "GET", "refunds", specs.OF_PAYMENT, endpoints.of_payment("refunds")),
    Operation("refunds.retrieve", "GET", "refunds/{id}", specs.EXPAND, endpoints.retrieve_refund),
    Operation(
        "refunds.update", "POST", "refunds/{id}", {"metadata": metadata, **specs.EXPAND}, endpoints.modify_refund
    ),
    Operation("refunds.cancel", "POST", "refunds/{id}/cancel", specs.EXPAND, endpoints.cancel_refund),
    Operation("disputes.list", "GET", "disputes", specs.OF_PAYMENT, endpoints.of_payment("disputes")),
    Operation("disputes.retrieve", "GET", "disputes/{id}", specs.EXPAND, endpoints.retrieve_dispute),
    Operation(
        "events.list",
        "GET",
        "events",
        {**PAGE, "type": text, "types": texts, "delivery_success": boolean},
        endpoints.list_events,
    ),
    Operation("events.retrieve", "GET", "events/{id}", specs.EXPAND, endpoints.retrieve_event),
    Operation(
        "balance_transactions.list",
        "GET",
        "balance_transactions",
        {**PAGE, "source": text, "type": text, "currency": currency, **known("payout")},
        endpoints.list_balance_transactions,
    ),
    Operation(
        "balance_transactions.retrieve",
        "GET",
        "balance_transactions/{id}",
        specs.EXPAND,
        endpoints.retrieve_balance_transaction,
    ),
)
