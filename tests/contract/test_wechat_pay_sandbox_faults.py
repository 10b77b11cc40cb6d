"""The fault script of the sandboxed WeChat Pay does what it says, and the books stay right."""

import json
import time
from typing import Any

import pytest
import requests
from cryptography.exceptions import InvalidSignature

from tests.contract.sandbox_client import Door, Inbox
from tests.contract.wechat_pay_merchant import WechatPayMerchant

Fault = dict[str, Any]


def is_open(door: Door, number: str) -> bool:
    return "trade_state" in door.see(f"orders/{number}")


@pytest.mark.parametrize(
    ("fault", "is_done"),
    [
        ({"kind": "drop"}, False),
        ({"kind": "drop_after"}, True),
        ({"kind": "timeout", "seconds": 0.6}, True),
    ],
)
def test_calls_without_an_answer(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str, fault: Fault, *, is_done: bool
) -> None:
    wechat_pay_door.do("faults", out_trade_no=number, method="native", **fault)
    with pytest.raises(requests.RequestException):
        wechat_pay.open(number, timeout=0.3)
    assert is_open(wechat_pay_door, number) == is_done
    assert wechat_pay.open(number).status == 200
    assert wechat_pay_door.see("calls", method="native", out_trade_no=number)["count"] == 2


@pytest.mark.parametrize(
    ("fault", "outcome", "is_done"),
    [
        ({"kind": "system_error"}, (500, "SYSTEM_ERROR"), False),
        ({"kind": "system_error", "work": True}, (500, "SYSTEM_ERROR"), True),
        ({"kind": "busy"}, (429, "FREQUENCY_LIMITED"), False),
        ({"kind": "busy", "code": "RATELIMIT_EXCEEDED", "work": True}, (429, "RATELIMIT_EXCEEDED"), True),
        ({"kind": "business_error", "code": "NO_AUTH"}, (403, "NO_AUTH"), False),
        ({"kind": "business_error", "code": "NEW_ONE", "status": 418, "message": "?"}, (418, "NEW_ONE"), False),
    ],
)
def test_errors(
    wechat_pay: WechatPayMerchant,
    wechat_pay_door: Door,
    number: str,
    fault: Fault,
    outcome: tuple[int, str],
    *,
    is_done: bool,
) -> None:
    wechat_pay_door.do("faults", out_trade_no=number, **fault)
    answer = wechat_pay.open(number)
    assert answer.outcome == outcome
    wechat_pay.verify(answer.headers, answer.raw)
    assert is_open(wechat_pay_door, number) == is_done


def test_errors_may_come_unsigned(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str) -> None:
    wechat_pay_door.do("switches", are_errors_signed=False)
    try:
        answer = wechat_pay.query(number)
    finally:
        wechat_pay_door.do("switches", are_errors_signed=True)
    assert answer.outcome == (404, "ORDER_NOT_EXIST")
    assert "Wechatpay-Signature" not in answer.headers


@pytest.mark.parametrize("is_done", [False, True])
def test_a_page_from_something_in_between(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str, *, is_done: bool
) -> None:
    wechat_pay_door.do("faults", out_trade_no=number, kind="http_error", status=502, work=is_done)
    answer = wechat_pay.open(number)
    assert (answer.status, answer.headers["Content-Type"]) == (502, "text/html")
    assert is_open(wechat_pay_door, number) == is_done


@pytest.mark.parametrize("kind", ["bad_signature", "unsigned", "probe", "stale", "unknown_serial", "garbage"])
def test_answers_that_cannot_be_trusted(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str, kind: str
) -> None:
    wechat_pay_door.do("faults", out_trade_no=number, kind=kind)
    answer = wechat_pay.open(number)
    with pytest.raises((InvalidSignature, KeyError, ValueError, AssertionError)):
        wechat_pay.verify(answer.headers, answer.raw)
    is_probe = answer.headers.get("Wechatpay-Signature", "").startswith("WECHATPAY/SIGNTEST/")
    assert is_probe == (kind == "probe")
    assert is_open(wechat_pay_door, number)


def test_an_answer_by_public_key_that_nobody_asked_for(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str
) -> None:
    wechat_pay_door.do("faults", out_trade_no=number, kind="public_key")
    answer = wechat_pay.open(number)
    assert answer.headers["Wechatpay-Serial"] == wechat_pay.public_key_id
    wechat_pay.verify(answer.headers, answer.raw)


def test_a_slow_answer(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str) -> None:
    wechat_pay_door.do("faults", out_trade_no=number, method="query", kind="delay", seconds=0.3)
    started = time.monotonic()
    wechat_pay.query(number)
    assert time.monotonic() - started >= 0.3


def test_faults_are_for_a_method_and_for_so_many_times(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str
) -> None:
    wechat_pay.open(number)
    wechat_pay_door.do("faults", out_trade_no=number, method="query", kind="busy", count=2)
    assert wechat_pay.close(number).status == 204
    assert [wechat_pay.query(number).status for _ in range(3)] == [429, 429, 200]


def test_a_fault_finds_the_order_of_a_refund_query(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str
) -> None:
    wechat_pay.open(number)
    wechat_pay_door.do("pay", out_trade_no=number)
    wechat_pay.refund(number, 880, f"{number}A")
    wechat_pay_door.do("faults", out_trade_no=number, method="refund_query", kind="busy")
    assert [wechat_pay.query_refund(f"{number}A").status for _ in range(2)] == [429, 200]


def test_unknown_faults_are_refused(wechat_pay_door: Door) -> None:
    assert "no such fault" in wechat_pay_door.do("faults", method="query", kind="withhold")["error"]
    assert "no such fault" in wechat_pay_door.do("faults", method="callback", kind="drop")["error"]


def test_the_callback_can_overtake_the_answer(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, shop: Inbox, number: str
) -> None:
    wechat_pay_door.do("faults", out_trade_no=number, method="native", kind="callback_first")
    assert wechat_pay.open(number, notify_url=shop.url).status == 200
    assert json.loads(shop.bodies[0])["event_type"] == "TRANSACTION.SUCCESS"  # it was there already
