"""Kraken REST API, "Get Ticker Information": the book's best, the last trade, the day; errors with status 200."""

import json
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response
from flask import request as http

from infra.sandbox.rates.answers import answer
from infra.sandbox.rates.market import Market

NAME = "kraken"
_ASSETS = {"XBT": "BTC", "ETH": "ETH", "USDT": "USDT"}
_CURRENCIES = ("AUD", "CAD", "CHF", "EUR", "GBP", "JPY", "USD")
_OLD_NAMES = {
    **{f"{asset}{currency}": f"X{asset}Z{currency}" for asset in ("XBT", "ETH") for currency in
       ("CAD", "EUR", "GBP", "JPY", "USD")},
    "USDTUSD": "USDTZUSD",
}  # fmt: skip
_HALF_SPREAD = Decimal("0.00005")


def add_routes(blueprint: Blueprint, market: Market) -> None:
    @blueprint.get("/rates/kraken/0/public/Ticker")
    def ticker() -> Response:
        pair = http.args.get("pair", "")
        currency, asset = pair[-3:], _ASSETS.get(pair[:-3])
        if asset is None or currency not in _CURRENCIES:
            body: dict[str, Any] = {"error": ["EQuery:Unknown asset pair"]}
        else:
            middle = market.rate(NAME, asset, currency)
            body = {"error": [], "result": {_OLD_NAMES.get(pair, pair): _ticker(middle)}}
        return answer(market, NAME, currency, json.dumps(body, separators=(",", ":")), is_timed=False)


def _ticker(middle: Decimal) -> dict[str, Any]:
    ask, bid = (f"{middle * (1 + side * _HALF_SPREAD):.5f}" for side in (1, -1))
    last = f"{middle:.5f}"
    return {
        "a": [ask, "1", "1.000"],
        "b": [bid, "2", "2.000"],
        "c": [last, "0.00120000"],
        "v": ["812.10000000", "1500.20000000"],
        "p": [last, last],
        "t": [12034, 23817],
        "l": [bid, bid],
        "h": [ask, ask],
        "o": last,
    }
