"""What can happen to an order, each step in the ledger's transaction that the caller opened."""

import json
import secrets
import time
from typing import Any

from infra.sandbox import keys
from infra.sandbox.ledger import Db, Row
from infra.sandbox.wechat_pay import notices, terms
from infra.sandbox.wechat_pay.clock import shanghai
from infra.sandbox.wechat_pay.errors import invalid, other_merchant, refused
from infra.sandbox.wechat_pay.merchant import Merchant
from infra.sandbox.wechat_pay.terms import Json

TRADE_TYPES = {"native": "NATIVE", "h5": "MWEB", "jsapi": "JSAPI", "app": "APP"}
PAID = ("SUCCESS", "REFUND")
FORCED = ("NOTPAY", "USERPAYING", "PAYERROR", "REVOKED")
CODE_SECONDS = 2 * 3600
H5_SECONDS = 5 * 60
EXPIRY_SECONDS = 7 * 86400
SHORTEST_SECONDS = 60


def find(db: Db, out_trade_no: str = "", transaction_id: str = "") -> Row | None:
    sql = "SELECT * FROM orders WHERE out_trade_no = ? OR transaction_id = ?"
    found: Row | None = db.execute(sql, (out_trade_no, transaction_id)).fetchone()
    return found


def get(db: Db, out_trade_no: str) -> Row:
    order = find(db, out_trade_no)
    if order is None:
        raise refused("ORDER_NOT_EXIST")
    return order


def find_by_code(db: Db, code: str) -> Row:
    """The order behind what a payer opened, while that is valid."""
    sql = "SELECT out_trade_no, valid_until FROM codes WHERE code = ?"
    found = db.execute(sql, (code,)).fetchone()
    if found is None:
        raise refused("ORDER_NOT_EXIST")
    if found["valid_until"] <= time.time():
        raise refused("INVALID_REQUEST", "支付请求已失效,请重新下单")
    return get(db, found["out_trade_no"])


def announce(db: Db, merchant: Merchant, channel: str, body: Json, time_scale: float) -> str:
    """Open an order, or the same one again; returns the code under which a payer opens it."""
    now = time.time()
    values = _read(merchant, channel, body)
    number = values["out_trade_no"]
    known = find(db, number)
    if known:
        _require_same(known, values)
    elif db.execute("SELECT 1 FROM burnt_numbers WHERE out_trade_no = ?", (number,)).fetchone():
        raise refused("INVALID_REQUEST")
    else:
        expires_at = terms.expires_at(body, now, SHORTEST_SECONDS * time_scale, EXPIRY_SECONDS)
        values |= {"created_at": now, "expires_at": expires_at, "payer_total": values["total"]}
        columns = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        db.execute(f"INSERT INTO orders (trade_state, {columns}) VALUES ('NOTPAY', {marks})", values)  # noqa: S608
    code = _code(channel, now)
    seconds = H5_SECONDS if channel == "h5" else CODE_SECONDS
    db.execute("INSERT INTO codes VALUES (?, ?, ?)", (code, number, now + seconds))
    return code


def pay(db: Db, order: Row, coupon: int = 0) -> Row:
    """The payer pays, `coupon` fen of it with WeChat's own money."""
    require_open(order)
    if not 0 <= coupon <= order["total"]:
        raise refused("INVALID_REQUEST", "优惠金额无效")
    order = update(
        db,
        order,
        trade_state="SUCCESS",
        paid_at=time.time(),
        payer_total=order["total"] - coupon,
        transaction_id="4200" + keys.digits(24),
    )
    notices.transaction(db, order)
    return order


def close(db: Db, out_trade_no: str) -> None:
    """Close an unpaid order; once more is no error.

    A number that was never announced is closed too, and from then on refused: so merchants have seen it
    (2026-09-16); the interface's page does not say.
    """
    order = find(db, out_trade_no)
    if order is None:
        db.execute("INSERT OR IGNORE INTO burnt_numbers VALUES (?)", (out_trade_no,))
        return
    if order["trade_state"] in PAID:
        raise refused("ORDERPAID")
    update(db, order, trade_state="CLOSED")


def expire(db: Db) -> None:
    """Close the orders whose time is up. That this happens at once is this simulator's; the original lags."""
    sql = "UPDATE orders SET trade_state = 'CLOSED' WHERE trade_state = 'NOTPAY' AND expires_at <= ?"
    db.execute(sql, (time.time(),))


def force(db: Db, order: Row, trade_state: str) -> Row:
    """Put an unpaid order into a state that this simulator never reaches by itself."""
    require_unpaid(order)
    if trade_state not in FORCED:
        raise refused("INVALID_REQUEST", f"trade_state: {', '.join(FORCED)}")
    return update(db, order, trade_state=trade_state)


def require_open(order: Row) -> None:
    require_unpaid(order)
    if order["trade_state"] in ("CLOSED", "REVOKED", "PAYERROR"):
        raise refused("ORDER_CLOSED")


def require_unpaid(order: Row) -> None:
    if order["trade_state"] in PAID:
        raise refused("ORDERPAID")


def update(db: Db, order: Row, **changes: Any) -> Row:
    columns = ", ".join(f"{name} = :{name}" for name in changes)
    db.execute(
        f"UPDATE orders SET {columns} WHERE out_trade_no = :out_trade_no",  # noqa: S608
        changes | {"out_trade_no": order["out_trade_no"]},
    )
    return get(db, order["out_trade_no"])


def _read(merchant: Merchant, channel: str, body: Json) -> dict[str, Any]:
    """The request's fields, checked ("Native下单", "H5下单", "JSAPI/小程序下单", "APP下单")."""
    app_id = terms.text(body, "/appid", 32, is_required=True)
    mch_id = terms.text(body, "/mchid", 32, is_required=True)
    values = {
        "out_trade_no": terms.matching(body, "/out_trade_no", terms.ORDER_NUMBER, is_required=True),
        "trade_type": TRADE_TYPES[channel],
        "total": terms.fen(body, "/amount/total"),
        "description": terms.text(body, "/description", 127, is_required=True),
        "attach": terms.text(body, "/attach", 128),
        "notify_url": terms.matching(body, "/notify_url", terms.URL, is_required=True),
        "openid": terms.text(body, "/payer/openid", 128, is_required=channel == "jsapi"),
    }
    terms.currency(body)
    terms.text(body, "/scene_info/payer_client_ip", 45, is_required=channel == "h5")
    kind = terms.text(body, "/scene_info/h5_info/type", 32, is_required=channel == "h5")
    if channel == "h5" and kind not in ("Wap", "iOS", "Android"):
        raise invalid("/scene_info/h5_info/type", "Wap, iOS, Android", kind)
    if mch_id != merchant.mch_id:
        raise other_merchant("/mchid")
    if app_id != merchant.app_id:
        raise refused("APPID_MCHID_NOT_MATCH")
    return values | {"terms": json.dumps(_comparable(body), sort_keys=True)}


def _comparable(body: Json) -> Json:
    """What must be the same when a number comes again: all but where the payer is."""
    scene = {name: value for name, value in (body.get("scene_info") or {}).items() if name != "payer_client_ip"}
    return {**body, "scene_info": scene}


def _require_same(known: Row, values: dict[str, Any]) -> None:
    """A repeated number: 403 for another way of paying, 400 for other data, by the pages and by many accounts."""
    require_open(known)
    if known["trade_type"] != values["trade_type"]:
        raise refused("OUT_TRADE_NO_USED")
    if known["terms"] != values["terms"]:
        raise refused("INVALID_REQUEST")


def _code(channel: str, now: float) -> str:
    if channel == "native":
        return secrets.token_urlsafe(9)
    stamp = shanghai(now)[:19].translate({ord(mark): None for mark in "-:T"})
    return f"wx{stamp}{secrets.token_hex(10)}"
