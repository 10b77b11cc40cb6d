"""Every call that reached the gateway, answered or not, so that tests can count them."""

import time
from typing import Any

from infra.sandbox.alipay.ledger import Db, Ledger


def record(ledger: Ledger, method: str, out_trade_no: str, clock_skew_seconds: float | None) -> int:
    columns = "method, out_trade_no, called_at, clock_skew_seconds, outcome"
    with ledger.transaction() as db:
        row = db.execute(
            f"INSERT INTO calls ({columns}) VALUES (?, ?, ?, ?, '')",  # noqa: S608
            (method, out_trade_no, time.time(), clock_skew_seconds),
        )
        return row.lastrowid or 0


def conclude(ledger: Ledger, call_id: int, outcome: str) -> None:
    with ledger.transaction() as db:
        db.execute("UPDATE calls SET outcome = ? WHERE id = ?", (outcome, call_id))


def listed(db: Db, method: str, out_trade_no: str) -> list[dict[str, Any]]:
    sql = "SELECT * FROM calls WHERE (method = ? OR ? = '') AND (out_trade_no = ? OR ? = '') ORDER BY id"
    return [dict(row) for row in db.execute(sql, (method, method, out_trade_no, out_trade_no))]
