"""The payer's pages, and the one door that pays any payment's action."""

import re
from typing import Any

import pytest
import requests

from tests.contract.sandbox_client import Sandbox
from tests.contract.unionpay_merchant import UnionPayMerchant, form_of, see


def status(unionpay: UnionPayMerchant, sandbox: Sandbox, number: str) -> str:
    answer = unionpay.query(number, see(sandbox, f"orders/{number}")["txn_time"])
    return answer.get("origRespCode") or answer["respCode"]


@pytest.mark.parametrize("channel", ["07", "08"])
def test_a_person_pays_and_is_led_back(unionpay: UnionPayMerchant, number: str, channel: str) -> None:
    back = "http://127.0.0.1:9/back?mine=1&other=2"
    fields = unionpay.fields("front", number, channelType=channel, frontUrl=back, orderDesc="<b>书 & 茶</b>")
    with requests.Session() as browser:
        page = browser.post(unionpay.gateway + "frontTransReq.do", data=unionpay.signed(fields), timeout=10)
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "88.80" in page.text
        assert "&lt;b&gt;书 &amp; 茶&lt;/b&gt;" in page.text
        assert not re.search(r'(src|href)="', page.text)
        assert 'value="pay"' not in page.text
        assert 'value="pay"' in browser.post(page.url, data={"step": "begin"}, timeout=10).text
        assert "try again" in browser.post(page.url, data={"step": "decline"}, timeout=10).text
        paid = browser.post(page.url, data={"step": "pay"}, timeout=10)
        url, front = form_of(paid.text)
        assert url == back
        assert unionpay.believe(front)["orderId"] == number
        assert 'value="pay"' not in browser.get(page.url, timeout=10).text
        assert browser.post(page.url, data={"step": "pay"}, timeout=10).status_code == 409


def test_the_form_can_be_posted_again_until_it_is_paid(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str
) -> None:
    fields = unionpay.signed(unionpay.fields("front", number))
    first, again = (unionpay.post("frontTransReq", fields) for _ in range(2))
    assert first.url == again.url
    requests.post(first.url, data={"step": "pay"}, timeout=10)
    assert "12 重复交易" in unionpay.post("frontTransReq", fields).text
    assert see(sandbox, f"orders/{number}")["paid"] == 8880


@pytest.mark.parametrize("path", ["cashier/nothing", "qr/nothing", "app/000000000000000000000"])
def test_there_is_no_page_for_no_order(sandbox: Sandbox, path: str) -> None:
    page = requests.get(f"{sandbox.url}/unionpay/{path}", timeout=10)
    assert (page.status_code, "34 查无此交易" in page.text) == (404, True)


def actions(unionpay: UnionPayMerchant, number: str) -> dict[str, dict[str, Any]]:
    form = unionpay.signed(unionpay.fields("front", number))
    tn = unionpay.call("app", number + "a")["tn"]
    return {
        number: {"type": "FORM_POST", "url": unionpay.gateway + "frontTransReq.do", "fields": form},
        number + "a": {"type": "SDK", "payload": {"tn": tn}},
        number + "b": {"type": "SDK", "payload": unionpay.call("app", number + "b")["tn"]},
        number + "q": {"type": "QR_CODE", "content": unionpay.call("qr", number + "q")["qrCode"]},
    }


@pytest.mark.parametrize(
    ("asked", "expected"), [({}, "00"), ({"decision": "decline"}, "64"), ({"decision": "begin"}, "05")]
)
def test_one_door_pays_every_kind_of_action(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str, asked: dict[str, str], expected: str
) -> None:
    for name, action in actions(unionpay, number).items():
        done = requests.post(f"{sandbox.url}/_sandbox/unionpay/pay", json={"action": action, **asked}, timeout=10)
        assert (done.status_code, done.json()["order_id"]) == (200, name)
        assert status(unionpay, sandbox, name) == expected


def test_the_door_refuses_what_the_cashier_refuses(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str
) -> None:
    form = unionpay.signed(unionpay.fields("front", number))
    here, elsewhere = unionpay.gateway + "frontTransReq.do", "https://example.org/gateway/api/other.do"
    wrong = [
        ({"url": here, "fields": form | {"txnAmt": "1"}}, "11"),
        ({"url": elsewhere, "fields": form}, "10"),
        ({"payload": {"tn": "0"}}, "34"),
        ({"content": "https://example.org/qr/0"}, "34"),
        ({}, "10"),
    ]
    for action, code in wrong:
        refused = requests.post(f"{sandbox.url}/_sandbox/unionpay/pay", json={"action": action}, timeout=10)
        assert (refused.status_code, refused.json()["respCode"]) == (409, code)
