"""C4 and C5: the function dies between the rail and its commit, and Redis goes away under it."""

from __future__ import annotations

import contextlib
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import psutil
import pytest

from paygate import bootstrap
from paygate.adapters.system.sealer import AesGcmSealer
from paygate.domain.assets import CURRENCIES
from paygate.domain.errors import IdempotencyKeyReused
from paygate.domain.money import parse_money
from paygate.ports import Claim
from paygate.services.commands import CreatePayment
from tests.support.at_once import at_once
from tests.support.shop import new_key, new_order, reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.passing import Passing
from tests.support.shop import Shop

PRECREATE = "alipay.trade.precreate"
PATIENCE_SECONDS = 0.3


def kill_functions(stack: Stack) -> None:
    """SIGKILL to every process that runs functions; the gateway in front of them stays."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # others come and go
            command = process.cmdline()
            if "infra.local.worker" in command and process.environ().get("PORT") == str(stack.gateway.port):
                process.kill()


def await_call(alipay: Alipay, books: Books, order_id: str) -> dict[str, str]:
    """The payment, once the rail was called for it."""
    give_up_at = time.monotonic() + 20
    while time.monotonic() < give_up_at:
        for (payment_id,) in books.run("SELECT id FROM payments WHERE order_id = :id", id=order_id):
            payment = {"paymentId": payment_id}
            if alipay.calls(PRECREATE, reference(payment)):
                return payment
        time.sleep(0.02)
    raise AssertionError("the rail was never called")


def killed_while_the_rail_answers(
    shop: Shop, script: Alipay, books: Books, stack: Stack, key: str, order_id: str
) -> dict[str, str]:
    script.fault("timeout", method=PRECREATE, seconds=1)  # does the work, and the answer never comes
    with ThreadPoolExecutor(1) as pool:
        request = pool.submit(shop.create, key=key, orderId=order_id)
        payment = await_call(script, books, order_id)
        while script.see("ledger")["orders"].get(reference(payment)) is None:
            time.sleep(0.01)
        kill_functions(stack)
        assert request.result().status_code in (502, 503)
    assert books.states(payment["paymentId"]) == ["CREATED"]
    return payment


def test_c4_killed_before_the_commit_the_retry_finds_its_one_order(
    shop: Shop, script: Alipay, books: Books, stack: Stack, passing: Passing
) -> None:
    key, order_id = new_key(), new_order()
    payment = killed_while_the_rail_answers(shop, script, books, stack, key, order_id)
    at_the_rail = script.order(reference(payment))

    early = shop.create(key=key, orderId=order_id)
    passing.lease(key)
    retried = shop.create(key=key, orderId=order_id)

    assert (early.status_code, early.json()["code"]) == (409, "request_in_progress")
    assert (retried.status_code, retried.json()["state"]) == (201, "PENDING")
    assert retried.json()["paymentId"] == payment["paymentId"]
    assert script.order(reference(payment))["code"] == at_the_rail["code"]  # the very order, not one like it
    assert at_the_rail["code"] in retried.json()["action"]["content"]
    assert books.run("SELECT count(*) FROM payments WHERE order_id = :id", id=order_id) == [[1]]
    assert shop.create(key=key, orderId=order_id).content == retried.content


def test_c4_killed_and_never_retried_it_is_resolved(
    shop: Shop, script: Alipay, books: Books, stack: Stack, passing: Passing, app: App
) -> None:
    key, order_id = new_key(), new_order()
    payment = killed_while_the_rail_answers(shop, script, books, stack, key, order_id)

    passing.pause([payment["paymentId"]])
    app.resolve(10)

    found = shop.status(payment["paymentId"])
    assert (found["state"], found["action"]["type"]) == ("PENDING", "QR_CODE")
    script.pay(found)
    shop.await_state(payment["paymentId"], "SETTLED")
    passing.lease(key)
    late = shop.create(key=key, orderId=order_id)
    assert (late.status_code, late.json()["paymentId"], late.json()["state"]) == (
        201,
        payment["paymentId"],
        "SETTLED",
    )


def kill(stack: Stack) -> None:
    stack.redis.kill()


def pause(stack: Stack) -> None:
    stack.redis.pause()


def flush(stack: Stack) -> None:
    with stack.redis.client() as redis:
        redis.flushdb()


def bring_back(stack: Stack) -> None:
    stack.redis.resume()
    stack.redis.start()
    while not stack.redis.is_ready():
        time.sleep(0.02)


@pytest.mark.parametrize("lose", [kill, pause, flush])
def test_c5_redis_lost_mid_request_makes_no_second_call(
    shop: Shop, script: Alipay, books: Books, stack: Stack, lose: Callable[[Stack], None]
) -> None:
    key, order_id = new_key(), new_order()
    script.fault("delay", method=PRECREATE, seconds=0.4, count=2)
    at_once(shop.create, shop.create)  # so that two functions are up
    script.fault("delay", method=PRECREATE, seconds=0.8)
    create = partial(shop.create, key=key, orderId=order_id)
    try:
        with ThreadPoolExecutor(1) as pool:
            request = pool.submit(create)
            payment = await_call(script, books, order_id)
            lose(stack)
            meanwhile = create()
            created = request.result()
        afterwards = create()
    finally:
        bring_back(stack)
    once_back = create()

    assert meanwhile.status_code == 409
    assert (created.status_code, created.json()["paymentId"]) == (201, payment["paymentId"])
    for answer in (afterwards, once_back):
        assert (answer.status_code, answer.content) == (201, created.content)
        assert answer.headers["Idempotent-Replayed"] == "true"
    assert script.calls(PRECREATE, reference(payment)) == 1


@pytest.fixture
def apps(app: App) -> Iterator[Callable[[], App]]:
    """Applications of their own, as new processes would have them."""
    with ExitStack() as open_ones:

        def build() -> App:
            built = bootstrap.build(app.settings)
            open_ones.callback(built.database.close)
            with built.database.transaction():
                return built

        yield build


def seconds_of_create(app: App) -> float:
    """How long a create takes with the rate limit before it, as the edge asks for it."""
    price = parse_money("1.00", CURRENCIES["CNY"])
    command = CreatePayment(new_order(), 1, price, "ALIPAY", request_id="quick", channel="WEB")
    started = time.monotonic()
    app.limiter.take("tests")
    answered = app.payments.create_payment(command, Claim(new_key(), b"h" * 32))
    taken = time.monotonic() - started
    assert answered.answer.status == 201
    return taken


@pytest.mark.parametrize("lose", [kill, pause])
def test_c5_no_request_is_slower_by_more_than_its_patience(
    apps: Callable[[], App], stack: Stack, lose: Callable[[Stack], None]
) -> None:
    """Each sample is an application that does not know yet that Redis is gone: new, or connected a moment ago."""
    normal = statistics.median(seconds_of_create(apps()) for _ in range(5))
    new, connected = [apps() for _ in range(5)], [apps() for _ in range(5)]
    for one in connected:
        seconds_of_create(one)
    try:
        lose(stack)
        slow = {
            name: [seconds_of_create(one) for one in ones]
            for name, ones in (("new", new), ("connected", connected))
        }
    finally:
        bring_back(stack)

    assert max(map(statistics.median, slow.values())) - normal < PATIENCE_SECONDS, slow


def test_c5_a_copy_in_redis_that_no_key_of_ours_opens_does_not_hide_the_answer(
    apps: Callable[[], App], stack: Stack
) -> None:
    """The encryption key was replaced, or another stack writes to the same Redis: PostgreSQL knows better."""
    one, claim = apps(), Claim(new_key(), b"h" * 32)
    command = CreatePayment(new_order(), 1, parse_money("1.00", CURRENCIES["CNY"]), "ALIPAY", "copy", channel="WEB")
    flush(stack)
    created = one.payments.create_payment(command, claim)
    foreign = AesGcmSealer({"gone": bytes(32)}).seal(b"{}", claim.key)
    changed = one.payments.create._sealer.seal(b"{}", "another key")
    for sealed in (foreign, changed, b""):
        with stack.redis.client() as redis:
            [name] = redis.scan_iter("paygate:idempotency:*")
            redis.set(name, b"R" + claim.request_hash + (201).to_bytes(2, "big") + sealed)
        replayed = one.payments.create_payment(command, claim)
        assert (replayed.is_replay, replayed.answer) == (True, created.answer)


def test_c5_a_lock_that_outlives_its_request_does_not_hide_the_answer(
    apps: Callable[[], App], stack: Stack
) -> None:
    """Redis hung before the answer reached it, and came back with the lock: PostgreSQL knows better."""
    one, claim = apps(), Claim(new_key(), b"h" * 32)
    command = CreatePayment(new_order(), 1, parse_money("1.00", CURRENCIES["CNY"]), "ALIPAY", "lock", channel="WEB")
    flush(stack)
    created = one.payments.create_payment(command, claim)
    with stack.redis.client() as redis:
        [name] = redis.scan_iter("paygate:idempotency:*")
        redis.set(name, b"L" + claim.request_hash + b"t" * 16, px=20_000)

    replayed = one.payments.create_payment(command, claim)

    assert replayed.is_replay
    assert replayed.answer == created.answer
    with pytest.raises(IdempotencyKeyReused):
        one.payments.create_payment(command, Claim(claim.key, b"i" * 32))
