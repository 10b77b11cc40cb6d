"""The sources that the settings name, each with connections of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.rails.http import RailHttp
from paygate.adapters.rates.coinbase import CoinbaseRates
from paygate.adapters.rates.coingecko import CoinGeckoRates
from paygate.adapters.rates.kraken import KrakenRates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.adapters.rates.settings import RateSettings
    from paygate.ports import Clock, RateSource

_TOTAL_SECONDS = 2.0  # a rate that comes later than a create waits for is of no use


def rate_sources(settings: RateSettings, clock: Clock) -> Sequence[RateSource]:
    return [_source(name, url, settings, clock) for name, url in settings.urls.items()]


def _source(name: str, url: str, settings: RateSettings, clock: Clock) -> RateSource:
    http = RailHttp(
        connect_seconds=1.0, read_seconds=_TOTAL_SECONDS, total_seconds=_TOTAL_SECONDS, max_bytes=1 << 18, repeats=0
    )
    if name == CoinbaseRates.name:
        return CoinbaseRates(url, clock, http)
    if name == KrakenRates.name:
        return KrakenRates(url, clock, http)
    return CoinGeckoRates(url, settings.coingecko_api_key, http)
