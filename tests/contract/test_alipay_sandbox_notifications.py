"""What the merchant's notify_url receives, when, and how often."""

import json
import time
from typing import Any
from urllib.parse import parse_qsl

import pytest
from cryptography.exceptions import InvalidSignature

from tests.contract.sandbox_client import Inbox, Merchant, Sandbox, inbox
from tests.contract.schedules import require_schedule

PRECREATE, REFUND, CLOSE = "alipay.trade.precreate", "alipay.trade.refund", "alipay.trade.close"
SUBJECT = "测试 A&B = 100% + 商品"


@pytest.fixture
def paid(merchant: Merchant, sandbox: Sandbox, shop: Inbox, number: str) -> str:
    announce(merchant, shop, number)
    sandbox.do("pay", out_trade_no=number)
    return number


def announce(merchant: Merchant, shop: Inbox, number: str, charset: str = "utf-8", **biz: Any) -> None:
    order = {"out_trade_no": number, "total_amount": "88.80", "subject": SUBJECT} | biz
    assert merchant.call(PRECREATE, order, notify_url=shop.url, charset=charset)["code"] == "10000"


def settled(sandbox: Sandbox, number: str, count: int, state: str = "acknowledged") -> list[dict[str, Any]]:
    """The order's callbacks once `count` of them are in `state`."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = sandbox.see("callbacks", out_trade_no=number)["callbacks"]
        if sum(callback["state"] == state for callback in found) >= count:
            return found
        time.sleep(0.02)
    raise AssertionError(found)


def test_a_payment_is_notified(merchant: Merchant, shop: Inbox, paid: str) -> None:
    (body,) = shop.wait(1)
    params = merchant.verify_notification(body)
    assert shop.content_types == ["application/x-www-form-urlencoded; charset=utf-8"]
    expected = {
        "notify_type": "trade_status_sync",
        "app_id": merchant.app_id,
        "seller_id": merchant.seller_id,
        "out_trade_no": paid,
        "trade_status": "TRADE_SUCCESS",
        "total_amount": "88.80",
        "subject": SUBJECT,
        "charset": "utf-8",
        "sign_type": "RSA2",
    }
    assert expected.items() <= params.items()
    assert json.loads(params["fund_bill_list"]) == [{"amount": "88.80", "fundChannel": "ALIPAYACCOUNT"}]
    assert "refund_fee" not in params


def test_its_signature_leaves_out_sign_type(merchant: Merchant, shop: Inbox, paid: str) -> None:
    params = dict(parse_qsl(shop.wait(1)[0].decode(), keep_blank_values=True))
    merchant.verify_params(params)
    with pytest.raises(InvalidSignature):
        merchant.verify_params(params | {"total_amount": "88.81"})
    with pytest.raises(InvalidSignature):
        merchant.verify_params(params | {"version2": params["sign_type"]})


def test_gbk_orders_are_notified_in_gbk(merchant: Merchant, sandbox: Sandbox, shop: Inbox, number: str) -> None:
    announce(merchant, shop, number, charset="GBK")
    sandbox.do("pay", out_trade_no=number)
    (body,) = shop.wait(1)
    assert SUBJECT.split(maxsplit=1)[0].encode("gbk").hex("%").upper().encode() in body
    assert merchant.verify_notification(body)["subject"] == SUBJECT


def test_refunds_arrive_on_the_same_url(merchant: Merchant, sandbox: Sandbox, shop: Inbox, paid: str) -> None:
    shop.wait(1)
    for count, (amount, name) in enumerate([("8.80", "r1"), ("8.80", "r1"), ("80", "r2")]):
        merchant.call(REFUND, {"out_trade_no": paid, "refund_amount": amount, "out_request_no": name})
        shop.wait((2, 2, 3)[count])
    settled(sandbox, paid, 3)
    _, part, rest = [merchant.verify_notification(body) for body in shop.bodies]
    assert (part["out_biz_no"], part["refund_fee"], part["trade_status"]) == ("r1", "8.80", "TRADE_SUCCESS")
    assert "gmt_close" not in part
    assert (rest["out_biz_no"], rest["refund_fee"], rest["trade_status"]) == ("r2", "88.80", "TRADE_CLOSED")
    assert rest["gmt_close"]


@pytest.mark.parametrize("end", ["close", "finish"])
def test_other_ends_are_notified(merchant: Merchant, sandbox: Sandbox, shop: Inbox, number: str, end: str) -> None:
    announce(merchant, shop, number)
    sandbox.do("scan" if end == "close" else "pay", out_trade_no=number)
    if end == "close":
        merchant.call(CLOSE, {"out_trade_no": number})
    else:
        sandbox.do("finish", out_trade_no=number)
    expected = {"close": {"TRADE_CLOSED"}, "finish": {"TRADE_SUCCESS", "TRADE_FINISHED"}}[end]
    bodies = shop.wait(len(expected))
    assert {merchant.verify_notification(body)["trade_status"] for body in bodies} == expected


def test_an_expired_trade_is_notified_by_itself(
    merchant: Merchant, sandbox: Sandbox, shop: Inbox, number: str
) -> None:
    expiry = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 8 * 3600 + 2))
    announce(merchant, shop, number, time_expire=expiry)
    sandbox.do("scan", out_trade_no=number)
    assert merchant.verify_notification(shop.wait(1)[0])["trade_status"] == "TRADE_CLOSED"


def test_nothing_is_sent_without_a_notify_url(merchant: Merchant, sandbox: Sandbox, number: str) -> None:
    merchant.call(PRECREATE, {"out_trade_no": number, "total_amount": "1", "subject": "x"})
    sandbox.do("pay", out_trade_no=number)
    assert sandbox.see("callbacks", out_trade_no=number)["callbacks"] == []


@pytest.mark.parametrize("answer", [b"SUCCESS", b"success\n", b"fail", b'"success"', b""])
def test_only_success_to_the_letter_is_an_acknowledgement(
    merchant: Merchant, sandbox: Sandbox, number: str, answer: bytes
) -> None:
    with inbox(answer, b"success") as shop:
        announce(merchant, shop, number)
        sandbox.do("pay", out_trade_no=number)
        first, second = shop.wait(2)
        (callback,) = settled(sandbox, number, 1)
    assert first == second
    assert [send["answer"] for send in callback["sends"]] == [answer.decode(), "success"]


def test_the_retry_schedule(merchant: Merchant, sandbox: Sandbox, number: str) -> None:
    """The first repeats come 4, 10 and 10 minutes apart, times the scale."""
    with inbox(b"fail") as shop:
        announce(merchant, shop, number)
        sandbox.do("pay", out_trade_no=number)
        shop.wait(4)
        (callback,) = sandbox.see("callbacks", out_trade_no=number)["callbacks"]
    require_schedule(callback, [minutes * 60 for minutes in (4, 10, 10)], sandbox.time_scale)


def test_a_callback_can_be_sent_again(merchant: Merchant, sandbox: Sandbox, shop: Inbox, paid: str) -> None:
    (callback,) = settled(sandbox, paid, 1)
    assert sandbox.do(f"callbacks/{callback['id']}/resend") == {"status": 200, "answer": "success"}
    assert shop.bodies[0] == shop.bodies[1]
