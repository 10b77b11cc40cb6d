"""POST or GET /alipay/gateway.do, and POST /alipay/app: what a merchant's server and app reach."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, make_response, redirect, render_template
from flask import request as http
from werkzeug import Response

from infra.sandbox import calls, faults
from infra.sandbox.alipay import trades, wire
from infra.sandbox.alipay.context import Alipay
from infra.sandbox.alipay.errors import GatewayError, invalid
from infra.sandbox.alipay.methods import APP_METHOD, CASHIER_METHODS, ERROR_FIELDS, METHODS, SUCCESS
from infra.sandbox.alipay.mishaps import perform
from infra.sandbox.alipay.wire import Request
from infra.sandbox.ledger import Row

UNKNOWN_APP = {"isv.missing-app-id", "isv.invalid-app-id"}


@dataclass(frozen=True)
class Exchange:
    """One call: what came, what may go wrong with it, and how its answer is put into bytes."""

    alipay: Alipay
    request: Request
    fault: faults.Fault | None

    @property
    def out_trade_no(self) -> str:
        return number_sent(self.request)

    def work(self) -> dict[str, Any]:
        try:
            with self.alipay.ledger.transaction() as db:
                if self.request.method in METHODS:
                    return METHODS[self.request.method](db, self.request, self.alipay.public_url)
                return SUCCESS | {"url": self._cashier(trades.open_order(db, self.request)["code"])}
        except GatewayError as error:
            return self.failure(error)

    def failure(self, error: GatewayError) -> dict[str, Any]:
        return error.body() | ERROR_FIELDS.get(self.request.method, {})

    def response(self, body: dict[str, Any]) -> Response:
        if self.request.method not in METHODS:
            return redirect(body["url"]) if "url" in body else error_page(body)
        raw = wire.answer(self.request.method, body, self.request, self.alipay.merchant)
        return Response(raw, content_type=f"text/html;charset={self.request.charset}")

    def _cashier(self, code: str) -> str:
        return f"{self.alipay.public_url}/alipay/cashier/{code}"


def add_routes(blueprint: Blueprint, alipay: Alipay) -> None:
    @blueprint.route("/alipay/gateway.do", methods=["GET", "POST"])
    def gateway() -> Response:
        params: dict[str, str] = {}
        try:
            params = wire.read_params(http.query_string.decode("latin-1"), http.get_data())
            request = accept(alipay, params, {*METHODS, *CASHIER_METHODS})
        except GatewayError as error:
            return refuse(alipay, params, error)
        return run(alipay, request)

    @blueprint.post("/alipay/app")
    def app() -> Response | tuple[dict[str, str], int]:
        """Stands for the Alipay app: the body is the order string that the merchant's app handed over."""
        try:
            trade = open_app_order(alipay, http.get_data())
        except GatewayError as error:
            return {"resultStatus": "4000", "memo": error.sub_msg, "sub_code": error.sub_code}, 400
        return redirect(f"{alipay.public_url}/alipay/cashier/{trade['code']}", 303)


def accept(alipay: Alipay, params: dict[str, str], methods: set[str]) -> Request:
    request = wire.verify(params, alipay.merchant, wire.now())
    if request.method not in methods:
        raise invalid("invalid-method", "不存在的方法名")
    return request


def run(alipay: Alipay, request: Request) -> Response:
    out_trade_no = _order_number(alipay, request)
    call_id = calls.record(alipay.ledger, request.method, out_trade_no, request.clock_skew_seconds)
    with alipay.ledger.transaction() as db:
        trades.expire(db)
        fault = faults.take(db, request.method, out_trade_no)
    response, outcome = perform(Exchange(alipay, request, fault))
    calls.conclude(alipay.ledger, call_id, outcome)
    alipay.deliveries.wake()
    return response


def open_app_order(alipay: Alipay, order_string: bytes) -> Row:
    request = accept(alipay, wire.read_params("", order_string.strip()), {APP_METHOD})
    calls.record(alipay.ledger, request.method, number_sent(request), request.clock_skew_seconds)
    with alipay.ledger.transaction() as db:
        return trades.scan(db, trades.open_order(db, request))


def refuse(alipay: Alipay, params: dict[str, str], error: GatewayError) -> Response:
    """Answer a call that never got as far as its method."""
    method = params.get("method", "")
    call_id = calls.record(alipay.ledger, method, "", None)
    calls.conclude(alipay.ledger, call_id, error.sub_code)
    if method in CASHIER_METHODS:
        return error_page(error.body())
    signer = None if error.sub_code in UNKNOWN_APP else alipay.merchant
    raw = wire.answer(method if method in METHODS else "", error.body(), None, signer)
    return Response(raw, content_type="text/html;charset=utf-8")


def error_page(body: dict[str, Any]) -> Response:
    return make_response(render_template("alipay/error.html", error=body))


def number_sent(request: Request, name: str = "out_trade_no") -> str:
    """The order's number as it was sent, not judged yet, but fit to be stored."""
    return str(request.biz.get(name) or "").encode(errors="replace").decode()


def _order_number(alipay: Alipay, request: Request) -> str:
    """The merchant's number of the order, looked up where only Alipay's own was given."""
    out_trade_no, trade_no = number_sent(request), number_sent(request, "trade_no")
    if out_trade_no or not trade_no:
        return out_trade_no
    with alipay.ledger.transaction() as db:
        trade = trades.find(db, trade_no=trade_no)
    return trade["out_trade_no"] if trade else ""
