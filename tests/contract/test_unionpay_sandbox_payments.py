"""A front payment from form to notification, and what queries say of it on the way."""

import pytest
import requests

from tests.contract.sandbox_client import Inbox, Sandbox
from tests.contract.unionpay_merchant import UnionPayMerchant, form_of, see


@pytest.fixture
def unionpay(sandbox: Sandbox) -> UnionPayMerchant:
    return UnionPayMerchant(sandbox.settings(), sandbox.url)


def test_a_front_payment_from_form_to_notification(
    unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str
) -> None:
    fields = unionpay.fields("front", number, backUrl=shop.url, reqReserved="a+b=c 中文")
    txn_time = fields["txnTime"]
    page = unionpay.post("frontTransReq", unionpay.signed(fields))
    assert "88.80" in page.text
    assert unionpay.query(number, txn_time)["respCode"] == "34"

    begun = requests.post(page.url, data={"step": "begin"}, timeout=10)
    assert 'value="pay"' in begun.text
    waiting = unionpay.query(number, txn_time)
    assert (waiting["respCode"], waiting["origRespCode"]) == ("00", "05")
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
    assert (told["respCode"], asked["respCode"], asked["origRespCode"]) == ("00", "00", "00")
    assert asked["queryId"] == told["queryId"]
    assert unionpay.call("query", "", queryId=told["queryId"], txnTime="")["orderId"] == number
    assert see(sandbox, "ledger")["orders"][number]["paid"] == 8880
