"""Money is exact, whatever is written and however fine the asset is."""

import re
from decimal import Decimal, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paygate.domain.assets import CURRENCIES
from paygate.domain.errors import InvalidField
from paygate.domain.money import MAX_UNITS, Asset, Money, parse_money

CNY = CURRENCIES["CNY"]
decimals = st.integers(0, 36)
units = st.one_of(st.integers(1, 10**6), st.integers(1, MAX_UNITS))


@given(units, decimals)
@example(1, 36)
@example(MAX_UNITS, 0)
@example(2**63, 18)  # what a BIGINT cannot hold
def test_what_is_written_is_read_again(count: int, places: int) -> None:
    money = Money(count, Asset("X", places))
    assert parse_money(money.text(), money.asset) == money


@given(units, decimals)
def test_the_text_is_the_decimal_with_all_its_places(count: int, places: int) -> None:
    text = Money(count, Asset("X", places)).text()
    whole, _, fraction = text.partition(".")
    assert len(fraction) == places
    assert whole == "0" or not whole.startswith("0")
    with localcontext(prec=200):
        assert Decimal(text) == Decimal(count).scaleb(-places)


@given(st.decimals(min_value=0, max_value=10**20, places=4, allow_nan=False), decimals)
def test_a_decimal_is_read_exactly_or_not_at_all(value: Decimal, places: int) -> None:
    with localcontext(prec=200):
        scaled = value.scaleb(places)
        is_whole = scaled == scaled.to_integral_value()
        try:
            money = parse_money(f"{value:f}", Asset("X", places))
        except InvalidField:
            assert not is_whole or scaled == 0
        else:
            assert money.units == scaled


@given(st.text(st.sampled_from("0123456789.,-+eE _NaIf\n\uff11"), max_size=12))
@example("1e2")
@example("+1")
@example("-1")
@example(" 1")
@example("1\n")
@example("１")  # noqa: RUF001 (a digit, and no ASCII one)
@example("1_000")
@example("NaN")
@example("Infinity")
@example("0x10")
def test_anything_else_is_refused_by_name(text: str) -> None:
    if re.fullmatch(r"(0|[1-9][0-9]*)(\.[0-9]{1,2}0*)?", text, re.ASCII) and Decimal(text):
        assert parse_money(text, CNY).units == Decimal(text) * 100
        return
    with pytest.raises(InvalidField) as refused:
        parse_money(text, CNY, field="price")
    assert refused.value.field == "price"


@pytest.mark.parametrize(("text", "fen"), [("1", 100), ("1.5", 150), ("1.500", 150), ("0.01", 1), ("0.30", 30)])
def test_zeros_behind_are_no_precision(text: str, fen: int) -> None:
    assert parse_money(text, CNY).units == fen


@pytest.mark.parametrize("text", ["0", "0.00", "0.001", "1.001", "01", "1.", ".5", ""])
def test_zero_and_too_fine(text: str) -> None:
    with pytest.raises(InvalidField):
        parse_money(text, CNY)


@pytest.mark.parametrize("count", [-1, MAX_UNITS + 1])
def test_money_has_bounds(count: int) -> None:
    with pytest.raises(ValueError, match="between"):
        Money(count, CNY)


def test_more_than_any_payment_is_refused() -> None:
    with pytest.raises(InvalidField, match="larger"):
        parse_money(str(10**77), CNY)
