"""What happens at WeChat Pay and nowhere else, at the gateway's door."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.contract.wechat_pay_merchant import WechatPayMerchant
from tests.support.rails import RailSandbox, rail_sandboxes
from tests.support.shop import new_key, reference
from tests.support.wechat_pay import WechatPayMessages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import requests

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.books import Books
    from tests.support.shop import Shop

UNTOUCHED = ["CREATED", "PENDING"]
REFUNDS = "/v3/refund/domestic/refunds"


@pytest.fixture(scope="module")
def told(stack: Stack) -> WechatPayMessages:
    return WechatPayMessages(stack.gateway.url, stack.sandbox.state / "wechat_pay" / "merchant")


@pytest.fixture
def wechat(stack: Stack) -> Iterator[RailSandbox]:
    sandbox = rail_sandboxes(stack.sandbox.url)["wechat_pay"]
    before = sandbox.see("switches")
    yield sandbox
    sandbox.clear_faults()
    sandbox.do("switches", **before)


def id_of(payment: dict[str, Any]) -> str:
    found: str = payment["paymentId"]
    return found


def fetches(wechat: RailSandbox) -> int:
    return int(wechat.see("calls", method="certificates")["count"])


def is_refused(answer: requests.Response) -> bool:
    return answer.status_code == 401 and answer.json()["code"] == "FAIL"


# ---------------------------------------------------------------- W6


@pytest.mark.parametrize("signer", [1, "public key"])
def test_w6_either_kind_of_key_settles(
    shop: Shop, wechat: RailSandbox, told: WechatPayMessages, signer: int | str
) -> None:
    payment, before = wechat.created(shop), fetches(wechat)
    body = told.body(payment)
    answer = told.post(body, told.headers(body, signer))
    assert (answer.status_code, answer.content) == (204, b"")
    assert shop.status(id_of(payment))["state"] == "SETTLED"
    assert fetches(wechat) == before


def test_w6_w15_an_unknown_serial_is_fetched_once_and_a_flood_of_them_no_more(
    shop: Shop, stack: Stack, books: Books, wechat: RailSandbox, told: WechatPayMessages
) -> None:
    stack.gateway.stop()  # a process that has fetched nothing yet
    stack.gateway.start()
    wechat.do("switches", signing_certificate=2)
    first, second, third = (wechat.created(shop) for _ in range(3))
    before = fetches(wechat)

    body = told.body(first)
    assert told.post(body, told.headers(body, 2)).status_code == 204
    assert shop.status(id_of(first))["state"] == "SETTLED"
    assert fetches(wechat) == before + 1

    body = told.body(second)
    for _ in range(30):
        assert is_refused(told.post(body, told.headers(body, 2, Serial=secrets.token_hex(20).upper())))
    assert fetches(wechat) == before + 1
    assert books.states(id_of(second)) == UNTOUCHED
    assert books.outcomes(body) == []

    body = told.body(third)
    assert told.post(body, told.headers(body, 2)).status_code == 204
    assert fetches(wechat) == before + 1


FORGERIES: dict[str, Any] = {
    "stale": lambda told, body: (body, told.headers(body, age=300)),
    "from the future": lambda told, body: (body, told.headers(body, age=-330)),
    "other bytes": lambda told, body: (body.replace(b"SUCCESS", b"success"), told.headers(body)),
    "a space more": lambda told, body: (body + b" ", told.headers(body)),
    "another's key": lambda told, body: (body, told.headers(body, "public key", Serial=told.serial(1))),
    "no signature": lambda told, body: (body, told.headers(body, Signature=None)),
    "an empty signature": lambda told, body: (body, told.headers(body, Signature="")),
    "no base64": lambda told, body: (body, told.headers(body, Signature="%%%")),
    "no timestamp": lambda told, body: (body, told.headers(body, Timestamp=None)),
    "no nonce": lambda told, body: (body, told.headers(body, Nonce=None)),
    "no serial": lambda told, body: (body, told.headers(body, Serial=None)),
    "an unknown public key": lambda told, body: (body, told.headers(body, Serial="PUB_KEY_ID_0119000000010")),
    "a serial that is none": lambda told, body: (body, told.headers(body, Serial="../../etc/passwd")),
    "another scheme": lambda told, body: (
        body,
        told.headers(body, **{"Signature-Type": "WECHATPAY2-SM2-WITH-SM3"}),
    ),
    "nothing": lambda told, _body: (b"", told.headers(b"")),
    "no headers": lambda _told, body: (body, {"Content-Type": "application/json"}),
}
RESOURCES = {
    "a nonce of 7 bytes": {"nonce": "1234567"},
    "a nonce of 13 bytes": {"nonce": "1234567890123"},
    "no nonce": {"nonce": ""},
    "a bad tag": {"ciphertext": "A" * 400},
    "bad base64": {"ciphertext": "*" * 400},
    "too short": {"ciphertext": "AAAA"},
    "other data": {"associated_data": "refund"},
    "another algorithm": {"algorithm": "AEAD_SM4_GCM"},
}


@pytest.mark.parametrize("name", [*FORGERIES, *RESOURCES])
def test_w6_what_does_not_verify_changes_nothing(
    shop: Shop, stack: Stack, books: Books, wechat: RailSandbox, told: WechatPayMessages, name: str
) -> None:
    payment = wechat.created(shop)
    body = told.body(payment, RESOURCES.get(name))
    before, calls, at = fetches(wechat), wechat.calls(payment), len(stack.gateway.log.read_text())
    sent, headers = FORGERIES[name](told, body) if name in FORGERIES else (body, told.headers(body))
    assert is_refused(told.post(sent, headers))
    assert books.states(id_of(payment)) == UNTOUCHED
    assert (books.outcomes(sent), books.kinds(id_of(payment))) == ([], [])
    assert (fetches(wechat), wechat.calls(payment)) == (before, calls)
    log = stack.gateway.log.read_text()[at:]
    assert "CallbacksRefused" in log
    assert "ERROR" not in log


def test_w6_a_signature_probe_fails_and_raises_no_alarm(
    shop: Shop, stack: Stack, books: Books, wechat: RailSandbox, told: WechatPayMessages
) -> None:
    payment = wechat.created(shop)
    body = told.body(payment)
    probe = "WECHATPAY/SIGNTEST/" + secrets.token_urlsafe(200)
    before, at = fetches(wechat), len(stack.gateway.log.read_text())
    for serial in (told.serial(1), told.serial(2), secrets.token_hex(20).upper()):
        assert is_refused(told.post(body, told.headers(body, Signature=probe, Serial=serial)))
    log = stack.gateway.log.read_text()[at:]
    assert log.count('"CallbackProbes":[1') == 3
    for word in ("CallbacksRefused", "WARNING", "ERROR", "SIGNTEST"):
        assert word not in log
    assert fetches(wechat) == before
    assert books.states(id_of(payment)) == UNTOUCHED


# ---------------------------------------------------------------- what fits and what does not


def test_w7_a_merchant_of_the_same_name_is_not_ours(
    shop: Shop, books: Books, wechat: RailSandbox, told: WechatPayMessages
) -> None:
    for change, case in (
        ({"mchid": "1900000001"}, "OTHER_MCHID"),
        ({"appid": "wx0000000000000001"}, "OTHER_APPID"),
        ({"amount": {"total": 100, "payer_total": 100, "currency": "CNY"}}, "OTHER_AMOUNT"),
        ({"amount": {"total": 10000, "payer_total": 10000, "currency": "USD"}}, "OTHER_CURRENCY"),
    ):
        payment = wechat.created(shop)
        assert told.post(told.body(payment, **change)).status_code == 204, "a repeat would not help"
        assert books.states(id_of(payment)) == UNTOUCHED
        assert books.cases(reference(payment)) == [case]


def test_a_coupon_pays_part_and_the_whole_is_received(shop: Shop, wechat: RailSandbox) -> None:
    payment = wechat.created(shop)
    wechat.do("pay", out_trade_no=reference(payment), coupon=500)
    assert shop.await_state(id_of(payment), "SETTLED")["amountReceived"] == "100.00"


# ---------------------------------------------------------------- channels that must know the payer


@pytest.mark.parametrize(
    ("channel", "name", "value", "kind"),
    [
        ("JSAPI", "openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "SDK"),
        ("H5", "payerClientIp", "203.0.113.7", "REDIRECT"),
    ],
)
def test_c6_what_a_channel_must_know_is_asked_for_and_burns_no_key(
    shop: Shop, wechat: RailSandbox, channel: str, name: str, value: str, kind: str
) -> None:
    key = new_key()
    asked = {"method": "WECHAT_PAY", "channel": channel, "returnUrl": "https://shop.example/b?a=1"}
    for metadata in ({}, {name: ""}, {name: 7}, {name: "茶"}):
        refused = shop.create(key=key, metadata=metadata, **asked)
        assert (refused.status_code, refused.json()["field"]) == (400, f"metadata.{name}")
    made = shop.create(key=key, metadata={name: value}, **asked)
    assert made.status_code == 201, made.text
    payment = made.json()
    assert payment["action"]["type"] == kind
    wechat.pay(payment)
    assert shop.await_state(id_of(payment), "SETTLED")["metadata"] == {name: value}


# ---------------------------------------------------------------- refunds


def refunded(shop: Shop, wechat: RailSandbox, becomes: str) -> tuple[str, dict[str, Any]]:
    """A settled payment and a refund of 60 that WeChat Pay then lets become that."""
    payment = wechat.settled(shop)
    wechat.fault(payment, "becomes", "refund", status=becomes)
    made = shop.refund(id_of(payment), amount="60.00")
    assert made.status_code == 201, made.text
    return id_of(payment), made.json()


def state_of(shop: Shop, refund: dict[str, Any]) -> str:
    found: str = shop.call("GET", f"/refunds/{refund['refundId']}").json()["state"]
    return found


def test_an_abnormal_refund_waits_for_an_operator_and_is_done_afterwards(
    shop: Shop, app: App, stack: Stack, books: Books, wechat: RailSandbox
) -> None:
    payment_id, refund = refunded(shop, wechat, "ABNORMAL")
    for _ in range(2):
        books.due_now(payment_id)
        app.resolve(5)
    assert state_of(shop, refund) == "PENDING"
    assert books.sums(payment_id)["refund_reserved"] == 6000
    assert shop.refund(payment_id, amount="40.01").status_code == 422
    text = "SELECT kind, detail, closed_at IS NULL FROM operator_cases WHERE payment_id = :id"
    [[kind, detail, is_open]] = books.run(text, id=payment_id)
    assert (kind, detail["refundId"], detail["amount"], is_open) == (
        "REFUND_STUCK",
        refund["refundId"],
        "60.00 CNY",
        True,
    )
    assert detail["reason"] == "ABNORMAL"

    number, merchant = refund["refundId"].removeprefix("REF_"), WechatPayMerchant(stack.env, "")
    sent_elsewhere = {"out_refund_no": number, "type": "MERCHANT_BANK_CARD"}
    assert merchant.post(f"{REFUNDS}/{detail['railId']}/apply-abnormal-refund", sent_elsewhere).status == 200
    wechat.do("refund-becomes", out_refund_no=number, status="SUCCESS")
    books.due_now(payment_id)
    app.resolve(5)
    assert state_of(shop, refund) == "SUCCEEDED"
    assert [row[2] for row in books.run(text, id=payment_id)] == [False]


def test_r6_a_refund_that_wechat_pay_closes_gives_its_reserve_back(
    shop: Shop, app: App, books: Books, wechat: RailSandbox
) -> None:
    payment_id, refund = refunded(shop, wechat, "CLOSED")
    books.due_now(payment_id)
    app.resolve(5)
    assert state_of(shop, refund) == "FAILED"
    assert books.sums(payment_id)["refund_reserved"] == 0
    assert shop.status(payment_id)["state"] == "SETTLED"
    assert shop.refund(payment_id).status_code == 201


def test_r5_a_refund_waits_for_a_top_up(shop: Shop, app: App, books: Books, wechat: RailSandbox) -> None:
    payment = wechat.settled(shop)
    wechat.do("switches", balance=0)
    made = shop.refund(id_of(payment), amount="60.00")
    assert (made.status_code, made.json()["state"]) == (201, "PENDING")
    wechat.do("switches", balance=None)
    for _ in range(2):
        books.due_now(id_of(payment))
        app.resolve(5)
    assert state_of(shop, made.json()) == "SUCCEEDED"


def test_r5_two_refunds_within_a_minute_are_both_made(
    shop: Shop, app: App, books: Books, wechat: RailSandbox
) -> None:
    """The second comes too soon: it is sent again, under its own number, until it is taken."""
    payment = wechat.settled(shop)
    wechat.do("switches", refund_pause_seconds=60)
    first, second = (shop.refund(id_of(payment), amount=amount) for amount in ("60.00", "40.00"))
    assert (first.status_code, second.status_code) == (201, 202)
    wechat.do("switches", refund_pause_seconds=0)
    for _ in range(2):
        books.due_now(id_of(payment))
        app.resolve(5)
    assert shop.status(id_of(payment))["state"] == "REFUNDED"
    order = wechat.see(f"orders/{reference(payment)}")
    assert sorted(refund["amount"] for refund in order["refunds"]) == [4000, 6000]
