"""Rate limits per API key: a counter a minute. Without Redis nobody is limited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.ports import Allowance

if TYPE_CHECKING:
    from paygate.adapters.redis.client import RedisClient
    from paygate.ports import Clock

_WINDOW_SECONDS = 60


class RedisLimiter:
    """`ports.Limiter` with fixed windows of a minute."""

    def __init__(self, redis: RedisClient, clock: Clock, limit: int) -> None:
        self._redis = redis
        self._clock = clock
        self._limit = limit

    def take(self, key_id: str, /) -> Allowance | None:
        window, into = divmod(int(self._clock.now().timestamp()), _WINDOW_SECONDS)
        name = f"paygate:rate:{key_id}:{window}"

        def count(client: Any) -> int:
            both = client.pipeline(transaction=False).incr(name).expire(name, 2 * _WINDOW_SECONDS)
            return int(both.execute()[0])

        used = self._redis.try_to(count)
        if used is None:
            return None
        left = self._limit - used
        return Allowance(self._limit, max(left, 0), _WINDOW_SECONDS - into, left >= 0)
