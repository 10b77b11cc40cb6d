"""What each source is asked, and what of its answers is believed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from paygate.adapters.rails.http import HttpAnswer
from paygate.adapters.rates import settings
from paygate.adapters.rates.coinbase import CoinbaseRates
from paygate.adapters.rates.coingecko import CoinGeckoRates
from paygate.adapters.rates.kraken import KrakenRates
from paygate.adapters.rates.sources import rate_sources
from paygate.domain.errors import OutcomeUnknown, QuoteUnavailable
from paygate.domain.quote import QuoteRules, Rate
from paygate.faults import SettingsFaults
from paygate.ports import RateSource

NOW = datetime(2026, 1, 1, 12, 0, 5, tzinfo=UTC)
DATE = "Thu, 01 Jan 2026 12:00:04 GMT"
ANSWERED = datetime(2026, 1, 1, 12, 0, 4, tzinfo=UTC)
COINBASE = '{"data":{"currency":"BTC","rates":{"EUR":"56123.45","CNY":"436123.456789"}}}'
KRAKEN = '{"error":[],"result":{"XXBTZEUR":{"a":["56001.10000","1","1.000"],"b":["56000.00000","1","1.000"]}}}'
COINGECKO = '{"bitcoin":{"eur":56123.450000000001,"last_updated_at":1767268790}}'


class StillClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class CannedHttp:
    body: str | Exception
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"date": DATE})
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def send(self, method: str, url: str, *, headers: Mapping[str, str], **more: Any) -> HttpAnswer:
        assert (method, more) == ("GET", {})
        self.asked.append((url, headers))
        if isinstance(self.body, Exception):
            raise self.body
        return HttpAnswer(self.status, self.body.encode(), self.headers)


MAKE: dict[str, Callable[[Any], RateSource]] = {
    "coinbase": lambda http: CoinbaseRates("https://coinbase.example", StillClock(), http),
    "kraken": lambda http: KrakenRates("https://kraken.example", StillClock(), http),
    "coingecko": lambda http: CoinGeckoRates("https://gecko.example/api/v3", None, http),
}
GOOD = {"coinbase": COINBASE, "kraken": KRAKEN, "coingecko": COINGECKO}


def refused(name: str, http: CannedHttp, asset: str = "BTC", currency: str = "EUR") -> None:
    with pytest.raises(QuoteUnavailable):
        MAKE[name](http).rate(asset, currency)


def test_coinbase_is_asked_for_one_asset_in_all_currencies() -> None:
    http = CannedHttp(COINBASE)
    assert MAKE["coinbase"](http).rate("BTC", "CNY") == Rate("coinbase", Decimal("436123.456789"), ANSWERED)
    assert http.asked == [
        ("https://coinbase.example/v2/exchange-rates?currency=BTC", {"Accept": "application/json"})
    ]


def test_kraken_s_rate_is_the_middle_of_its_book() -> None:
    http = CannedHttp(KRAKEN)
    assert MAKE["kraken"](http).rate("BTC", "EUR") == Rate("kraken", Decimal("56000.55"), ANSWERED)
    assert http.asked[0][0] == "https://kraken.example/0/public/Ticker?pair=XBTEUR"


@pytest.mark.parametrize(
    ("name", "asset", "currency"),
    [("XBTCHF", "BTC", "CHF"), ("USDTZUSD", "USDT", "USD"), ("USDTEUR", "USDT", "EUR"), ("XETHZJPY", "ETH", "JPY")],
)
def test_kraken_s_own_names_of_pairs(name: str, asset: str, currency: str) -> None:
    http = CannedHttp(KRAKEN.replace("XXBTZEUR", name))
    assert MAKE["kraken"](http).rate(asset, currency).value == Decimal("56000.55")


def test_kraken_is_not_asked_for_what_it_does_not_trade() -> None:
    http = CannedHttp(KRAKEN)
    refused("kraken", http, "BTC", "CNY")
    assert http.asked == []


def test_coingecko_tells_how_old_its_rate_is_and_never_passes_a_float() -> None:
    http = CannedHttp(COINGECKO)
    at = datetime(2026, 1, 1, 11, 59, 50, tzinfo=UTC)
    assert MAKE["coingecko"](http).rate("BTC", "EUR") == Rate("coingecko", Decimal("56123.450000000001"), at)
    [(url, headers)] = http.asked
    query = "ids=bitcoin&vs_currencies=eur&include_last_updated_at=true&precision=full"
    assert (url, headers) == (
        f"https://gecko.example/api/v3/simple/price?{query}",
        {"Accept": "application/json"},
    )


@pytest.mark.parametrize(
    ("url", "header"),
    [
        ("https://api.coingecko.com/api/v3", "x-cg-demo-api-key"),
        ("https://pro-api.coingecko.com/api/v3", "x-cg-pro-api-key"),
    ],
)
def test_coingecko_s_key_goes_where_its_host_looks(url: str, header: str) -> None:
    http = CannedHttp(COINGECKO)
    CoinGeckoRates(url, "secret", http).rate("BTC", "EUR")  # type: ignore[arg-type]
    assert http.asked[0][1][header] == "secret"


@pytest.mark.parametrize("number", ["56000", "5.6e4", "5.6E+4", "56000.0"])
def test_coingecko_s_numbers_however_they_are_written(number: str) -> None:
    http = CannedHttp(f'{{"bitcoin":{{"eur":{number},"last_updated_at":1767268790}}}}')
    assert MAKE["coingecko"](http).rate("BTC", "EUR").value == 56000


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize(
    "http",
    [
        pytest.param(CannedHttp(OutcomeUnknown("lost")), id="lost"),
        pytest.param(CannedHttp("", 429), id="429"),
        pytest.param(CannedHttp("{}", 503), id="503"),
        pytest.param(CannedHttp("<html>"), id="html"),
        pytest.param(CannedHttp("[]"), id="list"),
        pytest.param(CannedHttp("{}"), id="empty"),
        pytest.param(CannedHttp("9" * 5000), id="endless number"),
    ],
)
def test_no_answer_is_no_rate(name: str, http: CannedHttp) -> None:
    refused(name, http)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("status", [201, 301, 400])
def test_only_200_is_believed(name: str, status: int) -> None:
    refused(name, CannedHttp(GOOD[name], status))


@pytest.mark.parametrize(
    "number",
    ['"0"', '"-1"', '"1e99"', '"NaN"', '"Infinity"', '""', '" 1"', "true", "null", "[]", '"1_0"', '"1e-13"'],
)
def test_what_is_no_rate(number: str) -> None:
    refused("coinbase", CannedHttp(COINBASE.replace('"56123.45"', number)))
    refused("kraken", CannedHttp(KRAKEN.replace('"56001.10000"', number)))
    refused("coingecko", CannedHttp(COINGECKO.replace("56123.450000000001", number)))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("coinbase", COINBASE.replace('"BTC"', '"ETH"')),
        ("coinbase", COINBASE.replace('"EUR"', '"USD"')),
        ("coinbase", '{"data":[]}'),
        ("kraken", KRAKEN.replace("XXBTZEUR", "XETHZEUR")),
        ("kraken", KRAKEN.replace("XXBTZEUR", "XXBTZUSD")),
        ("kraken", KRAKEN.replace('"error":[]', '"error":["EGeneral:Too many requests"]')),
        ("kraken", '{"error":["EQuery:Unknown asset pair"]}'),
        ("kraken", '{"error":[],"result":{}}'),
        ("kraken", KRAKEN.replace('"56000.00000"', '"56001.20000"')),
        ("kraken", KRAKEN.replace('["56001.10000","1","1.000"]', "[]")),
        ("coingecko", '{"bitcoin":{"last_updated_at":1767268790}}'),
        ("coingecko", '{"bitcoin":{"eur":56123.45}}'),
        ("coingecko", COINGECKO.replace("1767268790", "1767268790.5")),
        ("coingecko", COINGECKO.replace("1767268790", "99999999999999")),
        ("coingecko", COINGECKO.replace("1767268790", "true")),
        ("coingecko", COINGECKO.replace("bitcoin", "bitcoin-cash")),
    ],
)
def test_an_answer_to_another_question_is_no_rate(name: str, body: str) -> None:
    refused(name, CannedHttp(body))


@pytest.mark.parametrize("name", ["coinbase", "kraken"])
@pytest.mark.parametrize(
    ("headers", "at"),
    [
        ({"date": DATE, "age": "0"}, "12:00:04"),
        ({"date": DATE, "age": "300"}, "11:55:05"),
        ({"date": "Thu, 01 Jan 2026 11:50:00 GMT", "age": "3"}, "11:50:00"),
    ],
)
def test_what_a_cache_had_is_as_old_as_it_was_there(name: str, headers: dict[str, str], at: str) -> None:
    found = MAKE[name](CannedHttp(GOOD[name], headers=headers)).rate("BTC", "EUR")
    assert found.at.strftime("%H:%M:%S") == at


@pytest.mark.parametrize("name", ["coinbase", "kraken"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"date": "yesterday"},
        {"date": "Thu, 01 Jan 2026 12:00:04 -0000"},
        {"date": DATE, "age": "-1"},
        {"date": DATE, "age": "9" * 12},
    ],
    ids=["none", "words", "no zone", "negative age", "endless age"],
)
def test_an_answer_that_does_not_say_when_is_no_rate(name: str, headers: dict[str, str]) -> None:
    refused(name, CannedHttp(GOOD[name], headers=headers))


# ---------------------------------------------------------------- settings


def test_everything_has_a_default() -> None:
    found = settings.read({})
    assert list(found.urls) == ["coinbase", "kraken", "coingecko"]
    assert all(url.startswith("https://") for url in found.urls.values())
    assert (found.rules, found.coingecko_api_key) == (QuoteRules(120, 150), None)
    assert [source.name for source in rate_sources(found, StillClock())] == list(found.urls)


def test_what_is_given_wins_and_the_key_is_not_shown() -> None:
    env = {
        "QUOTE_SOURCES": " coingecko , coinbase ",
        "QUOTE_MAX_AGE_SECONDS": "60",
        "QUOTE_MAX_SPREAD_BASIS_POINTS": "50",
        "RATES_COINGECKO_URL": "https://pro-api.coingecko.com/api/v3/",
        "RATES_COINGECKO_API_KEY": "CG-hunter2",
    }
    found = settings.read(env)
    assert list(found.urls) == ["coingecko", "coinbase"]
    assert found.urls["coingecko"] == "https://pro-api.coingecko.com/api/v3"
    assert (found.rules, found.coingecko_api_key) == (QuoteRules(60, 50), "CG-hunter2")
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QUOTE_SOURCES", "coinbase"),
        ("QUOTE_SOURCES", "coinbase,coinbase"),
        ("QUOTE_SOURCES", "coinbase,kraken,hunter2"),
        ("QUOTE_MAX_AGE_SECONDS", "0"),
        ("QUOTE_MAX_AGE_SECONDS", "hunter2"),
        ("QUOTE_MAX_SPREAD_BASIS_POINTS", "2001"),
        ("RATES_KRAKEN_URL", "ftp://hunter2"),
        ("RATES_COINGECKO_API_KEY", "hunter2 hunter2"),
    ],
)
def test_a_wrong_setting_is_named_and_never_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsFaults) as caught:
        settings.read({name: value})
    assert name in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_production_asks_over_tls_only() -> None:
    with pytest.raises(SettingsFaults, match="RATES_KRAKEN_URL"):
        settings.read({"APP_ENV": "production", "RATES_KRAKEN_URL": "http://kraken.example"})
