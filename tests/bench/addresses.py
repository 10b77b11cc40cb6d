"""A payment's address on a chain, against coincurve's bare addition of the point that makes it one.

Ours begins with an index and ends with everything that is stored: the HMAC that BIP 32 adds, the hash that chains
name receivers by, the text with its checksum, and the path. What an address adds to `create`, the index and its
commit too, is held against two milliseconds: the other payment is one by bank transfer, which asks nobody either.
"""

from __future__ import annotations

import json
import os
import uuid
from itertools import count
from typing import TYPE_CHECKING, Any

from tests.bench.figures import Figure, p50_ms
from tests.support import hd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.world import World

BAR = 3.0
ROUNDS, BATCH = 300, 25
MOST_MS = 2.0
BANK = {"BANK_EUR_ACCOUNT_NAME": "Teehaus", "BANK_EUR_IBAN": "DE02120300000000202051"}
METHODS = {"USDT_ERC20": "ethereum", "USDT_TRC20": "tron", "BTC": "bitcoin"}


def measure(world: World) -> Iterator[Figure]:
    from coincurve import PrivateKey

    env = hd.chain_settings(b"the same in every run")
    parent, tweak = PrivateKey(b"\1" * 32).public_key, os.urandom(32)
    for method, network in METHODS.items():
        ours, bare = p50_ms(
            _batch(_receiver(method, env)), _batch(lambda: parent.add(tweak)), rounds=ROUNDS, warm=5
        )
        yield Figure(f"address_{network}", ours * 1000 / BATCH, bare * 1000 / BATCH, "us", BAR)
    with_address, without = p50_ms(*_creators(world, env), rounds=ROUNDS)
    yield Figure("address_in_create", with_address - without, MOST_MS, "ms", 1.0)


def _receiver(method: str, env: dict[str, str]) -> Callable[[], object]:
    from paygate.domain.money import Money
    from paygate.strategies import registry

    known = registry.method(method)
    assert known is not None
    rail = registry.load(known.adapter)(registry.load(known.settings)(env), None, None, None)
    due, indexes = Money(10**6, registry.strategy(method).asset), count()
    return lambda: rail.receive(next(indexes), due)


def _creators(world: World, env: dict[str, str]) -> Iterator[Callable[[], None]]:
    from create.app import api
    from paygate import bootstrap
    from paygate.config import read_settings

    app = bootstrap.build(read_settings({**world.settings, **BANK, **env}))
    handler = api.on(lambda: app)
    for fields in ({"method": "BTC", "currency": "BTC"}, {"method": "BANK_TRANSFER", "currency": "EUR"}):

        def create(fields: dict[str, str] = fields) -> None:
            body = {"orderId": f"ORDER_{uuid.uuid4().hex}", "userId": 1, "amount": "1.5", **fields}
            headers = {"Idempotency-Key": uuid.uuid4().hex}
            answer = handler(world.event("POST", "/payments", "/payments", body, headers=headers), world.context)
            if answer["statusCode"] != 201 or not json.loads(answer["body"])["action"]:
                raise AssertionError(answer)

        yield create


def _batch(work: Callable[[], Any]) -> Callable[[], None]:
    def run() -> None:
        for _ in range(BATCH):
            work()

    return run
