"""What `make demo` prints, on wide terminals and narrow ones, and on those without the characters of its codes."""

import io

import pytest

from infra.local import demo_payment
from infra.local.demo_crypto import shown
from infra.local.demo_payment import Row, show_code
from infra.local.demo_table import table

PAID = Row("USDT_TRC20", "PAY_01", ["CREATED", "PENDING", "SETTLED"], "payments.settled", 1, 7, 2.04, ok=True)
UNPAID = Row("BTC", seconds=30.0)


def test_a_wide_terminal_shows_a_row_a_payment() -> None:
    head, paid, unpaid = table([PAID, UNPAID], 200).splitlines()
    assert head.split() == ["method", "payment", "states", "topic/partition/offset", "seconds"]
    assert "CREATED > PENDING > SETTLED  payments.settled/1/7" in paid
    assert (paid.split()[:2], paid.split()[-2:]) == (["USDT_TRC20", "PAY_01"], ["2.0", "ok"])
    assert unpaid.split() == ["BTC", "-", "-", "30.0", "FAILED"]
    assert head.index("states") == paid.index("CREATED")


def test_a_narrow_terminal_shows_the_same_in_lines_that_fit() -> None:
    lines = table([PAID, UNPAID], 40).splitlines()
    assert max(map(len, lines)) <= 40
    assert "USDT_TRC20: ok after 2.0 s" in lines
    assert "BTC: FAILED after 30.0 s" in lines


@pytest.mark.parametrize(("encoding", "is_shown"), [("utf-8", True), ("ascii", False)])
def test_a_code_is_left_out_where_it_cannot_be_shown(
    monkeypatch: pytest.MonkeyPatch, encoding: str, *, is_shown: bool
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(demo_payment.sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    show_code("bitcoin:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")
    assert bool(written.getvalue()) is is_shown


@pytest.mark.parametrize(
    ("amount", "seen"), [("88.000000000000000000", "88 USDT"), ("0.00150000", "0.0015 USDT"), ("100", "100 USDT")]
)
def test_amounts_are_shown_without_noughts_that_say_nothing(amount: str, seen: str) -> None:
    assert shown(amount, "USDT") == seen
