"""What is asked of Alipay, and what its verified answers mean."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from paygate.adapters.rails.alipay.signing import signed_text
from paygate.adapters.rails.alipay.wire import CNY
from paygate.adapters.rails.rsa import is_signed
from paygate.domain.errors import OutcomeUnknown, RailDeclined
from paygate.domain.money import Asset, Money
from paygate.ports import Action, Order, RefundAnswer, RefundOrder, RefundStatus, TradeStatus
from tests.unit.alipay_side import APP_ID, CALLBACK_URL, GATEWAY, done, key, rail, refused

REFUNDED = done(
    out_trade_no="R1",
    out_request_no="F1",
    trade_no="T1",
    refund_status="REFUND_SUCCESS",
    refund_amount="60.00",
)


def order(channel: str = "QR", **changes: object) -> Order:
    at = datetime(2026, 1, 1, 16, 59, tzinfo=UTC)
    made = Order(
        "R1", channel, Money(10000, CNY), "Tea 茶 100% +", at, at + timedelta(minutes=30), "https://shop.example/b"
    )
    return replace(made, **changes)  # type: ignore[arg-type]


REFUND = RefundOrder(order(), "F1", Money(6000, CNY), datetime(2026, 1, 1, 17, 30, tzinfo=UTC), "bought twice")


def is_ours(params: dict[str, str]) -> bool:
    public = key("app").public_key()
    return is_signed(public, signed_text(params).encode(), params["sign"])


def test_qr_is_a_precreate_with_an_absolute_expiry_in_shanghais_time() -> None:
    alipay, http = rail(done(out_trade_no="R1", qr_code="https://qr.example/1"))
    assert alipay.open(order()) == Action("QR_CODE", {"content": "https://qr.example/1"})
    assert http.biz() == {
        "out_trade_no": "R1",
        "total_amount": "100.00",
        "subject": "Tea 茶 100% +",
        "product_code": "FACE_TO_FACE_PAYMENT",
        "time_expire": "2026-01-02 01:29:00",
    }
    params = http.sent[0]
    assert is_ours(params)
    assert params["timestamp"] == "2026-01-02 01:00:00"
    assert (params["app_id"], params["notify_url"]) == (APP_ID, CALLBACK_URL)
    assert "return_url" not in params
    assert http.repeatable == [False]


def test_c4_the_same_order_is_asked_in_the_same_words() -> None:
    answer = done(out_trade_no="R1", qr_code="https://qr.example/1")
    alipay, http = rail(answer, answer)
    assert alipay.open(order()) == alipay.open(order())
    assert http.sent[0]["biz_content"] == http.sent[1]["biz_content"]


@pytest.mark.parametrize(
    ("channel", "method", "product_code"),
    [
        ("WEB", "alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
        ("H5", "alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    ],
)
def test_pages_are_signed_urls_and_no_call(channel: str, method: str, product_code: str) -> None:
    alipay, http = rail()
    action = alipay.open(order(channel))
    assert (action.type, http.sent) == ("REDIRECT", [])
    assert channel in alipay.silent_channels
    url = urlsplit(action.fields["url"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == GATEWAY
    assert all(len(values) == 1 for values in parse_qs(url.query).values())
    params = dict(parse_qsl(url.query))
    assert is_ours(params)
    assert (params["method"], params["return_url"]) == (method, "https://shop.example/b")
    assert product_code in params["biz_content"]
    assert params["notify_url"] == CALLBACK_URL


def test_the_app_gets_an_order_string() -> None:
    alipay, http = rail()
    action = alipay.open(order("APP"))
    params = dict(parse_qsl(action.fields["payload"], strict_parsing=True))
    assert (action.type, http.sent) == ("SDK", [])
    assert is_ours(params)
    assert params["method"] == "alipay.trade.app.pay"
    assert "return_url" not in params


@pytest.mark.parametrize(
    ("subject", "sent"),
    [
        ("a/b=c&d\ne\x00f", "a b c d e f"),
        ("茶" * 300, "茶" * 256),
        ("/&=", "R1"),
        ("lone \ud800 surrogate", "lone   surrogate"),
    ],
)
def test_a_subject_that_alipay_takes(subject: str, sent: str) -> None:
    alipay, http = rail(done(out_trade_no="R1", qr_code="q"))
    alipay.open(order(subject=subject))
    assert http.biz()["subject"] == sent


def test_other_money_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="CNY"):
        rail()[0].open(order(amount=Money(1, Asset("USD", 2))))


@pytest.mark.parametrize(
    "answer",
    [
        refused("ACQ.TRADE_HAS_SUCCESS"),
        done(out_trade_no="R2", qr_code="q"),
        done(out_trade_no="R1"),
        done(out_trade_no="R1", qr_code=""),
    ],
)
def test_an_opened_order_that_must_be_asked_about(answer: dict[str, str]) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(answer)[0].open(order())


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("WAIT_BUYER_PAY", TradeStatus.WAITING),
        ("TRADE_SUCCESS", TradeStatus.PAID),
        ("TRADE_FINISHED", TradeStatus.PAID),
        ("TRADE_CLOSED", TradeStatus.CLOSED),
        ("TRADE_PENDING", TradeStatus.PROCESSING),
    ],
)
def test_each_state_of_a_trade(status: str, expected: TradeStatus) -> None:
    alipay, http = rail(done(out_trade_no="R1", trade_no="T1", trade_status=status, total_amount="100.0"))
    seen = alipay.query(order())
    assert (seen.status, seen.amount, seen.rail_id) == (expected, Money(10000, CNY), "T1")
    assert (seen.at, seen.refunded) == (None, None)
    assert http.repeatable == [True]


def test_w14_a_paid_trade_tells_when() -> None:
    paid = done(
        out_trade_no="R1",
        trade_status="TRADE_SUCCESS",
        total_amount="0.01",
        send_pay_date="2026-01-02 01:00:00",
    )
    seen = rail(paid)[0].query(order())
    assert (seen.at, seen.amount) == (datetime(2026, 1, 1, 17, tzinfo=UTC), Money(1, CNY))


def test_a_trade_closed_after_it_was_paid_was_given_back() -> None:
    closed = done(
        out_trade_no="R1",
        trade_status="TRADE_CLOSED",
        total_amount="100.00",
        send_pay_date="2026-01-02 01:00:00",
    )
    assert rail(closed)[0].query(order()).refunded == Money(10000, CNY)


def test_an_order_that_nobody_scanned_is_absent() -> None:
    assert rail(refused("ACQ.TRADE_NOT_EXIST"))[0].query(order()).status is TradeStatus.ABSENT


@pytest.mark.parametrize(
    "answer",
    [
        done(out_trade_no="R2", trade_status="TRADE_SUCCESS", total_amount="100.00"),
        done(trade_status="TRADE_SUCCESS", total_amount="100.00"),
        done(out_trade_no="R1", trade_status="TRADE_SUCCESS", total_amount="1e2"),
        done(out_trade_no="R1", trade_status="TRADE_SUCCESS"),
    ],
)
def test_an_answer_about_something_else_is_unknown(answer: dict[str, str]) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(answer)[0].query(order())


def test_closing() -> None:
    assert rail(done(out_trade_no="R1", trade_no="T1"))[0].close(order()).status is TradeStatus.CLOSED
    assert rail(refused("ACQ.TRADE_NOT_EXIST"))[0].close(order()).status is TradeStatus.ABSENT


@pytest.mark.parametrize("reason", ["ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID"])
def test_l2_closing_too_late_says_paid(reason: str) -> None:
    paid = done(out_trade_no="R1", trade_status="TRADE_SUCCESS", total_amount="100.00")
    alipay, http = rail(refused(reason), paid)
    assert alipay.close(order()).status is TradeStatus.PAID
    assert http.methods == ["close", "query"]


def test_a_refund_is_done_when_money_moved() -> None:
    alipay, http = rail(done(out_trade_no="R1", trade_no="T1", fund_change="Y", refund_fee="60.00"))
    assert alipay.refund(REFUND) == RefundAnswer(RefundStatus.SUCCEEDED, "T1")
    assert http.biz() == {
        "out_trade_no": "R1",
        "refund_amount": "60.00",
        "out_request_no": "F1",
        "refund_reason": "bought twice",
    }
    assert http.repeatable == [False]


@pytest.mark.parametrize("change", [{"fund_change": "N"}, {}])
@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (REFUNDED, RefundStatus.SUCCEEDED),
        ({**REFUNDED, "refund_amount": "60"}, RefundStatus.SUCCEEDED),
        (done(), RefundStatus.PENDING),
        ({**REFUNDED, "refund_status": "REFUND_PROCESSING"}, RefundStatus.PENDING),
    ],
)
def test_r5_code_10000_alone_is_no_refund(
    change: dict[str, str], known: dict[str, str], expected: RefundStatus
) -> None:
    alipay, http = rail(done(out_trade_no="R1", **change), known)
    assert alipay.refund(REFUND).status is expected
    assert http.methods == ["refund", "fastpay.refund.query"]
    assert http.biz(1) == {"out_trade_no": "R1", "out_request_no": "F1"}


def test_a_refund_without_balance_waits_for_a_top_up() -> None:
    answer = rail(refused("ACQ.SELLER_BALANCE_NOT_ENOUGH"))[0].refund(REFUND)
    assert answer == RefundAnswer(RefundStatus.PENDING, reason="ACQ.SELLER_BALANCE_NOT_ENOUGH")


def test_r6_a_refund_refused_for_good() -> None:
    with pytest.raises(RailDeclined, match="BUYER_ERROR"):
        rail(refused("ACQ.BUYER_ERROR"))[0].refund(REFUND)
    with pytest.raises(RailDeclined, match="REASON_TRADE_REFUND_FEE_ERR"):
        rail(refused("ACQ.REASON_TRADE_REFUND_FEE_ERR"), done())[0].refund(REFUND)


@pytest.mark.parametrize("reason", ["ACQ.TRADE_STATUS_ERROR", "ACQ.TRADE_HAS_FINISHED"])
def test_r5_a_refusal_that_our_own_lost_refund_caused(reason: str) -> None:
    assert rail(refused(reason), REFUNDED)[0].refund(REFUND).status is RefundStatus.SUCCEEDED


@pytest.mark.parametrize("answer", [done(), refused("TRADE_NOT_EXIST"), refused("ACQ.TRADE_NOT_EXIST")])
def test_a_refund_that_alipay_does_not_know(answer: dict[str, str]) -> None:
    assert rail(answer)[0].query_refund(REFUND).status is RefundStatus.ABSENT


@pytest.mark.parametrize(
    "changes",
    [
        {"refund_amount": "59.99"},
        {"refund_amount": ""},
        {"out_request_no": "F2"},
        {"out_request_no": ""},
        {"out_trade_no": "R2"},
    ],
)
def test_another_refund_is_not_ours_to_call_done(changes: dict[str, str]) -> None:
    with pytest.raises(OutcomeUnknown):
        rail({**REFUNDED, **changes})[0].query_refund(REFUND)


@pytest.mark.parametrize("answer", [done(out_trade_no="R2", fund_change="Y"), done(fund_change="Y")])
def test_a_refund_of_another_order_is_unknown(answer: dict[str, str]) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(answer)[0].refund(REFUND)


def test_requests_is_loaded_by_the_first_call_only() -> None:
    code = (
        "import sys, paygate.adapters.rails.alipay, paygate.strategies.registry, paygate.adapters.rails.http;"
        "sys.exit(' '.join({'requests', 'urllib3', 'http.client'} & set(sys.modules)) or None)"
    )
    ran = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=False)
    assert ran.returncode == 0
