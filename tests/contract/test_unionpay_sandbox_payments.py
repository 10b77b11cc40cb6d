"""Payments of each kind, from the merchant's call to the notification, and what queries say on the way."""

from datetime import datetime, timedelta

import pytest
import requests

from tests.contract.sandbox_client import Inbox, Sandbox
from tests.contract.unionpay_merchant import BEIJING, Fields, UnionPayMerchant, beijing, do, form_of, see


def opened(unionpay: UnionPayMerchant, number: str, **more: str) -> str:
    """A QR payment; its txnTime."""
    txn_time = beijing()
    assert unionpay.call("qr", number, txnTime=txn_time, **more)["respCode"] == "00"
    return txn_time


def codes(answer: Fields) -> tuple[str, str | None]:
    return answer["respCode"], answer.get("origRespCode")


def test_a_front_payment_from_form_to_notification(
    unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str
) -> None:
    fields = unionpay.fields("front", number, backUrl=shop.url, reqReserved="a+b=c 中文")
    txn_time = fields["txnTime"]
    page = unionpay.post("frontTransReq", unionpay.signed(fields))
    assert "88.80" in page.text
    assert codes(unionpay.query(number, txn_time)) == ("34", None)

    begun = requests.post(page.url, data={"step": "begin"}, timeout=10)
    assert 'value="pay"' in begun.text
    waiting = unionpay.query(number, txn_time)
    assert codes(waiting) == ("00", "05")
    assert "queryId" not in waiting

    paid = requests.post(page.url, data={"step": "pay"}, timeout=10)
    url, front = form_of(paid.text)
    assert url == fields["frontUrl"]
    told = unionpay.read_notification(shop.wait(1)[0])
    assert unionpay.believe(front) == told
    asked = unionpay.query(number, txn_time)
    truth = {"orderId": number, "txnTime": txn_time, "txnAmt": "8880", "settleAmt": "8880", "currencyCode": "156"}
    truth |= {"merId": unionpay.mer_id, "txnType": "01", "reqReserved": "a+b=c 中文"}
    for message in (told, asked):
        assert truth.items() <= message.items()
    assert (told["respCode"], *codes(asked)) == ("00", "00", "00")
    assert asked["queryId"] == told["queryId"]
    assert unionpay.call("query", "", queryId=told["queryId"], txnTime="")["orderId"] == number
    assert see(sandbox, "ledger")["orders"][number]["paid"] == 8880


@pytest.mark.parametrize("kind", ["app", "qr"])
def test_a_tn_and_a_qr_code_open_the_same_cashier(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str, kind: str
) -> None:
    fields = unionpay.fields(kind, number)
    door = "appTransReq" if kind == "app" else "backTransReq"
    first, again = (unionpay.read(unionpay.post(door, unionpay.signed(fields)).content) for _ in range(2))
    assert first == again
    url = first["qrCode"] if kind == "qr" else f"{sandbox.url}/unionpay/app/{first['tn']}"
    assert "88.80" in requests.get(url, timeout=10).text
    assert codes(unionpay.query(number, fields["txnTime"])) == ("34", None)
    assert "支付成功" in requests.post(url, data={"step": "pay"}, timeout=10).text
    assert codes(unionpay.query(number, fields["txnTime"])) == ("00", "00")


@pytest.mark.parametrize("changed", ["txnAmt", "txnTime", "backUrl", "payTimeout", "nothing"])
def test_an_order_number_holds_one_order(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str, changed: str
) -> None:
    other = {"txnAmt": "8881", "txnTime": beijing(-1), "backUrl": "http://127.0.0.1:9/2", "payTimeout": beijing(99)}
    txn_time = opened(unionpay, number)
    again = unionpay.call("qr", number, **({"txnTime": txn_time} | {changed: other.get(changed, "")}))
    assert again["respCode"] == ("00" if changed == "nothing" else "12")
    assert see(sandbox, f"orders/{number}")["txn_amt"] == 8880


def test_what_is_paid_cannot_be_opened_or_paid_again(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str
) -> None:
    fields = unionpay.fields("qr", number)
    code = unionpay.read(unionpay.post("backTransReq", unionpay.signed(fields)).content)["qrCode"]
    do(sandbox, "pay", order_id=number)
    again = unionpay.post("backTransReq", unionpay.signed(fields))
    assert unionpay.read(again.content)["respCode"] == "12"
    assert requests.post(code, data={"step": "pay"}, timeout=10).status_code == 409


def test_orders_are_found_by_number_and_time_together(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str
) -> None:
    txn_time = opened(unionpay, number)
    do(sandbox, "pay", order_id=number)
    assert codes(unionpay.query(number, beijing(-60))) == ("34", None)
    assert codes(unionpay.query(number + "x", txn_time)) == ("34", None)
    missing = unionpay.call("query", "", queryId="0" * 21, txnTime="")
    assert codes(missing) == ("34", None)
    assert missing["txnType"] == "00"


def test_a_declined_card_is_not_the_end_before_the_time_is_up(
    unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str
) -> None:
    txn_time = opened(unionpay, number, backUrl=shop.url)
    do(sandbox, "decline", order_id=number)
    assert codes(unionpay.query(number, txn_time)) == ("00", "64")
    do(sandbox, "pay", order_id=number, resp_code="51")
    assert codes(unionpay.query(number, txn_time)) == ("00", "51")
    assert see(sandbox, "callbacks", order_id=number)["callbacks"] == []
    do(sandbox, "pay", order_id=number)
    assert codes(unionpay.query(number, txn_time)) == ("00", "00")
    assert unionpay.read_notification(shop.wait(1)[0])["respCode"] == "00"


@pytest.mark.parametrize("code", ["03", "04", "05"])
@pytest.mark.parametrize("end", ["00", "64"])
def test_processing_until_told_otherwise(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str, code: str, end: str
) -> None:
    txn_time = opened(unionpay, number)
    do(sandbox, "outcome", order_id=number, resp_code=code)
    do(sandbox, "pay", order_id=number)
    assert codes(unionpay.query(number, txn_time)) == ("00", code)
    assert do(sandbox, "pay", order_id=number)["respCode"] == "12"
    assert see(sandbox, "callbacks", order_id=number)["callbacks"] == []
    do(sandbox, "finish", order_id=number, resp_code=end)
    assert codes(unionpay.query(number, txn_time)) == ("00", end)
    assert len(see(sandbox, "callbacks", order_id=number)["callbacks"]) == (1 if end == "00" else 0)


def test_partial_success(unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str) -> None:
    txn_time = opened(unionpay, number, backUrl=shop.url)
    do(sandbox, "outcome", order_id=number, resp_code="A6", settle_amt=8000)
    do(sandbox, "pay", order_id=number)
    told = unionpay.read_notification(shop.wait(1)[0])
    assert (told["respCode"], told["txnAmt"], told["settleAmt"]) == ("A6", "8880", "8000")
    asked = unionpay.query(number, txn_time)
    assert (*codes(asked), asked["settleAmt"]) == ("00", "A6", "8000")


def test_after_pay_timeout_nobody_can_pay(unionpay: UnionPayMerchant, sandbox: Sandbox, number: str) -> None:
    code = unionpay.call("qr", number, payTimeout=beijing(2))["qrCode"]
    assert 'value="begin"' in requests.get(code, timeout=10).text
    txn_time = see(sandbox, f"orders/{number}")["txn_time"]
    assert codes(unionpay.query(number, txn_time)) == ("34", None)
    do(sandbox, "age", order_id=number, seconds=3)
    assert "has expired" in requests.get(code, timeout=10).text
    refused = requests.post(code, data={"step": "pay"}, timeout=10)
    assert (refused.status_code, "39" in refused.text) == (409, True)
    assert codes(unionpay.query(number, txn_time)) == ("00", "39")


def test_the_settlement_day_rolls_at_eleven_in_the_evening(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str
) -> None:
    txn_time = opened(unionpay, number)
    do(sandbox, "pay", order_id=number)
    now = datetime.now(BEIJING)
    last_roll = (now + timedelta(hours=1)).replace(hour=0, minute=0, second=0) - timedelta(hours=1)
    for earlier, days in ((timedelta(minutes=-30), 1), (timedelta(minutes=31), 0)):
        paid_at = datetime.fromtimestamp(see(sandbox, f"orders/{number}")["trace_at"], BEIJING)
        do(sandbox, "age", order_id=number, seconds=(paid_at - last_roll + earlier).total_seconds())
        expected = (last_roll + timedelta(days=days)).strftime("%m%d")
        assert unionpay.query(number, txn_time)["settleDate"] == expected
