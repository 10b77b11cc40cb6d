"""What is asked of WeChat Pay, and what its verified answers mean."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from paygate.adapters.rails.http import HttpAnswer
from paygate.adapters.rails.rsa import is_signed
from paygate.adapters.rails.wechat_pay.wire import CNY
from paygate.domain.errors import OutcomeUnknown, RailDeclined
from paygate.domain.money import Asset, Money
from paygate.ports import Ability, Action, RefundAnswer, RefundOrder, RefundStatus, TradeStatus
from tests.unit.wechat_pay_side import (
    APP_ID,
    CALLBACK_URL,
    CLOSED,
    LOST,
    MCH_ID,
    MERCHANT_SERIAL,
    NOW,
    PUBLIC_KEY_ID,
    answer,
    certificate,
    certificate_environment,
    key,
    order,
    rail,
    refund,
    refused,
    serial,
    trade,
)

CODE = {"code_url": "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}
PREPAID = {"prepay_id": "wx201410272009395522657a690389285100"}
SIGN_TEST = "WECHATPAY/SIGNTEST/abc"


REFUND = RefundOrder(order(), "F1", Money(6000, CNY), NOW, "bought twice")


def test_qr_is_a_native_order_with_an_absolute_expiry_in_beijings_time() -> None:
    wechat, http, _ = rail(CODE)
    assert wechat.open(order()) == Action("QR_CODE", {"content": CODE["code_url"]})
    assert http.targets == ["POST /v3/pay/transactions/native"]
    assert http.content() == {
        "appid": APP_ID,
        "mchid": MCH_ID,
        "description": "Tea 茶 100% +",
        "out_trade_no": "R1",
        "time_expire": "2026-01-02T01:29:00+08:00",
        "notify_url": CALLBACK_URL,
        "amount": {"total": 10000, "currency": "CNY"},
    }
    assert http.repeatable == [False]


def test_a_request_is_signed_over_the_bytes_that_are_sent() -> None:
    wechat, http, _ = rail(CODE, CODE)
    wechat.open(order())
    wechat.open(order())
    shape = (
        rf'WECHATPAY2-SHA256-RSA2048 mchid="{MCH_ID}",nonce_str="(?P<nonce>\w{{32}})",'
        rf'signature="(?P<signed>[^"]+)",timestamp="(?P<at>\d+)",serial_no="{MERCHANT_SERIAL}"'
    )
    found = [re.fullmatch(shape, headers["Authorization"]) for headers in http.headers]
    assert found[0]
    assert found[1]
    assert found[0]["at"] == str(int(NOW.timestamp()))
    message = f"POST\n/v3/pay/transactions/native\n{found[0]['at']}\n{found[0]['nonce']}\n".encode()
    assert is_signed(key("merchant").public_key(), message + http.bodies[0] + b"\n", found[0]["signed"])
    assert found[0]["nonce"] != found[1]["nonce"]
    assert http.bodies[0] == http.bodies[1]
    assert "茶".encode() in http.bodies[0]
    assert http.headers[0]["Accept"] == "application/json"


def test_public_key_mode_is_asked_for_and_certificate_mode_is_not() -> None:
    wechat, http, _ = rail(CODE)
    wechat.open(order())
    assert http.headers[0]["Wechatpay-Serial"] == PUBLIC_KEY_ID
    pinned = certificate("platform")
    opened = answer(CODE, signer="platform", named=serial(pinned))
    wechat, http, _ = rail(opened, env=certificate_environment(pinned))
    wechat.open(order())
    assert "Wechatpay-Serial" not in http.headers[0]


def test_h5_names_the_payers_address_and_comes_back_to_the_shop() -> None:
    wechat, http, _ = rail({"h5_url": "https://wx.example/checkmweb?prepay_id=wx1&package=2"})
    action = wechat.open(order("H5", payer_ip="203.0.113.7", return_url="https://shop.example/b?a=1&b=2"))
    assert http.targets == ["POST /v3/pay/transactions/h5"]
    assert http.content()["scene_info"] == {"payer_client_ip": "203.0.113.7", "h5_info": {"type": "Wap"}}
    assert action.type == "REDIRECT"
    query = parse_qs(urlsplit(action.fields["url"]).query)
    assert query["redirect_url"] == ["https://shop.example/b?a=1&b=2"]
    assert query["prepay_id"] == ["wx1"]


def test_h5_without_a_place_to_return_to() -> None:
    wechat, _, _ = rail({"h5_url": "https://wx.example/h5?prepay_id=wx1"})
    assert wechat.open(order("H5", payer_ip="::1")).fields["url"] == "https://wx.example/h5?prepay_id=wx1"


def test_jsapi_gives_the_browser_a_signed_package() -> None:
    wechat, http, _ = rail(PREPAID)
    action = wechat.open(order("JSAPI", payer_id="oUpF8uMuAJO"))
    assert http.targets == ["POST /v3/pay/transactions/jsapi"]
    assert http.content()["payer"] == {"openid": "oUpF8uMuAJO"}
    payload = json.loads(action.fields["payload"])
    package = f"prepay_id={PREPAID['prepay_id']}"
    assert (action.type, payload["package"], payload["signType"]) == ("SDK", package, "RSA")
    message = f"{APP_ID}\n{payload['timeStamp']}\n{payload['nonceStr']}\n{package}\n".encode()
    assert is_signed(key("merchant").public_key(), message, payload["paySign"])
    assert payload.keys() == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}


def test_the_app_gets_a_signed_request_for_its_sdk() -> None:
    wechat, http, _ = rail(PREPAID)
    action = wechat.open(order("APP"))
    assert http.targets == ["POST /v3/pay/transactions/app"]
    payload = json.loads(action.fields["payload"])
    assert (payload["partnerid"], payload["package"]) == (MCH_ID, "Sign=WXPay")
    message = f"{APP_ID}\n{payload['timestamp']}\n{payload['noncestr']}\n{PREPAID['prepay_id']}\n".encode()
    assert is_signed(key("merchant").public_key(), message, payload["sign"])


@pytest.mark.parametrize("channel", ["QR", "H5", "JSAPI", "APP"])
def test_an_opening_without_what_opens_it_is_unknown(channel: str) -> None:
    with pytest.raises(OutcomeUnknown):
        rail({})[0].open(order(channel))


@pytest.mark.parametrize(
    ("subject", "sent"),
    [
        ("茶" * 100, "茶" * 42),  # 127 bytes hold 42 and a third
        ("a\nb\x00c", "a b c"),
        ("\ud800", "R1"),
        (" ", "R1"),
    ],
)
def test_a_description_that_wechat_pay_takes(subject: str, sent: str) -> None:
    wechat, http, _ = rail(CODE)
    wechat.open(order(subject=subject))
    assert http.content()["description"] == sent


def test_other_money_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="CNY"):
        rail()[0].open(order(amount=Money(1, Asset("USD", 2))))


# ---------------------------------------------------------------- answers that are not to be believed


@pytest.mark.parametrize(
    "changed",
    [
        {"signature": None},
        {"signature": "!"},
        {"signature": SIGN_TEST},
        {"signature": ""},
        {"serial": "PUB_KEY_ID_0119000000012026010100000000002"},
        {"serial": None},
        {"nonce": "other"},
        {"timestamp": str(int(NOW.timestamp()) + 1)},
        {"timestamp": "now"},
        {"signature-type": "WECHATPAY2-SM2-WITH-SM3"},
    ],
)
def test_an_answer_that_is_not_wechat_pays_is_unknown(changed: dict[str, str | None]) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(answer(CODE, **changed))[0].open(order())


@pytest.mark.parametrize("seconds", [-300, 300])
def test_an_answer_of_another_time_is_unknown(seconds: int) -> None:
    old = answer(CODE, at=NOW + timedelta(seconds=seconds))
    with pytest.raises(OutcomeUnknown):
        rail(old)[0].open(order())
    almost = answer(CODE, at=NOW + timedelta(seconds=seconds - (1 if seconds > 0 else -1)))
    rail(almost)[0].open(order())


def test_an_answer_over_other_bytes_is_unknown() -> None:
    genuine = answer(CODE)
    with pytest.raises(OutcomeUnknown):
        rail(replace(genuine, body=genuine.body + b" "))[0].open(order())
    forged = refused("NO_AUTH", 403)
    with pytest.raises(OutcomeUnknown):
        rail(replace(forged, body=forged.body + b" "))[0].open(order())


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b'{"a":NaN}', b'{"a":1,"a":2}', b"[" * 100_000])
def test_what_cannot_be_read_is_unknown(body: bytes) -> None:
    for status in (200, 400):
        with pytest.raises(OutcomeUnknown):
            rail(HttpAnswer(status, body, answer({}).headers))[0].query(order())
        with pytest.raises(OutcomeUnknown):
            rail(HttpAnswer(status, body, {}))[0].query(order())


# ---------------------------------------------------------------- error classes


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("PARAM_ERROR", 400),
        ("SIGN_ERROR", 401),
        ("NO_AUTH", 403),
        ("ORDER_CLOSED", 400),
        ("APPID_MCHID_NOT_MATCH", 400),
        ("RULE_LIMIT", 403),
    ],
)
@pytest.mark.parametrize("is_signed", [True, False])
def test_final_refusals(code: str, status: int, *, is_signed: bool) -> None:
    with pytest.raises(RailDeclined) as caught:
        rail(refused(code, status, is_signed=is_signed))[0].open(order())
    assert caught.value.reason == code


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("SYSTEM_ERROR", 500),
        ("PARAM_ERROR", 500),
        ("BANK_ERROR", 400),
        ("FREQUENCY_LIMITED", 429),
        ("RATELIMIT_EXCEEDED", 429),
        ("FREQUENCY_LIMITED", 403),
        ("NEW_TO_US", 400),
        ("PARAM_ERROR", 302),
        ("", 400),
        ("ORDERPAID", 400),
    ],
)
def test_what_is_not_final_is_unknown(code: str, status: int) -> None:
    for operation in ("open", "query"):
        with pytest.raises(OutcomeUnknown):
            getattr(rail(refused(code, status))[0], operation)(order())
    with pytest.raises(OutcomeUnknown):
        rail(LOST)[0].open(order())


@pytest.mark.parametrize("code", ["OUT_TRADE_NO_USED", "INVALID_REQUEST"])
@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (trade("SUCCESS"), OutcomeUnknown),
        (trade("USERPAYING"), OutcomeUnknown),
        (trade("NOTPAY"), RailDeclined),
        (trade("CLOSED"), RailDeclined),
        (refused("ORDER_NOT_EXIST", 404), RailDeclined),
        (refused("SYSTEM_ERROR", 500), OutcomeUnknown),
    ],
)
def test_a_used_number_is_asked_about(code: str, known: Any, expected: type[Exception]) -> None:
    wechat, http, _ = rail(refused(code), known)
    with pytest.raises(expected):
        wechat.open(order())
    assert http.targets[1:] == [f"GET /v3/pay/transactions/out-trade-no/R1?mchid={MCH_ID}"]


# ---------------------------------------------------------------- orders


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("SUCCESS", TradeStatus.PAID),
        ("REFUND", TradeStatus.PAID),
        ("NOTPAY", TradeStatus.WAITING),
        ("CLOSED", TradeStatus.CLOSED),
        ("REVOKED", TradeStatus.CLOSED),
        ("USERPAYING", TradeStatus.PROCESSING),
        ("ACCEPT", TradeStatus.PROCESSING),
        ("PAYERROR", TradeStatus.FAILED),
        ("NEW_TO_US", TradeStatus.PROCESSING),
    ],
)
def test_each_state_of_an_order(state: str, expected: TradeStatus) -> None:
    wechat, http, _ = rail(trade(state))
    seen = wechat.query(order())
    assert (seen.reference, seen.status, seen.amount) == ("R1", expected, Money(10000, CNY))
    assert (seen.refunded, seen.mismatch) == (None, None)
    assert http.repeatable == [True]


def test_a_paid_order_tells_when_and_under_which_number() -> None:
    seen = rail(trade())[0].query(order())
    assert (seen.at, seen.rail_id) == (datetime(2026, 1, 1, 17, tzinfo=UTC), "4200000000000000000000000001")


@pytest.mark.parametrize("written", ["2026-01-02T01:00:00", "yesterday", "", None])
def test_a_time_that_is_none_is_left_out(written: Any) -> None:
    assert rail(trade(success_time=written))[0].query(order()).at is None


def test_w13_coupons_pay_part_of_the_total() -> None:
    paid = trade(amount={"total": 10000, "payer_total": 9500, "currency": "CNY", "payer_currency": "CNY"})
    assert rail(paid)[0].query(order()).amount == Money(10000, CNY)


@pytest.mark.parametrize(
    ("change", "mismatch"),
    [
        ({"mchid": "1900000002"}, "mchid"),
        ({"appid": "wx1"}, "appid"),
        ({"amount": {"total": 10000, "currency": "USD"}}, "currency"),
    ],
)
def test_w7_another_merchants_order(change: dict[str, Any], mismatch: str) -> None:
    assert rail(trade(**change))[0].query(order()).mismatch == mismatch


@pytest.mark.parametrize("total", ["10000", 10000.0, True, -1, None])
def test_w13_an_amount_that_is_none_is_unknown(total: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(trade(amount={"total": total, "currency": "CNY"}))[0].query(order())
    with pytest.raises(OutcomeUnknown):
        rail(trade(amount=[]))[0].query(order())


def test_an_order_that_is_not_paid_may_leave_its_amount_out() -> None:
    waiting = trade("NOTPAY")
    del waiting["amount"]
    assert rail(waiting)[0].query(order()).amount is None


def test_an_answer_about_another_order_is_unknown() -> None:
    with pytest.raises(OutcomeUnknown):
        rail(trade(out_trade_no="R2"))[0].query(order())


def test_an_order_that_wechat_pay_does_not_know() -> None:
    assert rail(refused("ORDER_NOT_EXIST", 404))[0].query(order()).status is TradeStatus.ABSENT


@pytest.mark.parametrize("code", ["SIGN_ERROR", "PARAM_ERROR", "NO_AUTH", "INVALID_REQUEST"])
def test_a_refused_question_tells_nothing(code: str) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(refused(code))[0].query(order())
    with pytest.raises(OutcomeUnknown):
        rail(refused(code))[0].query_refund(REFUND)


def test_closing() -> None:
    wechat, http, _ = rail(CLOSED)
    assert wechat.close(order()).status is TradeStatus.CLOSED
    assert http.targets == ["POST /v3/pay/transactions/out-trade-no/R1/close"]
    assert http.content() == {"mchid": MCH_ID}
    assert rail(refused("ORDER_NOT_EXIST", 404))[0].close(order()).status is TradeStatus.ABSENT


def test_a_closing_that_nobody_signed_is_unknown() -> None:
    with pytest.raises(OutcomeUnknown):
        rail(HttpAnswer(204, b"", {}))[0].close(order())


@pytest.mark.parametrize("code", ["ORDERPAID", "ORDER_PAID", "ORDER_CLOSED", "INVALID_REQUEST"])
def test_l2_closing_too_late_says_what_is(code: str) -> None:
    wechat, http, _ = rail(refused(code), trade())
    assert wechat.close(order()).status is TradeStatus.PAID
    assert len(http.targets) == 2


# ---------------------------------------------------------------- refunds


@pytest.mark.parametrize(
    ("state", "expected", "reason"),
    [
        ("PROCESSING", RefundStatus.PENDING, None),
        ("SUCCESS", RefundStatus.SUCCEEDED, None),
        ("CLOSED", RefundStatus.FAILED, "CLOSED"),
        ("ABNORMAL", RefundStatus.STUCK, "ABNORMAL"),
        ("NEW_TO_US", RefundStatus.PENDING, None),
    ],
)
def test_each_state_of_a_refund(state: str, expected: RefundStatus, reason: str | None) -> None:
    known = RefundAnswer(expected, "5030000000000000000000000001", reason)
    wechat, http, _ = rail(refund(state))
    assert wechat.refund(REFUND) == known
    assert http.targets == ["POST /v3/refund/domestic/refunds"]
    wechat, http, _ = rail(refund(state))
    assert wechat.query_refund(REFUND) == known
    assert http.targets == ["GET /v3/refund/domestic/refunds/F1"]


def test_a_refund_names_both_amounts() -> None:
    wechat, http, _ = rail(refund())
    wechat.refund(replace(REFUND, reason="茶" * 50))
    assert http.content() == {
        "out_trade_no": "R1",
        "out_refund_no": "F1",
        "notify_url": CALLBACK_URL,
        "amount": {"refund": 6000, "total": 10000, "currency": "CNY"},
        "reason": "茶" * 26,  # 80 bytes
    }
    assert http.repeatable == [False]


@pytest.mark.parametrize(
    "change",
    [
        {"out_refund_no": "F2"},
        {"out_trade_no": "R2"},
        {"amount": {"refund": 6001, "total": 10000, "currency": "CNY"}},
        {"amount": {"refund": 6000, "total": 10000, "currency": "USD"}},
        {"amount": {}},
    ],
)
def test_r5_a_refund_that_is_not_this_one_is_unknown(change: dict[str, Any]) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(refund(**change))[0].refund(REFUND)


def test_a_refund_that_wechat_pay_does_not_know_may_be_sent_again() -> None:
    known = rail(refused("RESOURCE_NOT_EXISTS", 404))[0].query_refund(REFUND)
    assert known.status is RefundStatus.ABSENT


def test_a_refund_waits_for_a_top_up() -> None:
    assert rail(refused("NOT_ENOUGH", 403))[0].refund(REFUND) == RefundAnswer(
        RefundStatus.PENDING, reason="NOT_ENOUGH"
    )


@pytest.mark.parametrize("code", ["INVALID_REQUEST", "PARAM_ERROR", "SIGN_ERROR", "RESOURCE_NOT_EXISTS"])
@pytest.mark.parametrize("is_signed", [True, False])
def test_r6_a_refused_refund_is_asked_about_before_its_reserve_goes(code: str, *, is_signed: bool) -> None:
    no = refused(code, is_signed=is_signed)
    with pytest.raises(RailDeclined, match=code):
        rail(no, refused("RESOURCE_NOT_EXISTS", 404))[0].refund(REFUND)
    assert rail(no, refund("SUCCESS"))[0].refund(REFUND).status is RefundStatus.SUCCEEDED
    with pytest.raises(OutcomeUnknown):
        rail(no, LOST)[0].refund(REFUND)
    with pytest.raises(OutcomeUnknown):
        rail(no, refused("SIGN_ERROR", 401))[0].refund(REFUND)


@pytest.mark.parametrize(("code", "status"), [("FREQUENCY_LIMITED", 429), ("SYSTEM_ERROR", 500)])
def test_r5_a_refund_that_came_too_soon_is_unknown(code: str, status: int) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(refused(code, status))[0].refund(REFUND)


def test_what_wechat_pay_cannot_is_declared() -> None:
    cannot = rail()[0].inabilities
    assert Ability.REFUND_AT_ONCE in cannot
    assert not cannot & {Ability.CLOSE, Ability.CALL_BACK, Ability.REPORT_REFUNDS, Ability.SHOW_UNPAID}
