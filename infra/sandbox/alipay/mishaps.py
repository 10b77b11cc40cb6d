"""Answers a gateway call, well or with the fault that the script holds for it."""

import contextlib
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import request as http
from werkzeug import Response

from infra.sandbox.alipay import trades
from infra.sandbox.alipay.errors import GatewayError, refused, unknown_error

if TYPE_CHECKING:
    from infra.sandbox.alipay.gateway import Exchange

Body = dict[str, Any]
Outcome = tuple[Response, str]


def perform(exchange: "Exchange") -> Outcome:
    """The response, and the code or sub code under which the call is listed."""
    if exchange.fault is None:
        return _usual(exchange, {})
    outcome = KINDS[exchange.fault.kind](exchange, exchange.fault.options)
    return outcome[0], f"{outcome[1]} ({exchange.fault.kind})"


def _usual(exchange: "Exchange", _options: Body) -> Outcome:
    body = exchange.work()
    return exchange.response(body), code_of(body)


def _delay(exchange: "Exchange", options: Body) -> Outcome:
    time.sleep(float(options.get("seconds", 1)))
    return _usual(exchange, options)


def _timeout(exchange: "Exchange", options: Body) -> Outcome:
    outcome = code_of(exchange.work())
    exchange.alipay.notifier.wake()
    time.sleep(float(options.get("seconds", 60)))
    return hang_up(), outcome


def _drop(_exchange: "Exchange", _options: Body) -> Outcome:
    return hang_up(), ""


def _drop_after(exchange: "Exchange", _options: Body) -> Outcome:
    outcome = code_of(exchange.work())
    return hang_up(), outcome


def _system_error(exchange: "Exchange", options: Body) -> Outcome:
    if options.get("work"):
        exchange.work()
    error = unknown_error() if str(options.get("code")) == "20000" else refused("SYSTEM_ERROR")
    return exchange.response(exchange.failure(error)), error.sub_code


def _business_error(exchange: "Exchange", options: Body) -> Outcome:
    error = GatewayError("40004", str(options["sub_code"]), str(options.get("sub_msg", "业务处理失败")))
    return exchange.response(exchange.failure(error)), error.sub_code


def _http_error(exchange: "Exchange", options: Body) -> Outcome:
    if options.get("work"):
        exchange.work()
    status = int(options.get("status", 502))
    page = f"<html><body><h1>{status}</h1></body></html>"
    return Response(page, status, content_type="text/html"), f"HTTP {status}"


def _garbage(exchange: "Exchange", _options: Body) -> Outcome:
    outcome = code_of(exchange.work())
    return Response(b'{"alipay_trade_\xff\xfe<html>', content_type="text/html"), outcome


def _bad_signature(exchange: "Exchange", _options: Body) -> Outcome:
    """A true answer whose signed bytes were changed on the way: one space more."""
    body = exchange.work()
    response = exchange.response(body)
    response.set_data(response.get_data().replace(b'"msg":', b'"msg": ', 1))
    return response, code_of(body)


def _callback_first(exchange: "Exchange", options: Body) -> Outcome:
    body = exchange.work()
    if options.get("pay", True):
        _pay(exchange)
    exchange.alipay.notifier.deliver_now(exchange.out_trade_no)
    return exchange.response(body), code_of(body)


def _pay(exchange: "Exchange") -> None:
    with contextlib.suppress(GatewayError), exchange.alipay.ledger.transaction() as db:
        trade = trades.find(db, exchange.out_trade_no)
        if trade is not None:
            trades.pay(db, trade)


def hang_up() -> Response:
    """Close the connection so that no answer can be written to it."""
    with contextlib.suppress(OSError):
        http.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Response(b"")


def code_of(body: Body) -> str:
    return str(body.get("sub_code") or body["code"])


KINDS: dict[str, Callable[["Exchange", Body], Outcome]] = {
    "delay": _delay,
    "timeout": _timeout,
    "drop": _drop,
    "drop_after": _drop_after,
    "system_error": _system_error,
    "business_error": _business_error,
    "http_error": _http_error,
    "garbage": _garbage,
    "bad_signature": _bad_signature,
    "callback_first": _callback_first,
}
