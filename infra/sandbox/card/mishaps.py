"""Answers a call of the merchant's server, well or with the fault that the script holds for it.

Kinds beside those of the sandbox's mishaps.py:
  slow_work       the work itself takes `seconds`: another request with the same Idempotency-Key meets a 409
  api_error       500 with an error; `work`: true does the work first; `kept`: true gives it again for that key
  lock_timeout    429, nothing done
  rate_limit      429, nothing done
  key_in_use      409, nothing done
  refuse          `status` (400) with `code`, nothing done
  callback_first  work, deliver what is due for the order, then answer
  refund_status   the refund begins as `status`: pending, requires_action or failed
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from werkzeug import Response

from infra.sandbox import mishaps
from infra.sandbox.card import errors, idempotency
from infra.sandbox.card.books import dumps
from infra.sandbox.card.context import Processor
from infra.sandbox.card.errors import StripeError
from infra.sandbox.card.idempotency import Answer
from infra.sandbox.faults import Fault

if TYPE_CHECKING:
    from infra.sandbox.card.api import Request

Options = dict[str, Any]
Outcome = tuple[Response, str]
wait = time.sleep


@dataclass(frozen=True)
class Exchange:
    processor: Processor
    request: "Request"
    order_no: str
    fault: Fault | None
    work: Callable[..., Outcome]


def perform(exchange: Exchange) -> Outcome:
    own = {kind: partial(mishap, exchange) for kind, mishap in KINDS.items()}
    return mishaps.perform(exchange.fault, exchange.work, own)


def _slow_work(exchange: Exchange, _work: mishaps.Work, options: Options) -> Outcome:
    return exchange.work(pause=float(options.get("seconds", 1)))


def _api_error(exchange: Exchange, work: mishaps.Work, options: Options) -> Outcome:
    if options.get("work"):
        work()
    return _failed(exchange, errors.api_error(), is_kept=bool(options.get("kept")))


def _lock_timeout(exchange: Exchange, _work: mishaps.Work, _options: Options) -> Outcome:
    return _failed(exchange, errors.lock_timeout())


def _rate_limit(exchange: Exchange, _work: mishaps.Work, _options: Options) -> Outcome:
    return _failed(exchange, errors.rate_limited())


def _key_in_use(exchange: Exchange, _work: mishaps.Work, _options: Options) -> Outcome:
    return _failed(exchange, errors.key_in_use(exchange.request.key or ""))


def _refuse(exchange: Exchange, _work: mishaps.Work, options: Options) -> Outcome:
    message = str(options.get("message", "The request was refused."))
    kind = str(options.get("type", errors.INVALID_REQUEST))
    error = StripeError(int(options.get("status", 400)), message, kind=kind, code=options.get("code"))
    return _failed(exchange, error)


def _callback_first(exchange: Exchange, work: mishaps.Work, _options: Options) -> Outcome:
    outcome = work()
    exchange.processor.deliveries.deliver_now(exchange.order_no)
    return outcome


def _refund_status(exchange: Exchange, _work: mishaps.Work, options: Options) -> Outcome:
    return exchange.work(refund_status=str(options.get("status", "pending")))


def _failed(exchange: Exchange, error: StripeError, *, is_kept: bool = False) -> Outcome:
    from infra.sandbox.card.api import response_to  # noqa: PLC0415  it imports this module

    request = exchange.request
    found = Answer(error.status, dumps(error.body(request.id)))
    if is_kept:
        with exchange.processor.ledger.transaction() as db:
            idempotency.keep(db, request.key, request.endpoint, request.params, request.id, found)
    return response_to(request, found), error.code


KINDS: dict[str, Callable[[Exchange, mishaps.Work, Options], Outcome]] = {
    "slow_work": _slow_work,
    "api_error": _api_error,
    "lock_timeout": _lock_timeout,
    "rate_limit": _rate_limit,
    "key_in_use": _key_in_use,
    "refuse": _refuse,
    "callback_first": _callback_first,
    "refund_status": _refund_status,
}
ALL = mishaps.KINDS.keys() | KINDS.keys()
