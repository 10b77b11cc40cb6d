"""What each endpoint does, between the books and the objects that it shows."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.sandbox.card import intents, lists, objects, refunds
from infra.sandbox.card.books import Json, find
from infra.sandbox.card.context import Work
from infra.sandbox.card.disputes import named_dispute
from infra.sandbox.card.errors import invalid, missing, no_such
from infra.sandbox.card.money import check_amount


@dataclass(frozen=True)
class Call:
    work: Work
    object_id: str
    params: Json


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
