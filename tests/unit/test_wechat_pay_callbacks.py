"""Callbacks over the bytes that came, and whose keys are believed."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from paygate.adapters.rails.http import HttpAnswer
from paygate.adapters.rails.wechat_pay.wire import CNY
from paygate.domain.errors import CallbackRefused, OutcomeUnknown, SignatureProbe
from paygate.domain.money import Money
from paygate.ports import CallbackRequest, Observation, RefundStatus, ToldRefund, TradeStatus
from tests.unit.wechat_pay_side import (
    LOST,
    NOW,
    answer,
    callback,
    certificate,
    certificate_environment,
    certificates,
    environment,
    order,
    pem,
    rail,
    refused,
    sealed,
    serial,
    signed,
    told,
    trade,
)


def read(request: CallbackRequest) -> Observation:
    seen = rail()[0].read_callback(request)
    assert seen is not None
    return seen


def test_a_payment() -> None:
    assert read(callback(trade())) == Observation(
        reference="R1",
        status=TradeStatus.PAID,
        rail_id="4200000000000000000000000001",
        amount=Money(10000, CNY),
        at=datetime(2026, 1, 1, 17, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("event", "status", "expected", "reason"),
    [
        ("REFUND.SUCCESS", "SUCCESS", RefundStatus.SUCCEEDED, None),
        ("REFUND.CLOSED", "CLOSED", RefundStatus.FAILED, "CLOSED"),
        ("REFUND.ABNORMAL", "ABNORMAL", RefundStatus.STUCK, "ABNORMAL"),
    ],
)
def test_r7_a_refund_of_ours_or_of_the_console(
    event: str, status: str, expected: RefundStatus, reason: str | None
) -> None:
    seen = read(callback(told(status), event))
    refund_id = "5030000000000000000000000001"
    assert seen.refund == ToldRefund("F1", expected, Money(6000, CNY), refund_id, reason)
    assert (seen.reference, seen.status, seen.amount) == ("R1", TradeStatus.PAID, Money(10000, CNY))
    assert (seen.refunded, seen.mismatch) == (None, None)


def test_what_is_about_no_order_is_taken_and_ignored() -> None:
    assert rail()[0].read_callback(callback({"complaint_id": "1"}, "COMPLAINT.CREATE")) is None


@pytest.mark.parametrize("state", ["SUCCESS", "REFUND"])
def test_w7_another_amount_order_merchant_or_currency(state: str) -> None:
    assert read(callback(trade(state, amount={"total": 1, "currency": "CNY"}))).amount == Money(1, CNY)
    assert read(callback(trade(state, out_trade_no="R2"))).reference == "R2"
    assert read(callback(trade(state, mchid="1900000002"))).mismatch == "mchid"
    assert read(callback(trade(state, appid="wx1"))).mismatch == "appid"
    assert read(callback(trade(state, amount={"total": 10000, "currency": "USD"}))).mismatch == "currency"
    assert read(callback(told(mchid="1900000002"), "REFUND.SUCCESS")).mismatch == "mchid"


def test_w5_any_changed_byte_is_refused() -> None:
    genuine = callback(trade())
    for at in range(0, len(genuine.body), 5):
        body = bytearray(genuine.body)
        body[at] ^= 1
        with pytest.raises(CallbackRefused):
            read(replace(genuine, body=bytes(body)))


@pytest.mark.parametrize(
    "change",
    [
        {"signature": None},
        {"signature": ""},
        {"signature": "中"},
        {"signature": "A" * 100_000},
        {"nonce": None},
        {"nonce": "other"},
        {"timestamp": None},
        {"timestamp": ""},
        {"timestamp": "1e9"},
        {"timestamp": "9" * 5000},
        {"timestamp": str(int(NOW.timestamp()) + 1)},
        {"timestamp": f"{int(NOW.timestamp())}, {int(NOW.timestamp())}"},
        {"serial": None},
        {"serial": ""},
        {"serial": "PUB_KEY_ID_0119000000012026010100000000002"},
        {"serial": "PUB_KEY_ID_"},
        {"serial": "中"},
        {"serial": "x" * 10_000},
        {"signature-type": "WECHATPAY2-SM2-WITH-SM3"},
        {"signer": "stranger"},
    ],
    ids=str,
)
def test_w6_signatures_that_do_not_verify_cost_no_call(change: dict[str, Any]) -> None:
    wechat, http, _ = rail()
    with pytest.raises(CallbackRefused) as caught:
        wechat.read_callback(callback(trade(), **change))
    assert not isinstance(caught.value, SignatureProbe)
    assert http.targets == []


@pytest.mark.parametrize("body", [b"", b"\x00" * 100, b"{}", b"a=1", b"x" * 60_000])
def test_w5_no_callback_at_all(body: bytes) -> None:
    with pytest.raises(CallbackRefused):
        read(CallbackRequest(body, {}))


@pytest.mark.parametrize("seconds", [-300, -301, 300, 86_400])
def test_w6_a_callback_of_another_time(seconds: int) -> None:
    with pytest.raises(CallbackRefused, match="another time"):
        read(callback(trade(), at=NOW + timedelta(seconds=seconds)))


def test_w6_fresh_is_within_five_minutes_of_when_it_came() -> None:
    for seconds in (-299, 299):
        read(callback(trade(), at=NOW + timedelta(seconds=seconds)))
    came_at = NOW - timedelta(days=3)
    old = callback(trade(), at=came_at)
    assert read(replace(old, received_at=came_at)).status is TradeStatus.PAID
    with pytest.raises(CallbackRefused):
        read(replace(callback(trade()), received_at=came_at))


def test_w6_a_probe_is_told_apart_and_costs_no_call() -> None:
    wechat, http, _ = rail()
    probe = callback(trade(), signature="WECHATPAY/SIGNTEST/c3Vic2NyaXB0aW9u", named=serial(certificate("new")))
    with pytest.raises(SignatureProbe):
        wechat.read_callback(probe)
    assert http.targets == []


@pytest.mark.parametrize(
    "resource",
    [
        {"nonce": "7 bytes"},
        {"nonce": "13 bytes long"},
        {"nonce": ""},
        {"nonce": None},
        {"nonce": 12},
        {"associated_data": "refund"},
        {"associated_data": None},
        {"ciphertext": "*" * 64},
        {"ciphertext": "AAAA"},
        {"ciphertext": ""},
        {"ciphertext": "中"},
        {"ciphertext": ["AAAA"]},
        {"ciphertext": base64.b64encode(b"x" * 100).decode()},
        {"algorithm": "AEAD_SM4_GCM"},
        {"algorithm": None},
    ],
    ids=str,
)
def test_w6_a_resource_that_does_not_open(resource: dict[str, Any]) -> None:
    with pytest.raises(CallbackRefused):
        read(callback(trade(), resource=resource))


def test_w6_a_resource_that_was_sealed_otherwise() -> None:
    plain = json.dumps(trade()).encode()
    for nonce in ("8 bytes.", "13 bytes long"):  # the cipher itself would take them
        with pytest.raises(CallbackRefused):
            read(callback(plain, resource=sealed(plain, nonce=nonce)))
    good = sealed(plain)
    for ciphertext in (good["ciphertext"] + "\n", "*" + good["ciphertext"], " " + good["ciphertext"]):
        with pytest.raises(CallbackRefused):
            read(callback(plain, resource={**good, "ciphertext": ciphertext}))
    assert read(callback(plain, resource=good)).status is TradeStatus.PAID


@pytest.mark.parametrize(
    "plain", [b"", b"[]", b"\xff", b"{", b'{"trade_state":NaN}', b'{"a":1,"a":2}', b"[" * 9000]
)
def test_a_resource_that_holds_no_object(plain: bytes) -> None:
    with pytest.raises(CallbackRefused):
        read(callback(plain))


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff\xfe", b"{", b"[" * 100_000])
def test_an_envelope_that_is_none(body: bytes) -> None:
    with pytest.raises(CallbackRefused):
        read(CallbackRequest(body, signed(body)))


def test_a_resource_that_is_none() -> None:
    for resource in ([], "x", None, 1):
        body = json.dumps({"event_type": "TRANSACTION.SUCCESS", "resource": resource}).encode()
        with pytest.raises(CallbackRefused):
            read(CallbackRequest(body, signed(body)))


@pytest.mark.parametrize(
    ("content", "event"),
    [
        (trade("NEW_TO_US"), "TRANSACTION.SUCCESS"),
        (trade(trade_state=None), "TRANSACTION.SUCCESS"),
        (trade(out_trade_no=""), "TRANSACTION.SUCCESS"),
        (trade(out_trade_no=7), "TRANSACTION.SUCCESS"),
        (trade(amount={}), "TRANSACTION.SUCCESS"),
        (trade(amount={"total": "10000"}), "TRANSACTION.SUCCESS"),
        (told("NEW_TO_US"), "REFUND.SUCCESS"),
        (told(out_refund_no=""), "REFUND.SUCCESS"),
        (told(out_trade_no=""), "REFUND.SUCCESS"),
        (told(amount={"total": 10000}), "REFUND.SUCCESS"),
        (told(amount={"refund": 6000}), "REFUND.SUCCESS"),
        (trade(), "REFUND.SUCCESS"),
        (told(), "TRANSACTION.SUCCESS"),
    ],
)
def test_w13_what_says_too_little_is_refused(content: dict[str, Any], event: str) -> None:
    with pytest.raises(CallbackRefused):
        read(callback(content, event))


def test_a_refusal_quotes_nothing_of_the_message() -> None:
    for plain in (b'{"secret-name', b"\xffsecret", b'{"secret":1,"secret":2}'):
        with pytest.raises(CallbackRefused) as caught:
            read(callback(plain))
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None


# ---------------------------------------------------------------- whose keys


def test_w6_both_kinds_of_keys_at_once() -> None:
    pinned = certificate("platform")
    wechat, http, _ = rail(env=environment(WECHAT_PAY_PLATFORM_CERTS=pem(pinned)))
    assert wechat.read_callback(callback(trade())) is not None
    assert wechat.read_callback(callback(trade(), signer="platform", named=serial(pinned))) is not None
    with pytest.raises(CallbackRefused):
        wechat.read_callback(callback(trade(), named=serial(pinned)))
    assert http.targets == []


def test_a_serial_is_a_number_however_it_is_written() -> None:
    short = certificate("platform", number=0xA << 140)
    wechat, http, _ = rail(env=certificate_environment(short))
    assert len(f"{short.serial_number:X}") == 36
    for written in (f"{short.serial_number:X}", serial(short), serial(short).lower()):
        assert wechat.read_callback(callback(trade(), signer="platform", named=written)) is not None
    assert http.targets == []


def unpinned() -> dict[str, str]:
    return {name: text for name, text in certificate_environment().items() if text}


def from_certificate(owner: str = "platform") -> CallbackRequest:
    return callback(trade(), signer=owner, named=serial(certificate(owner)))


def test_w6_certificates_are_fetched_when_the_first_serial_asks_for_them() -> None:
    wechat, http, _ = rail(certificates(certificate("platform"), signer="platform"), env=unpinned())
    assert http.targets == []
    for _ in range(3):
        assert wechat.read_callback(from_certificate()) is not None
    assert http.targets == ["GET /v3/certificates"]
    assert http.repeatable == [True]


def test_w6_a_new_certificate_is_fetched_once_and_the_old_one_holds() -> None:
    pinned, new = certificate("platform"), certificate("next")
    wechat, http, _ = rail(certificates(new, pinned, signer="next"), env=certificate_environment(pinned))
    for owner in ("platform", "next", "platform", "next"):
        assert wechat.read_callback(from_certificate(owner)) is not None
    assert http.targets == ["GET /v3/certificates"]


def test_w15_made_up_serials_are_no_flood_of_fetches() -> None:
    listed = [certificates(certificate("platform"), signer="platform") for _ in range(2)]
    wechat, http, clock = rail(*listed, env=unpinned())
    for number in range(50):
        with pytest.raises(CallbackRefused):
            wechat.read_callback(callback(trade(), named=f"{number:040X}"))
    assert len(http.targets) == 1
    assert wechat.read_callback(from_certificate()) is not None
    clock.time += timedelta(seconds=59)
    with pytest.raises(CallbackRefused):
        wechat.read_callback(callback(trade(), named="F" * 40, at=clock.time))
    assert len(http.targets) == 1
    clock.time += timedelta(seconds=1)
    again = certificates(certificate("platform"), signer="platform", at=clock.time)
    http.answers[:] = [again]
    with pytest.raises(CallbackRefused):
        wechat.read_callback(callback(trade(), named="F" * 40, at=clock.time))
    assert len(http.targets) == 2


@pytest.mark.parametrize(
    "given",
    [
        LOST,
        refused("RESOURCE_NOT_EXISTS", 404),
        refused("SYSTEM_ERROR", 500),
        answer({}),
        answer({"data": [1]}),
        HttpAnswer(200, b"garbage", {}),
    ],
)
def test_without_certificates_nothing_is_decided_and_nobody_asks_again_at_once(given: Any) -> None:
    wechat, http, _ = rail(given, env=unpinned())
    with pytest.raises(OutcomeUnknown):
        wechat.read_callback(from_certificate())
    with pytest.raises(CallbackRefused):
        wechat.read_callback(from_certificate())
    assert len(http.targets) == 1


def _unsigned() -> HttpAnswer:
    return replace(certificates(certificate("platform"), signer="platform"), headers={})


def _other_serial() -> HttpAnswer:
    platform = certificate("platform")
    listed = {"serial_no": "A" * 40, "encrypt_certificate": sealed(pem(platform).encode(), "certificate")}
    return answer({"data": [listed]}, signer="platform", named=serial(platform))


@pytest.mark.parametrize(
    "made",
    [
        lambda: certificates(certificate("platform"), signer="stranger"),
        lambda: certificates(certificate("platform"), signer="platform", at=NOW - timedelta(seconds=300)),
        lambda: certificates(certificate("platform"), signer="platform", named="A" * 40),
        lambda: certificates(certificate("platform", -400, 300), signer="platform"),
        lambda: certificates(certificate("platform", 1), signer="platform"),
        _unsigned,
        _other_serial,
    ],
    ids=[
        "another's signature",
        "replayed",
        "unknown signer",
        "expired",
        "not yet valid",
        "unsigned",
        "other serial",
    ],
)
def test_certificates_that_are_not_believed(made: Callable[[], HttpAnswer]) -> None:
    wechat, _, _ = rail(made(), env=unpinned())
    with pytest.raises(OutcomeUnknown):
        wechat.read_callback(from_certificate())


def test_certificates_sealed_with_another_key_are_not_believed() -> None:
    env = {**unpinned(), "WECHAT_PAY_API_V3_KEY": "x" * 32}
    wechat, _, _ = rail(certificates(certificate("platform"), signer="platform"), env=env)
    with pytest.raises(OutcomeUnknown):
        wechat.read_callback(from_certificate())


def test_a_pinned_certificate_vouches_for_what_is_fetched() -> None:
    pinned, new = certificate("platform"), certificate("next")
    vouched = certificates(new, signer="platform", named=serial(pinned))
    wechat, _, _ = rail(vouched, env=certificate_environment(pinned))
    assert wechat.read_callback(from_certificate("next")) is not None


def test_a_certificate_is_believed_while_it_is_valid() -> None:
    short = certificate("short", -1, 2)
    wechat, http, clock = rail(LOST, env=certificate_environment(short))
    stored = replace(callback(trade(), signer="short", named=serial(short)), received_at=NOW)
    clock.time += timedelta(days=2)
    with pytest.raises(OutcomeUnknown):  # it is asked for, as any other that is not known
        wechat.read_callback(callback(trade(), signer="short", named=serial(short), at=clock.time))
    assert http.targets == ["GET /v3/certificates"]
    assert wechat.read_callback(stored) is not None


def test_an_answer_of_a_new_certificate_is_believed_after_one_fetch() -> None:
    new = certificate("next")
    paid = answer(trade(), signer="next", named=serial(new))
    wechat, http, _ = rail(paid, certificates(new, signer="next"), paid, env=unpinned())
    assert wechat.query(order()).status is TradeStatus.PAID
    assert wechat.query(order()).status is TradeStatus.PAID
    assert [target.partition("?")[0] for target in http.targets] == [
        "GET /v3/pay/transactions/out-trade-no/R1",
        "GET /v3/certificates",
        "GET /v3/pay/transactions/out-trade-no/R1",
    ]


def test_the_answers_that_wechat_pay_wants() -> None:
    wechat, _, _ = rail()
    accepted, refused_ = wechat.callback_accepted(), wechat.callback_refused()
    assert (accepted.status, accepted.body) == (204, "")
    assert (refused_.status, json.loads(refused_.body)["code"]) == (401, "FAIL")
