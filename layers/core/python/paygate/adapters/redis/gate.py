"""At most one nudge of the relay per window, across all writers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from paygate.adapters.redis.client import RedisClient

_NAME = "paygate:nudge"
_WINDOW_MS = 900


class RedisGate:
    """Without Redis each process has a gate of its own."""

    def __init__(self, redis: RedisClient, fallback: Callable[[], bool]) -> None:
        self._redis = redis
        self._fallback = fallback

    def __call__(self) -> bool:
        taken = self._redis.try_to(lambda client: (client.set(_NAME, b"1", nx=True, px=_WINDOW_MS),))
        return self._fallback() if taken is None else bool(taken[0])
