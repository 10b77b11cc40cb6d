"""What the sandboxed WeChat Pay takes for an order, and what becomes of it."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.sandbox_client import Door, Sandbox, inbox
from tests.contract.wechat_pay_merchant import WechatPayMerchant

H5 = {"scene_info": {"payer_client_ip": "203.0.113.7", "h5_info": {"type": "Wap"}}}
JSAPI = {"payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}


@pytest.mark.parametrize(
    ("channel", "more", "field", "start"),
    [
        ("native", {}, "code_url", "weixin://wxpay/bizpayurl?pr="),
        ("h5", H5, "h5_url", "http://127.0.0.1"),
        ("jsapi", JSAPI, "prepay_id", "wx20"),
        ("app", {}, "prepay_id", "wx20"),
    ],
)
def test_every_channel_opens(
    wechat_pay: WechatPayMerchant, number: str, channel: str, more: dict[str, Any], field: str, start: str
) -> None:
    answer = wechat_pay.open(number, channel, **more)
    assert answer.status == 200
    assert list(answer.body) == [field]
    assert answer.body[field].startswith(start)
    trade_types = {"native": "NATIVE", "h5": "MWEB", "jsapi": "JSAPI", "app": "APP"}
    assert wechat_pay.query(number).body["trade_type"] == trade_types[channel]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": {"total": "8880"}}, "/amount/total"),
        ({"amount": {"total": 88.8}}, "/amount/total"),
        ({"amount": {"total": 8880.0}}, "/amount/total"),
        ({"amount": {"total": True}}, "/amount/total"),
        ({"amount": {"total": 0}}, "/amount/total"),
        ({"amount": {"total": -1}}, "/amount/total"),
        ({"amount": {}}, "/amount/total"),
        ({"amount": 8880}, "/amount/total"),
        ({"amount": {"total": 8880, "currency": "USD"}}, "/amount/currency"),
        ({"out_trade_no": "short"}, "/out_trade_no"),
        ({"out_trade_no": "x" * 33}, "/out_trade_no"),
        ({"out_trade_no": "order no 1"}, "/out_trade_no"),
        ({"out_trade_no": 12345678}, "/out_trade_no"),
        ({"description": None}, "/description"),
        ({"description": "茶" * 43}, "/description"),
        ({"description": 1.5}, "/description"),
        ({"notify_url": None}, "/notify_url"),
        ({"notify_url": "https://shop.example/notify?a=1"}, "/notify_url"),
        ({"notify_url": " https://shop.example/notify"}, "/notify_url"),
        ({"notify_url": "ftp://shop.example/notify"}, "/notify_url"),
        ({"time_expire": "2030-01-01 00:00:00"}, "/time_expire"),
        ({"time_expire": "2030-01-01T00:00:00"}, "/time_expire"),
        ({"time_expire": "2030-13-01T00:00:00Z"}, "/time_expire"),
        ({"attach": "x" * 129}, "/attach"),
        ({"mchid": "1900000001"}, "/mchid"),
        ({"appid": None}, "/appid"),
    ],
)
def test_wrong_fields_are_named(
    wechat_pay: WechatPayMerchant, number: str, changes: dict[str, Any], field: str
) -> None:
    answer = wechat_pay.open(**({"number": number} | changes))
    assert answer.outcome == (400, "PARAM_ERROR")
    assert answer.body["detail"]["field"] == field
    assert "Wechatpay-Signature" not in answer.headers
    assert wechat_pay.query(number).outcome == (404, "ORDER_NOT_EXIST")


@pytest.mark.parametrize(
    ("channel", "changes", "field"),
    [
        ("jsapi", {}, "/payer/openid"),
        ("jsapi", {"payer": "me"}, "/payer/openid"),
        ("h5", {}, "/scene_info/payer_client_ip"),
        ("h5", {"scene_info": {"payer_client_ip": "203.0.113.7"}}, "/scene_info/h5_info/type"),
        ("h5", {"scene_info": H5["scene_info"] | {"h5_info": {"type": "x"}}}, "/scene_info/h5_info/type"),
    ],
)
def test_channels_have_fields_of_their_own(
    wechat_pay: WechatPayMerchant, number: str, channel: str, changes: dict[str, Any], field: str
) -> None:
    answer = wechat_pay.open(number, channel, **changes)
    assert (answer.status, answer.body["detail"]["field"]) == (400, field)


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"amount": NaN}', b"[" * 100_000])
def test_a_body_must_be_a_json_object(wechat_pay: WechatPayMerchant, body: bytes) -> None:
    answer = wechat_pay.send("POST", "/v3/pay/transactions/native", body)
    assert answer.outcome == (400, "PARAM_ERROR")


def test_the_app_must_belong_to_the_merchant(wechat_pay: WechatPayMerchant, number: str) -> None:
    assert wechat_pay.open(number, appid="wx0000000000000001").outcome == (400, "APPID_MCHID_NOT_MATCH")


def test_the_same_order_again_gives_a_code_again(wechat_pay: WechatPayMerchant, number: str) -> None:
    urls = {wechat_pay.open(number).body["code_url"] for _ in range(2)}
    assert len(urls) == 2


def test_a_payer_may_move_between_two_tries(wechat_pay: WechatPayMerchant, number: str) -> None:
    elsewhere = {"scene_info": H5["scene_info"] | {"payer_client_ip": "203.0.113.8"}}
    assert [wechat_pay.open(number, "h5", **scene).status for scene in (H5, elsewhere)] == [200, 200]


@pytest.mark.parametrize("changes", [{"amount": {"total": 8881, "currency": "CNY"}}, {"description": "Coffee"}])
def test_other_data_under_the_same_number_is_refused(
    wechat_pay: WechatPayMerchant, number: str, changes: dict[str, Any]
) -> None:
    wechat_pay.open(number)
    assert wechat_pay.open(number, **changes).outcome == (400, "INVALID_REQUEST")
    assert wechat_pay.open(number, "app").outcome == (403, "OUT_TRADE_NO_USED")
    assert wechat_pay.query(number).body["amount"]["total"] == 8880


def test_a_paid_order_is_told_in_full(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str) -> None:
    wechat_pay.open(number, attach="cart 7")
    assert "transaction_id" not in wechat_pay.query(number).body
    wechat_pay_door.do("pay", out_trade_no=number, coupon=80)
    answer = wechat_pay.query(number).body
    expected = {
        "appid": wechat_pay.app_id,
        "mchid": wechat_pay.mch_id,
        "out_trade_no": number,
        "trade_type": "NATIVE",
        "trade_state": "SUCCESS",
        "attach": "cart 7",
        "amount": {"total": 8880, "payer_total": 8800, "currency": "CNY", "payer_currency": "CNY"},
    }
    assert expected.items() <= answer.items()
    assert datetime.fromisoformat(answer["success_time"]).utcoffset() == timedelta(hours=8)
    by_id = f"/v3/pay/transactions/id/{answer['transaction_id']}?mchid={wechat_pay.mch_id}"
    assert wechat_pay.send("GET", by_id).body == answer


def test_a_paid_order_is_neither_opened_nor_closed(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str
) -> None:
    wechat_pay.open(number)
    wechat_pay_door.do("pay", out_trade_no=number)
    assert wechat_pay.open(number).outcome == (400, "ORDERPAID")
    assert wechat_pay.close(number).outcome == (400, "ORDERPAID")
    assert wechat_pay_door.do("pay", out_trade_no=number)["code"] == "ORDERPAID"


def test_a_closed_order_stays_closed(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str) -> None:
    wechat_pay.open(number)
    assert [wechat_pay.close(number).status for _ in range(2)] == [204, 204]
    assert wechat_pay.query(number).body["trade_state"] == "CLOSED"
    assert wechat_pay.open(number).outcome == (400, "ORDER_CLOSED")
    assert wechat_pay_door.do("pay", out_trade_no=number)["code"] == "ORDER_CLOSED"


def test_closing_what_was_never_opened_burns_the_number(wechat_pay: WechatPayMerchant, number: str) -> None:
    assert wechat_pay.close(number).status == 204
    assert wechat_pay.query(number).outcome == (404, "ORDER_NOT_EXIST")
    assert wechat_pay.open(number).outcome == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("mchid", ["", "?mchid=", "?mchid=1900000001"])
def test_queries_name_the_merchant(wechat_pay: WechatPayMerchant, number: str, mchid: str) -> None:
    wechat_pay.open(number)
    answer = wechat_pay.send("GET", f"/v3/pay/transactions/out-trade-no/{number}{mchid}")
    assert answer.outcome == (400, "PARAM_ERROR")
    url = f"/v3/pay/transactions/out-trade-no/{number}/close"
    assert wechat_pay.post(url, {"mchid": "1900000001"}).outcome == (400, "PARAM_ERROR")


def test_an_order_expires(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=0.6)).isoformat(timespec="milliseconds")
    wechat_pay.open(number, time_expire=soon)
    assert wechat_pay.query(number).body["trade_state"] == "NOTPAY"
    time.sleep(0.7)
    assert wechat_pay_door.do("pay", out_trade_no=number)["code"] == "ORDER_CLOSED"
    assert wechat_pay.query(number).body["trade_state"] == "CLOSED"


def test_an_expiry_is_drawn_into_seven_days(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str
) -> None:
    wechat_pay.open(number, time_expire="2099-01-01T00:00:00+08:00")
    expires_at = wechat_pay_door.see(f"orders/{number}")["expires_at"]
    assert expires_at == pytest.approx(time.time() + 7 * 86400, abs=5)


@pytest.mark.parametrize("state", ["USERPAYING", "PAYERROR", "REVOKED"])
def test_states_that_come_from_elsewhere_can_be_set(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str, state: str
) -> None:
    wechat_pay.open(number)
    wechat_pay_door.do("state", out_trade_no=number, trade_state=state)
    assert wechat_pay.query(number).body["trade_state"] == state


def test_calls_are_counted(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str) -> None:
    wechat_pay.open(number)
    wechat_pay.query(number)
    wechat_pay.open(number, amount={"total": "1"})
    found = wechat_pay_door.see("calls", out_trade_no=number)["calls"]
    told = [(call["method"], call["outcome"]) for call in found]
    assert told == [("native", "200"), ("query", "200"), ("native", "PARAM_ERROR")]
    assert wechat_pay_door.see("calls", method="native", out_trade_no=number)["count"] == 2


def test_what_was_acknowledged_survives_a_kill(sandbox_of_one: Sandbox, number: str) -> None:
    merchant = WechatPayMerchant(sandbox_of_one.settings(), sandbox_of_one.url)
    door = sandbox_of_one.at("wechat_pay")
    with inbox((500, b""), (500, b""), b"") as shop:
        merchant.open(number, notify_url=shop.url)
        door.do("pay", out_trade_no=number)
        shop.wait(1)
        sandbox_of_one.kill()
        sandbox_of_one.start()
        assert merchant.query(number).body["trade_state"] == "SUCCESS"
        assert [json.loads(body)["id"] for body in shop.wait(3)] == [json.loads(shop.bodies[0])["id"]] * 3
    assert door.see("ledger")["paid"] == 8880
