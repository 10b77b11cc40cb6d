"""Requests are verified as the rail verifies them, and answers carry the rail's signature."""

import json
import secrets
import time
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature

from tests.contract.sandbox_client import Door
from tests.contract.wechat_pay_merchant import Answer, WechatPayMerchant

NATIVE = "/v3/pay/transactions/native"


def message(answer: Answer) -> str:
    assert answer.outcome == (401, "SIGN_ERROR")
    assert "Wechatpay-Signature" not in answer.headers
    return answer.body["message"]


def test_a_good_request_gets_a_signed_answer(wechat_pay: WechatPayMerchant, number: str) -> None:
    answer = wechat_pay.open(number)
    assert answer.status == 200
    wechat_pay.verify(answer.headers, answer.raw)
    assert answer.headers["Wechatpay-Serial"] == wechat_pay.pinned_serial
    assert answer.headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"
    with pytest.raises(InvalidSignature):
        wechat_pay.verify(answer.headers, answer.raw + b" ")


def test_the_public_key_signs_for_who_asks_for_it(wechat_pay: WechatPayMerchant, number: str) -> None:
    answer = wechat_pay.query(number, headers={"Wechatpay-Serial": wechat_pay.public_key_id})
    assert answer.headers["Wechatpay-Serial"] == wechat_pay.public_key_id
    wechat_pay.verify(answer.headers, answer.raw)


def test_an_answer_without_a_body_is_signed_too(wechat_pay: WechatPayMerchant, number: str) -> None:
    wechat_pay.open(number)
    answer = wechat_pay.close(number)
    assert (answer.status, answer.raw) == (204, b"")
    wechat_pay.verify(answer.headers, b"")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Bearer x",
        "WECHATPAY2-SHA256-RSA2048",
        "WECHATPAY2-SHA256-RSA2048 mchid=1",
        'WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="a",signature="b",timestamp="now",serial_no="c"',
    ],
)
def test_an_authorization_must_be_well_formed(
    wechat_pay: WechatPayMerchant, number: str, header: str | None
) -> None:
    assert "Authorization" in message(wechat_pay.query(number, headers={"Authorization": header}))


@pytest.mark.parametrize(("seconds", "is_fine"), [(-290, True), (290, True), (-310, False), (310, False)])
def test_a_timestamp_is_good_for_five_minutes(
    wechat_pay: WechatPayMerchant, number: str, seconds: int, *, is_fine: bool
) -> None:
    answer = wechat_pay.query(number, timestamp=int(time.time()) + seconds)
    if is_fine:
        assert answer.outcome == (404, "ORDER_NOT_EXIST")
    else:
        assert "timestamp" in message(answer)


@pytest.mark.parametrize("field", ["mchid", "serial_no"])
def test_who_signs_must_be_known(wechat_pay: WechatPayMerchant, number: str, field: str) -> None:
    assert "有误" in message(wechat_pay.query(number, **{field: "1900000000"}))


def test_a_wrong_signature_is_told_with_what_was_signed(wechat_pay: WechatPayMerchant, number: str) -> None:
    answer = wechat_pay.open(number)
    body = json.dumps(wechat_pay.order(number)).encode()
    other = wechat_pay.sign("POST", NATIVE, "1", "2", body)
    answer = wechat_pay.send("POST", NATIVE, body, signature=other, nonce_str="N" * 32)
    assert "签名" in message(answer)
    told = answer.body["detail"]["sign_information"]
    assert (told["method"], told["url"]) == ("POST", NATIVE)
    assert told["truncated_sign_message"].endswith(f"\n{'N' * 32}\n{body[:8].decode()}\n")
    assert told["sign_message_length"] == len(f"POST\n{NATIVE}\n{int(time.time())}\n{'N' * 32}\n") + len(body) + 1


@pytest.mark.parametrize(
    ("method", "signed", "sent"),
    [
        ("GET", "{}", "{}?mchid={mch}"),
        ("GET", "/wechat_pay{}?mchid={mch}", "{}?mchid={mch}"),
        ("POST", "{}?mchid={mch}", "{}?mchid={mch}"),
    ],
    ids=["without the query", "with this address's prefix", "another method"],
)
def test_method_path_and_query_are_signed(
    wechat_pay: WechatPayMerchant, number: str, method: str, signed: str, sent: str
) -> None:
    url = f"/v3/pay/transactions/out-trade-no/{number}"
    header = wechat_pay.authorization(method, signed.format(url, mch=wechat_pay.mch_id))
    target = sent.format(url, mch=wechat_pay.mch_id)
    assert "签名" in message(wechat_pay.send("GET", target, headers={"Authorization": header}))


def test_the_path_is_signed_as_it_is_encoded(wechat_pay: WechatPayMerchant) -> None:
    number = f"A|B*C_-{secrets.token_hex(8)}"
    assert wechat_pay.open(number).status == 200
    assert wechat_pay.query(number).body["out_trade_no"] == number
    encoded = f"/v3/pay/transactions/out-trade-no/{number}?mchid={wechat_pay.mch_id}"
    header = wechat_pay.authorization("GET", encoded)  # with a bare |, which goes out as %7C
    answer = wechat_pay.send("GET", encoded.replace("|", "%7C"), headers={"Authorization": header})
    assert "签名" in message(answer)


def test_a_body_is_signed_by_its_bytes(wechat_pay: WechatPayMerchant, number: str) -> None:
    order = wechat_pay.order(number)
    header = wechat_pay.authorization("POST", NATIVE, json.dumps(order).encode())
    body = json.dumps(order, separators=(",", ":")).encode()
    assert "签名" in message(wechat_pay.send("POST", NATIVE, body, headers={"Authorization": header}))


def test_a_signed_request_counts_once(wechat_pay: WechatPayMerchant, number: str) -> None:
    url = f"/v3/pay/transactions/out-trade-no/{number}?mchid={wechat_pay.mch_id}"
    header = {"Authorization": wechat_pay.authorization("GET", url)}
    assert wechat_pay.send("GET", url, headers=header).outcome == (404, "ORDER_NOT_EXIST")
    assert "nonce_str" in message(wechat_pay.send("GET", url, headers=header))


@pytest.mark.parametrize(
    ("url", "outcome"), [("/v3/certificates", (400, "INVALID_REQUEST")), (NATIVE, (401, "SIGN_ERROR"))]
)
def test_some_interfaces_want_a_user_agent_first(
    wechat_pay: WechatPayMerchant, url: str, outcome: tuple[int, str]
) -> None:
    headers = {"Authorization": None, "User-Agent": ""}
    assert wechat_pay.send("GET" if "cert" in url else "POST", url, headers=headers).outcome == outcome


@pytest.mark.parametrize(("method", "url", "status"), [("GET", NATIVE, 405), ("POST", "/v3/pay/nothing", 404)])
def test_what_is_not_there_has_no_body(wechat_pay: WechatPayMerchant, method: str, url: str, status: int) -> None:
    answer = wechat_pay.send(method, url)
    assert (answer.status, answer.raw) == (status, b"")


def certificates(merchant: WechatPayMerchant) -> list[dict[str, Any]]:
    answer = merchant.send("GET", "/v3/certificates")
    assert answer.status == 200
    return answer.body["data"]


def test_platform_certificates_come_sealed(wechat_pay: WechatPayMerchant) -> None:
    (entry,) = certificates(wechat_pay)
    assert entry["serial_no"] == wechat_pay.pinned_serial
    assert entry["effective_time"].endswith("+08:00")
    assert entry["encrypt_certificate"]["associated_data"] == "certificate"
    assert wechat_pay.unseal(entry["encrypt_certificate"]).startswith(b"-----BEGIN CERTIFICATE-----")


def test_certificates_rotate(wechat_pay: WechatPayMerchant, wechat_pay_door: Door, number: str) -> None:
    wechat_pay_door.do("switches", signing_certificate=2)
    try:
        old, new = certificates(wechat_pay)
        answer = wechat_pay.query(number)
    finally:
        wechat_pay_door.do("switches", signing_certificate=1)
    assert old["serial_no"] == wechat_pay.pinned_serial
    assert answer.headers["Wechatpay-Serial"] == new["serial_no"] != old["serial_no"]
    newcomer = wechat_pay.with_certificate(wechat_pay.unseal(new["encrypt_certificate"]))
    newcomer.verify(answer.headers, answer.raw)


def test_newer_merchants_have_no_platform_certificates(
    wechat_pay: WechatPayMerchant, wechat_pay_door: Door
) -> None:
    wechat_pay_door.do("switches", has_certificates=False)
    try:
        answer = wechat_pay.send("GET", "/v3/certificates")
    finally:
        wechat_pay_door.do("switches", has_certificates=True)
    assert answer.outcome == (404, "RESOURCE_NOT_EXISTS")
