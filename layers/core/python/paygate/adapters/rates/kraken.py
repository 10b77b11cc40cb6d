"""Kraken: `GET /0/public/Ticker?pair=XBTEUR` answers `{"error": [], "result": {"XXBTZEUR": {"a": […], "b": […]}}}`.

Kraken REST API, "Get Ticker Information": no key; `a` and `b` begin with the best ask and bid, as text. What is
wrong stands in `error`, also with status 200. The result is named by Kraken's own name of the pair, which may
differ from the one that was asked for. The book is that of the moment, so a rate is as old as the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.rails.exact_json import inner
from paygate.adapters.rates.reading import ask, made_at, price
from paygate.domain.errors import QuoteUnavailable
from paygate.domain.quote import Rate, mean

if TYPE_CHECKING:
    from decimal import Decimal

    from paygate.adapters.rails.http import RailHttp
    from paygate.ports import Clock

_ASSETS = {"BTC": "XBT", "ETH": "ETH", "USDT": "USDT"}
_CURRENCIES = frozenset({"AUD", "CAD", "CHF", "EUR", "GBP", "JPY", "USD"})


class KrakenRates:
    """`ports.RateSource` over Kraken; the middle of the best bid and ask."""

    name = "kraken"

    def __init__(self, url: str, clock: Clock, http: RailHttp) -> None:
        self._url, self._clock, self._http = url, clock, http

    def rate(self, asset: str, currency: str, /) -> Rate:
        if currency not in _CURRENCIES or asset not in _ASSETS:
            raise QuoteUnavailable(f"kraken has no market of {asset} in {currency}")
        pair = _ASSETS[asset] + currency
        content, answer = ask(self._http, f"{self._url}/0/public/Ticker", {"pair": pair})
        ticker = _only(content, pair)
        bid, ask_price = _first(ticker, "b"), _first(ticker, "a")
        if bid > ask_price:
            raise QuoteUnavailable("kraken's book is crossed")
        return Rate(self.name, mean(bid, ask_price), made_at(answer, self._clock.now()))


def _only(content: dict[str, Any], pair: str) -> dict[str, Any]:
    """The one market in the answer: XBTEUR, or with the prefixes of old names, XXBTZEUR."""
    result = inner(content, "result")
    names = {pair, f"{pair[:-3]}Z{pair[-3:]}", f"X{pair[:-3]}Z{pair[-3:]}"}
    if content.get("error") != [] or len(result) != 1 or not names & result.keys():
        raise QuoteUnavailable("kraken answered with an error, or for another pair")
    (name,) = result
    return inner(result, name)


def _first(ticker: dict[str, Any], side: str) -> Decimal:
    levels = ticker.get(side)
    return price(levels[0] if isinstance(levels, list) and levels else None)
