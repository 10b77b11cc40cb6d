"""Events, and which webhook endpoints hear of them: docs.stripe.com/api/events/types.

An event is a picture of its object at that moment. Nothing is said about the order in which events arrive.
"""

from fnmatch import fnmatchcase
from typing import Any

from infra.sandbox import callbacks
from infra.sandbox.card import objects
from infra.sandbox.card.books import Json, dumps, get, insert, loads, new_id, now
from infra.sandbox.card.context import Work
from infra.sandbox.card.merchant import API_VERSION
from infra.sandbox.ledger import Db, Row


def of_intent(work: Work, kind: str, intent: Row) -> None:
    _emit(work, f"payment_intent.{kind}", objects.intent(work.db, intent), intent["order_no"])


def of_charge(work: Work, kind: str, charge: Row, **previous: Any) -> None:
    _emit(work, f"charge.{kind}", objects.charge(work.db, charge), _order(work.db, charge), previous)


def of_refund(work: Work, kind: str, refund: Row, **previous: Any) -> None:
    order_no = _order(work.db, get(work.db, "charges", refund["charge_id"]))
    _emit(work, kind, objects.refund(work.db, refund), order_no, previous)


def of_dispute(work: Work, kind: str, dispute: Row, **previous: Any) -> None:
    order_no = _order(work.db, get(work.db, "charges", dispute["charge_id"]))
    _emit(work, f"charge.dispute.{kind}", objects.dispute(work.db, dispute), order_no, previous)


def _order(db: Db, charge: Row) -> str:
    return str(get(db, "intents", charge["intent_id"])["order_no"])


def _emit(work: Work, kind: str, shown: Json, order_no: str, previous: Json | None = None) -> None:
    targets = [row for row in endpoints(work.db) if hears(row, kind)]
    data: Json = {"object": shown}
    if previous:
        data["previous_attributes"] = previous
    event = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now(),
        "data": data,
        "livemode": False,
        "pending_webhooks": len(targets),
        "request": {"id": work.request_id, "idempotency_key": work.idempotency_key},
        "type": kind,
    }
    facts = {"id": event["id"], "order_no": order_no, "type": kind, "created": event["created"]}
    insert(work.db, "events", **facts, body=dumps(event))
    for target in targets:
        callbacks.enqueue(work.db, order_no, target["url"], {"endpoint": target["id"], "event": event})


def endpoints(db: Db) -> list[Row]:
    return db.execute("SELECT * FROM endpoints ORDER BY created, id").fetchall()


def hears(endpoint: Row, kind: str) -> bool:
    return any(fnmatchcase(kind, pattern) for pattern in loads(endpoint["enabled_events"]))
