"""python-alipay-sdk, unchanged but for its address, is served as by the original."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import alipay
import pytest
import requests

from tests.contract.sandbox_client import Inbox, Sandbox

# The SDK reads certificates with what pyOpenSSL calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
Client = Any


def public_key_client(settings: dict[str, str]) -> Client:
    return alipay.AliPay(
        appid=settings["ALIPAY_APP_ID"],
        app_private_key_string=Path(settings["ALIPAY_APP_PRIVATE_KEY_FILE"]).read_text(),
        alipay_public_key_string=Path(settings["ALIPAY_PUBLIC_KEY_FILE"]).read_text(),
    )


def certificate_client(settings: dict[str, str]) -> Client:
    return alipay.DCAliPay(
        appid=settings["ALIPAY_APP_ID"],
        app_private_key_string=Path(settings["ALIPAY_APP_PRIVATE_KEY_FILE"]).read_text(),
        app_public_key_cert_string=Path(settings["ALIPAY_APP_CERT_FILE"]).read_text(),
        alipay_public_key_cert_string=Path(settings["ALIPAY_CERT_FILE"]).read_text(),
        alipay_root_cert_string=Path(settings["ALIPAY_ROOT_CERT_FILE"]).read_text(),
    )


@pytest.fixture(params=[public_key_client, certificate_client], ids=["public key", "certificate"])
def client(request: pytest.FixtureRequest, sandbox: Sandbox) -> Client:
    made = request.param(sandbox.settings())
    made._gateway = f"{sandbox.url}/alipay/gateway.do"
    return made


def test_a_life_through_the_sdk(client: Client, sandbox: Sandbox, shop: Inbox, number: str) -> None:
    created = client.api_alipay_trade_precreate(
        subject="测试 + 商品", out_trade_no=number, total_amount=9.9, notify_url=shop.url
    )
    assert created["code"] == "10000"
    assert client.api_alipay_trade_query(number)["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    requests.post(created["qr_code"], data={"step": "pay"}, timeout=10)
    assert client.api_alipay_trade_query(number)["trade_status"] == "TRADE_SUCCESS"

    notice = dict(parse_qsl(shop.wait(1)[0].decode(), keep_blank_values=True))
    signature = notice.pop("sign")
    assert client.verify(dict(notice), signature)
    assert not client.verify(notice | {"total_amount": "0.99"}, signature)

    refunded = client.api_alipay_trade_refund("1.10", number, out_request_no="r1")
    assert (refunded["fund_change"], refunded["refund_fee"]) == ("Y", "1.10")
    asked = client.api_alipay_trade_fastpay_refund_query("r1", out_trade_no=number)
    assert (asked["refund_status"], asked["refund_amount"]) == ("REFUND_SUCCESS", "1.10")
    assert client.api_alipay_trade_cancel(number)["sub_code"] == "ACQ.REASON_TRADE_REFUND_FEE_ERR"


def test_closing_through_the_sdk(client: Client, sandbox: Sandbox, number: str) -> None:
    client.api_alipay_trade_precreate(subject="x", out_trade_no=number, total_amount="1.00")
    sandbox.do("scan", out_trade_no=number)
    assert client.api_alipay_trade_close(number)["code"] == "10000"
    assert client.api_alipay_trade_query(number)["trade_status"] == "TRADE_CLOSED"


@pytest.mark.parametrize("channel", ["page", "wap", "app"])
def test_cashiers_opened_with_the_sdks_strings(client: Client, sandbox: Sandbox, number: str, channel: str) -> None:
    opened = getattr(client, f"api_alipay_trade_{channel}_pay")
    string = opened(subject="茶 & 书", out_trade_no=number, total_amount="3.00")
    url = f"{client._gateway}?{string}"
    action = {"payload": string} if channel == "app" else {"url": url}
    requests.post(f"{sandbox.url}/_sandbox/alipay/pay", json={"action": action}, timeout=10)
    assert client.api_alipay_trade_query(number)["trade_status"] == "TRADE_SUCCESS"
