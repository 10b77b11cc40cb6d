"""Rows of the processor's books, by table and id."""

import json
import time
from typing import Any

from infra.sandbox.card.merchant import token
from infra.sandbox.ledger import Db, Row

Json = dict[str, Any]


def new_id(prefix: str) -> str:
    return f"{prefix}_3{token(23)}"


def now() -> int:
    return int(time.time())


def find(db: Db, table: str, object_id: str) -> Row | None:
    row: Row | None = db.execute(f"SELECT * FROM {table} WHERE id = ?", (object_id,)).fetchone()  # noqa: S608
    return row


def get(db: Db, table: str, object_id: str) -> Row:
    """What must be there, for another row names it."""
    row = find(db, table, object_id)
    if row is None:
        raise LookupError(f"{object_id} is not among {table}")
    return row


def insert(db: Db, table: str, **columns: Any) -> Row:
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(columns.values()))  # noqa: S608
    return get(db, table, columns["id"])


def update(db: Db, table: str, object_id: str, **columns: Any) -> Row:
    assignments = ", ".join(f"{name} = ?" for name in columns)
    db.execute(f"UPDATE {table} SET {assignments} WHERE id = ?", (*columns.values(), object_id))  # noqa: S608
    return get(db, table, object_id)


def order_of(db: Db, object_id: str) -> str:
    """The merchant's number of the order that an intent, charge, refund or dispute belongs to, or nothing."""
    prefix = object_id.partition("_")[0]
    if prefix in ("re", "du"):
        row = find(db, {"re": "refunds", "du": "disputes"}[prefix], object_id)
        object_id, prefix = (row["charge_id"], "ch") if row else ("", "")
    if prefix == "ch":
        row = find(db, "charges", object_id)
        object_id, prefix = (row["intent_id"], "pi") if row else ("", "")
    row = find(db, "intents", object_id) if prefix == "pi" else None
    return str(row["order_no"]) if row else ""


def enter(db: Db, source: str, category: str, amount: int, fee: int, currency: str, description: str) -> str:
    """One balance transaction; `amount` and `fee` as they change the merchant's balance and its costs.

    Types and reporting categories: docs.stripe.com/reports/balance-transaction-types.
    """
    kinds = {"charge": "charge", "refund": "refund", "refund_failure": "refund_failure"}
    row = insert(
        db,
        "balance_transactions",
        id=new_id("txn"),
        source=source,
        type=kinds.get(category, "adjustment"),
        category=category,
        amount=amount,
        fee=fee,
        currency=currency,
        description=description,
        created=now(),
    )
    return str(row["id"])


def loads(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
