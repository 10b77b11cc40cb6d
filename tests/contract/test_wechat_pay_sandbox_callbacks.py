"""What the merchant's notify_url receives from the sandboxed WeChat Pay, when, and how often."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag

from tests.contract.sandbox_client import Door, Inbox, Sandbox, inbox
from tests.contract.schedules import require_schedule
from tests.contract.wechat_pay_merchant import WechatPayMerchant

Fields = dict[str, Any]
Told = Callable[..., tuple[str, Fields]]


@pytest.fixture
def told(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, shop: Inbox, number: str) -> Told:
    """Pay an order whose callback has the given fault; what arrives, verified and unsealed."""

    def pay(**fault: Any) -> tuple[str, Fields]:
        wechat_pay.open(number, notify_url=shop.url)
        if fault:
            wechat_pay_door.do("faults", out_trade_no=number, method="callback", **fault)
        wechat_pay_door.do("pay", out_trade_no=number)
        shop.wait(1)
        return wechat_pay.read_callback(shop.headers[0], shop.bodies[0])

    return pay


def settled(door: Door, number: str, count: int = 1, state: str = "acknowledged") -> list[Fields]:
    """The order's callbacks once `count` of them are in `state`."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = door.see("callbacks", out_trade_no=number)["callbacks"]
        if sum(callback["state"] == state for callback in found) >= count:
            return found
        time.sleep(0.02)
    raise AssertionError(found)


def test_a_payment_is_told(wechat_pay: WechatPayMerchant, shop: Inbox, told: Told, number: str) -> None:
    event_type, fields = told()
    assert event_type == "TRANSACTION.SUCCESS"
    assert fields == wechat_pay.query(number).body
    event = json.loads(shop.bodies[0])
    assert (event["summary"], event["resource"]["original_type"]) == ("支付成功", "transaction")
    assert event["resource"]["associated_data"] == "transaction"
    assert len(event["resource"]["nonce"]) == 12
    assert shop.headers[0]["wechatpay-serial"] == wechat_pay.pinned_serial
    assert shop.headers[0]["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("status", "summary"), [("SUCCESS", "退款成功"), ("ABNORMAL", "退款异常"), ("CLOSED", "退款关闭")]
)
def test_refunds_are_told_to_their_own_address(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, shop: Inbox, number: str, status: str, summary: str
) -> None:
    wechat_pay.open(number)
    wechat_pay_door.do("pay", out_trade_no=number)
    wechat_pay_door.do("faults", out_trade_no=number, method="refund", kind="becomes", status=status)
    wechat_pay.refund(number, 880, f"{number}A", notify_url=shop.url)
    (body,) = shop.wait(1)
    event_type, fields = wechat_pay.read_callback(shop.headers[0], body)
    assert (event_type, json.loads(body)["summary"]) == (f"REFUND.{status}", summary)
    expected = {"out_trade_no": number, "out_refund_no": f"{number}A", "refund_status": status}
    assert (expected | {"mchid": wechat_pay.mch_id}).items() <= fields.items()
    assert (fields["amount"]["refund"], fields["amount"]["total"]) == (880, 8880)
    assert ("success_time" in fields) == (status == "SUCCESS")


@pytest.mark.parametrize("answer", [(200, b""), (200, b"whatever"), (204, b"")])
def test_200_and_204_acknowledge(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str, answer: tuple[int, bytes]
) -> None:
    with inbox(answer) as shop:
        wechat_pay.open(number, notify_url=shop.url)
        wechat_pay_door.do("pay", out_trade_no=number)
        (callback,) = settled(wechat_pay_door, number)
    assert [send["status"] for send in callback["sends"]] == [answer[0]]


def test_the_first_repeats(sandbox_of_one: Sandbox, number: str) -> None:
    """15s, 15s, 30s, 3m after a failed send, times the scale; the same event, signed anew."""
    merchant = WechatPayMerchant(sandbox_of_one.settings(), sandbox_of_one.url)
    door, scale = sandbox_of_one.at("wechat_pay"), sandbox_of_one.time_scale
    fail = json.dumps({"code": "FAIL", "message": "later"}).encode()
    with inbox((500, fail), (401, fail), (202, b""), (302, b"")) as shop:
        merchant.open(number, notify_url=shop.url)
        door.do("pay", out_trade_no=number)
        shop.wait(4)
        (callback,) = door.see("callbacks", out_trade_no=number)["callbacks"]
        while len(callback["sends"]) < 4 or callback["sends"][3]["pause_seconds"] is None:
            (callback,) = door.see("callbacks", out_trade_no=number)["callbacks"]
    require_schedule(callback, (15, 15, 30, 180), scale)
    assert len(set(shop.bodies)) == 1
    assert len({headers["wechatpay-nonce"] for headers in shop.headers}) == 4


def test_the_whole_schedule(sandbox_in_a_hurry: Sandbox, number: str) -> None:
    """Sixteen sends in 24 hours and 4 minutes, and then no more."""
    merchant = WechatPayMerchant(sandbox_in_a_hurry.settings(), sandbox_in_a_hurry.url)
    door = sandbox_in_a_hurry.at("wechat_pay")
    with inbox((500, b"")) as shop:
        merchant.open(number, notify_url=shop.url)
        door.do("pay", out_trade_no=number)
        (callback,) = settled(door, number, state="given_up")
    minutes = (0.25, 0.25, 0.5, 3, 10, 20, 30, 30, 30, 60, 180, 180, 180, 360, 360)
    assert len(callback["sends"]) == len(minutes) + 1
    require_schedule(callback, [60 * each for each in minutes], sandbox_in_a_hurry.time_scale)


def test_a_callback_can_be_sent_again(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, shop: Inbox, told: Told, number: str
) -> None:
    told()
    (callback,) = settled(wechat_pay_door, number)
    wechat_pay_door.do(f"callbacks/{callback['id']}/resend")
    assert shop.bodies[0] == shop.bodies[1]
    assert wechat_pay.read_callback(shop.headers[1], shop.bodies[1])[0] == "TRANSACTION.SUCCESS"


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("wrong_amount", "amount", {"total": 1, "payer_total": 1, "currency": "CNY", "payer_currency": "CNY"}),
        (
            "wrong_currency",
            "amount",
            {"total": 8880, "payer_total": 8880, "currency": "USD", "payer_currency": "USD"},
        ),
        ("wrong_app_id", "appid", "wx0000000000000001"),
        ("wrong_merchant", "mchid", "1900000001"),
        ("other_order", "out_trade_no", "ANOTHERORDER0000000000000000"),
    ],
)
def test_genuine_callbacks_that_do_not_fit(
    wechat_pay: WechatPayMerchant, told: Told, number: str, kind: str, field: str, value: object
) -> None:
    _, fields = told(kind=kind)
    truth = wechat_pay.query(number).body
    assert {name for name in truth if fields[name] != truth[name]} == {field}
    assert fields[field] == value


def test_a_callback_with_values_of_ones_choice(told: Told) -> None:
    event_type, fields = told(
        kind="override", fields={"trade_state": "CLOSED", "amount": {"total": "8880"}}, event_type="NEW.THING"
    )
    assert (event_type, fields["trade_state"], fields["amount"]["total"]) == ("NEW.THING", "CLOSED", "8880")


@pytest.mark.parametrize("kind", ["bad_signature", "unsigned", "probe", "stale", "unknown_serial"])
def test_signatures_that_do_not_hold(shop: Inbox, told: Told, kind: str) -> None:
    failures = {
        "bad_signature": InvalidSignature,
        "unsigned": KeyError,
        "probe": ValueError,
        "stale": AssertionError,
        "unknown_serial": KeyError,
    }
    with pytest.raises(failures[kind]):
        told(kind=kind)
    is_probe = shop.headers[0].get("wechatpay-signature", "").startswith("WECHATPAY/SIGNTEST/")
    assert is_probe == (kind == "probe")


def test_a_failed_callback_comes_back_without_its_fault_when_resent(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, shop: Inbox, told: Told, number: str
) -> None:
    with pytest.raises(InvalidSignature):
        told(kind="bad_signature")
    (callback,) = settled(wechat_pay_door, number)
    wechat_pay_door.do(f"callbacks/{callback['id']}/resend")
    wechat_pay.verify(shop.headers[1], shop.bodies[1])
    wechat_pay_door.do(f"callbacks/{callback['id']}/resend", clean=False)
    with pytest.raises(InvalidSignature):
        wechat_pay.verify(shop.headers[2], shop.bodies[2])


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ({"kind": "bad_tag"}, InvalidTag),
        ({"kind": "bad_base64"}, ValueError),
        ({"kind": "nonce_length"}, ValueError),
        ({"kind": "nonce_length", "length": 16}, InvalidTag),
    ],
)
def test_resources_that_cannot_be_opened(
    wechat_pay: WechatPayMerchant, shop: Inbox, told: Told, fault: Fields, failure: type[Exception]
) -> None:
    with pytest.raises(failure):
        told(**fault)
    wechat_pay.verify(shop.headers[0], shop.bodies[0])  # the signature is good


def test_callbacks_by_public_key(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, shop: Inbox, told: Told
) -> None:
    """By a fault for one of them, by a switch for all: while a merchant changes over, both kinds come."""
    told(kind="public_key")
    wechat_pay_door.do("switches", callback_key="public_key")
    try:
        wechat_pay_door.do("callbacks", url=shop.url, fields={"out_trade_no": "x"})
    finally:
        wechat_pay_door.do("switches", callback_key="certificate")
    assert [headers["wechatpay-serial"] for headers in shop.headers] == [wechat_pay.public_key_id] * 2
    assert wechat_pay.read_callback(shop.headers[1], shop.bodies[1])[1]["out_trade_no"] == "x"


def test_duplicates_come_at_once(shop: Inbox, told: Told) -> None:
    told(kind="duplicate", copies=20)
    assert len(set(shop.wait(20))) == 1


def test_withheld_delayed_and_overtaken(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, shop: Inbox, number: str
) -> None:
    wechat_pay.open(number, notify_url=shop.url)
    wechat_pay_door.do("faults", out_trade_no=number, method="callback", kind="reorder")
    wechat_pay_door.do("pay", out_trade_no=number)
    wechat_pay_door.do("faults", out_trade_no=number, method="callback", kind="delay", seconds=0.3)
    wechat_pay_door.do("faults", out_trade_no=number, method="callback", kind="withhold")
    started = time.monotonic()
    for name in "AB":
        wechat_pay.refund(number, 80, f"{number}{name}", notify_url=shop.url)
        wechat_pay_door.do("refund-becomes", out_refund_no=f"{number}{name}", status="SUCCESS")
    bodies = shop.wait(2)
    assert [json.loads(body)["event_type"] for body in bodies] == ["REFUND.SUCCESS", "TRANSACTION.SUCCESS"]
    assert time.monotonic() - started >= 0.3
    found = settled(wechat_pay_door, number, 2)
    assert [callback["state"] for callback in found] == ["acknowledged", "acknowledged", "withheld"]
