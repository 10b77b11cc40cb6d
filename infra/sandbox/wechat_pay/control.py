"""The tests' and the demo's door: JSON under /wechat_pay/_sandbox/, and /_sandbox/wechat_pay/pay for any payment.

POST   pay | decline                    {"out_trade_no", "coupon"? in fen}
POST   state                            {"out_trade_no", "trade_state"}: NOTPAY, USERPAYING, PAYERROR or REVOKED
POST   console-refund                   {"out_trade_no", "amount"? in fen, "out_refund_no"?}
POST   refund-becomes                   {"out_refund_no", "status", "seconds"?}: how a refund in progress ends
GET    orders/<out_trade_no>            the order with its refunds
GET    ledger                           sums in fen, and per order
GET    switches; POST switches          see switches.py

and those of doors.py, for callbacks, calls and faults. A callback of your own making has `fields` of the resource.
"""

from typing import Any

from flask import Blueprint
from flask import request as http

from infra.sandbox import doors
from infra.sandbox.ledger import Db, Row
from infra.sandbox.wechat_pay import cashier, faults, notify, orders, payer, refunds, switches
from infra.sandbox.wechat_pay.context import WechatPay
from infra.sandbox.wechat_pay.errors import ApiError

Json = dict[str, Any]
Reply = Json | tuple[Json, int]
PREFIX = "/wechat_pay/_sandbox"


def add_routes(blueprint: Blueprint, rail: WechatPay) -> None:
    blueprint.register_error_handler(ApiError, lambda error: (error.body(), 409))
    _payer_routes(blueprint, rail)
    _operator_routes(blueprint, rail)
    _book_routes(blueprint, rail)
    doors.add_routes(blueprint, PREFIX, "out_trade_no", rail.ledger, rail.deliveries, faults.KINDS)


def _payer_routes(blueprint: Blueprint, rail: WechatPay) -> None:
    @blueprint.post("/_sandbox/wechat_pay/pay")
    def pay_action() -> Reply:
        asked = http.get_json()
        order = payer.open_action(rail, asked["action"])
        return order_view(rail, cashier.act(rail, order, asked.get("decision", "pay")))

    @blueprint.post(f"{PREFIX}/<any(pay, decline):step>")
    def act(step: str) -> Reply:
        asked = http.get_json()
        order = _order(rail, asked["out_trade_no"])
        return order_view(rail, cashier.act(rail, order, step, int(asked.get("coupon", 0))))


def _operator_routes(blueprint: Blueprint, rail: WechatPay) -> None:
    @blueprint.post(f"{PREFIX}/state")
    def state() -> Reply:
        asked = http.get_json()
        with rail.ledger.transaction() as db:
            order = orders.force(db, orders.get(db, asked["out_trade_no"]), asked["trade_state"])
        return order_view(rail, order)

    @blueprint.post(f"{PREFIX}/console-refund")
    def console_refund() -> Reply:
        asked = http.get_json()
        with rail.ledger.transaction() as db:
            order = orders.get(db, asked["out_trade_no"])
            number, amount = str(asked.get("out_refund_no") or ""), int(asked.get("amount") or 0)
            refunds.from_console(db, order, amount, number, rail.time_scale)
        return order_view(rail, _order(rail, order["out_trade_no"]))

    @blueprint.post(f"{PREFIX}/refund-becomes")
    def refund_becomes() -> Reply:
        asked = http.get_json()
        seconds = float(asked.get("seconds", 0))
        with rail.ledger.transaction() as db:
            refund = refunds.foretell(db, asked["out_refund_no"], asked["status"], seconds)
        rail.deliveries.wake()
        return dict(refund)

    @blueprint.route(f"{PREFIX}/switches", methods=["GET", "POST"])
    def turn() -> Reply:
        try:
            with rail.ledger.transaction() as db:
                return switches.turn(db, http.get_json() if http.method == "POST" else {})
        except ValueError as error:
            return {"error": str(error)}, 400


def _book_routes(blueprint: Blueprint, rail: WechatPay) -> None:
    @blueprint.get(f"{PREFIX}/orders/<out_trade_no>")
    def order(out_trade_no: str) -> Reply:
        return order_view(rail, _order(rail, out_trade_no))

    @blueprint.get(f"{PREFIX}/ledger")
    def ledger() -> Reply:
        with rail.ledger.transaction() as db:
            rows = db.execute("SELECT * FROM orders").fetchall()
            entries = {row["out_trade_no"]: _entry(db, row) for row in rows}
        return doors.ledger_view(entries)


def order_view(rail: WechatPay, order: Row) -> Json:
    with rail.ledger.transaction() as db:
        entry = _entry(db, order)
        found = [dict(refund) for refund in refunds.of_order(db, order["out_trade_no"])]
        sql = "SELECT code FROM codes WHERE out_trade_no = ? ORDER BY valid_until DESC"
        code = db.execute(sql, (order["out_trade_no"],)).fetchone()["code"]
    return {
        **dict(order),
        **entry,
        "refunds": found,
        "cashier_url": f"{rail.public_url}/wechat_pay/cashier/{code}",
    }


def _entry(db: Db, order: Row) -> Json:
    """`refunded` is what went back; `reserved` counts refunds in progress too."""
    done = [refund["amount"] for refund in refunds.of_order(db, order["out_trade_no"]) if refund["succeeded_at"]]
    return {
        "trade_state": order["trade_state"],
        "total": order["total"],
        "paid": order["total"] if order["paid_at"] else 0,
        "refunded": sum(done),
        "reserved": order["refunded"],
    }


def _order(rail: WechatPay, out_trade_no: str) -> Row:
    with rail.ledger.transaction() as db:
        notify.tick(db)
        return orders.get(db, out_trade_no)
