"""C1 to C3, C6 and C8: one key, one payment, one order at the rail, however often it is asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from paygate.domain.assets import CURRENCIES
from paygate.domain.errors import IdempotencyKeyReused, StillRunning
from paygate.domain.money import parse_money
from paygate.ports import Claim
from paygate.services.commands import CreatePayment
from tests.support.at_once import at_once
from tests.support.shop import new_key, new_order, reference

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.shop import Shop

PRECREATE = "alipay.trade.precreate"


def payments_of(books: Books, order_id: str) -> list[str]:
    return [row[0] for row in books.run("SELECT id FROM payments WHERE order_id = :id", id=order_id)]


@pytest.mark.parametrize("channel", ["QR", "WEB"])
def test_c1_same_key_and_body_gives_the_same_bytes(
    shop: Shop, alipay: Alipay, books: Books, stack: Stack, channel: str
) -> None:
    key, order_id = new_key(), new_order()
    first = shop.create(key=key, orderId=order_id, channel=channel)
    answers = [shop.create(key=key, orderId=order_id, channel=channel)]
    with stack.redis.client() as redis:
        redis.flushdb()  # PostgreSQL alone knows it now
    answers.append(shop.create(key=key, orderId=order_id, channel=channel))

    assert first.status_code == 201
    assert "Idempotent-Replayed" not in first.headers
    for answer in answers:
        assert (answer.status_code, answer.content) == (201, first.content)
        assert answer.headers["Idempotent-Replayed"] == "true"
        assert answer.headers["Location"] == first.headers["Location"]
    assert len(payments_of(books, order_id)) == 1
    assert alipay.calls(PRECREATE, reference(first.json())) == (1 if channel == "QR" else 0)


def test_c1_redis_answers_without_postgresql(app: App, books: Books) -> None:
    assert app.probes["redis"]()
    price, claim = parse_money("1.00", CURRENCIES["CNY"]), Claim(new_key(), b"h" * 32)
    command = CreatePayment(new_order(), 1, price, "ALIPAY", request_id="replay", channel="WEB")
    first = app.payments.create_payment(command, claim)
    books.run("DELETE FROM idempotency_keys WHERE key = :key", key=claim.key)

    again = app.payments.create_payment(command, claim)

    assert (again.answer, again.is_replay) == (first.answer, True)
    with pytest.raises(IdempotencyKeyReused):
        app.payments.create_payment(command, Claim(claim.key, b"i" * 32))


def test_c1_an_answer_stays_what_it_was_when_the_payment_moves_on(shop: Shop, alipay: Alipay) -> None:
    key, order_id = new_key(), new_order()
    first = shop.create(key=key, orderId=order_id)
    alipay.pay(first.json())
    shop.await_state(first.json()["paymentId"], "SETTLED")

    assert shop.create(key=key, orderId=order_id).content == first.content


@pytest.mark.parametrize("forgetful", [False, True], ids=["with Redis", "Redis forgot"])
def test_c2_same_key_with_another_body_is_refused(
    shop: Shop, alipay: Alipay, books: Books, stack: Stack, *, forgetful: bool
) -> None:
    key, other = new_key(), new_order()
    payment = shop.created(key=key)
    if forgetful:
        with stack.redis.client() as redis:
            redis.flushdb()
    calls = alipay.calls(PRECREATE)

    refused = [
        shop.create(key=key, orderId=other),
        shop.create(key=key, orderId=payment["orderId"], amount="100.01"),
        shop.refund(payment["paymentId"], key=key),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [
        (422, "idempotency_key_reused")
    ] * 3
    assert alipay.calls(PRECREATE) == calls
    assert payments_of(books, other) == []
    assert payments_of(books, payment["orderId"]) == [payment["paymentId"]]


@pytest.mark.parametrize("hung", [False, True], ids=["with Redis", "Redis hangs"])
def test_c3_twenty_callers_at_once_with_one_key(
    shop: Shop, script: Alipay, books: Books, stack: Stack, *, hung: bool
) -> None:
    key, order_id = new_key(), new_order()
    script.fault("delay", method=PRECREATE, seconds=1)
    if hung:
        stack.redis.pause()
    try:
        answers = at_once(*[partial(shop.create, key=key, orderId=order_id)] * 20)
    finally:
        stack.redis.resume()

    assert {answer.status_code for answer in answers} <= {201, 409}
    created = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in created}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in created) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "request_in_progress"
            assert int(answer.headers["Retry-After"]) >= 1
    assert payments_of(books, order_id) == [created[0].json()["paymentId"]]
    assert script.calls(PRECREATE, reference(created[0].json())) == 1


def test_c3_many_keys_each_from_eight_threads(app: App, books: Books) -> None:
    """The same race many times, without HTTP between the callers: PostgreSQL's own insert decides it."""
    order_id = new_order()

    def create(key: str) -> bytes | None:
        price = parse_money("1.00", CURRENCIES["CNY"])
        command = CreatePayment(order_id, 1, price, "ALIPAY", request_id="race", channel="WEB")
        try:
            return app.payments.create_payment(command, Claim(key, b"h" * 32)).answer.body
        except StillRunning:
            return None

    for _ in range(15):
        answers = at_once(*[partial(create, new_key())] * 8)
        assert len(set(answers) - {None}) == 1
    assert len(payments_of(books, order_id)) == 15


def _invalid(shop: Shop, key: str, case: str) -> int:
    headers = {"Idempotency-Key": key}
    match case:
        case "a field":
            return shop.create(key=key, amount="0.001").status_code
        case "not JSON":
            return shop.call("POST", "/payments", data=b"{", headers=headers).status_code
        case "another type":
            return shop.call("POST", "/payments", data=b"<a/>", headers=headers).status_code
        case _:
            return shop.create(key=key, channel="JSAPI").status_code


@pytest.mark.parametrize("case", ["a field", "not JSON", "another type", "a channel"])
def test_c6_what_is_not_valid_burns_no_key(shop: Shop, case: str) -> None:
    key = new_key()

    assert _invalid(shop, key, case) in (400, 415)
    answer = shop.create(key=key)
    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer.headers


BAD_DAYS = [
    pytest.param("drop", {}, id="nothing done"),
    pytest.param("drop_after", {}, id="done, no answer"),
    pytest.param("http_error", {}, id="502"),
    pytest.param("http_error", {"work": True, "status": 500}, id="done, 500"),
    pytest.param("system_error", {}, id="system error"),
    pytest.param("system_error", {"work": True, "code": "20000"}, id="done, 20000"),
    pytest.param("garbage", {}, id="garbage"),
    pytest.param("bad_signature", {}, id="an answer that does not verify"),
]


@pytest.mark.parametrize(("kind", "options"), BAD_DAYS)
def test_c8_a_retry_repeats_the_rails_reference(
    shop: Shop, script: Alipay, books: Books, kind: str, options: dict[str, object]
) -> None:
    key, order_id = new_key(), new_order()
    script.fault(kind, method=PRECREATE, count=2, **options)

    unknown, still_unknown, created, replayed = (shop.create(key=key, orderId=order_id) for _ in range(4))

    assert [answer.status_code for answer in (unknown, still_unknown, created, replayed)] == [202, 202, 201, 201]
    assert (unknown.json()["state"], unknown.json()["action"]) == ("CREATED", None)
    assert replayed.content == created.content
    payment = created.json()
    assert payment["paymentId"] == unknown.json()["paymentId"]
    assert payment["action"]["type"] == "QR_CODE"
    assert payments_of(books, order_id) == [payment["paymentId"]]
    assert script.calls(PRECREATE, reference(payment)) == 3


def test_c8_a_refusal_for_good_is_final(shop: Shop, script: Alipay, books: Books) -> None:
    key, order_id = new_key(), new_order()
    script.fault("business_error", method=PRECREATE, sub_code="ACQ.ACCESS_FORBIDDEN")

    failed, replayed = (shop.create(key=key, orderId=order_id) for _ in range(2))

    payment = failed.json()
    assert (failed.status_code, payment["state"], payment["failureReason"]) == (
        201,
        "FAILED",
        "ACQ.ACCESS_FORBIDDEN",
    )
    assert replayed.content == failed.content
    assert script.calls(PRECREATE, reference(payment)) == 1
    assert books.kinds(payment["paymentId"]) == ["payment.failed"]
    assert books.states(payment["paymentId"]) == ["CREATED", "FAILED"]
