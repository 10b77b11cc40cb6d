"""The tests' and the demo's door: JSON under /unionpay/_sandbox/, and /_sandbox/unionpay/pay for any payment.

POST   begin | pay | decline    {"order_id", "resp_code"?}; decline is a card without money (64)
POST   outcome                  {"order_id" (or "*"), "resp_code", "settle_amt"?}: what is to become of a payment,
                                void or refund when it is made: 03, 04 or 05 keep it processing, 00 and A6 (partly)
                                succeed, any other fails
POST   finish                   {"order_id", "resp_code"?, "settle_amt"?}: and of one that is processing
POST   age                      {"order_id", "seconds"}: let it all have happened earlier
POST   console-refund           {"order_id", "amount" in fen?, "refund_order_id"?}: made on the rail's own site,
                                so nothing is told to the merchant
GET    orders/<order_id>        the transaction, with the voids and refunds of a payment
GET    ledger                   sums in fen, and per payment

and those of doors.py, for callbacks, calls and faults; the order's name there is order_id.
"""

from typing import Any

from flask import Blueprint
from flask import request as http

from infra.sandbox import doors
from infra.sandbox.keys import digits
from infra.sandbox.ledger import Db, Row
from infra.sandbox.unionpay import cashier, faults, orders, payer, wire
from infra.sandbox.unionpay.context import UnionPay
from infra.sandbox.unionpay.errors import Refused
from infra.sandbox.unionpay.facts import request_of
from infra.sandbox.unionpay.terms import KINDS, PAYMENTS, Request

Json = dict[str, Any]
PREFIX = "/unionpay/_sandbox"
REFUND = next(kind for kind in KINDS if kind.name == "refund")


def add_routes(blueprint: Blueprint, unionpay: UnionPay) -> None:
    blueprint.register_error_handler(Refused, lambda error: (error.body(), 409))
    _payer_routes(blueprint, unionpay)
    _rail_routes(blueprint, unionpay)
    _book_routes(blueprint, unionpay)
    doors.add_routes(blueprint, PREFIX, "order_id", unionpay.ledger, unionpay.deliveries, faults.KINDS)


def _payer_routes(blueprint: Blueprint, unionpay: UnionPay) -> None:
    @blueprint.post("/_sandbox/unionpay/pay")
    def pay_action() -> Json:
        asked = http.get_json()
        order = payer.open_action(unionpay, asked["action"])
        order = cashier.act(unionpay, order, asked.get("decision", "pay"), asked.get("resp_code", ""))
        return order_view(unionpay, order)

    @blueprint.post(f"{PREFIX}/<any(begin, pay, decline):step>")
    def act(step: str) -> Json:
        asked = http.get_json()
        order = cashier.act(unionpay, _order(unionpay, asked["order_id"]), step, asked.get("resp_code", ""))
        return order_view(unionpay, order)


def _rail_routes(blueprint: Blueprint, unionpay: UnionPay) -> None:
    @blueprint.post(f"{PREFIX}/outcome")
    def outcome() -> Json:
        asked = http.get_json()
        with unionpay.ledger.transaction() as db:
            orders.script_outcome(db, asked["order_id"], asked["resp_code"], asked.get("settle_amt"))
        return {}

    @blueprint.post(f"{PREFIX}/<any(finish, age, 'console-refund'):step>")
    def change(step: str) -> Json:
        asked = http.get_json()
        steps = {"finish": _finish, "age": _age, "console-refund": _refund}
        with unionpay.ledger.transaction() as db:
            order = steps[step](db, orders.get(db, asked["order_id"]), asked)
        unionpay.deliveries.wake()
        return order_view(unionpay, order)


def _book_routes(blueprint: Blueprint, unionpay: UnionPay) -> None:
    @blueprint.get(f"{PREFIX}/orders/<order_id>")
    def order(order_id: str) -> Json:
        return order_view(unionpay, _order(unionpay, order_id))

    @blueprint.get(f"{PREFIX}/ledger")
    def ledger() -> Json:
        with unionpay.ledger.transaction() as db:
            rows = db.execute("SELECT * FROM orders WHERE orig_query_id IS NULL").fetchall()
        entries = {
            row["order_id"]: {
                "status": row["status"],
                "total": row["txn_amt"],
                "paid": _paid(row),
                "refunded": row["returned"],
            }
            for row in rows
        }
        return doors.ledger_view(entries)


def order_view(unionpay: UnionPay, order: Row) -> Json:
    with unionpay.ledger.transaction() as db:
        returns = orders.returns_of(db, order) if order["query_id"] else []
    return {
        **dict(order),
        "paid": _paid(order),
        "refunds": [dict(row) for row in returns],
        "cashier_url": f"{unionpay.public_url}/unionpay/cashier/{order['code']}",
    }


def _paid(order: Row) -> int:
    return int(order["txn_amt"]) if order["kind"] in PAYMENTS and order["status"] == "DONE" else 0


def _order(unionpay: UnionPay, order_id: str) -> Row:
    with unionpay.ledger.transaction() as db:
        return orders.get(db, order_id)


def _finish(db: Db, order: Row, asked: Json) -> Row:
    return orders.finish(db, order, asked.get("resp_code", "00"), asked.get("settle_amt"))


def _age(db: Db, order: Row, asked: Json) -> Row:
    return orders.age(db, order, float(asked["seconds"]))


def _refund(db: Db, order: Row, asked: Json) -> Row:
    at = wire.now()
    amount = int(asked.get("amount") or order["txn_amt"] - order["returned"])
    fields = {name: request_of(order)[name] for name in ("accessType", "bizType", "encoding", "merId")} | {
        "txnType": REFUND.txn_type,
        "txnSubType": REFUND.txn_sub_type,
        "orderId": asked.get("refund_order_id") or "CONSOLE" + digits(12),
        "txnTime": wire.timestamp(at),
        "txnAmt": str(amount),
        "origQryId": order["query_id"] or "",
    }
    orders.take_back(db, Request(REFUND, fields, amount, at, 0.0))
    return orders.get(db, order["order_id"])
