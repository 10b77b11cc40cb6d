"""The payer's side: the cashier behind a code_url, an h5_url or a prepay_id, where a person pays or declines.

A phone's WeChat opens weixin:// addresses; here a person pastes one into /wechat_pay/scan.
"""

from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, make_response, redirect, render_template
from flask import request as http
from werkzeug import Response

from infra.sandbox.ledger import Row
from infra.sandbox.wechat_pay import notify, orders
from infra.sandbox.wechat_pay.context import WechatPay
from infra.sandbox.wechat_pay.errors import ApiError, refused

Page = Response | tuple[str, int]
STEPS = ("pay", "decline")


def add_routes(blueprint: Blueprint, rail: WechatPay) -> None:
    @blueprint.get("/wechat_pay/scan")
    def scan() -> Page:
        content = http.args.get("content", "").strip()
        if not content:
            return make_response(render_template("wechat_pay/scan.html"))
        return redirect(f"/wechat_pay/cashier/{code_in(content)}", 303)

    @blueprint.get("/wechat_pay/h5")
    def open_h5() -> Page:
        return show(http.args.get("prepay_id", ""))

    @blueprint.post("/wechat_pay/h5")
    def decide_h5() -> Page:
        return decide(http.args.get("prepay_id", ""))

    @blueprint.get("/wechat_pay/cashier/<code>")
    def show(code: str) -> Page:
        try:
            order = find(rail, code)
        except ApiError as error:
            return render_template("wechat_pay/error.html", error=error), 404
        page = {"order": order, "amount": yuan(order["total"]), "is_declined": "declined" in http.args}
        return make_response(render_template("wechat_pay/cashier.html", **page))

    @blueprint.post("/wechat_pay/cashier/<code>")
    def decide(code: str) -> Page:
        step = http.form.get("step", "")
        try:
            act(rail, find(rail, code), step)
        except ApiError as error:
            return render_template("wechat_pay/error.html", error=error), 409
        # A merchant may append redirect_url to an h5_url: where the browser goes afterwards ("H5调起支付").
        if http.args.get("redirect_url"):
            return redirect(http.args["redirect_url"], 303)
        return redirect(f"/wechat_pay/cashier/{code}" + ("?declined" if step == "decline" else ""), 303)


def find(rail: WechatPay, code: str) -> Row:
    with rail.ledger.transaction() as db:
        notify.tick(db)
        return orders.find_by_code(db, code)


def act(rail: WechatPay, order: Row, step: str, coupon: int = 0) -> Row:
    """What a payer does, to the order as it is now: it may have been closed since the page was shown.

    Declining changes nothing: the order goes on waiting until it expires.
    """
    if step not in STEPS:
        raise refused("INVALID_REQUEST", f"step: {', '.join(STEPS)}")
    with rail.ledger.transaction() as db:
        order = orders.get(db, order["out_trade_no"])
        if step == "pay":
            order = orders.pay(db, order, coupon)
        else:
            orders.require_open(order)
    rail.deliveries.wake()
    return order


def code_in(content: str) -> str:
    """The code in a code_url (`pr`), in an h5_url (`prepay_id`), or by itself."""
    query = parse_qs(urlsplit(content).query)
    return (query.get("pr") or query.get("prepay_id") or [content])[0]


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
