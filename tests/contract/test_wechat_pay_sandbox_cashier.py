"""The payer's side of the sandboxed WeChat Pay: pages for people, one door for programs."""

import json
import time
from typing import Any

import pytest
import requests

from tests.contract.sandbox_client import Door, Sandbox
from tests.contract.test_wechat_pay_sandbox_orders import H5, JSAPI
from tests.contract.wechat_pay_merchant import WechatPayMerchant


def pay(sandbox: Sandbox, action: Any, decision: str = "pay") -> dict[str, Any]:
    body = {"action": action, "decision": decision}
    return requests.post(f"{sandbox.url}/_sandbox/wechat_pay/pay", json=body, timeout=10).json()


def test_a_person_scans_declines_and_pays(wechat_pay: WechatPayMerchant, sandbox: Sandbox, number: str) -> None:
    content = wechat_pay.open(number, description="<b>Tea</b> 茶").body["code_url"]
    assert "扫一扫" in requests.get(f"{sandbox.url}/wechat_pay/scan", timeout=10).text
    page = requests.get(f"{sandbox.url}/wechat_pay/scan", params={"content": content}, timeout=10)
    for shown in ("88.80", number, "&lt;b&gt;Tea&lt;/b&gt; 茶", "确认支付"):
        assert shown in page.text
    declined = requests.post(page.url, data={"step": "decline"}, timeout=10)
    assert "尚未付款" in declined.text
    assert wechat_pay.query(number).body["trade_state"] == "NOTPAY"
    paid = requests.post(page.url, data={"step": "pay"}, timeout=10)
    assert "支付成功" in paid.text
    assert wechat_pay.query(number).body["trade_state"] == "SUCCESS"


def test_an_h5_page_leads_back_to_the_shop(wechat_pay: WechatPayMerchant, number: str) -> None:
    url = wechat_pay.open(number, "h5", **H5).body["h5_url"] + "&redirect_url=https%3A%2F%2Fshop.example%2Fdone"
    assert "确认支付" in requests.get(url, timeout=10).text
    paid = requests.post(url, data={"step": "pay"}, timeout=10, allow_redirects=False)
    assert (paid.status_code, paid.headers["Location"]) == (303, "https://shop.example/done")
    assert wechat_pay.query(number).body["trade_state"] == "SUCCESS"


def test_pages_of_what_is_closed_or_unknown(wechat_pay: WechatPayMerchant, sandbox: Sandbox, number: str) -> None:
    content = wechat_pay.open(number).body["code_url"]
    wechat_pay.close(number)
    page = requests.get(f"{sandbox.url}/wechat_pay/scan", params={"content": content}, timeout=10)
    assert "订单已关闭" in page.text
    assert requests.post(page.url, data={"step": "pay"}, timeout=10).status_code == 409
    assert requests.get(f"{sandbox.url}/wechat_pay/cashier/none", timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("channel", "more"), [("native", {}), ("h5", H5), ("jsapi", JSAPI), ("app", {})], ids=lambda v: str(v)[:6]
)
def test_one_door_pays_every_action(
    wechat_pay: WechatPayMerchant, sandbox: Sandbox, number: str, channel: str, more: dict[str, Any]
) -> None:
    opened = wechat_pay.open(number, channel, **more).body
    action = {
        "native": lambda: {"type": "QR_CODE", "content": opened["code_url"]},
        "h5": lambda: {"type": "REDIRECT", "url": opened["h5_url"]},
        "jsapi": lambda: {"type": "SDK", "payload": wechat_pay.jsapi_payload(opened["prepay_id"])},
        "app": lambda: {"type": "SDK", "payload": json.dumps(wechat_pay.app_payload(opened["prepay_id"]))},
    }[channel]()
    assert pay(sandbox, action, "decline")["trade_state"] == "NOTPAY"
    assert pay(sandbox, action)["trade_state"] == "SUCCESS"
    assert wechat_pay.query(number).body["trade_state"] == "SUCCESS"


def test_the_payers_openid_comes_back(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str) -> None:
    wechat_pay.open(number, "jsapi", payer={"openid": "oABCDEFG"})
    wechat_pay_door.do("pay", out_trade_no=number)
    assert wechat_pay.query(number).body["payer"] == {"openid": "oABCDEFG"}


@pytest.mark.parametrize(
    "changes",
    [
        {"timeStamp": str(int(time.time()) + 1)},
        {"timeStamp": "1700000000000"},
        {"nonceStr": "another"},
        {"appId": "wx0000000000000001"},
        {"signType": "HMAC-SHA256"},
        {"paySign": "AAAA"},
        {"paySign": "!"},
    ],
)
def test_a_jsapi_payload_must_be_signed_as_it_is(
    wechat_pay: WechatPayMerchant, sandbox: Sandbox, number: str, changes: dict[str, str]
) -> None:
    prepay_id = wechat_pay.open(number, "jsapi", **JSAPI).body["prepay_id"]
    payload = wechat_pay.jsapi_payload(prepay_id, **changes)
    assert pay(sandbox, {"payload": payload})["code"] == "INVALID_REQUEST"


def test_apps_sign_the_bare_prepay_id(wechat_pay: WechatPayMerchant, sandbox: Sandbox, number: str) -> None:
    prepay_id = wechat_pay.open(number, "app").body["prepay_id"]
    payload = wechat_pay.app_payload(prepay_id)
    prefixed = wechat_pay.sign(
        wechat_pay.app_id, payload["timestamp"], payload["noncestr"], f"prepay_id={prepay_id}"
    )
    for changes in ({"sign": prefixed}, {"package": f"prepay_id={prepay_id}"}, {"partnerid": "1900000001"}):
        assert pay(sandbox, {"payload": payload | changes})["code"] == "INVALID_REQUEST"
    # An order of another channel is not this payload's, however well it is signed.
    assert pay(sandbox, {"payload": wechat_pay.jsapi_payload(prepay_id)})["code"] == "INVALID_REQUEST"
    assert pay(sandbox, {"payload": payload})["trade_state"] == "SUCCESS"


@pytest.mark.parametrize(
    "action", [{}, {"content": "https://example.com"}, {"content": "weixin://wxpay/bizpayurl?pr=none"}]
)
def test_actions_that_are_none(sandbox: Sandbox, action: dict[str, str]) -> None:
    assert pay(sandbox, action)["code"] in {"INVALID_REQUEST", "ORDER_NOT_EXIST"}
