"""The fault script does what it says, as often as it says, and the books stay right."""

import time
from typing import Any

import pytest
import requests
from cryptography.exceptions import InvalidSignature

from tests.contract.sandbox_client import Inbox, Merchant, Sandbox
from tests.contract.test_alipay_sandbox_notifications import announce, settled

QUERY, REFUND = "alipay.trade.query", "alipay.trade.refund"
Answer = dict[str, Any]


@pytest.fixture
def paid(merchant: Merchant, sandbox: Sandbox, number: str) -> str:
    order = {"out_trade_no": number, "total_amount": "10.00", "subject": "x"}
    merchant.call("alipay.trade.precreate", order)
    sandbox.do("pay", out_trade_no=number)
    return number


def refund(merchant: Merchant, number: str, timeout: float = 10) -> Answer:
    biz = {"out_trade_no": number, "refund_amount": "4", "out_request_no": "r1"}
    return merchant.post(merchant.signed(merchant.params(REFUND, biz)), timeout)


def refunded(sandbox: Sandbox, number: str) -> int:
    return sandbox.see(f"orders/{number}")["refunded"]


@pytest.mark.parametrize(
    ("fault", "is_done"),
    [
        ({"kind": "drop"}, False),
        ({"kind": "drop_after"}, True),
        ({"kind": "timeout", "seconds": 3}, True),
        ({"kind": "http_error"}, False),
        ({"kind": "http_error", "status": 503, "work": True}, True),
    ],
)
def test_calls_without_an_answer(
    merchant: Merchant, sandbox: Sandbox, paid: str, fault: Answer, *, is_done: bool
) -> None:
    sandbox.do("faults", out_trade_no=paid, method=REFUND, **fault)
    with pytest.raises(requests.RequestException):
        refund(merchant, paid, timeout=1)
    assert refunded(sandbox, paid) == (400 if is_done else 0)
    assert refund(merchant, paid)["fund_change"] == ("N" if is_done else "Y")
    assert sandbox.see("calls", method=REFUND, out_trade_no=paid)["count"] == 2


@pytest.mark.parametrize(
    ("fault", "code", "sub_code", "is_done"),
    [
        ({}, "40004", "ACQ.SYSTEM_ERROR", False),
        ({"work": True}, "40004", "ACQ.SYSTEM_ERROR", True),
        ({"code": "20000"}, "20000", "isp.unknow-error", False),
        ({"code": "20000", "work": True}, "20000", "isp.unknow-error", True),
    ],
)
def test_system_errors(
    merchant: Merchant, sandbox: Sandbox, paid: str, fault: Answer, code: str, sub_code: str, *, is_done: bool
) -> None:
    sandbox.do("faults", out_trade_no=paid, method=REFUND, kind="system_error", **fault)
    answer = refund(merchant, paid)
    assert (answer["code"], answer["sub_code"]) == (code, sub_code)
    assert refunded(sandbox, paid) == (400 if is_done else 0)


def test_a_business_error_of_ones_choice(merchant: Merchant, sandbox: Sandbox, paid: str) -> None:
    code = "ACQ.SELLER_BALANCE_NOT_ENOUGH"
    sandbox.do("faults", out_trade_no=paid, method=REFUND, kind="business_error", sub_code=code)
    assert refund(merchant, paid)["sub_code"] == code
    assert refunded(sandbox, paid) == 0


def test_answers_that_cannot_be_trusted(merchant: Merchant, sandbox: Sandbox, paid: str) -> None:
    sandbox.do("faults", out_trade_no=paid, method=REFUND, kind="bad_signature")
    sandbox.do("faults", out_trade_no=paid, method=QUERY, kind="garbage")
    with pytest.raises(InvalidSignature):
        refund(merchant, paid)
    with pytest.raises(AssertionError):
        merchant.call(QUERY, {"out_trade_no": paid})
    assert refunded(sandbox, paid) == 400


def test_a_fault_hits_as_often_as_it_counts(merchant: Merchant, sandbox: Sandbox, paid: str) -> None:
    sandbox.do("faults", out_trade_no=paid, kind="system_error", count=2)
    codes = [merchant.call(QUERY, {"out_trade_no": paid})["code"] for _ in range(3)]
    assert codes == ["40004", "40004", "10000"]


def test_a_fault_for_whatever_order_comes_next(merchant: Merchant, sandbox: Sandbox, paid: str) -> None:
    sandbox.do("faults", method=QUERY, kind="system_error")
    codes = [merchant.call(QUERY, {"out_trade_no": paid})["code"] for _ in range(2)]
    assert codes == ["40004", "10000"]


def test_a_slow_answer(merchant: Merchant, sandbox: Sandbox, paid: str) -> None:
    sandbox.do("faults", out_trade_no=paid, method=QUERY, kind="delay", seconds=0.5)
    started = time.monotonic()
    merchant.call(QUERY, {"out_trade_no": paid})
    assert time.monotonic() - started >= 0.5


def test_unknown_faults_are_refused(sandbox: Sandbox) -> None:
    assert "no such fault" in sandbox.do("faults", method=QUERY, kind="withhold")["error"]
    assert "no such fault" in sandbox.do("faults", method="callback", kind="drop")["error"]


def test_the_callback_can_overtake_the_answer(
    merchant: Merchant, sandbox: Sandbox, shop: Inbox, number: str
) -> None:
    sandbox.do("faults", out_trade_no=number, method="alipay.trade.precreate", kind="callback_first")
    announce(merchant, shop, number)
    assert len(shop.bodies) == 1  # it came before precreate's answer did
    assert merchant.verify_notification(shop.bodies[0])["trade_status"] == "TRADE_SUCCESS"


def callback_with(merchant: Merchant, sandbox: Sandbox, shop: Inbox, number: str, **fault: Any) -> dict[str, str]:
    announce(merchant, shop, number)
    sandbox.do("faults", out_trade_no=number, method="callback", **fault)
    sandbox.do("pay", out_trade_no=number)
    return merchant.verify_notification(shop.wait(1)[0])


@pytest.mark.parametrize("kind", ["wrong_amount", "wrong_app_id", "wrong_seller", "other_order"])
def test_well_signed_callbacks_that_do_not_fit(
    merchant: Merchant, sandbox: Sandbox, shop: Inbox, number: str, kind: str
) -> None:
    sent = callback_with(merchant, sandbox, shop, number, kind=kind)
    truth = {"app_id": merchant.app_id, "seller_id": merchant.seller_id, "total_amount": "88.80"}
    truth["out_trade_no"] = number
    field = {"wrong_amount": "total_amount", "wrong_app_id": "app_id", "wrong_seller": "seller_id"}
    assert [name for name in truth if sent[name] != truth[name]] == [field.get(kind, "out_trade_no")]
    (callback,) = settled(sandbox, number, 1)
    sandbox.do(f"callbacks/{callback['id']}/resend")
    assert truth.items() <= merchant.verify_notification(shop.bodies[1]).items()


def test_a_callback_with_values_of_ones_choice(
    merchant: Merchant, sandbox: Sandbox, shop: Inbox, number: str
) -> None:
    fields = {"total_amount": "8880", "trade_status": "TRADE_FINISHED", "extra": "a b+c&d=é"}
    sent = callback_with(merchant, sandbox, shop, number, kind="override", fields=fields)
    assert fields.items() <= sent.items()


def test_a_callback_with_a_bad_signature(merchant: Merchant, sandbox: Sandbox, shop: Inbox, number: str) -> None:
    with pytest.raises(InvalidSignature):
        callback_with(merchant, sandbox, shop, number, kind="bad_signature")


def test_duplicates_come_at_once(merchant: Merchant, sandbox: Sandbox, shop: Inbox, number: str) -> None:
    callback_with(merchant, sandbox, shop, number, kind="duplicate", copies=20)
    assert len(set(shop.wait(20))) == 1
    (callback,) = settled(sandbox, number, 1)
    assert len(callback["sends"]) == 20


def test_a_withheld_callback_is_not_sent(merchant: Merchant, sandbox: Sandbox, shop: Inbox, number: str) -> None:
    announce(merchant, shop, number)
    sandbox.do("faults", out_trade_no=number, method="callback", kind="withhold")
    sandbox.do("pay", out_trade_no=number)
    merchant.call(REFUND, {"out_trade_no": number, "refund_amount": "88.80"})
    shop.wait(1)
    first, second = settled(sandbox, number, 1)
    assert (first["state"], first["sends"], len(second["sends"])) == ("withheld", [], 1)


def test_reordered_callbacks(merchant: Merchant, sandbox: Sandbox, shop: Inbox, number: str) -> None:
    announce(merchant, shop, number)
    sandbox.do("faults", out_trade_no=number, method="callback", kind="reorder")
    sandbox.do("pay", out_trade_no=number)
    merchant.call(REFUND, {"out_trade_no": number, "refund_amount": "88.80"})
    statuses = [merchant.verify_notification(body)["trade_status"] for body in shop.wait(2)]
    assert statuses == ["TRADE_CLOSED", "TRADE_SUCCESS"]


def test_a_delayed_callback(merchant: Merchant, sandbox: Sandbox, shop: Inbox, number: str) -> None:
    started = time.monotonic()
    callback_with(merchant, sandbox, shop, number, kind="delay", seconds=0.6)
    assert time.monotonic() - started >= 0.6


def test_a_signed_callback_out_of_nowhere(merchant: Merchant, sandbox: Sandbox, shop: Inbox) -> None:
    answer = sandbox.do("callbacks", url=shop.url, fields={"out_trade_no": "nobody", "total_amount": "1.00"})
    assert answer == {"status": 200, "answer": "success"}
    assert merchant.verify_notification(shop.bodies[0])["out_trade_no"] == "nobody"
