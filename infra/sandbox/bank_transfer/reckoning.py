"""The books as tests read them: entries, and sums by reference and currency, in cents and fen."""

from typing import Any

from infra.sandbox.bank_transfer import books
from infra.sandbox.ledger import Db, Row

Json = dict[str, Any]
SUMS = ("received", "returned", "paid_out", "came_back", "pending")
JOINED = (
    "SELECT t.*, e.account, e.own_id AS entry_own_id, e.is_credit, e.is_reversal, e.status, e.booked_at"
    " FROM transactions t JOIN entries e ON e.id = t.entry_id"
)


def entry(db: Db, row: Row) -> Json:
    parts = [dict(part) for part in books.transactions(db, row["id"])]
    return {**dict(row), "currency": books.currency_of(row), "transactions": parts}


def order(db: Db, reference: str) -> Json:
    rows = db.execute(f"{JOINED} WHERE t.order_no = ? ORDER BY t.id", (reference,)).fetchall()
    return {"reference": reference, **_sums(rows), "transactions": [dict(row) for row in rows]}


def ledger(db: Db) -> Json:
    """What nobody meant for anything stands under the empty reference."""
    rows = db.execute(f"{JOINED} ORDER BY t.id").fetchall()
    by_order: dict[str, list[Row]] = {}
    for row in rows:
        by_order.setdefault(row["order_no"], []).append(row)
    by_currency = {
        currency: _sums([row for row in rows if books.currency_of(row) == currency]) for currency in ("EUR", "CNY")
    }
    return {**by_currency, "orders": {name: _sums(found) for name, found in by_order.items()}}


def _sums(rows: list[Row]) -> Json:
    """Received less returned is what payers have paid; paid out less come back is what they were given back."""
    sums = dict.fromkeys(SUMS, 0)
    for row in rows:
        sums[_kind(row)] += row["amount"]
    return sums


def _kind(row: Row) -> str:
    if row["status"] != "BOOK":
        return "pending"
    if row["is_credit"]:
        return "came_back" if row["is_reversal"] else "received"
    return "returned" if row["is_reversal"] else "paid_out"
