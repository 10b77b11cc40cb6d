"""CoinGecko API, "Coin Price by IDs": numbers, and when they were updated; what it does not know is left out."""

import json
import time
from decimal import Decimal

from flask import Blueprint, Response
from flask import request as http

from infra.sandbox.rates.answers import answer, problem
from infra.sandbox.rates.market import PER_DOLLAR, Market

NAME = "coingecko"
_COINS = {"bitcoin": "BTC", "ethereum": "ETH", "tether": "USDT"}


def add_routes(blueprint: Blueprint, market: Market) -> None:
    @blueprint.get("/rates/coingecko/api/v3/simple/price")
    def simple_price() -> Response:
        ids, currencies = (http.args.get(name, "").split(",") for name in ("ids", "vs_currencies"))
        if not (ids[0] and currencies[0]):
            return problem({"error": "Missing parameter ids or vs_currencies"}, 422)
        is_full, is_timed = (
            http.args.get("precision") == "full",
            http.args.get("include_last_updated_at") == "true",
        )
        coins = ",".join(_coin(market, coin, currencies, is_full, is_timed) for coin in ids if coin in _COINS)
        return answer(market, NAME, currencies[0].upper(), f"{{{coins}}}", is_timed=True)


def _coin(market: Market, coin: str, currencies: list[str], is_full: bool, is_timed: bool) -> str:  # noqa: FBT001
    """A member of the answer, its numbers written as decimals."""
    known = [code for code in currencies if code.upper() in PER_DOLLAR]
    members = [f'"{code}":{_number(market.rate(NAME, _COINS[coin], code.upper()), is_full)}' for code in known]
    if is_timed:
        members.append(f'"last_updated_at":{int(time.time()) - market.sources[NAME].age_seconds}')
    return f"{json.dumps(coin)}:{{{','.join(members)}}}"


def _number(rate: Decimal, is_full: bool) -> str:  # noqa: FBT001
    return format(rate.normalize() if is_full else rate.quantize(Decimal("0.01")), "f")
