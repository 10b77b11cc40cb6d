from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as some

from paygate.domain.errors import InvalidField
from paygate.http.fields import integer, plain_decimal, text
from paygate.http.json_body import Number


@pytest.mark.parametrize(
    ("literal", "plain"),
    [
        ("100", "100"),
        ("100.00", "100.00"),
        ("0.10", "0.10"),
        ("1e2", "100"),
        ("1.5E+2", "150"),
        ("15e-1", "1.5"),
        ("1.25e1", "12.5"),
        ("1e-3", "0.001"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("0e0", "0"),
    ],
)
def test_number_literals_become_plain_decimals_exactly(literal: str, plain: str) -> None:
    assert plain_decimal("amount", Number(literal)) == plain


@pytest.mark.parametrize("literal", ["-1", "-0.0", "1e999999", "1e-999", "1" * 121, "1e121"])
def test_number_literals_that_are_no_amount_are_refused(literal: str) -> None:
    """C9"""
    with pytest.raises(InvalidField):
        plain_decimal("amount", Number(literal))


@given(some.integers(0, 10**30), some.integers(-20, 20))
def test_every_exponent_form_means_the_same(digits: int, exponent: int) -> None:
    with localcontext() as exact:
        exact.prec = 100
        assert Decimal(plain_decimal("amount", Number(f"{digits}e{exponent}"))) == Decimal(digits).scaleb(exponent)


@pytest.mark.parametrize("value", ["1", True, None, Number("1.0"), Number("1e3"), Number("-1"), Number("9" * 19)])
def test_only_integers_are_integers(value: object) -> None:
    with pytest.raises(InvalidField) as refused:
        integer("userId", value, 0, 2**63 - 1)  # type: ignore[arg-type]
    assert refused.value.field == "userId"


def test_integers_reach_their_bounds() -> None:
    assert integer("userId", Number("0"), 0, 2**63 - 1) == 0
    assert integer("userId", Number("9223372036854775807"), 0, 2**63 - 1) == 2**63 - 1


@pytest.mark.parametrize(
    "value", ["", "x" * 65, "a\x00b", "a\nb", "\ud800", "a\ufffd", Number("1"), True, None, ["a"]]
)
def test_hostile_text_is_refused_by_name(value: object) -> None:
    with pytest.raises(InvalidField) as refused:
        text("paymentIds[3]", value, longest=64)  # type: ignore[arg-type]
    assert refused.value.field == "paymentIds[3]"


@pytest.mark.parametrize("value", ["订单 1", "'; DROP TABLE payments; --", "😀", "a b"])
def test_odd_but_honest_text_is_kept(value: str) -> None:
    assert text("orderId", value, longest=64) == value
