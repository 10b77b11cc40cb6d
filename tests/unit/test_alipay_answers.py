"""What the gateway's bytes are believed to say."""

import json
from typing import Any

import pytest

from paygate.adapters.rails.alipay import certificates
from paygate.adapters.rails.http import HttpAnswer
from paygate.domain.errors import OutcomeUnknown, RailDeclined
from paygate.ports import TradeStatus
from tests.unit.alipay_side import (
    LOST,
    certificate,
    certificate_environment,
    done,
    envelope,
    rail,
    refused,
    sign,
)
from tests.unit.test_alipay_rail import REFUND, order

QUERY = "alipay.trade.query"
WAITING = done(out_trade_no="R1", trade_status="WAIT_BUYER_PAY", total_amount="100.00")


def query_status(answer: Any, env: dict[str, str] | None = None) -> TradeStatus:
    return rail(answer, env=env)[0].query(order()).status


def spaced(inner: str) -> bytes:
    return f' {{ "alipay_trade_query_response" \n : {inner} , \t"sign" : "{sign(inner.encode())}" }}\n'.encode()


@pytest.mark.parametrize(
    "inner",
    [
        json.dumps(WAITING),
        json.dumps(WAITING, indent=2),
        json.dumps({**WAITING, "sign": "inside", "subject": '},"sign":"'}),
        json.dumps({**WAITING, "url": "http://x/y"}).replace("/", "\\/"),
        json.dumps({**WAITING, "subject": "语雀空间"}, ensure_ascii=False),
        json.dumps(WAITING)[:-1] + ', "rate": 1e400, "count": ' + "9" * 5000 + "}",
    ],
)
def test_the_signed_bytes_are_taken_as_they_came(inner: str) -> None:
    assert query_status(spaced(inner)) is TradeStatus.WAITING


def test_members_may_come_in_any_order() -> None:
    inner = json.dumps(WAITING)
    body = f'{{"sign":"{sign(inner.encode())}","alipay_trade_query_response":{inner}}}'
    assert query_status(body.encode()) is TradeStatus.WAITING


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"<html>",
        b"null",
        b'{"alipay_trade_query_response":',
        b'{"alipay_trade_query_response":"x","sign":"x"}',
        b'{"alipay_trade_query_response":{}}',
        b'{"alipay_trade_query_response":{},"sign":1}',
        envelope(QUERY, WAITING) + b"x",
        envelope(QUERY, WAITING)[:-1],
        envelope(QUERY, WAITING, tail=',"sign":"x"'),
        envelope(QUERY, WAITING, tail=',"alipay_trade_query_response":{}'),
        envelope("alipay.trade.close", WAITING),
        envelope(QUERY, WAITING).replace(b"WAIT_BUYER_PAY", b"TRADE_SUCCESS"),
        envelope(QUERY, WAITING).replace(b'"code":', b'"code" :'),
        envelope(QUERY, WAITING, signature=""),
        envelope(QUERY, WAITING, signature=sign(json.dumps(WAITING).encode(), "stranger")),
        envelope(QUERY, {**WAITING, "x": float("nan")}),
        json.dumps({"alipay_trade_query_response": WAITING}).encode("utf-16"),
        b'{"alipay_trade_query_response":' + b"[" * 200_000,
    ],
)
def test_an_answer_that_does_not_verify_is_unknown(body: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        query_status(body)


@pytest.mark.parametrize("status", [302, 404, 500, 502])
def test_another_http_status_is_unknown(status: int) -> None:
    with pytest.raises(OutcomeUnknown):
        query_status(HttpAnswer(status, envelope(QUERY, WAITING), {}))


@pytest.mark.parametrize(
    ("code", "sub_code"),
    [
        ("20000", "isp.unknow-error"),
        ("20000", ""),
        ("10003", ""),
        ("40004", "ACQ.SYSTEM_ERROR"),
        ("40004", "AQC.SYSTEM_ERROR"),
        ("40004", "aop.ACQ.SYSTEM_ERROR"),
        ("40004", "isp.unknow-error"),
        ("40005", "isv.app-call-limited"),
        ("99999", ""),
        ("", ""),
    ],
)
def test_l6_what_is_not_certain_is_unknown(code: str, sub_code: str) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(refused(sub_code, code))[0].open(order())
    with pytest.raises(OutcomeUnknown):
        rail(refused(sub_code, code))[0].refund(REFUND)


@pytest.mark.parametrize(
    ("code", "sub_code"),
    [
        ("40001", "isv.missing-app-id"),
        ("40002", "isv.invalid-signature"),
        ("40006", "isv.insufficient-isv-permissions"),
        ("40004", "ACQ.INVALID_PARAMETER"),
        ("40004", "ACQ.CONTEXT_INCONSISTENT"),
        ("40004", "ACQ.TRADE_HAS_CLOSE"),
    ],
)
def test_r6_a_final_refusal_carries_alipays_code(code: str, sub_code: str) -> None:
    with pytest.raises(RailDeclined) as caught:
        rail(refused(sub_code, code))[0].open(order())
    assert caught.value.reason == sub_code


def test_a_signed_error_response_is_a_refusal() -> None:
    body = envelope("error", refused("isv.invalid-method", "40002"))
    with pytest.raises(RailDeclined):
        rail(body)[0].open(order())


@pytest.mark.parametrize("method", ["error", "alipay.trade.precreate"])
def test_an_unsigned_refusal_is_unknown_and_names_its_reason(method: str) -> None:
    body = envelope(method, refused("isv.invalid-signature", "40002"), signature="")
    with pytest.raises(OutcomeUnknown, match=r"isv\.invalid-signature"):
        rail(body)[0].open(order())


def test_alipays_prose_is_not_passed_on() -> None:
    told = {**refused("planted secret", "40002"), "sub_msg": "planted app_id=1"}
    with pytest.raises(RailDeclined) as caught:
        rail(told)[0].open(order())
    assert caught.value.reason == "40002"


@pytest.mark.parametrize("sub_code", ["ACQ.INVALID_PARAMETER", "isv.invalid-signature"])
def test_a_refused_question_tells_nothing_of_the_order(sub_code: str) -> None:
    with pytest.raises(OutcomeUnknown):
        rail(refused(sub_code))[0].query(order())
    with pytest.raises(OutcomeUnknown):
        rail(refused(sub_code))[0].query_refund(REFUND)


def test_a_lost_answer_stays_lost() -> None:
    with pytest.raises(OutcomeUnknown, match="lost"):
        query_status(LOST)


def test_certificate_mode_names_the_certificates_and_wants_its_own_back() -> None:
    env = certificate_environment()
    number = certificates.serial_number(certificate("alipay", "between"))
    alipay, http = rail(
        envelope(QUERY, WAITING, tail=f',"alipay_cert_sn":"{number}"'),
        envelope(QUERY, WAITING, tail=',"alipay_cert_sn":"00000000000000000000000000000000"'),
        envelope(QUERY, WAITING),
        env=env,
    )
    assert alipay.query(order()).status is TradeStatus.WAITING
    assert http.sent[0]["app_cert_sn"] == certificates.serial_number(certificate("app", "root"))
    assert http.sent[0]["alipay_root_cert_sn"] == certificates.serial_number(certificate("root", "root"))
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            alipay.query(order())
