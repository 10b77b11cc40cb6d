import json

from paygate.domain.errors import Unavailable
from paygate.http.health import DeepHealth
from tests.unit.http_support import TestClock


def gone() -> bool:
    raise Unavailable("10.0.0.7 refused")


def test_everything_reachable_is_ok() -> None:
    status, body = DeepHealth()({"postgres": lambda: True, "redis": lambda: True}, TestClock())
    assert (status, json.loads(body)) == (200, {"status": "ok", "parts": {"postgres": "ok", "redis": "ok"}})


def test_without_redis_payments_go_on() -> None:
    status, body = DeepHealth()({"postgres": lambda: True, "redis": lambda: False}, TestClock())
    assert (status, json.loads(body)["status"]) == (200, "degraded")


def test_without_postgres_nothing_does() -> None:
    status, body = DeepHealth()({"postgres": gone, "redis": lambda: True}, TestClock())
    assert (status, json.loads(body)["parts"]) == (503, {"postgres": "down", "redis": "ok"})
    assert "10.0.0.7" not in body


def test_parts_are_asked_every_10_seconds_at_most() -> None:
    asked: list[int] = []
    clock, health = TestClock(), DeepHealth()
    probes = {"postgres": lambda: not asked.append(1)}
    for _ in range(3):
        health(probes, clock)
    assert len(asked) == 1
    clock.pass_seconds(10)
    health(probes, clock)
    assert len(asked) == 2
