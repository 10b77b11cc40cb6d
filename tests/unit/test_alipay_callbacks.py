"""Notifications: verified over the bytes that came, and read without trusting anything else."""

from datetime import UTC, datetime
from urllib.parse import quote_plus

import pytest

from paygate.adapters.rails.alipay import certificates
from paygate.adapters.rails.alipay.wire import CNY
from paygate.domain.errors import CallbackRefused
from paygate.domain.money import Money
from paygate.ports import CallbackRequest, Observation, ToldRefund, TradeStatus
from tests.unit.alipay_side import (
    certificate,
    certificate_environment,
    form,
    notification,
    rail,
    sign,
)


def read(body: bytes, query: dict[str, str] | None = None, env: dict[str, str] | None = None) -> Observation:
    return rail(env=env)[0].read_callback(CallbackRequest(body, {}, query or {}))


def test_a_payment() -> None:
    assert read(notification()) == Observation(
        "R1",
        TradeStatus.PAID,
        rail_id="2026010222001400000000000001",
        amount=Money(10000, CNY),
        at=datetime(2026, 1, 1, 17, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("WAIT_BUYER_PAY", TradeStatus.WAITING),
        ("TRADE_FINISHED", TradeStatus.PAID),
        ("TRADE_CLOSED", TradeStatus.CLOSED),
    ],
)
def test_each_state(status: str, expected: TradeStatus) -> None:
    assert read(notification(trade_status=status)).status is expected


@pytest.mark.parametrize("charset", ["utf-8", "GBK", "gb2312", "GB18030"])
def test_w9_any_text_in_any_charset_survives(charset: str) -> None:
    body = notification(
        charset=charset,
        subject="语雀空间 100% + 1&2=3 %2B",
        fund_bill_list='[{"amount":"100.00","fundChannel":"ALIPAYACCOUNT"}]',
        added_next_year="+ +&;=\u3000",
    )
    assert read(body).status is TradeStatus.PAID


def test_w9_text_that_nobody_escaped() -> None:
    """The form's values may stand unescaped: the bytes count, not the way they were written."""
    body = notification(charset="GBK", subject="茶")
    assert read(body.replace(b"%B2%E8", "茶".encode("gbk"))).status is TradeStatus.PAID


def test_w9_parameters_of_the_query_stay_out_of_the_signed_set() -> None:
    assert read(notification(), query={"tenant": "1", "trade_status": "TRADE_CLOSED"}).status is TradeStatus.PAID


@pytest.mark.parametrize("signs_empty", [True, False])
def test_empty_parameters_may_or_may_not_be_signed(signs_empty: bool) -> None:  # noqa: FBT001
    body = notification(body="") if signs_empty else notification() + b"&body="
    assert read(body).status is TradeStatus.PAID


def test_w8_a_refund_tells_the_sum_and_its_own_number() -> None:
    seen = read(notification(refund_fee="60.00", out_biz_no="F1", gmt_refund="2026-01-02 01:30:00.123"))
    assert (seen.status, seen.refunded, seen.refund) == (
        TradeStatus.PAID,
        Money(6000, CNY),
        ToldRefund("F1", rail_id=seen.rail_id),
    )
    closed = read(notification(refund_fee="100", out_biz_no="F2", trade_status="TRADE_CLOSED"))
    assert (closed.status, closed.refunded, closed.refund) == (
        TradeStatus.CLOSED,
        Money(10000, CNY),
        ToldRefund("F2", rail_id=seen.rail_id),
    )


def test_no_refund_no_number() -> None:
    seen = read(notification(out_biz_no="O1"))
    assert (seen.refunded, seen.refund) == (None, None)
    assert read(notification(refund_fee="0.00")).refunded == Money(0, CNY)


@pytest.mark.parametrize(
    ("changes", "mismatch"),
    [
        ({"app_id": "2021000000000002"}, "app_id"),
        ({"app_id": None}, "app_id"),
        ({"seller_id": "2088000000000002"}, "seller_id"),
        ({"seller_id": None}, "seller_id"),
        ({"app_id": "2021000000000002", "seller_id": "2088000000000002"}, "app_id"),
    ],
)
def test_w7_another_merchants_callback_is_genuine_and_not_ours(
    changes: dict[str, str | None], mismatch: str
) -> None:
    assert read(notification(**changes)).mismatch == mismatch


@pytest.mark.parametrize(
    ("text", "fen"),
    [("100", 10000), ("100.0", 10000), ("100.000", 10000), ("0.01", 1), ("10000", 1_000_000)],
)
def test_w13_amounts_are_yuan_and_exact(text: str, fen: int) -> None:
    assert read(notification(total_amount=text)).amount == Money(fen, CNY)


@pytest.mark.parametrize(
    "text",
    ["1e2", "100.001", "-1", "+1", " 1", "1,000.00", "NaN", ".5", "5.", "01", "\uff11", "", "0x1", "." * 9],
)
def test_w13_what_is_no_amount(text: str) -> None:
    with pytest.raises(CallbackRefused):
        read(notification(total_amount=text))
    if text:
        with pytest.raises(CallbackRefused):
            read(notification(refund_fee=text))


def _resigned(signature: str) -> bytes:
    head, _, _ = notification().rpartition(b"&sign=")
    return head + b"&sign=" + quote_plus(signature).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"{}",
        notification().rpartition(b"&sign=")[0],
        _resigned(""),
        _resigned("AAAA"),
        _resigned("中文"),
        _resigned(sign(b"other bytes")),
        notification(signer="stranger"),
        notification(signer="app"),
        notification().replace(b"total_amount=100.00", b"total_amount=100.0"),
        notification().replace(b"R1", b"R2"),
        notification() + b"&added=1",
        notification().replace(b"sign_type=RSA2", b"sign_type=RSA"),
        notification().replace(b"sign_type=RSA2", b"sign_type=none"),
        notification() + b"&out_trade_no=R2",
        b"out_trade_no=R1&" + notification(),
        notification() + b"&sign=x",
    ],
)
def test_w5_what_alipay_did_not_sign(body: bytes) -> None:
    with pytest.raises(CallbackRefused):
        read(body)


def test_the_signature_over_sign_type_is_another_kind_of_message() -> None:
    """Alipay signs its service messages with sign_type among the parameters; no trade comes that way."""
    params = {"notify_type": "trade_status_sync", "out_trade_no": "R1", "sign_type": "RSA2"}
    text = "&".join(f"{name}={params[name]}" for name in sorted(params))
    body = "&".join(f"{name}={params[name]}" for name in params) + "&sign=" + quote_plus(sign(text.encode()))
    with pytest.raises(CallbackRefused, match="does not verify"):
        read(body.encode())


def test_w12_what_the_browser_brings_back_is_signed_and_refused() -> None:
    returned = {
        "charset": "utf-8",
        "out_trade_no": "R1",
        "method": "alipay.trade.page.pay.return",
        "total_amount": "100.00",
        "trade_no": "2026010222001400000000000001",
        "auth_app_id": "2021000000000001",
        "version": "1.0",
        "app_id": "2021000000000001",
        "seller_id": "2088000000000001",
        "timestamp": "2026-01-02 01:00:01",
    }
    with pytest.raises(CallbackRefused, match="not a trade's notification"):
        read(form(returned))
    with pytest.raises(CallbackRefused, match="not a trade's notification"):
        read(form({**returned, "trade_status": "TRADE_SUCCESS"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"notify_type": "servicemarket_order_notify"},
        {"notify_type": None},
        {"trade_status": None},
        {"trade_status": "TRADE_UNHEARD_OF"},
        {"out_trade_no": None},
        {"out_trade_no": "订单"},
    ],
)
def test_signed_and_no_trade_of_ours(changes: dict[str, str | None]) -> None:
    with pytest.raises(CallbackRefused):
        read(notification(**changes))


def test_certificate_mode_takes_the_configured_certificate_only() -> None:
    env = certificate_environment()
    number = certificates.serial_number(certificate("alipay", "between"))
    assert read(notification(), env=env).status is TradeStatus.PAID
    assert read(notification(alipay_cert_sn=number), env=env).status is TradeStatus.PAID
    with pytest.raises(CallbackRefused, match="not configured"):
        read(notification(alipay_cert_sn="0" * 32), env=env)


def test_the_answers_that_alipay_understands() -> None:
    alipay, _ = rail()
    accepted, declined = alipay.callback_accepted(), alipay.callback_refused()
    assert (accepted.status, accepted.content_type, accepted.body) == (200, "text/plain", "success")
    assert (declined.status, declined.content_type, declined.body) == (400, "text/plain", "failure")
