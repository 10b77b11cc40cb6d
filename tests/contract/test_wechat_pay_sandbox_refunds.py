"""Refunds at the sandboxed WeChat Pay: accepted first, done later, or not."""

import base64
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.contract.sandbox_client import Door, Inbox
from tests.contract.wechat_pay_merchant import Answer, WechatPayMerchant


@pytest.fixture
def paid(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str) -> str:
    wechat_pay.open(number)
    wechat_pay_door.do("pay", out_trade_no=number)
    return number


def settled(merchant: WechatPayMerchant, name: str, status: str = "SUCCESS") -> dict[str, Any]:
    deadline = time.monotonic() + 5
    while (answer := merchant.query_refund(name)).body["status"] != status:
        assert time.monotonic() < deadline, answer.body
        time.sleep(0.02)
    return answer.body


def test_a_refund_is_accepted_and_then_done(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, paid: str
) -> None:
    wechat_pay_door.do("faults", out_trade_no=paid, method="refund", kind="becomes", status="SUCCESS", seconds=0.3)
    accepted = wechat_pay.refund(paid, 880, f"{paid}A").body
    assert accepted["status"] == "PROCESSING"
    assert "success_time" not in accepted
    assert wechat_pay_door.see(f"orders/{paid}")["refunded"] == 0
    done = settled(wechat_pay, f"{paid}A")
    assert done["success_time"]
    assert done["refund_id"] == accepted["refund_id"]
    assert (done["out_trade_no"], done["amount"]["refund"], done["amount"]["total"]) == (paid, 880, 8880)
    assert wechat_pay_door.see(f"orders/{paid}")["refunded"] == 880
    assert wechat_pay.query(paid).body["trade_state"] == "REFUND"


def test_partial_refunds_to_nothing_and_not_beyond(wechat_pay: WechatPayMerchant, paid: str) -> None:
    assert wechat_pay.refund(paid, 8000, f"{paid}A").status == 200
    assert wechat_pay.refund(paid, 881, f"{paid}B").outcome == (400, "INVALID_REQUEST")
    assert wechat_pay.refund(paid, 880, f"{paid}C").status == 200
    assert wechat_pay.refund(paid, 1, f"{paid}D").body["message"] == "订单已全额退款"
    assert wechat_pay.query_refund(f"{paid}B").outcome == (404, "RESOURCE_NOT_EXISTS")


def test_the_same_refund_again_moves_nothing(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, paid: str
) -> None:
    first = wechat_pay.refund(paid, 880, f"{paid}A").body
    settled(wechat_pay, f"{paid}A")
    again = wechat_pay.refund(paid, 880, f"{paid}A").body
    assert (again["refund_id"], again["status"]) == (first["refund_id"], "SUCCESS")
    assert wechat_pay.refund(paid, 881, f"{paid}A").outcome == (400, "INVALID_REQUEST")
    assert wechat_pay_door.see(f"orders/{paid}")["refunded"] == 880


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"total": 8881}, (400, "INVALID_REQUEST")),
        ({"amount": {"refund": 1, "total": 8880}}, (400, "PARAM_ERROR")),
        ({"amount": {"refund": "1", "total": 8880, "currency": "CNY"}}, (400, "PARAM_ERROR")),
        ({"amount": {"refund": 0, "total": 8880, "currency": "CNY"}}, (400, "PARAM_ERROR")),
        ({"out_refund_no": "no spaces"}, (400, "PARAM_ERROR")),
        ({"out_refund_no": "x" * 65}, (400, "PARAM_ERROR")),
        ({"reason": "茶" * 27}, (400, "PARAM_ERROR")),
        ({"notify_url": "https://shop.example/?a"}, (400, "PARAM_ERROR")),
        ({"out_trade_no": None}, (400, "PARAM_ERROR")),
        ({"out_trade_no": "NOSUCHORDER"}, (404, "RESOURCE_NOT_EXISTS")),
    ],
)
def test_wrong_refunds_are_refused(
    wechat_pay: WechatPayMerchant, paid: str, changes: dict[str, Any], outcome: tuple[int, str]
) -> None:
    assert wechat_pay.refund(paid, 880, f"{paid}A", **changes).outcome == outcome


def test_what_nobody_paid_is_not_there_to_refund(wechat_pay: WechatPayMerchant, number: str) -> None:
    wechat_pay.open(number)
    assert wechat_pay.refund(number, 880, f"{number}A").outcome == (404, "RESOURCE_NOT_EXISTS")


def test_a_refund_by_the_rails_own_number(wechat_pay: WechatPayMerchant, paid: str) -> None:
    transaction_id = wechat_pay.query(paid).body["transaction_id"]
    for name, number in (("A", None), ("B", "NOSUCHORDER")):  # which goes before the merchant's
        changes = {"out_trade_no": number, "transaction_id": transaction_id}
        assert wechat_pay.refund(paid, 880, f"{paid}{name}", **changes).body["out_trade_no"] == paid
    changes = {"transaction_id": "4200000000000000000000000000"}
    assert wechat_pay.refund(paid, 880, f"{paid}C", **changes).outcome == (404, "RESOURCE_NOT_EXISTS")


def test_a_coupon_comes_back_as_a_coupon(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str) -> None:
    wechat_pay.open(number)
    wechat_pay_door.do("pay", out_trade_no=number, coupon=4440)
    amounts = wechat_pay.refund(number, 1000, f"{number}A").body["amount"]
    assert (amounts["refund"], amounts["payer_refund"], amounts["discount_refund"]) == (1000, 500, 500)


def becoming(merchant: WechatPayMerchant, door: Door, paid: str, status: str) -> Answer:
    door.do("faults", out_trade_no=paid, method="refund", kind="becomes", status=status)
    return merchant.refund(paid, 880, f"{paid}A")


def test_a_refund_can_stay_in_progress(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, paid: str) -> None:
    becoming(wechat_pay, wechat_pay_door, paid, "PROCESSING")
    assert wechat_pay.query_refund(f"{paid}A").body["status"] == "PROCESSING"
    wechat_pay_door.do("refund-becomes", out_refund_no=f"{paid}A", status="SUCCESS")
    assert wechat_pay.query_refund(f"{paid}A").body["status"] == "SUCCESS"


def test_a_closed_refund_frees_its_money_and_may_be_tried_again(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, paid: str
) -> None:
    becoming(wechat_pay, wechat_pay_door, paid, "CLOSED")
    assert wechat_pay.query_refund(f"{paid}A").body["status"] == "CLOSED"
    assert wechat_pay_door.see(f"orders/{paid}")["reserved"] == 0
    wechat_pay.refund(paid, 880, f"{paid}A")
    settled(wechat_pay, f"{paid}A")
    assert wechat_pay_door.see(f"orders/{paid}")["refunded"] == 880


def test_an_abnormal_refund_holds_its_money_until_somebody_acts(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, paid: str
) -> None:
    refund = becoming(wechat_pay, wechat_pay_door, paid, "ABNORMAL").body
    order = wechat_pay_door.see(f"orders/{paid}")
    assert (order["reserved"], order["refunded"]) == (880, 0)
    url = f"/v3/refund/domestic/refunds/{refund['refund_id']}/apply-abnormal-refund"
    asked = {"out_refund_no": f"{paid}A", "type": "MERCHANT_BANK_CARD"}
    assert wechat_pay.post(url, asked | {"out_refund_no": f"{paid}B"}).outcome == (400, "PARAM_ERROR")
    assert wechat_pay.post(url, asked).body["status"] == "PROCESSING"
    settled(wechat_pay, f"{paid}A")
    assert wechat_pay.post(url, asked).outcome == (400, "INVALID_REQUEST")


def test_a_card_is_told_only_encrypted(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, paid: str) -> None:
    refund = becoming(wechat_pay, wechat_pay_door, paid, "ABNORMAL").body
    url = f"/v3/refund/domestic/refunds/{refund['refund_id']}/apply-abnormal-refund"
    asked = {"out_refund_no": f"{paid}A", "type": "USER_BANK_CARD", "bank_type": "ICBC_DEBIT"}
    plain = {"bank_account": "6222000000000000000", "real_name": "张三"}
    serial = {"Wechatpay-Serial": wechat_pay.public_key_id}
    assert wechat_pay.post(url, asked | plain, headers=serial).outcome == (400, "PARAM_ERROR")
    sealed = {name: encrypted(wechat_pay, value) for name, value in plain.items()}
    assert wechat_pay.post(url, asked | sealed).body["message"] == "平台证书序列号Wechatpay-Serial错误"
    assert wechat_pay.post(url, asked | sealed, headers=serial).body["status"] == "PROCESSING"


def encrypted(merchant: WechatPayMerchant, value: str) -> str:
    scheme = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    return base64.b64encode(merchant.keys[merchant.public_key_id].encrypt(value.encode(), scheme)).decode()


def test_a_merchant_can_run_out_of_money(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, paid: str) -> None:
    wechat_pay_door.do("switches", balance=879)
    try:
        assert wechat_pay.refund(paid, 880, f"{paid}A").outcome == (403, "NOT_ENOUGH")
    finally:
        wechat_pay_door.do("switches", balance=None)
    assert wechat_pay.refund(paid, 880, f"{paid}A").status == 200


def test_refunds_may_have_to_be_a_minute_apart(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, paid: str
) -> None:
    wechat_pay_door.do("switches", refund_pause_seconds=60)
    try:
        assert wechat_pay.refund(paid, 1, f"{paid}A").status == 200
        assert wechat_pay.refund(paid, 1, f"{paid}B").outcome == (429, "FREQUENCY_LIMITED")
    finally:
        wechat_pay_door.do("switches", refund_pause_seconds=0)
    assert wechat_pay.refund(paid, 1, f"{paid}B").status == 200


def test_fifty_refunds_are_the_most(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, paid: str) -> None:
    for _ in range(50):
        wechat_pay_door.do("console-refund", out_trade_no=paid, amount=1)
    assert wechat_pay.refund(paid, 1, f"{paid}A").outcome == (400, "INVALID_REQUEST")


def test_a_refund_from_the_console_shows_in_the_query(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, shop: Inbox, number: str
) -> None:
    wechat_pay.open(number, notify_url=shop.url)
    wechat_pay_door.do("pay", out_trade_no=number)
    order = wechat_pay_door.do("console-refund", out_trade_no=number, amount=80, out_refund_no=f"{number}Z")
    assert order["refunds"][0]["amount"] == 80
    settled(wechat_pay, f"{number}Z")
    assert wechat_pay.query(number).body["trade_state"] == "REFUND"
    assert len(wechat_pay_door.see("callbacks", out_trade_no=number)["callbacks"]) == 2


def test_the_console_tells_of_refunds_where_it_is_set_to(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, paid: str
) -> None:
    wechat_pay_door.do("switches", console_tells=False)
    try:
        wechat_pay_door.do("console-refund", out_trade_no=paid, amount=80, out_refund_no=f"{paid}Z")
        settled(wechat_pay, f"{paid}Z")
        assert len(wechat_pay_door.see("callbacks", out_trade_no=paid)["callbacks"]) == 1
    finally:
        wechat_pay_door.do("switches", console_tells=True)


def test_unknown_switches_are_refused(wechat_pay_door: Door) -> None:
    assert "no such switch" in wechat_pay_door.do("switches", gravity=0)["error"]
