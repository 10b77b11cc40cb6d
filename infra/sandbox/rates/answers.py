"""How an answer leaves, and how it goes wrong."""

import json
import time
from typing import Any

from flask import Response

from infra.sandbox.rates.market import Market

FAULTS = ("down", "slow", "garbage", "429", "html")


def answer(market: Market, source: str, currency: str | None, body: str, *, is_timed: bool) -> Response:
    """Unless it is timed itself, an answer is as old as a cache on its way has had it (RFC 9111, 5.1: Age)."""
    fault = market.take_fault(source, currency)
    age = market.sources[source].age_seconds
    response = Response(body, content_type="application/json; charset=utf-8")
    if age and not is_timed:
        response.headers["Age"] = str(age)
    if fault is None:
        return response
    if fault.fault == "slow":
        time.sleep(fault.seconds)
    elif fault.fault == "down":
        return problem({"error": "unavailable"}, 503)
    elif fault.fault == "429":
        return problem({"status": {"error_code": 429, "error_message": "You've exceeded the Rate Limit."}}, 429)
    elif fault.fault == "garbage":
        response.set_data(body[: len(body) // 2])
    elif fault.fault == "html":
        response.set_data("<html><body>Just a moment…</body></html>")
    return response


def problem(body: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
