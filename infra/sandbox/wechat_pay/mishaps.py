"""Answers a call, well or with the fault that the script holds for it."""

import contextlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from infra.sandbox import mishaps
from infra.sandbox.mishaps import Options, Outcome, Work
from infra.sandbox.wechat_pay import orders, refunds
from infra.sandbox.wechat_pay.errors import ApiError, refused
from infra.sandbox.wechat_pay.wire import SIGNATURE_KINDS

if TYPE_CHECKING:
    from infra.sandbox.wechat_pay.api import Exchange


def perform(exchange: "Exchange") -> Outcome:
    own = {kind: partial(mishap, exchange) for kind, mishap in KINDS.items()}
    return mishaps.perform(exchange.fault, exchange.work, own)


def _system_error(exchange: "Exchange", work: Work, options: Options) -> Outcome:
    if options.get("work"):
        work()
    return exchange.failure(refused("SYSTEM_ERROR"))


def _busy(exchange: "Exchange", work: Work, options: Options) -> Outcome:
    if options.get("work"):
        work()
    return exchange.failure(refused(options.get("code", "FREQUENCY_LIMITED")))


def _business_error(exchange: "Exchange", _work: Work, options: Options) -> Outcome:
    usual = refused(str(options["code"]))
    status, message = int(options.get("status", usual.status)), str(options.get("message", usual.message))
    return exchange.failure(ApiError(status, usual.code, message))


def _becomes(exchange: "Exchange", _work: Work, options: Options) -> Outcome:
    number, seconds = str(exchange.body().get("out_refund_no")), float(options.get("seconds", 0))
    return exchange.work(lambda db: refunds.foretell(db, number, options["status"], seconds))


def _callback_first(exchange: "Exchange", work: Work, options: Options) -> Outcome:
    outcome = work()
    if options.get("pay", True):
        with contextlib.suppress(ApiError), exchange.rail.ledger.transaction() as db:
            orders.pay(db, orders.get(db, exchange.order_no))
    exchange.rail.deliveries.deliver_now(exchange.order_no)
    return outcome


def _signature(exchange: "Exchange", work: Work, _options: Options) -> Outcome:
    response, outcome = work()
    exchange.sign(response, exchange.fault.kind if exchange.fault else "")
    return response, outcome


KINDS: dict[str, Callable[["Exchange", Work, Options], Outcome]] = {
    "system_error": _system_error,
    "busy": _busy,
    "business_error": _business_error,
    "becomes": _becomes,
    "callback_first": _callback_first,
    **dict.fromkeys(SIGNATURE_KINDS, _signature),
}
