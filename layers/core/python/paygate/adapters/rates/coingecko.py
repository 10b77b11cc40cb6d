"""CoinGecko: `GET /simple/price?ids=bitcoin&vs_currencies=cny&include_last_updated_at=true&precision=full` answers
`{"bitcoin": {"cny": 480123.45, "last_updated_at": 1700000000}}`.

CoinGecko API, "Coin Price by IDs": rates are JSON numbers, `last_updated_at` is in Unix seconds; what it does not
know is left out. Its answers are kept for 60 s without a paid plan, else 20 s. A key goes into `x-cg-demo-api-key`,
or for a paid plan, which has a host of its own, into `x-cg-pro-api-key` ("Authentication"); without one the limit
is shared by all who call from the same address ("Errors & Rate Limits").
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from paygate.adapters.rails.exact_json import inner
from paygate.adapters.rates.reading import ask, price
from paygate.domain.errors import QuoteUnavailable
from paygate.domain.quote import Rate

if TYPE_CHECKING:
    from paygate.adapters.rails.http import RailHttp

_COINS = {"BTC": "bitcoin", "ETH": "ethereum", "USDT": "tether"}
_PAID_HOST = "pro-api.coingecko.com"
_LAST_SECOND = 253_402_300_799  # of the year 9999


class CoinGeckoRates:
    """`ports.RateSource` over CoinGecko, which averages many exchanges."""

    name = "coingecko"

    def __init__(self, url: str, api_key: str | None, http: RailHttp) -> None:
        self._url, self._http = url, http
        header = "x-cg-pro-api-key" if urlsplit(url).hostname == _PAID_HOST else "x-cg-demo-api-key"
        self._headers = {header: api_key} if api_key else {}

    def rate(self, asset: str, currency: str, /) -> Rate:
        coin = _COINS.get(asset)
        if coin is None:
            raise QuoteUnavailable(f"coingecko is not asked about {asset}")
        query = {
            "ids": coin,
            "vs_currencies": currency.lower(),
            "include_last_updated_at": "true",
            "precision": "full",
        }
        content, _ = ask(self._http, f"{self._url}/simple/price", query, self._headers)
        told = inner(content, coin)
        seconds = told.get("last_updated_at")
        if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds <= _LAST_SECOND:
            raise QuoteUnavailable("coingecko does not say how old its rate is")
        return Rate(self.name, price(told.get(currency.lower())), datetime.fromtimestamp(seconds, UTC))
