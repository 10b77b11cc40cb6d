"""What can happen to a refund, each step in the ledger's transaction that the caller opened.

"退款申请", "查询单笔退款", "发起异常退款". A refund is accepted as PROCESSING; what becomes of it shows later.
"""

import json
import time
from typing import Any

from infra.sandbox import keys
from infra.sandbox.ledger import Db, Row
from infra.sandbox.wechat_pay import notices, orders, switches, terms
from infra.sandbox.wechat_pay.errors import invalid, refused
from infra.sandbox.wechat_pay.terms import Json

MOST_OF_ONE_ORDER = 50
OUTCOMES = ("SUCCESS", "CLOSED", "ABNORMAL", "PROCESSING")
MISMATCH = "订单金额或退款金额与之前请求不一致,请核实后再试"


def find(db: Db, out_refund_no: str = "", refund_id: str = "") -> Row | None:
    sql = "SELECT * FROM refunds WHERE out_refund_no = ? OR refund_id = ?"
    found: Row | None = db.execute(sql, (out_refund_no, refund_id)).fetchone()
    return found


def get(db: Db, out_refund_no: str = "", refund_id: str = "") -> Row:
    refund = find(db, out_refund_no, refund_id)
    if refund is None:
        raise refused("RESOURCE_NOT_EXISTS", "退款单不存在")
    return refund


def apply(db: Db, body: Json, time_scale: float) -> Row:
    """Accept a refund. The same one again is the same refund; one that was CLOSED is tried again."""
    values = _read(body)
    total = values.pop("total")
    known = find(db, values["out_refund_no"])
    if known and known["terms"] != values["terms"]:
        raise refused("INVALID_REQUEST", MISMATCH)
    if known and known["status"] != "CLOSED":
        return known
    order = _refundable(db, values.pop("transaction_id"), values["out_trade_no"])
    if order["total"] != total:
        raise refused("INVALID_REQUEST", MISMATCH)
    _require_room(db, order, values["amount"])
    if known:
        db.execute("DELETE FROM refunds WHERE out_refund_no = ?", (known["out_refund_no"],))
    return accept(db, order, values, time_scale)


def accept(db: Db, order: Row, values: dict[str, Any], time_scale: float) -> Row:
    now = time.time()
    values |= {
        "out_trade_no": order["out_trade_no"],
        "refund_id": "5030" + keys.digits(25),
        "outcome": "SUCCESS",
        "due_at": now + switches.read(db)["refund_seconds"] * time_scale,
        "created_at": now,
    }
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    db.execute(f"INSERT INTO refunds (status, {columns}) VALUES ('PROCESSING', {marks})", values)  # noqa: S608
    orders.update(db, order, trade_state="REFUND", refunded=order["refunded"] + values["amount"])
    return get(db, values["out_refund_no"])


def from_console(db: Db, order: Row, amount: int, out_refund_no: str, time_scale: float) -> Row:
    """A refund that somebody made in the merchant's console, told where the console says ("退款配置")."""
    order = _refundable(db, "", order["out_trade_no"])
    amount = amount or order["total"] - order["refunded"]
    _require_room(db, order, amount)
    number = out_refund_no or f"CONSOLE{order['out_trade_no']}{order['refunded']}"
    told_to = order["notify_url"] if switches.read(db)["console_tells"] else ""
    values = {"out_refund_no": number, "amount": amount, "notify_url": told_to, "terms": "{}"}
    return accept(db, order, values, time_scale)


def foretell(db: Db, out_refund_no: str, status: str, seconds: float = 0) -> Row:
    """Say what a refund in progress will become, and when; PROCESSING leaves it there for good."""
    if status not in OUTCOMES:
        raise refused("INVALID_REQUEST", f"status: {', '.join(OUTCOMES)}")
    refund = get(db, out_refund_no)
    if refund["status"] != "PROCESSING":
        raise refused("INVALID_REQUEST", "退款已有结果")
    sql = "UPDATE refunds SET outcome = ?, due_at = ? WHERE out_refund_no = ?"
    db.execute(sql, (status, time.time() + seconds, out_refund_no))
    settle_due(db)
    return get(db, out_refund_no)


def settle_due(db: Db) -> None:
    """Let the refunds whose time has come become what they become, and tell the merchant."""
    sql = "SELECT * FROM refunds WHERE status = 'PROCESSING' AND outcome != 'PROCESSING' AND due_at <= ?"
    for refund in db.execute(sql, (time.time(),)).fetchall():
        settle(db, refund)


def settle(db: Db, refund: Row) -> None:
    succeeded_at = time.time() if refund["outcome"] == "SUCCESS" else None
    db.execute(
        "UPDATE refunds SET status = outcome, succeeded_at = ? WHERE out_refund_no = ?",
        (succeeded_at, refund["out_refund_no"]),
    )
    order = orders.get(db, refund["out_trade_no"])
    if refund["outcome"] == "CLOSED":
        order = orders.update(db, order, refunded=order["refunded"] - refund["amount"])
    notices.refund(db, order, get(db, refund["out_refund_no"]))


def retry_abnormal(db: Db, refund_id: str, body: Json, time_scale: float) -> Row:
    """Send stuck money another way: to a card of the user's, or to the merchant's account."""
    refund = get(db, refund_id=refund_id)
    if terms.matching(body, "/out_refund_no", terms.REFUND_NUMBER, is_required=True) != refund["out_refund_no"]:
        raise invalid("/out_refund_no", "与退款单不一致")
    if refund["status"] != "ABNORMAL":
        raise refused("INVALID_REQUEST", "退款单状态不是退款异常")
    due_at = time.time() + switches.read(db)["refund_seconds"] * time_scale
    sql = "UPDATE refunds SET status = 'PROCESSING', outcome = 'SUCCESS', due_at = ? WHERE refund_id = ?"
    db.execute(sql, (due_at, refund_id))
    return get(db, refund_id=refund_id)


def of_order(db: Db, out_trade_no: str) -> list[Row]:
    sql = "SELECT * FROM refunds WHERE out_trade_no = ? ORDER BY created_at"
    return db.execute(sql, (out_trade_no,)).fetchall()


def _read(body: Json) -> dict[str, Any]:
    values: dict[str, Any] = {
        "out_refund_no": terms.matching(body, "/out_refund_no", terms.REFUND_NUMBER, is_required=True),
        "out_trade_no": terms.matching(body, "/out_trade_no", terms.ORDER_NUMBER),
        "transaction_id": terms.text(body, "/transaction_id", 32),
        "amount": terms.fen(body, "/amount/refund"),
        "total": terms.fen(body, "/amount/total"),
        "notify_url": terms.matching(body, "/notify_url", terms.URL),
        "terms": json.dumps(body, sort_keys=True),
    }
    terms.text(body, "/reason", 80)
    terms.currency(body, is_required=True)
    if not values["out_trade_no"] and not values["transaction_id"]:
        raise invalid("/transaction_id", "transaction_id和out_trade_no必须二选一进行传参")
    return values


def _refundable(db: Db, transaction_id: str, out_trade_no: str) -> Row:
    """The paid order, by the rail's own number where both are given; one that nobody paid does not exist."""
    order = orders.find(db, transaction_id=transaction_id) if transaction_id else orders.find(db, out_trade_no)
    if order is None or order["trade_state"] not in orders.PAID:
        raise refused("RESOURCE_NOT_EXISTS", "订单不存在")
    return order


def _require_room(db: Db, order: Row, amount: int) -> None:
    """That so much is left is INVALID_REQUEST; NOT_ENOUGH is about the merchant's own balance."""
    if order["refunded"] + amount > order["total"]:
        full = order["refunded"] == order["total"]
        raise refused("INVALID_REQUEST", "订单已全额退款" if full else "申请退款金额大于可退金额")
    earlier = of_order(db, order["out_trade_no"])
    if len(earlier) >= MOST_OF_ONE_ORDER:
        raise refused("INVALID_REQUEST", "退款次数超过上限")
    set_to = switches.read(db)
    if earlier and time.time() - earlier[-1]["created_at"] < set_to["refund_pause_seconds"]:
        raise refused("FREQUENCY_LIMITED", "同一笔订单多次退款的请求需相隔1分钟")
    if set_to["balance"] is not None and set_to["balance"] < amount:
        raise refused("NOT_ENOUGH")
