"""What can happen to an order, each step in the ledger's transaction that the caller opened."""

import json
import secrets
import time
from typing import Any

from infra.sandbox.alipay import notifications, terms
from infra.sandbox.alipay.errors import refused
from infra.sandbox.alipay.wire import Request, shanghai
from infra.sandbox.ledger import Db, Row

PAID = ("TRADE_SUCCESS", "TRADE_FINISHED")
CANCEL_SECONDS = 24 * 3600


def find(db: Db, out_trade_no: str = "", trade_no: str = "", code: str = "") -> Row | None:
    sql = "SELECT * FROM trades WHERE out_trade_no = ? OR trade_no = ? OR code = ?"
    found: Row | None = db.execute(sql, (out_trade_no, trade_no, code)).fetchone()
    return found


def get(db: Db, out_trade_no: str) -> Row:
    trade = find(db, out_trade_no)
    if trade is None:
        raise refused("TRADE_NOT_EXIST")
    return trade


def open_order(db: Db, request: Request) -> Row:
    """Announce an order. The same one again is the same order; other data under its number is refused."""
    now, biz = time.time(), request.biz
    out_trade_no = terms.number(biz, "out_trade_no", is_required=True)
    amount = terms.total(biz)
    terms.product_code(biz, request.method)
    values = {
        "out_trade_no": out_trade_no,
        "code": secrets.token_hex(12),
        "method": request.method,
        "total": amount,
        "subject": terms.text(biz, "subject", 256, is_required=True),
        "body": terms.text(biz, "body", 128),
        "passback": terms.text(biz, "passback_params", 512),
        "biz": json.dumps(biz | {"total_amount": terms.yuan(amount)}, sort_keys=True),
        "charset": request.charset,
        "notify_url": request.notify_url,
        "return_url": request.return_url,
    }
    known = find(db, out_trade_no)
    if known and not _is_dead_code(known, now):
        return _same_order(known, values)
    values["expires_at"] = terms.expires_at(biz, request.method, now)
    if known:
        db.execute("DELETE FROM trades WHERE out_trade_no = ?", (out_trade_no,))
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    db.execute(f"INSERT INTO trades (status, {columns}) VALUES ('NOT_SCANNED', {marks})", values)  # noqa: S608
    return get(db, out_trade_no)


def scan(db: Db, trade: Row) -> Row:
    """A payer opens the code or logs in at the cashier: from here on the trade exists."""
    now = time.time()
    if trade["status"] != "NOT_SCANNED":
        return trade
    if trade["expires_at"] <= now:
        raise refused("TRADE_HAS_CLOSE", "二维码已失效")
    return _update(db, trade, status="WAIT_BUYER_PAY", created_at=now, trade_no=_trade_no(now))


def pay(db: Db, trade: Row) -> Row:
    """Scan if need be, then pay. Raises when the order cannot be paid (any more)."""
    trade = scan(db, trade)
    _require_unpaid(trade)
    trade = _update(db, trade, status="TRADE_SUCCESS", paid_at=time.time())
    notifications.enqueue(db, trade)
    return trade


def close(db: Db, trade: Row) -> Row:
    if trade["status"] != "WAIT_BUYER_PAY":
        raise refused("TRADE_STATUS_ERROR")
    trade = _update(db, trade, status="TRADE_CLOSED", closed_at=time.time())
    notifications.enqueue(db, trade)
    return trade


def cancel(db: Db, trade: Row) -> str:
    """Undo whatever happened; returns the action taken. Repeating it is harmless."""
    if trade["is_cancelled"]:
        return "refund" if trade["paid_at"] else "close"
    if trade["status"] == "TRADE_FINISHED":
        raise refused("TRADE_HAS_FINISHED")
    if time.time() - trade["created_at"] > CANCEL_SECONDS:
        raise refused("TRADE_CANCEL_TIME_OUT")
    if trade["refunded"]:
        raise refused("REASON_TRADE_REFUND_FEE_ERR")
    trade = _update(db, trade, is_cancelled=1)
    if trade["status"] == "TRADE_SUCCESS":
        refund(db, trade, trade["total"], f"cancel{trade['trade_no']}", "交易撤销")
        return "refund"
    if trade["status"] == "WAIT_BUYER_PAY":
        close(db, trade)
    return "close"


def refund(db: Db, trade: Row, amount: int, out_request_no: str, reason: str) -> tuple[Row, bool]:
    """Give money back; returns the trade and whether any moved: a request done before moves none."""
    done = find_refund(db, trade, out_request_no or trade["out_trade_no"])
    if done:
        if done["amount"] != amount:
            raise refused("DISCORDANT_REPEAT_REQUEST")
        return trade, False
    if trade["status"] == "TRADE_FINISHED":
        raise refused("TRADE_HAS_FINISHED")
    if trade["status"] != "TRADE_SUCCESS":
        raise refused("TRADE_STATUS_ERROR")
    if not out_request_no and amount != trade["total"]:
        raise refused("REFUND_AMT_NOT_EQUAL_TOTAL")
    if trade["refunded"] + amount > trade["total"]:
        raise refused("REASON_TRADE_REFUND_FEE_ERR")
    return _refund(db, trade, amount, out_request_no or trade["out_trade_no"], reason), True


def _refund(db: Db, trade: Row, amount: int, out_request_no: str, reason: str) -> Row:
    now, sum_refunded = time.time(), trade["refunded"] + amount
    db.execute(
        "INSERT INTO refunds VALUES (?, ?, ?, ?, ?)",
        (trade["out_trade_no"], out_request_no, amount, reason, now),
    )
    changes: dict[str, Any] = {"refunded": sum_refunded}
    if sum_refunded == trade["total"]:
        changes |= {"status": "TRADE_CLOSED", "closed_at": now}
    trade = _update(db, trade, **changes)
    notifications.enqueue(db, trade, find_refund(db, trade, out_request_no))
    return trade


def finish(db: Db, trade: Row) -> Row:
    """The refund period is over: the trade can no longer be refunded."""
    if trade["status"] != "TRADE_SUCCESS":
        raise refused("TRADE_STATUS_ERROR")
    trade = _update(db, trade, status="TRADE_FINISHED")
    notifications.enqueue(db, trade)
    return trade


def expire(db: Db) -> None:
    """Close the trades whose time is up."""
    now = time.time()
    sql = "SELECT * FROM trades WHERE status = 'WAIT_BUYER_PAY' AND expires_at <= ?"
    for trade in db.execute(sql, (now,)).fetchall():
        close(db, trade)


def find_refund(db: Db, trade: Row, out_request_no: str) -> Row | None:
    sql = "SELECT * FROM refunds WHERE out_trade_no = ? AND out_request_no = ?"
    found: Row | None = db.execute(sql, (trade["out_trade_no"], out_request_no)).fetchone()
    return found


def _is_dead_code(trade: Row, now: float) -> bool:
    return bool(trade["status"] == "NOT_SCANNED" and trade["expires_at"] <= now)


def _same_order(known: Row, values: dict[str, Any]) -> Row:
    if known["status"] not in ("NOT_SCANNED", "WAIT_BUYER_PAY"):
        _require_unpaid(known)
    if any(known[name] != values[name] for name in ("method", "biz", "notify_url")):
        raise refused("CONTEXT_INCONSISTENT")
    return known


def _require_unpaid(trade: Row) -> None:
    if trade["status"] in PAID or trade["refunded"]:
        raise refused("TRADE_HAS_SUCCESS")
    if trade["status"] == "TRADE_CLOSED":
        raise refused("TRADE_HAS_CLOSE")


def _update(db: Db, trade: Row, **changes: Any) -> Row:
    columns = ", ".join(f"{name} = :{name}" for name in changes)
    db.execute(
        f"UPDATE trades SET {columns} WHERE out_trade_no = :out_trade_no",  # noqa: S608
        changes | {"out_trade_no": trade["out_trade_no"]},
    )
    return get(db, trade["out_trade_no"])


def _trade_no(now: float) -> str:
    digits = "".join(secrets.choice("0123456789") for _ in range(18))
    return shanghai(now)[:10].replace("-", "") + "22" + digits
