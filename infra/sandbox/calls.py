"""Every call that reached a rail, answered or not, so that tests can count them."""

import time
from typing import Any

from infra.sandbox.ledger import Db, Ledger


def record(ledger: Ledger, method: str, order_no: str, clock_skew_seconds: float | None = None) -> int:
    columns = "method, order_no, called_at, clock_skew_seconds, outcome"
    with ledger.transaction() as db:
        row = db.execute(
            f"INSERT INTO calls ({columns}) VALUES (?, ?, ?, ?, '')",  # noqa: S608
            (method, order_no, time.time(), clock_skew_seconds),
        )
        return row.lastrowid or 0


def conclude(ledger: Ledger, call_id: int, outcome: str) -> None:
    with ledger.transaction() as db:
        db.execute("UPDATE calls SET outcome = ? WHERE id = ?", (outcome, call_id))


def listed(db: Db, method: str, order_no: str) -> list[dict[str, Any]]:
    sql = "SELECT * FROM calls WHERE (method = ? OR ? = '') AND (order_no = ? OR ? = '') ORDER BY id"
    return [dict(row) for row in db.execute(sql, (method, method, order_no, order_no))]
