"""The tests' and the demo's door: JSON under /alipay/_sandbox/, and /_sandbox/alipay/pay for any payment.

POST   scan | pay | decline | finish    {"out_trade_no"}
POST   console-refund                   {"out_trade_no", "amount" in fen, "out_request_no"?}
GET    orders/<out_trade_no>            the order with its refunds
GET    ledger                           sums in fen, and per order
GET    callbacks?out_trade_no=          what was sent, and what was answered
POST   callbacks/<id>/resend            {"clean": true} leaves the fault script out
POST   callbacks                        {"url", "fields", "plan"?}: one signed callback of your own making
GET    calls?method=&out_trade_no=      what reached the gateway
POST   faults                           see faults.py; GET lists, DELETE clears
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint
from flask import request as http

from infra.sandbox.alipay import callbacks, calls, cashier, faults, payer, trades
from infra.sandbox.alipay.context import Alipay
from infra.sandbox.alipay.errors import GatewayError
from infra.sandbox.alipay.ledger import Db, Row

Json = dict[str, Any]
Reply = Json | tuple[Json, int]
PREFIX = "/alipay/_sandbox"


def add_routes(blueprint: Blueprint, alipay: Alipay) -> None:
    blueprint.register_error_handler(GatewayError, lambda error: (error.body(), 409))
    _payer_routes(blueprint, alipay)
    _order_routes(blueprint, alipay)
    _callback_routes(blueprint, alipay)
    _fault_routes(blueprint, alipay)


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
        sums = {name: sum(entry[name] for entry in orders.values()) for name in ("paid", "refunded")}
        return {**sums, "orders": orders}

    @blueprint.get(f"{PREFIX}/calls")
    def called() -> Reply:
        with alipay.ledger.transaction() as db:
            found = calls.listed(db, http.args.get("method", ""), http.args.get("out_trade_no", ""))
        return {"count": len(found), "calls": found}


def _callback_routes(blueprint: Blueprint, alipay: Alipay) -> None:
    @blueprint.get(f"{PREFIX}/callbacks")
    def listed() -> Reply:
        wanted = http.args.get("out_trade_no", "")
        sql = "SELECT * FROM callbacks WHERE out_trade_no = ? OR ? = '' ORDER BY id"
        with alipay.ledger.transaction() as db:
            return {"callbacks": [callbacks.view(db, row) for row in db.execute(sql, (wanted, wanted)).fetchall()]}

    @blueprint.post(f"{PREFIX}/callbacks/<int:callback_id>/resend")
    def resend(callback_id: int) -> Reply:
        with alipay.ledger.transaction() as db:
            row = db.execute("SELECT * FROM callbacks WHERE id = ?", (callback_id,)).fetchone()
        if row is None:
            return {"error": "no such callback"}, 404
        return alipay.notifier.resend(row, is_clean=(http.get_json(silent=True) or {}).get("clean", True))

    @blueprint.post(f"{PREFIX}/callbacks")
    def send() -> Reply:
        asked = http.get_json()
        fields = {"charset": "utf-8", "sign_type": "RSA2"} | asked["fields"]
        return alipay.notifier.send(asked["url"], fields, asked.get("plan", {}), None)


def _fault_routes(blueprint: Blueprint, alipay: Alipay) -> None:
    @blueprint.post(f"{PREFIX}/faults")
    def add() -> Reply:
        try:
            with alipay.ledger.transaction() as db:
                return {"id": faults.script(db, http.get_json())}, 201
        except ValueError as error:
            return {"error": str(error)}, 400

    @blueprint.get(f"{PREFIX}/faults")
    def scripted() -> Reply:
        with alipay.ledger.transaction() as db:
            return {"faults": [dict(row) for row in db.execute("SELECT * FROM faults ORDER BY id")]}

    @blueprint.delete(f"{PREFIX}/faults")
    def clear() -> Reply:
        with alipay.ledger.transaction() as db:
            db.execute("DELETE FROM faults")
        return {}


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
    alipay.notifier.wake()
    return order_view(alipay, trade)
