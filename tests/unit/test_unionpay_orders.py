from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from paygate.adapters.rails.unionpay import orders
from paygate.domain.assets import CURRENCIES
from paygate.domain.errors import InvalidField
from paygate.domain.money import Money
from paygate.ports import RailUrls
from paygate.strategies.unionpay import UnionPayStrategy
from tests.unit.unionpay_side import CALLBACK_URL, ORDER, money, refund_order

URLS = RailUrls(CALLBACK_URL, "https://pay.example/return")
LATE_EVENING = datetime(2026, 1, 1, 14, 59, 0, tzinfo=UTC)  # 22:59 in Beijing


@pytest.mark.parametrize(
    ("channel", "kind"),
    [
        ("WEB", ("01", "01", "000201", "07")),
        ("H5", ("01", "01", "000201", "08")),
        ("APP", ("01", "01", "000201", "08")),
        ("QR", ("01", "07", "000000", "08")),
    ],
)
def test_a_payment_of_each_channel(channel: str, kind: tuple[str, ...]) -> None:
    fields = orders.payment(replace(ORDER, channel=channel), URLS)
    assert tuple(fields[name] for name in ("txnType", "txnSubType", "bizType", "channelType")) == kind
    assert (fields["orderId"], fields["txnAmt"], fields["currencyCode"]) == ("ORDER001", "10000", "156")
    assert (fields["txnTime"], fields["payTimeout"]) == ("20260102010000", "20260102011500")
    assert fields["backUrl"] == CALLBACK_URL
    front = "https://pay.example/return/PAY_1" if channel in ("WEB", "H5") else None
    assert fields.get("frontUrl") == front


def test_the_timeout_is_never_later_than_the_expiry() -> None:
    expires_at = ORDER.expires_at + timedelta(milliseconds=999)
    assert orders.payment(replace(ORDER, expires_at=expires_at), URLS)["payTimeout"] == "20260102011500"


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("Tea & cake = {100%}", "Tea   cake    100%"),
        ("茶" * 20, "茶" * 10),
        ("a\x00\nb", "a  b"),
        ("&", ""),
    ],
)
def test_a_description_is_short_and_plain(subject: str, told: str) -> None:
    described = orders.payment(replace(ORDER, subject=subject), URLS)["orderDesc"]
    assert described == told
    assert len(described.encode()) <= 32


def test_other_currencies_are_not_sent() -> None:
    with pytest.raises(ValueError, match="CNY"):
        orders.payment(replace(ORDER, amount=Money(1, CURRENCIES["EUR"])), URLS)


def kinds(units: int, opened_at: datetime, asked_at: datetime) -> list[tuple[str, str]]:
    refund = refund_order(units, asked_at=asked_at, order={"opened_at": opened_at})
    return [(one.txn_type, one.number) for one in orders.returns(refund)]


def test_all_of_it_on_the_same_settlement_day_is_a_void_first() -> None:
    both = [("31", "REFUND01"), ("04", "REFUND01R")]
    assert kinds(10000, LATE_EVENING, LATE_EVENING + timedelta(seconds=59)) == both


def test_after_eleven_at_night_it_is_a_refund() -> None:
    assert kinds(10000, LATE_EVENING, LATE_EVENING + timedelta(seconds=60)) == [("04", "REFUND01")]


def test_a_part_of_it_is_a_refund() -> None:
    assert kinds(9999, LATE_EVENING, LATE_EVENING) == [("04", "REFUND01")]


def test_a_return_says_which_payment_it_is_of() -> None:
    [only] = orders.returns(refund_order(4000))
    fields = only.fields("Q1", URLS)
    assert (fields["origQryId"], fields["txnAmt"], fields["txnTime"]) == ("Q1", "4000", "20260102010500")
    assert orders.named(fields["reqReserved"]) == ("ORDER001", "REFUND01")
    assert fields["backUrl"] == CALLBACK_URL


@pytest.mark.parametrize("reserved", ["", "ORDER001", "a|b|c", "|b", "a|", "a b|c", "茶|b"])
def test_what_somebody_else_reserved_names_nothing(reserved: str) -> None:
    assert orders.named(reserved) == ("", "")


def test_the_largest_amount() -> None:
    assert UnionPayStrategy().due(money(999_999_999_999)) == money(999_999_999_999)
    with pytest.raises(InvalidField, match=r"9999999999\.99"):
        UnionPayStrategy().due(money(1_000_000_000_000))
