"""Create, status and batch through their handlers, against the floor."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.bench.figures import Figure, p50_ms
from tests.bench.floor import Floor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paygate.bootstrap import App
    from tests.bench.world import World

BATCH = 100


def measure(world: World) -> Iterator[Figure]:
    from paygate.adapters.postgres.statements import sql

    floor = Floor(world.settings)
    ours, hand = p50_ms(creator(world), floor.create, rounds=600)
    yield Figure("create_p50", ours, hand, "ms", 2.0)

    ids = [creator(world)() for _ in range(BATCH)]
    world.analyze()
    statement = sql("payment_documents", chosen="chosen_by_ids").text
    ours, hand = p50_ms(reader(world, ids[0]), lambda: floor.read(statement, (ids[0],)), rounds=600)
    yield Figure("status_p50", ours, hand, "ms", 2.5)

    batch, one = p50_ms(_batcher(world, ids), reader(world, ids[0]), rounds=200)
    yield Figure("batch100_vs_status", batch, one, "ms", 4.0)
    floor.close()


def creator(world: World, app: App | None = None) -> Callable[[], str]:
    """Creates through the handler, over the world's application or another."""
    from create.app import api, lambda_handler

    handler = api.on(lambda: app) if app else lambda_handler

    def create() -> str:
        answer = handler(world.create_event(), world.context)
        if answer["statusCode"] != 201:
            raise AssertionError(answer)
        return str(json.loads(answer["body"])["paymentId"])

    return create


def reader(world: World, payment_id: str, app: App | None = None) -> Callable[[], Any]:
    from status.app import api, lambda_handler

    handler = api.on(lambda: app) if app else lambda_handler
    event = world.status_event(payment_id)

    def read() -> None:
        answer = handler(event, world.context)
        if answer["statusCode"] != 200:
            raise AssertionError(answer)

    return read


def _batcher(world: World, ids: list[str]) -> Callable[[], Any]:
    from batch.app import lambda_handler

    event = world.event("POST", "/payments/batch", "/payments/batch", {"paymentIds": ids})

    def read() -> None:
        answer = lambda_handler(event, world.context)
        if answer["statusCode"] != 200 or answer["body"].count('"checkoutUrl"') != BATCH:
            raise AssertionError(answer)

    return read
