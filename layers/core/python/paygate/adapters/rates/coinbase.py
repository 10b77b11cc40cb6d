"""Coinbase: `GET /v2/exchange-rates?currency=BTC` answers `{"data": {"currency": "BTC", "rates": {"CNY": "…"}}}`.

Coinbase App API, "Data API: Exchange Rates": no key; each rate is text, for one whole of the currency that was
asked for; every currency that Coinbase knows is in one answer. It tells no time: a rate is as old as the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.rails.exact_json import inner
from paygate.adapters.rates.reading import ask, made_at, price
from paygate.domain.errors import QuoteUnavailable
from paygate.domain.quote import Rate

if TYPE_CHECKING:
    from paygate.adapters.rails.http import RailHttp
    from paygate.ports import Clock


class CoinbaseRates:
    """`ports.RateSource` over Coinbase."""

    name = "coinbase"

    def __init__(self, url: str, clock: Clock, http: RailHttp) -> None:
        self._url, self._clock, self._http = url, clock, http

    def rate(self, asset: str, currency: str, /) -> Rate:
        content, answer = ask(self._http, f"{self._url}/v2/exchange-rates", {"currency": asset})
        data = inner(content, "data")
        if data.get("currency") != asset:
            raise QuoteUnavailable("coinbase answered for another asset")
        value = price(inner(data, "rates").get(currency))
        return Rate(self.name, value, made_at(answer, self._clock.now()))
