"""wechatpayv3 and our adapter, side by side on the same sandbox."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.utils import build_authorization

from paygate.adapters.rails.exact_json import inner, read_object
from paygate.adapters.rails.wechat_pay.sealing import opener
from paygate.adapters.rails.wechat_pay.signing import RequestSigner
from paygate.ports import CallbackRequest, Order, RefundOrder, RefundStatus, TradeStatus
from tests.contract.rails.wechat_pay_driver import WechatPayDriver
from tests.contract.sandbox_client import Inbox, Sandbox


@dataclass(frozen=True)
class Pair:
    driver: WechatPayDriver
    sdk: Any


@pytest.fixture(scope="module")
def given(sandbox: Sandbox) -> dict[str, str]:
    """The merchant's settings, files read."""
    found = {name: value for name, value in sandbox.settings().items() if name.startswith("WECHAT_PAY")}
    return {name: Path(value).read_text() if name.endswith("_FILE") else value for name, value in found.items()}


@pytest.fixture(scope="module", params=[False, True], ids=["public key", "certificate"])
def driver(request: pytest.FixtureRequest, sandbox: Sandbox) -> WechatPayDriver:
    return WechatPayDriver(sandbox, is_certified=request.param)


@pytest.fixture
def pair(driver: WechatPayDriver, given: dict[str, str], sandbox: Sandbox, shop: Inbox, tmp_path: Path) -> Pair:
    (tmp_path / "platform.pem").write_text(given["WECHAT_PAY_PLATFORM_CERTS_FILE"])
    public = {
        "public_key": given["WECHAT_PAY_PUBLIC_KEY_FILE"],
        "public_key_id": given["WECHAT_PAY_PUBLIC_KEY_ID"],
    }
    sdk = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=given["WECHAT_PAY_MCH_ID"],
        private_key=given["WECHAT_PAY_PRIVATE_KEY_FILE"],
        cert_serial_no=given["WECHAT_PAY_MERCHANT_SERIAL"],
        appid=given["WECHAT_PAY_APP_ID"],
        apiv3_key=given["WECHAT_PAY_API_V3_KEY"],
        notify_url=shop.url,
        cert_dir=str(tmp_path),
        timeout=10,
        **(public if driver.settings.public_key else {}),
    )
    sdk._core._gate_way = f"{sandbox.url}/wechat_pay"
    return Pair(driver, sdk)


def _order(driver: WechatPayDriver, number: str, channel: str = "QR") -> Order:
    now = datetime.now(UTC)
    return Order(number, channel, driver.amount(10000), "Tea 茶", now, now + timedelta(minutes=30), payer_id="o1")


@pytest.mark.parametrize("body", ["", '{"a":1}', '{"description":"Tea 茶 100% + a=b"}\n'])
@pytest.mark.parametrize("target", ["/v3/certificates", "/v3/pay/transactions/out-trade-no/R1?mchid=1900000001"])
def test_the_same_request_gives_the_same_header(pair: Pair, body: str, target: str) -> None:
    ours, core = pair.driver.settings, pair.sdk._core
    theirs = build_authorization(target, "POST", ours.mch_id, ours.merchant_serial, core._private_key, data=body)
    found = re.search(r'nonce_str="(\w+)".*timestamp="(\d+)"', theirs)
    assert found
    signer = RequestSigner(ours.mch_id, ours.merchant_serial, ours.private_key)
    assert signer.authorization("POST", target, body.encode(), int(found[2]), found[1]) == theirs


def test_what_the_payers_sdk_gets_is_signed_alike(pair: Pair, shop: Inbox, number: str) -> None:
    rail = pair.driver.rail(shop.url)
    browser = json.loads(rail.open(_order(pair.driver, f"{number}J", "JSAPI")).fields["payload"])
    signed = [browser[name] for name in ("appId", "timeStamp", "nonceStr", "package")]
    assert pair.sdk.sign(signed) == browser["paySign"]
    app = json.loads(rail.open(_order(pair.driver, f"{number}A", "APP")).fields["payload"])
    assert pair.sdk.sign([app[name] for name in ("appid", "timestamp", "noncestr", "prepayid")]) == app["sign"]


def test_the_same_answers_are_read(pair: Pair, shop: Inbox, number: str) -> None:
    rail = pair.driver.rail(shop.url)
    target = f"/v3/pay/transactions/out-trade-no/{number}?mchid={pair.driver.settings.mch_id}"
    rail.open(_order(pair.driver, number))
    for _ in range(2):
        status, text = pair.sdk.query(out_trade_no=number)
        assert (status, json.loads(text)) == (200, rail._client.get(target))
        if json.loads(text)["trade_state"] == "NOTPAY":
            pair.driver.do("pay", out_trade_no=number)


def test_the_same_callback_is_read(pair: Pair, shop: Inbox, number: str) -> None:
    rail, settings = pair.driver.rail(shop.url), pair.driver.settings
    opened = opener(settings.api_v3_key)
    rail.open(_order(pair.driver, number))
    pair.driver.do("pay", out_trade_no=number)
    rail.refund(RefundOrder(_order(pair.driver, number), f"{number}F", pair.driver.amount(6000), datetime.now(UTC)))
    for at, body in enumerate(shop.wait(2)[:2]):
        callback = CallbackRequest(body, shop.headers[at])
        assert rail.read_callback(callback) is not None
        theirs = pair.sdk.callback(shop.headers[at], body)
        envelope = read_object(body)
        assert theirs["id"] == envelope["id"]
        assert theirs["resource"] == json.loads(opened(inner(envelope, "resource")))


def test_a_changed_callback_is_read_by_neither(pair: Pair, shop: Inbox, number: str) -> None:
    pair.driver.rail(shop.url).open(_order(pair.driver, number))
    pair.driver.do("pay", out_trade_no=number)
    body = shop.wait(1)[0]
    assert pair.sdk.callback(shop.headers[0], body) is not None
    assert pair.sdk.callback(shop.headers[0], body.replace(b"TRANSACTION", b"transaction")) is None


def test_one_opens_and_the_other_goes_on(pair: Pair, shop: Inbox, number: str) -> None:
    rail = pair.driver.rail(shop.url)
    status, _ = pair.sdk.pay(description="Tea", out_trade_no=number, amount={"total": 10000})
    assert status == 200
    pair.driver.do("pay", out_trade_no=number)
    order = _order(pair.driver, number)
    assert rail.query(order).status is TradeStatus.PAID
    amount = {"refund": 6000, "total": 10000, "currency": "CNY"}
    status, _ = pair.sdk.refund(out_trade_no=number, out_refund_no=f"{number}F", amount=amount)
    refund = RefundOrder(order, f"{number}F", pair.driver.amount(6000), datetime.now(UTC))
    assert (status, rail.query_refund(refund).status) in (
        (200, RefundStatus.PENDING),
        (200, RefundStatus.SUCCEEDED),
    )
    assert rail.query(_order(pair.driver, f"{number}X")).status is TradeStatus.ABSENT
    assert pair.sdk.query(out_trade_no=f"{number}X")[0] == 404
