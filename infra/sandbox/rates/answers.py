"""How an answer leaves, and how it goes wrong."""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from flask import Response

from infra.sandbox.rates.market import Market

FAULTS = ("down", "slow", "garbage", "429", "html", "undated", "cached")


def answer(market: Market, source: str, currency: str | None, body: str, *, is_dated: bool) -> Response:
    """`is_dated`: the answer's Date is all that tells how old its rates are."""
    fault = market.take_fault(source, currency)
    age = market.sources[source].age_seconds if is_dated else 0
    response = Response(body, content_type="application/json; charset=utf-8")
    response.headers["Date"] = _date(age)
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
    elif fault.fault == "undated":
        response.headers["Date"] = "some time ago"
    elif fault.fault == "cached":
        response.headers["Age"] = str(int(fault.seconds))
    return response


def problem(body: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")


def _date(age_seconds: int) -> str:
    return format_datetime(datetime.now(UTC) - timedelta(seconds=age_seconds), usegmt=True)
