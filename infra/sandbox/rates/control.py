"""The tests' door: JSON under /rates/_sandbox/.

POST   rate      {"asset", "currency", "rate"}: what one whole asset costs, as text; each source is a little off
POST   spread    {"source", "basis_points"}: how far a source lies above (or below 0: under) that
POST   age       {"source", "seconds"}: how old a source says its rates are
POST   faults    {"source", "kind", "seconds"?, "count"?, "currency"?}: down, slow (by `seconds`), garbage, 429,
                 html; coinbase answers for all currencies at once
DELETE faults    everything is as it was at first, and no calls were counted
GET    calls     how often each source was asked
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint
from flask import request as http

from infra.sandbox.rates.answers import FAULTS
from infra.sandbox.rates.market import DOLLARS, PER_DOLLAR, SOURCES, Market

Reply = dict[str, Any] | tuple[dict[str, Any], int]
PREFIX = "/rates/_sandbox"


def add_routes(blueprint: Blueprint, market: Market) -> None:
    blueprint.register_error_handler(LookupError, lambda error: ({"error": f"unknown: {error}"}, 400))
    _add_prices(blueprint, market)
    _add_faults(blueprint, market)


def _add_prices(blueprint: Blueprint, market: Market) -> None:
    @blueprint.post(f"{PREFIX}/rate")
    def rate() -> Reply:
        asked = http.get_json()
        asset, currency = _one_of(asked["asset"], DOLLARS), _one_of(asked["currency"], PER_DOLLAR)
        try:
            value = Decimal(str(asked["rate"]))
        except InvalidOperation:
            return {"error": "a rate is a decimal"}, 400
        market.put(asset, currency, value)
        return {}, 201

    @blueprint.post(f"{PREFIX}/spread")
    def spread() -> Reply:
        asked = http.get_json()
        market.shift(_one_of(asked["source"], SOURCES), int(asked["basis_points"]))
        return {}, 201

    @blueprint.post(f"{PREFIX}/age")
    def age() -> Reply:
        asked = http.get_json()
        market.script(_one_of(asked["source"], SOURCES), {"age_seconds": int(asked["seconds"])})
        return {}, 201


def _add_faults(blueprint: Blueprint, market: Market) -> None:
    @blueprint.post(f"{PREFIX}/faults")
    def fault() -> Reply:
        asked = http.get_json()
        changes = {
            "fault": _one_of(asked["kind"], FAULTS),
            "seconds": float(asked.get("seconds", 0)),
            "remaining": asked.get("count"),
            "currency": asked.get("currency"),
        }
        market.script(_one_of(asked["source"], SOURCES), changes)
        return {}, 201

    @blueprint.delete(f"{PREFIX}/faults")
    def clear() -> Reply:
        market.reset()
        return {}

    @blueprint.get(f"{PREFIX}/calls")
    def calls() -> Reply:
        with market.lock:
            return {name: market.calls[name] for name in SOURCES}


def _one_of(value: str, known: Any) -> str:
    if value not in known:
        raise LookupError(value)
    return value
