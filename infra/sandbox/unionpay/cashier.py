"""The payer's side: the page behind a form, a QR code or a tn, where a person begins, pays or declines."""

from http import HTTPStatus

from flask import Blueprint, make_response, redirect, render_template
from flask import request as http
from werkzeug import Response

from infra.sandbox.ledger import Row
from infra.sandbox.unionpay import notifications, orders
from infra.sandbox.unionpay.certificates import UNIONPAY
from infra.sandbox.unionpay.context import UnionPay
from infra.sandbox.unionpay.errors import Refused, message
from infra.sandbox.unionpay.facts import request_of
from infra.sandbox.unionpay.wire import Fields, sign

NO_BALANCE = "64"


def add_routes(blueprint: Blueprint, unionpay: UnionPay) -> None:
    @blueprint.get("/unionpay/<any(cashier, qr):_entry>/<code>")
    @blueprint.get("/unionpay/<any(app):_entry>/<tn>")
    def show(_entry: str, code: str = "", tn: str = "") -> Response:
        try:
            return page(find(unionpay, code=code, tn=tn))
        except Refused as error:
            return failure(error, HTTPStatus.NOT_FOUND)

    @blueprint.post("/unionpay/<any(cashier, qr):_entry>/<code>")
    @blueprint.post("/unionpay/<any(app):_entry>/<tn>")
    def decide(_entry: str, code: str = "", tn: str = "") -> Response:
        try:
            order = act(unionpay, find(unionpay, code=code, tn=tn), http.form.get("step", ""))
        except Refused as error:
            return failure(error, HTTPStatus.CONFLICT)
        if order["status"] == "DONE" and order["kind"] == "front":
            return make_response(render_template("unionpay/back.html", **front_form(unionpay, order)))
        return redirect(http.path, 303)


def page(order: Row) -> Response:
    sent = request_of(order)
    shown = {
        "amount": f"{order['txn_amt'] // 100}.{order['txn_amt'] % 100:02d}",
        "description": sent.get("orderDesc", ""),
        "is_expired": orders.is_expired(order),
        "reason": message(order["resp_code"]),
    }
    return make_response(render_template("unionpay/cashier.html", order=order, **shown))


def failure(error: Refused, status: HTTPStatus) -> Response:
    return make_response(render_template("unionpay/error.html", error=error.body()), status)


def find(unionpay: UnionPay, code: str = "", tn: str = "") -> Row:
    with unionpay.ledger.transaction() as db:
        order = orders.find(db, code=code, tn=tn)
    if order is None:
        raise Refused("34")
    return order


def act(unionpay: UnionPay, order: Row, step: str, resp_code: str = "") -> Row:
    """What a payer does, to the order as it is now: `begin`, `pay`, `decline` (a card without money)."""
    codes = {"pay": "00", "decline": NO_BALANCE}
    if step not in {"begin", *codes}:
        raise Refused("10")
    with unionpay.ledger.transaction() as db:
        order = orders.get(db, order["order_id"])
        if step == "begin":
            return orders.begin(db, order)
        order = orders.pay(db, order, resp_code or codes[step])
    unionpay.deliveries.wake()
    return order


def front_form(unionpay: UnionPay, order: Row) -> dict[str, str | Fields]:
    """The front notification (前台通知): the same facts, signed, posted to frontUrl by the payer's browser."""
    fields = {"merId": unionpay.parties.mer_id, **notifications.fields(order)}
    return {"url": request_of(order)["frontUrl"], "fields": sign(fields, unionpay.parties.signers[UNIONPAY])}
