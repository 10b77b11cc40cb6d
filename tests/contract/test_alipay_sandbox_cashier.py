"""The payer's pages, and the one door that pays any payment's action."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests

from tests.contract.sandbox_client import Inbox, Merchant, Sandbox

CHANNELS = {
    "alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY",
    "alipay.trade.wap.pay": "QUICK_WAP_WAY",
    "alipay.trade.app.pay": "QUICK_MSECURITY_PAY",
}


def order(number: str, method: str) -> dict[str, str]:
    biz = {"out_trade_no": number, "total_amount": "12.34", "subject": "<b>书 & 茶</b>"}
    return biz | ({"product_code": CHANNELS[method]} if method in CHANNELS else {})


def link(merchant: Merchant, number: str, method: str, **more: str) -> str:
    signed = merchant.signed(merchant.params(method, order(number, method), **more))
    return f"{merchant.gateway}?{urlencode(signed)}"


def query(merchant: Merchant, number: str) -> str:
    answer = merchant.call("alipay.trade.query", {"out_trade_no": number})
    return answer.get("trade_status") or answer["sub_code"]


def test_a_person_scans_and_pays(merchant: Merchant, number: str) -> None:
    code = merchant.call("alipay.trade.precreate", order(number, ""))["qr_code"]
    with requests.Session() as browser:
        page = browser.get(code, timeout=10)
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "12.34" in page.text
        assert "&lt;b&gt;书 &amp; 茶&lt;/b&gt;" in page.text
        assert not re.search(r'(src|href)="', page.text)
        assert 'value="pay"' not in page.text
        assert 'value="pay"' in browser.post(code, data={"step": "scan"}, timeout=10).text
        assert query(merchant, number) == "WAIT_BUYER_PAY"
        assert "Not paid" in browser.post(code, data={"step": "decline"}, timeout=10).text
        assert query(merchant, number) == "WAIT_BUYER_PAY"
        assert "支付成功" in browser.post(code, data={"step": "pay"}, timeout=10).text
        assert query(merchant, number) == "TRADE_SUCCESS"
        assert browser.post(code, data={"step": "pay"}, timeout=10).status_code == 409


@pytest.mark.parametrize("method", ["alipay.trade.page.pay", "alipay.trade.wap.pay"])
def test_pages_lead_back_with_a_signature(merchant: Merchant, number: str, method: str) -> None:
    back = "http://127.0.0.1:9/back?mine=1"
    with requests.Session() as browser:
        page = browser.get(link(merchant, number, method, return_url=back), timeout=10)
        assert query(merchant, number) == "ACQ.TRADE_NOT_EXIST"
        browser.post(page.url, data={"step": "scan"}, timeout=10)
        answer = browser.post(page.url, data={"step": "pay"}, timeout=10, allow_redirects=False)
    assert answer.headers["Location"].startswith(back + "&")
    params = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert params.pop("mine") == "1"
    merchant.verify_params(params)
    assert (params["out_trade_no"], params["total_amount"]) == (number, "12.34")
    assert query(merchant, number) == "TRADE_SUCCESS"


def test_a_posted_form_opens_the_same_page(merchant: Merchant, number: str) -> None:
    method = "alipay.trade.page.pay"
    fields = merchant.signed(merchant.params(method, order(number, method)))
    posted = requests.post(f"{merchant.gateway}?charset=utf-8", data=fields, timeout=10)
    opened = requests.get(f"{merchant.gateway}?{urlencode(fields)}", timeout=10)
    assert posted.url == opened.url
    assert "登录并继续" in posted.text


def test_a_tampered_link_shows_an_error(merchant: Merchant, number: str) -> None:
    url = link(merchant, number, "alipay.trade.page.pay")
    assert "isv.invalid-signature" in requests.get(url.replace("12.34", "00.01"), timeout=10).text


def test_a_wrong_product_code_shows_an_error(merchant: Merchant, number: str) -> None:
    biz = order(number, "alipay.trade.page.pay") | {"product_code": "QUICK_WAP_WAY"}
    signed = merchant.signed(merchant.params("alipay.trade.page.pay", biz))
    page = requests.get(merchant.gateway, params=signed, timeout=10)
    assert "ACQ.INVALID_PARAMETER" in page.text


def test_the_app_opens_an_order_string(merchant: Merchant, sandbox: Sandbox, number: str) -> None:
    string = urlsplit(link(merchant, number, "alipay.trade.app.pay")).query
    assert "12.34" in requests.post(f"{sandbox.url}/alipay/app", data=string, timeout=10).text
    assert query(merchant, number) == "WAIT_BUYER_PAY"
    forged = requests.post(f"{sandbox.url}/alipay/app", data=string.replace("12.34", "0.01"), timeout=10)
    assert forged.json()["sub_code"] == "isv.invalid-signature"


def actions(merchant: Merchant, number: str) -> dict[str, dict[str, Any]]:
    page, app = "alipay.trade.page.pay", "alipay.trade.app.pay"
    fields = merchant.signed(merchant.params(page, order(number, page)))
    qr = merchant.call("alipay.trade.precreate", order(number, ""))["qr_code"]
    string = urlsplit(link(merchant, number + "a", app)).query
    return {
        number: {"type": "QR_CODE", "content": qr},
        number + "w": {"type": "REDIRECT", "url": link(merchant, number + "w", page)},
        number + "a": {"type": "SDK", "payload": {"orderString": string}},
        number + "f": {
            "type": "FORM_POST",
            "url": merchant.gateway,
            "fields": merchant.signed(
                fields
                | {"biz_content": merchant.params(page, order(number + "f", page))["biz_content"], "sign": ""}
            ),
        },
    }


def test_one_door_pays_every_kind_of_action(merchant: Merchant, sandbox: Sandbox, shop: Inbox, number: str) -> None:
    for name, action in actions(merchant, number).items():
        paid = requests.post(f"{sandbox.url}/_sandbox/alipay/pay", json={"action": action}, timeout=10)
        assert (paid.status_code, paid.json()["out_trade_no"]) == (200, name)
        assert query(merchant, name) == "TRADE_SUCCESS"


def test_the_door_can_also_only_scan(merchant: Merchant, sandbox: Sandbox, number: str) -> None:
    content = merchant.call("alipay.trade.precreate", order(number, ""))["qr_code"]
    asked = {"action": {"content": content}, "decision": "scan"}
    requests.post(f"{sandbox.url}/_sandbox/alipay/pay", json=asked, timeout=10)
    assert query(merchant, number) == "WAIT_BUYER_PAY"
