"""wechatpayv3, unchanged but for its address, is served as by the original."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from wechatpayv3 import WeChatPay, WeChatPayType

from tests.contract.sandbox_client import Door, Inbox, Sandbox
from tests.contract.test_wechat_pay_sandbox_orders import H5, JSAPI
from tests.contract.wechat_pay_merchant import WechatPayMerchant

Client = Any


def client_of(merchant: WechatPayMerchant, notify_url: str, **trust: str) -> Client:
    settings = merchant.settings
    client = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=settings["WECHAT_PAY_MCH_ID"],
        private_key=Path(settings["WECHAT_PAY_PRIVATE_KEY_FILE"]).read_text(),
        cert_serial_no=settings["WECHAT_PAY_MERCHANT_SERIAL"],
        appid=settings["WECHAT_PAY_APP_ID"],
        apiv3_key=settings["WECHAT_PAY_API_V3_KEY"],
        notify_url=notify_url,
        timeout=10,
        **trust,
    )
    client._core._gate_way = f"{merchant.sandbox_url}/wechat_pay"
    return client


@pytest.fixture(params=["public key", "certificate"])
def client(
    request: pytest.FixtureRequest,
    wechat_pay: WechatPayMerchant,
    wechat_pay_door: Door,
    shop: Inbox,
    tmp_path: Path,
) -> Iterator[Client]:
    settings = wechat_pay.settings
    if request.param == "certificate":
        shutil.copy(settings["WECHAT_PAY_PLATFORM_CERTS_FILE"], tmp_path)
        yield client_of(wechat_pay, shop.url, cert_dir=str(tmp_path))
        return
    public_key = Path(settings["WECHAT_PAY_PUBLIC_KEY_FILE"]).read_text()
    public_key_id = settings["WECHAT_PAY_PUBLIC_KEY_ID"]
    wechat_pay_door.do("switches", callback_key="public_key")
    yield client_of(wechat_pay, shop.url, public_key=public_key, public_key_id=public_key_id)
    wechat_pay_door.do("switches", callback_key="certificate")


def read(answer: tuple[int, str]) -> dict[str, Any]:
    status, body = answer
    assert status == 200, body
    return json.loads(body)


def refund(client: Client, number: str, fen: int) -> dict[str, Any]:
    amount = {"refund": fen, "total": 990, "currency": "CNY"}
    return read(client.refund(out_trade_no=number, out_refund_no=f"{number}A", amount=amount, reason="退货 + more"))


def test_a_life_through_the_client(
    client: Client, sandbox: Sandbox, wechat_pay_door: Door, shop: Inbox, number: str
) -> None:
    opened = read(client.pay(description="测试 + 商品", out_trade_no=number, amount={"total": 990}))
    assert read(client.query(out_trade_no=number))["trade_state"] == "NOTPAY"
    action = {"action": {"content": opened["code_url"]}}
    assert requests.post(f"{sandbox.url}/_sandbox/wechat_pay/pay", json=action, timeout=10).ok
    paid = read(client.query(out_trade_no=number))
    assert read(client.query(transaction_id=paid["transaction_id"])) == paid
    assert (paid["trade_state"], paid["amount"]["total"]) == ("SUCCESS", 990)

    wechat_pay_door.do("faults", out_trade_no=number, method="refund", kind="becomes", status="SUCCESS")
    assert refund(client, number, 110)["status"] == "PROCESSING"
    refunded = read(client.query_refund(f"{number}A"))
    assert (refunded["status"], refunded["amount"]["refund"]) == ("SUCCESS", 110)

    shop.wait(2)
    events = [client.callback(*received) for received in zip(shop.headers, shop.bodies, strict=True)]
    by_type = {event["event_type"]: event["resource"] for event in events}
    assert by_type["TRANSACTION.SUCCESS"]["transaction_id"] == paid["transaction_id"]
    assert by_type["REFUND.SUCCESS"]["out_refund_no"] == f"{number}A"


def test_closing_through_the_client(client: Client, number: str) -> None:
    read(client.pay(description="x", out_trade_no=number, amount={"total": 990}))
    assert client.close(number)[0] == 204
    assert read(client.query(out_trade_no=number))["trade_state"] == "CLOSED"


@pytest.mark.parametrize(
    ("channel", "more", "field"),
    [
        (WeChatPayType.H5, H5, "h5_url"),
        (WeChatPayType.JSAPI, JSAPI, "prepay_id"),
        (WeChatPayType.APP, {}, "prepay_id"),
    ],
)
def test_other_channels_through_the_client(
    client: Client, number: str, channel: WeChatPayType, more: dict[str, Any], field: str
) -> None:
    asked = {"description": "x", "out_trade_no": number, "amount": {"total": 990}}
    assert read(client.pay(**asked, pay_type=channel, **more))[field]


def test_the_client_learns_a_new_certificate(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, shop: Inbox, tmp_path: Path, number: str
) -> None:
    shutil.copy(wechat_pay.settings["WECHAT_PAY_PLATFORM_CERTS_FILE"], tmp_path)
    client = client_of(wechat_pay, shop.url, cert_dir=str(tmp_path))
    wechat_pay_door.do("switches", signing_certificate=2)
    try:
        read(client.pay(description="x", out_trade_no=number, amount={"total": 990}))
    finally:
        wechat_pay_door.do("switches", signing_certificate=1)
    assert wechat_pay_door.see("calls", method="certificates")["calls"]
    assert len(client._core._certificates) == 2


def test_the_client_sees_through_answers_that_are_not_ours(
    client: Client, wechat_pay_door: Door, number: str
) -> None:
    wechat_pay_door.do("faults", out_trade_no=number, kind="bad_signature")
    with pytest.raises(Exception, match="failed to verify the signature"):
        client.pay(description="x", out_trade_no=number, amount={"total": 990})


@pytest.mark.filterwarnings("ignore:Properties that return a na")  # the client compares certificates so
def test_an_abnormal_refund_through_the_client(client: Client, wechat_pay_door: Door, number: str) -> None:
    read(client.pay(description="x", out_trade_no=number, amount={"total": 990}))
    wechat_pay_door.do("pay", out_trade_no=number)
    wechat_pay_door.do("faults", out_trade_no=number, method="refund", kind="becomes", status="ABNORMAL")
    refund_id = refund(client, number, 110)["refund_id"]
    to_user = {"type": "USER_BANK_CARD", "bank_type": "ICBC_DEBIT", "bank_account": "6222", "real_name": "张三"}
    assert read(client.abnormal_refund(refund_id, f"{number}A", **to_user))["status"] == "PROCESSING"
