"""The tests' and the demo's door: JSON under /alipay/_sandbox/, and /_sandbox/alipay/pay for any payment.

POST   scan | pay | decline | finish    {"out_trade_no"}
POST   console-refund                   {"out_trade_no", "amount" in fen, "out_request_no"?}
GET    orders/<out_trade_no>            the order with its refunds
GET    ledger                           sums in fen, and per order

and those of doors.py, for callbacks, calls and faults.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint
from flask import request as http

from infra.sandbox import doors
from infra.sandbox.alipay import cashier, faults, payer, trades
from infra.sandbox.alipay.context import Alipay
from infra.sandbox.alipay.errors import GatewayError
from infra.sandbox.ledger import Db, Row

Json = dict[str, Any]
Reply = Json | tuple[Json, int]
PREFIX = "/alipay/_sandbox"


def add_routes(blueprint: Blueprint, alipay: Alipay) -> None:
    blueprint.register_error_handler(GatewayError, lambda error: (error.body(), 409))
    _payer_routes(blueprint, alipay)
    _order_routes(blueprint, alipay)
    doors.add_routes(blueprint, PREFIX, "out_trade_no", alipay.ledger, alipay.deliveries, faults.KINDS)


def _payer_routes(blueprint: Blueprint, alipay: Alipay) -> None:
    @blueprint.post("/_sandbox/alipay/pay")
    def pay_action() -> Reply:
        asked = http.get_json()
        trade = payer.open_action(alipay, asked["action"])
        trade = cashier.act(alipay, trade, asked.get("decision", "pay"))
        return order_view(alipay, trade)

    @blueprint.post(f"{PREFIX}/<any(scan, pay, decline):step>")
    def act(step: str) -> Reply:
        return order_view(alipay, cashier.act(alipay, _order(alipay, http.get_json()["out_trade_no"]), step))

    @blueprint.post(f"{PREFIX}/finish")
    def finish() -> Reply:
        return _change(alipay, trades.finish)

    @blueprint.post(f"{PREFIX}/console-refund")
    def console_refund() -> Reply:
        asked = http.get_json()

        def refund(db: Db, trade: Row) -> Row:
            left = trade["total"] - trade["refunded"]
            number = asked.get("out_request_no") or f"CONSOLE{trade['refunded']}"
            return trades.refund(db, trade, int(asked.get("amount") or left), number, "商家后台退款")[0]

        return _change(alipay, refund)


def _order_routes(blueprint: Blueprint, alipay: Alipay) -> None:
    @blueprint.get(f"{PREFIX}/orders/<out_trade_no>")
    def order(out_trade_no: str) -> Reply:
        return order_view(alipay, _order(alipay, out_trade_no))

    @blueprint.get(f"{PREFIX}/ledger")
    def ledger() -> Reply:
        with alipay.ledger.transaction() as db:
            rows = db.execute("SELECT out_trade_no, status, total, paid_at, refunded FROM trades").fetchall()
        orders = {
            row["out_trade_no"]: {
                "status": row["status"],
                "total": row["total"],
                "paid": row["total"] if row["paid_at"] else 0,
                "refunded": row["refunded"],
            }
            for row in rows
        }
        return doors.ledger_view(orders)


def order_view(alipay: Alipay, trade: Row) -> Json:
    with alipay.ledger.transaction() as db:
        sql = "SELECT out_request_no, amount, reason, refunded_at FROM refunds WHERE out_trade_no = ?"
        refunds = [dict(row) for row in db.execute(sql, (trade["out_trade_no"],))]
    return {
        **dict(trade),
        "refunds": refunds,
        "cashier_url": f"{alipay.public_url}/alipay/cashier/{trade['code']}",
    }


def _order(alipay: Alipay, out_trade_no: str) -> Row:
    with alipay.ledger.transaction() as db:
        trades.expire(db)
        return trades.get(db, out_trade_no)


def _change(alipay: Alipay, step: Callable[[Db, Row], Row]) -> Json:
    trade = _order(alipay, http.get_json()["out_trade_no"])
    with alipay.ledger.transaction() as db:
        trade = step(db, trades.get(db, trade["out_trade_no"]))
    alipay.deliveries.wake()
    return order_view(alipay, trade)
