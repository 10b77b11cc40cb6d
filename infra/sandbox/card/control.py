"""The tests' and the demo's door: JSON under /card/_sandbox/, and /_sandbox/card/pay for any payment.

`reference` is metadata[reference] of the PaymentIntent, or its id; of several it is the latest.

POST   /_sandbox/card/pay               {"action", "decision": "pay" | "decline", "payment_method"?: "pm_card_…"}
POST   confirm                          {"reference", "payment_method"?}
POST   authenticate                     {"reference", "passed": true}: how 3-D Secure ended
POST   settle                           {"reference", "paid": true}: how a payment in processing ended
POST   cancel                           {"reference"}: in the dashboard
POST   expire                           {"reference"}: as if seven days had passed uncaptured
POST   console-refund                   {"reference", "amount"?}
POST   refunds/<id>                     {"status", "failure_reason"?}
POST   disputes                         {"reference", "kind"?: "dispute" | "inquiry", "amount"?, "reason"?}
POST   disputes/<id>                    {"step": "escalate" | "win" | "lose" | "close", "amount"?: of a win}
GET    orders/<reference>               the latest PaymentIntent with its refunds and disputes
GET    ledger                           sums per currency, and per order
POST   webhook_endpoint                 {"url", "id"?, "secrets"?, "enabled_events"?}: made, or changed
GET    webhook_endpoint                 all of them; DELETE webhook_endpoint/<id>
POST   forget-idempotency-keys          as if they had grown old
and what every rail has: doors.py
"""

import hashlib
from collections.abc import Callable
from typing import Any

from flask import Blueprint
from flask import request as http

from infra.sandbox import doors
from infra.sandbox.card import disputes, events, expiry, intents, mishaps, objects, payer, refunds, webhooks
from infra.sandbox.card.books import dumps, get, loads, now
from infra.sandbox.card.context import Processor, Work
from infra.sandbox.card.errors import StripeError, no_such
from infra.sandbox.faults import Kinds
from infra.sandbox.ledger import Db, Row

Json = dict[str, Any]
PREFIX = "/card/_sandbox"
Step = Callable[[Work, Row, Json], object]

DISPUTE_STEPS: dict[str, Step] = {
    "escalate": lambda work, dispute, _asked: disputes.escalate(work, dispute),
    "win": lambda work, dispute, asked: disputes.win(work, dispute, asked.get("amount")),
    "lose": lambda work, dispute, _asked: disputes.lose(work, dispute),
    "close": lambda work, dispute, _asked: disputes.close_inquiry(work, dispute),
}


def add_routes(blueprint: Blueprint, processor: Processor) -> None:
    kinds = Kinds(mishaps.ALL, webhooks.KINDS)
    doors.add_routes(blueprint, PREFIX, "reference", processor.ledger, processor.deliveries, kinds)
    _payer_routes(blueprint, processor)
    _operator_routes(blueprint, processor)
    _books_routes(blueprint, processor)
    _endpoint_routes(blueprint, processor)


def _payer_routes(blueprint: Blueprint, processor: Processor) -> None:
    @blueprint.post("/_sandbox/card/pay")
    @_answering
    def pay_action() -> Json:
        asked = http.get_json()
        method = asked.get("payment_method")
        return _seen(processor, payer.act(processor, asked["action"], asked.get("decision", "pay"), method))

    @blueprint.post(f"{PREFIX}/confirm")
    @_answering
    def confirm() -> Json:
        asked = http.get_json()
        method = asked.get("payment_method", payer.GOOD_CARD)
        return _seen(processor, payer.confirm(processor, _intent(processor, asked["reference"]), method))

    @blueprint.post(f"{PREFIX}/authenticate")
    @_answering
    def authenticate() -> Json:
        asked = http.get_json()
        intent = _intent(processor, asked["reference"])
        return _seen(processor, payer.authenticate(processor, intent, is_passed=asked.get("passed", True)))

    @blueprint.post(f"{PREFIX}/settle")
    @_answering
    def settle() -> Json:
        asked = http.get_json()
        intent = _intent(processor, asked["reference"])
        return _seen(processor, payer.settle(processor, intent, is_paid=asked.get("paid", True)))


def _operator_routes(blueprint: Blueprint, processor: Processor) -> None:
    @blueprint.post(f"{PREFIX}/cancel")
    @_answering
    def cancel() -> Json:
        return _change(processor, lambda work, intent, _asked: intents.cancel(work, intent, None))

    @blueprint.post(f"{PREFIX}/expire")
    @_answering
    def expire() -> Json:
        return _change(processor, lambda work, intent, _asked: expiry.expire(work, intent))

    @blueprint.post(f"{PREFIX}/console-refund")
    @_answering
    def console_refund() -> Json:
        def refund(work: Work, intent: Row, asked: Json) -> None:
            amount = {"amount": asked["amount"]} if "amount" in asked else {}
            refunds.create(work, {"payment_intent": intent["id"], **amount})

        return _change(processor, refund)

    @blueprint.post(f"{PREFIX}/refunds/<refund_id>")
    @_answering
    def move_refund(refund_id: str) -> Json:
        asked = http.get_json()
        with processor.ledger.transaction() as db:
            refund = refunds.named_refund(db, refund_id)
            refund = refunds.move(_work(processor, db), refund, asked["status"], asked.get("failure_reason"))
            shown = objects.refund(db, refund)
        processor.deliveries.wake()
        return shown

    @blueprint.post(f"{PREFIX}/disputes")
    @_answering
    def open_dispute() -> Json:
        def dispute(work: Work, intent: Row, asked: Json) -> None:
            charge = get(work.db, "charges", intent["latest_charge"])
            amount = asked.get("amount", charge["amount_captured"] - charge["refunded"] - charge["withdrawn"])
            is_inquiry = asked.get("kind") == "inquiry"
            disputes.open_dispute(work, charge, amount, asked.get("reason", "fraudulent"), is_inquiry=is_inquiry)

        return _change(processor, dispute)

    @blueprint.post(f"{PREFIX}/disputes/<dispute_id>")
    @_answering
    def move_dispute(dispute_id: str) -> Json:
        asked = http.get_json()
        with processor.ledger.transaction() as db:
            dispute = disputes.named_dispute(db, dispute_id)
            DISPUTE_STEPS[asked["step"]](_work(processor, db), dispute, asked)
            shown = objects.dispute(db, disputes.named_dispute(db, dispute_id))
        processor.deliveries.wake()
        return shown

    @blueprint.post(f"{PREFIX}/forget-idempotency-keys")
    def forget() -> Json:
        with processor.ledger.transaction() as db:
            return {"forgotten": db.execute("DELETE FROM answers").rowcount}


def _books_routes(blueprint: Blueprint, processor: Processor) -> None:
    @blueprint.get(f"{PREFIX}/orders/<reference>")
    @_answering
    def order(reference: str) -> Json:
        return _seen(processor, _intent(processor, reference))

    @blueprint.get(f"{PREFIX}/ledger")
    def ledger() -> Json:
        with processor.ledger.transaction() as db:
            orders = {row["order_no"]: _sums(db, row) for row in db.execute("SELECT * FROM intents ORDER BY seq")}
        sums: dict[str, dict[str, int]] = {}
        for entry in orders.values():
            total = sums.setdefault(entry["currency"], {"paid": 0, "refunded": 0, "withdrawn": 0})
            for name in total:
                total[name] += entry[name]
        return {"sums": sums, "orders": orders}


def _endpoint_routes(blueprint: Blueprint, processor: Processor) -> None:
    @blueprint.post(f"{PREFIX}/webhook_endpoint")
    def register() -> Json:
        asked = http.get_json()
        endpoint_id = asked.get("id") or f"we_{hashlib.sha256(asked['url'].encode()).hexdigest()[:24]}"
        secrets = asked.get("secrets") or [processor.merchant.webhook_secret]
        row = (endpoint_id, asked["url"], dumps(secrets), dumps(asked.get("enabled_events") or ["*"]), now())
        with processor.ledger.transaction() as db:
            db.execute("INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?, ?, ?)", row)
        return {"id": endpoint_id, "url": asked["url"], "object": "webhook_endpoint"}

    @blueprint.get(f"{PREFIX}/webhook_endpoint")
    def registered() -> Json:
        with processor.ledger.transaction() as db:
            rows = events.endpoints(db)
        shown = [
            {"id": row["id"], "url": row["url"], "enabled_events": loads(row["enabled_events"])} for row in rows
        ]
        return {"webhook_endpoints": shown}

    @blueprint.delete(f"{PREFIX}/webhook_endpoint/<endpoint_id>")
    def remove(endpoint_id: str) -> Json:
        with processor.ledger.transaction() as db:
            db.execute("DELETE FROM endpoints WHERE id = ?", (endpoint_id,))
        return {}


def _answering(route: Callable[..., Json]) -> Callable[..., Json | tuple[Json, int]]:
    def answer(*args: Any, **kwargs: Any) -> Json | tuple[Json, int]:
        try:
            return route(*args, **kwargs)
        except StripeError as error:
            return error.body("req_control"), 404 if error.status == 404 else 409  # noqa: PLR2004

    answer.__name__ = route.__name__
    return answer


def _intent(processor: Processor, reference: str) -> Row:
    sql = "SELECT * FROM intents WHERE order_no = ? OR id = ? ORDER BY seq DESC LIMIT 1"
    with processor.ledger.transaction() as db:
        row: Row | None = db.execute(sql, (reference, reference)).fetchone()
    if row is None:
        raise no_such("payment_intent", reference)
    return row


def _change(processor: Processor, step: Step) -> Json:
    asked = http.get_json()
    intent = _intent(processor, asked["reference"])
    with processor.ledger.transaction() as db:
        step(_work(processor, db), get(db, "intents", intent["id"]), asked)
    processor.deliveries.wake()
    return _seen(processor, intent)


def _seen(processor: Processor, intent: Row) -> Json:
    with processor.ledger.transaction() as db:
        intent = get(db, "intents", intent["id"])
        made = db.execute("SELECT id FROM intents WHERE order_no = ? ORDER BY seq", (intent["order_no"],))
        return {
            **_sums(db, intent),
            "reference": intent["order_no"],
            "payment_intent": objects.intent(db, intent),
            "payment_intents": [row["id"] for row in made.fetchall()],
            "refunds": [objects.refund(db, row) for row in _of_charges(db, "refunds", intent)],
            "disputes": [objects.dispute(db, row) for row in _of_charges(db, "disputes", intent)],
            "cashier_url": f"{processor.public_url}/card/cashier/{intent['client_secret']}",
        }


def _sums(db: Db, intent: Row) -> Json:
    sql = "SELECT coalesce(sum(refunded), 0), coalesce(sum(withdrawn), 0) FROM charges WHERE intent_id = ?"
    refunded, withdrawn = db.execute(sql, (intent["id"],)).fetchone()
    facts = {name: intent[name] for name in ("id", "status", "amount", "currency")}
    return {**facts, "paid": intent["amount_received"], "refunded": refunded, "withdrawn": withdrawn}


def _of_charges(db: Db, table: str, intent: Row) -> list[Row]:
    sql = f"SELECT * FROM {table} WHERE charge_id IN (SELECT id FROM charges WHERE intent_id = ?) ORDER BY seq"  # noqa: S608
    return db.execute(sql, (intent["id"],)).fetchall()


def _work(processor: Processor, db: Db) -> Work:
    return Work(db, processor.public_url, time_scale=processor.time_scale)
