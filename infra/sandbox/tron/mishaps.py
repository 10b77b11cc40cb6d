"""What a node can do wrong beyond what every rail can (infra/sandbox/mishaps.py), by the fault's kind:

lag              answer as of `blocks` ago (default 20)
lying_head       getnowblock tells a head that is `ahead` blocks (default 1000) higher than there is
wrong_chain      answer as a node of another chain: the same numbers, other hashes
error            HTTP 200 with {"Error": `error`}, as java-tron answers when something in it breaks
too_many         HTTP 429, as TronGrid answers who asks too often
missing_infos    gettransactioninfobyblocknum answers [] (or a lookup by id {}), though the block has transactions
truncated_infos  gettransactioninfobyblocknum leaves out all but the first `keep` (default: half)
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from werkzeug import Response

from infra.sandbox import mishaps
from infra.sandbox.mishaps import Options, Outcome, Work
from infra.sandbox.tron.answers import ID_NUMBER

if TYPE_CHECKING:
    from infra.sandbox.tron.api import Exchange

BUSY = {"Success": False, "Error": "request rate exceeded the allowed_rps(15), and the query server is suspended"}


def perform(exchange: "Exchange") -> Outcome:
    def bound(kind: str) -> mishaps.Mishap:
        return lambda work, options: KINDS[kind](exchange, work, options)

    return mishaps.perform(exchange.fault, exchange.work, {kind: bound(kind) for kind in KINDS})


def _lag(exchange: "Exchange", _work: Work, options: Options) -> Outcome:
    return exchange.work(behind=int(options.get("blocks", 20)))


def _wrong_chain(exchange: "Exchange", _work: Work, options: Options) -> Outcome:
    return exchange.work(twist=int(options.get("chain", 1)))


def _lying_head(_exchange: "Exchange", work: Work, options: Options) -> Outcome:
    def lie(answer: Any) -> Any:
        if "blockID" in answer:
            raw = answer["block_header"]["raw_data"]
            raw["number"] += int(options.get("ahead", 1000))
            answer["blockID"] = raw["number"].to_bytes(8, "big").hex() + answer["blockID"][ID_NUMBER:]
        return answer

    return _changed(work, lie)


def _error(_exchange: "Exchange", _work: Work, options: Options) -> Outcome:
    error = str(options.get("error", "class java.lang.NullPointerException : null"))
    return _json({"Error": error}, 200), error


def _too_many(_exchange: "Exchange", _work: Work, _options: Options) -> Outcome:
    return _json({**BUSY, "StatusCode": 429}, 429), "HTTP 429"


def _missing_infos(_exchange: "Exchange", work: Work, _options: Options) -> Outcome:
    return _changed(work, lambda answer: [] if isinstance(answer, list) else {})


def _truncated_infos(_exchange: "Exchange", work: Work, options: Options) -> Outcome:
    return _changed(work, lambda answer: answer[: int(options.get("keep", len(answer) // 2))])


def _changed(work: Work, change: Callable[[Any], Any]) -> Outcome:
    response, outcome = work()
    response.set_data(json.dumps(change(json.loads(response.get_data()))))
    return response, outcome


def _json(body: Any, status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; charset=utf-8")


KINDS: dict[str, Callable[["Exchange", Work, Options], Outcome]] = {
    "lag": _lag,
    "lying_head": _lying_head,
    "wrong_chain": _wrong_chain,
    "error": _error,
    "too_many": _too_many,
    "missing_infos": _missing_infos,
    "truncated_infos": _truncated_infos,
}
ALL = (*mishaps.KINDS, *KINDS)
