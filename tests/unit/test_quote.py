"""A locked rate: which rates make one, and what money comes to at it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paygate.domain import assets
from paygate.domain.assets import CURRENCIES
from paygate.domain.errors import QuoteUnavailable
from paygate.domain.money import Asset, Money
from paygate.domain.quote import SHOWN_DECIMALS, Quote, QuoteRules, Rate, in_due, lock, plain, quote_of

AT = datetime(2026, 1, 1, 12, 0, 0, 123000, tzinfo=UTC)
RULES = QuoteRules(max_age_seconds=120, max_spread_basis_points=150)
ON_CHAINS = (assets.BTC, assets.ETH, assets.USDT_ON_TRON, assets.USDT_ON_ETHEREUM, assets.USDT_ON_BSC)
VALUES = st.decimals("0.000001", "99999999999", allow_nan=False, allow_infinity=False, places=8)


def rate(value: str, source: str = "one", age: float = 0) -> Rate:
    return Rate(source, Decimal(value), AT - timedelta(seconds=age))


def locked(*rates: Rate, rules: QuoteRules = RULES) -> Quote:
    return lock("BTC", "EUR", rates, AT, rules)


def quote(value: str) -> Quote:
    return locked(rate(value, "one"), rate(value, "two"))


@pytest.mark.parametrize(
    ("values", "median"),
    [
        (("100", "101"), "100.5"),
        (("101", "100", "100.2"), "100.2"),
        (("100", "101", "100.7", "100.2"), "100.45"),
        (("0.000000000000000000000000000001", "0.000000000000000000000000000001"), "0." + "0" * 29 + "1"),
        (("50000.12345678901234567890", "50000.12345678901234567891"), "50000.123456789012345678905"),
    ],
)
def test_the_rate_is_the_median_exactly(values: tuple[str, ...], median: str) -> None:
    assert plain(locked(*(rate(value, str(n)) for n, value in enumerate(values))).rate) == median


def test_every_source_that_counts_is_kept_by_name() -> None:
    found = locked(rate("101", "two", 3), rate("100", "one", 119), rate("100.2", "old", 121))
    assert [one.source for one in found.rates] == ["one", "two"]
    assert found.rate == Decimal("100.5")
    assert found.locked_at == AT


@pytest.mark.parametrize(
    "rates",
    [
        pytest.param((), id="nobody answers"),
        pytest.param((rate("100"),), id="one"),
        pytest.param((rate("100"), rate("100", "two", 120.001)), id="one is too old"),
        pytest.param((rate("100"), rate("100", "two", -10.001)), id="one is from the future"),
        pytest.param((rate("100"), rate("101.501", "two")), id="too far apart"),
        pytest.param((rate("100"), rate("100", "two"), rate("98.5", "three")), id="one of three is far off"),
    ],
)
def test_rates_that_lock_nothing(rates: tuple[Rate, ...]) -> None:
    with pytest.raises(QuoteUnavailable):
        locked(*rates)


def test_the_bounds_themselves_are_fine() -> None:
    assert locked(rate("100", "one", 120), rate("101.5", "two", -10)).rate == Decimal("100.75")


@pytest.mark.parametrize(
    ("price", "currency", "value", "asset", "due"),
    [
        (10000, "EUR", "50000", assets.BTC, "0.00200000"),
        (10000, "EUR", "50000.01", assets.BTC, "0.00200000"),
        (10000, "EUR", "49999.99", assets.BTC, "0.00200001"),
        (10000, "CNY", "7.1", assets.USDT_ON_TRON, "14.090000"),
        (10000, "CNY", "7.1", assets.USDT_ON_BSC, "14.090000000000000000"),
        (1, "CNY", "7.1", assets.USDT_ON_TRON, "0.010000"),
        (1, "JPY", "450000", assets.ETH, "0.000003000000000000"),
        (10000, "USD", "3000", assets.ETH, "0.033334000000000000"),
        (1234, "KWD", "0.3062", assets.USDT_ON_ETHEREUM, "4.040000"),
    ],
)
def test_what_is_due(price: int, currency: str, value: str, asset: Asset, due: str) -> None:
    assert quote(value).convert(Money(price, CURRENCIES[currency]), asset).text() == due


@given(st.integers(1, 10**14), st.sampled_from(sorted(CURRENCIES)), VALUES, st.sampled_from(ON_CHAINS))
def test_rounding_favours_the_shop_by_less_than_one_shown_unit(
    units: int, currency: str, value: Decimal, asset: Asset
) -> None:
    price = Money(units, CURRENCIES[currency])
    due = quote(str(value)).convert(price, asset)
    step = 10 ** (asset.decimals - SHOWN_DECIMALS[asset.code])
    exact = Fraction(units, 10**price.asset.decimals) / Fraction(value) * 10**asset.decimals
    assert due.units % step == 0
    assert 0 <= due.units - exact < step


@given(st.integers(1, 10**10), st.integers(1, 10**12), st.lists(st.integers(1, 1000), min_size=1, max_size=8))
def test_parts_of_a_price_add_up_to_what_is_due(units: int, due: int, shares: list[int]) -> None:
    price, owed = Money(units * sum(shares), CURRENCIES["CNY"]), Money(due, assets.BTC)
    parts = [in_due(Money(units * share, price.asset), price, owed).units for share in shares]
    assert due - len(parts) < sum(parts) <= due
    assert in_due(price, price, owed) == owed


def test_a_quote_is_stored_and_read_back() -> None:
    made = locked(
        rate("50000.10", "coinbase", 1),
        rate("5.1E+4", "kraken", 2),
        rules=replace(RULES, max_spread_basis_points=500),
    )
    fields = json.loads(json.dumps(made.fields()))
    assert fields == {
        "rate": "50500.05",
        "currency": "EUR",
        "asset": "BTC",
        "sources": [
            {"name": "coinbase", "rate": "50000.1", "at": "2026-01-01T11:59:59.123Z"},
            {"name": "kraken", "rate": "51000", "at": "2026-01-01T11:59:58.123Z"},
        ],
        "lockedAt": "2026-01-01T12:00:00.123Z",
    }
    assert quote_of(fields) == made
