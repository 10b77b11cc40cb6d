"""One suite for every source of rates, each against its sandbox, over real HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from infra.sandbox.rates import provision
from paygate.adapters.rates import settings
from paygate.adapters.rates.sources import rate_sources
from paygate.adapters.system.clock import SystemClock
from paygate.domain.assets import CURRENCIES
from paygate.domain.errors import QuoteUnavailable
from paygate.ports import RateSource
from tests.contract.sandbox_client import Door, Sandbox

SOURCES = ("coinbase", "kraken", "coingecko")
EVERYWHERE = ("coinbase", "coingecko")


@pytest.fixture
def door(sandbox: Sandbox) -> Iterator[Door]:
    opened = sandbox.at("rates")
    requests.delete(f"{opened.url}/faults", timeout=30).raise_for_status()
    yield opened
    requests.delete(f"{opened.url}/faults", timeout=30).raise_for_status()


@pytest.fixture
def sources(sandbox: Sandbox, door: Door) -> dict[str, RateSource]:
    env = provision(Path(), sandbox.url)
    return {source.name: source for source in rate_sources(settings.read(env), SystemClock())}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("asset", ["BTC", "ETH", "USDT"])
@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY"])
def test_a_rate_of_now(sources: dict[str, RateSource], door: Door, name: str, asset: str, currency: str) -> None:
    door.do("rate", asset=asset, currency=currency, rate="1234.5678")
    for source in SOURCES:
        door.do("spread", source=source, basis_points=0)
    rate = sources[name].rate(asset, currency)
    assert rate.source == name
    assert abs(rate.value - Decimal("1234.5678")) <= Decimal("0.00001")
    assert abs((datetime.now(UTC) - rate.at).total_seconds()) < 60


@pytest.mark.parametrize("name", EVERYWHERE)
@pytest.mark.parametrize("currency", CURRENCIES)
def test_every_currency_has_two_sources(sources: dict[str, RateSource], name: str, currency: str) -> None:
    assert sources[name].rate("USDT", currency).value > 0


@pytest.mark.parametrize("name", SOURCES)
def test_what_a_source_does_not_know(sources: dict[str, RateSource], name: str) -> None:
    for asset, currency in (("DOGE", "EUR"), ("BTC", "XXX")):
        with pytest.raises(QuoteUnavailable):
            sources[name].rate(asset, currency)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("kind", ["down", "garbage", "429", "html"])
def test_a_source_in_trouble(sources: dict[str, RateSource], door: Door, name: str, kind: str) -> None:
    door.do("faults", source=name, kind=kind, count=1)
    with pytest.raises(QuoteUnavailable):
        sources[name].rate("BTC", "EUR")
    assert sources[name].rate("BTC", "EUR").value > 0


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_that_hangs_is_given_up(sources: dict[str, RateSource], door: Door, name: str) -> None:
    door.do("faults", source=name, kind="slow", seconds=4, count=1)
    with pytest.raises(QuoteUnavailable):
        sources[name].rate("BTC", "EUR")


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_tells_how_old_its_rate_is(sources: dict[str, RateSource], door: Door, name: str) -> None:
    door.do("age", source=name, seconds=600)
    age = (datetime.now(UTC) - sources[name].rate("BTC", "EUR").at).total_seconds()
    assert 590 < age < 700


def test_coingecko_without_its_options_rounds_and_tells_no_time(sandbox: Sandbox, door: Door) -> None:
    url = f"{sandbox.url}/rates/coingecko/api/v3/simple/price"
    found = requests.get(url, {"ids": "tether,nothing", "vs_currencies": "cny,xyz"}, timeout=30)
    assert found.json() == {"tether": {"cny": 7.13}}
    assert requests.get(url, timeout=30).status_code == 422
