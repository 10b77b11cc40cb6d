"""Answers a gateway call, well or with the fault that the script holds for it."""

import contextlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from infra.sandbox import mishaps
from infra.sandbox.alipay import trades
from infra.sandbox.alipay.errors import GatewayError, refused, unknown_error
from infra.sandbox.mishaps import Options, Outcome, Work

if TYPE_CHECKING:
    from infra.sandbox.alipay.gateway import Exchange

Body = dict[str, Any]


def perform(exchange: "Exchange") -> Outcome:
    """The response, and the code or sub code under which the call is listed."""
    own = {kind: partial(mishap, exchange) for kind, mishap in KINDS.items()}
    return mishaps.perform(exchange.fault, lambda: _work(exchange), own)


def _work(exchange: "Exchange") -> Outcome:
    body = exchange.work()
    exchange.alipay.deliveries.wake()
    return exchange.response(body), code_of(body)


def _system_error(exchange: "Exchange", work: Work, options: Options) -> Outcome:
    if options.get("work"):
        work()
    error = unknown_error() if str(options.get("code")) == "20000" else refused("SYSTEM_ERROR")
    return exchange.response(exchange.failure(error)), error.sub_code


def _business_error(exchange: "Exchange", _work: Work, options: Options) -> Outcome:
    error = GatewayError("40004", str(options["sub_code"]), str(options.get("sub_msg", "业务处理失败")))
    return exchange.response(exchange.failure(error)), error.sub_code


def _bad_signature(_exchange: "Exchange", work: Work, _options: Options) -> Outcome:
    """A true answer whose signed bytes were changed on the way: one space more."""
    response, code = work()
    response.set_data(response.get_data().replace(b'"msg":', b'"msg": ', 1))
    return response, code


def _callback_first(exchange: "Exchange", work: Work, options: Options) -> Outcome:
    outcome = work()
    if options.get("pay", True):
        _pay(exchange)
    exchange.alipay.deliveries.deliver_now(exchange.out_trade_no)
    return outcome


def _pay(exchange: "Exchange") -> None:
    with contextlib.suppress(GatewayError), exchange.alipay.ledger.transaction() as db:
        trade = trades.find(db, exchange.out_trade_no)
        if trade is not None:
            trades.pay(db, trade)


def code_of(body: Body) -> str:
    return str(body.get("sub_code") or body["code"])


KINDS: dict[str, Callable[["Exchange", Work, Options], Outcome]] = {
    "system_error": _system_error,
    "business_error": _business_error,
    "bad_signature": _bad_signature,
    "callback_first": _callback_first,
}
