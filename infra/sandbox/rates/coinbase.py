"""Coinbase App API, "Data API: Exchange Rates": all rates of one currency, as text; no time is told."""

import json

from flask import Blueprint, Response
from flask import request as http

from infra.sandbox.rates.answers import answer, problem
from infra.sandbox.rates.market import DOLLARS, PER_DOLLAR, Market

NAME = "coinbase"


def add_routes(blueprint: Blueprint, market: Market) -> None:
    @blueprint.get("/rates/coinbase/v2/exchange-rates")
    def exchange_rates() -> Response:
        asset = http.args.get("currency", "USD")
        if asset not in DOLLARS:
            return problem({"errors": [{"id": "invalid_request", "message": "Currency is invalid"}]}, 400)
        rates = {
            currency: format(market.rate(NAME, asset, currency).normalize(), "f") for currency in sorted(PER_DOLLAR)
        }
        body = json.dumps({"data": {"currency": asset, "rates": rates}}, separators=(",", ":"))
        return answer(market, NAME, None, body, is_timed=False)
