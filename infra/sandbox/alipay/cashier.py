"""The payer's side: the page behind a QR code or a page-pay link, where a person scans, pays or declines."""

from urllib.parse import urlencode

from flask import Blueprint, make_response, redirect, render_template
from flask import request as http
from werkzeug import Response

from infra.sandbox.alipay import trades
from infra.sandbox.alipay.context import Alipay
from infra.sandbox.alipay.errors import GatewayError, refused
from infra.sandbox.alipay.terms import yuan
from infra.sandbox.alipay.wire import now, shanghai, sign_notification
from infra.sandbox.ledger import Row


def add_routes(blueprint: Blueprint, alipay: Alipay) -> None:
    @blueprint.get("/alipay/qr/<code>")
    @blueprint.get("/alipay/cashier/<code>")
    def show(code: str) -> Response | tuple[str, int]:
        try:
            trade = find(alipay, code)
        except GatewayError as error:
            return render_template("alipay/error.html", error=error.body()), 404
        expired = trade["status"] == "NOT_SCANNED" and trade["expires_at"] <= now()
        page = {"trade": trade, "amount": yuan(trade["total"]), "is_expired": expired}
        return make_response(render_template("alipay/cashier.html", **page, is_declined="declined" in http.args))

    @blueprint.post("/alipay/qr/<code>")
    @blueprint.post("/alipay/cashier/<code>")
    def decide(code: str) -> Response | tuple[str, int]:
        try:
            trade = find(alipay, code)
            step = http.form.get("step", "")
            trade = act(alipay, trade, step)
        except GatewayError as error:
            return render_template("alipay/error.html", error=error.body()), 409
        if step == "pay" and trade["return_url"]:
            return redirect(return_url(alipay, trade), 303)
        return redirect(http.path + ("?declined" if step == "decline" else ""), 303)


def find(alipay: Alipay, code: str) -> Row:
    with alipay.ledger.transaction() as db:
        trades.expire(db)
        trade = trades.find(db, code=code)
    if trade is None:
        raise refused("TRADE_NOT_EXIST")
    return trade


def act(alipay: Alipay, trade: Row, step: str) -> Row:
    """What a payer does, to the trade as it is now: it may have been closed since the page was shown.

    Declining changes nothing: the trade goes on waiting until it expires.
    """
    steps = {"scan": trades.scan, "pay": trades.pay, "decline": trades.scan}
    if step not in steps:
        raise refused("INVALID_PARAMETER")
    with alipay.ledger.transaction() as db:
        trade = steps[step](db, trades.get(db, trade["out_trade_no"]))
    alipay.deliveries.wake()
    return trade


def return_url(alipay: Alipay, trade: Row) -> str:
    """Where the browser goes after paying: return_url with signed parameters, as page.pay documents them."""
    params = {
        "charset": trade["charset"],
        "out_trade_no": trade["out_trade_no"],
        "method": f"{trade['method']}.return",
        "total_amount": yuan(trade["total"]),
        "trade_no": trade["trade_no"],
        "auth_app_id": alipay.merchant.app_id,
        "app_id": alipay.merchant.app_id,
        "seller_id": alipay.merchant.seller_id,
        "version": "1.0",
        "sign_type": "RSA2",
        "timestamp": shanghai(now()),
    }
    joint = "&" if "?" in trade["return_url"] else "?"
    return str(trade["return_url"]) + joint + urlencode(sign_notification(params, alipay.merchant))
