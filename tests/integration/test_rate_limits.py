"""Rate limits per key, in Redis."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from paygate.adapters.redis.client import RedisClient
from paygate.adapters.redis.limiter import RedisLimiter

if TYPE_CHECKING:
    from infra.local.stack import Stack


class At:
    """A clock that stands."""

    def __init__(self, second: int) -> None:
        self.second = second

    def now(self) -> datetime:
        return datetime(2026, 1, 1, 0, 0, self.second, tzinfo=UTC)


def test_a_small_limit_is_kept_to_the_request_across_processes(stack: Stack) -> None:
    clock, key = At(10), uuid.uuid4().hex
    one, other = (RedisLimiter(RedisClient(stack.env["REDIS_URL"]), clock, 5) for _ in range(2))
    taken = [limiter.take(key) for limiter in (one, other, one, other, one, other)]
    assert all(allowance is not None for allowance in taken)
    assert [allowance.is_allowed for allowance in taken if allowance] == [True] * 5 + [False]
    assert [allowance.remaining for allowance in taken if allowance] == [4, 3, 2, 1, 0, 0]
    assert {allowance.reset_seconds for allowance in taken if allowance} == {50}


def test_a_large_limit_is_never_passed_and_slices_are_used_up(stack: Stack) -> None:
    key = uuid.uuid4().hex
    limiter = RedisLimiter(RedisClient(stack.env["REDIS_URL"]), At(0), 1000)
    answers = [limiter.take(key) for _ in range(1010)]
    assert sum(allowance.is_allowed for allowance in answers if allowance) == 1000


def test_without_redis_nobody_is_limited() -> None:
    limiter = RedisLimiter(RedisClient("redis://127.0.0.1:1/0"), At(0), 1)
    assert limiter.take("key") is None
