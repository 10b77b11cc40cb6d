"""Creators and callbacks at once, over a fixed number of connections, against as many threads of the floor."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from tests.bench.figures import Figure
from tests.bench.floor import Floor
from tests.bench.requests import creator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.world import World

CONNECTIONS = 8
SECONDS = 6.0


def measure(world: World) -> Iterator[Figure]:
    for threads in (8, 32):
        ours = _per_second(threads, _payer(world))
        floors = deque(Floor(world.settings) for _ in range(CONNECTIONS))
        hand = _per_second(threads, _by_hand(floors))
        _no_lock_is_left(floors[0])
        for floor in floors:
            floor.close()
        yield Figure(f"concurrent_{threads}", ours, hand, "1/s", 0.5, is_least=True)


def _payer(world: World) -> Callable[[], None]:
    """Create a payment, then hear from Alipay that it is paid; both must succeed."""
    from webhook.app import lambda_handler

    create, sign = creator(world), _signer(world)

    def pay() -> None:
        payment_id = create()
        answer = lambda_handler(_callback(world, sign, payment_id), world.context)
        if answer["body"] != "success":
            raise AssertionError(answer)

    return pay


def _by_hand(floors: deque[Floor]) -> Callable[[], None]:
    free = threading.Semaphore(len(floors))

    def pay() -> None:
        with free:
            floor = floors.popleft()
            try:
                floor.settle(floor.create())
            finally:
                floors.append(floor)

    return pay


def _per_second(threads: int, work: Callable[[], None]) -> float:
    """Finished works a second; an error in any thread is an error of the run."""
    done, errors = [0] * threads, []
    work()
    started = time.perf_counter()

    def run(index: int) -> None:
        try:
            while time.perf_counter() - started < SECONDS:
                work()
                done[index] += 1
        except BaseException as error:  # noqa: BLE001  # raised below, in the main thread
            errors.append(error)

    workers = [threading.Thread(target=run, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]
    return sum(done) / (time.perf_counter() - started)


def _no_lock_is_left(floor: Floor) -> None:
    for name in floor.redis.scan_iter("paygate:idempotency:*", count=1000):
        value = floor.redis.get(name)
        if value is not None and value[:1] == b"L":
            raise AssertionError(f"{name!r} is still locked")
    [[leased]] = floor.run("SELECT count(*) FROM idempotency_keys WHERE leased_until > now()", ())
    if leased:
        raise AssertionError(f"{leased} keys are still leased")


def _signer(world: World) -> Callable[[bytes], bytes]:
    key: Any = serialization.load_pem_private_key(world.settings["ALIPAY_APP_PRIVATE_KEY"].encode(), None)
    return lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _callback(world: World, sign: Callable[[bytes], bytes], payment_id: str) -> dict[str, Any]:
    reference = payment_id.removeprefix("PAY_") + "01"
    told = {
        "app_id": world.settings["ALIPAY_APP_ID"],
        "charset": "utf-8",
        "gmt_payment": "2026-01-02 03:04:05",
        "notify_id": reference,
        "notify_time": "2026-01-02 03:04:05",
        "notify_type": "trade_status_sync",
        "out_trade_no": reference,
        "seller_id": world.settings["ALIPAY_SELLER_ID"],
        "total_amount": "100.00",
        "trade_no": reference,
        "trade_status": "TRADE_SUCCESS",
        "version": "1.0",
    }
    text = "&".join(f"{name}={told[name]}" for name in sorted(told))
    signed = {**told, "sign_type": "RSA2", "sign": base64.b64encode(sign(text.encode())).decode()}
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    parameters = {"rail": "alipay"}
    event = world.event("POST", "/webhooks/alipay", "/webhooks/{rail}", headers=headers, parameters=parameters)
    body = base64.b64encode(urlencode(signed).encode()).decode()
    return json.loads(json.dumps({**event, "body": body, "isBase64Encoded": True}))
