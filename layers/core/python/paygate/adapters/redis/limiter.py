"""Rate limits per API key: a counter a minute. Without Redis nobody is limited.

A process takes allowance in slices of up to a hundredth of the limit, so that most requests ask Redis nothing;
what it has not used is lost when the minute ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paygate.ports import Allowance

if TYPE_CHECKING:
    from paygate.adapters.redis.client import RedisClient
    from paygate.ports import Clock

_WINDOW_SECONDS = 60
_LARGEST_SLICE = 50


@dataclass(slots=True)
class _Slice:
    """What this process may still grant in `window`, and what was left in Redis when it was taken."""

    window: int
    granted: int
    left_in_redis: int


class RedisLimiter:
    """`ports.Limiter` with fixed windows of a minute."""

    def __init__(self, redis: RedisClient, clock: Clock, limit: int) -> None:
        self._redis = redis
        self._clock = clock
        self._limit = limit
        self._step = max(1, min(_LARGEST_SLICE, limit // 100))
        self._slices: dict[str, _Slice] = {}

    def take(self, key_id: str, /) -> Allowance | None:
        window, into = divmod(int(self._clock.now().timestamp()), _WINDOW_SECONDS)
        mine = self._slices.get(key_id)
        if mine is None or mine.window != window or mine.granted == 0:
            mine = self._next_slice(key_id, window)
            if mine is None:
                return None
            self._slices[key_id] = mine
        is_allowed = mine.granted > 0
        mine.granted -= is_allowed
        return Allowance(self._limit, mine.left_in_redis + mine.granted, _WINDOW_SECONDS - into, is_allowed)

    def _next_slice(self, key_id: str, window: int) -> _Slice | None:
        name = f"paygate:rate:{key_id}:{window}"

        def count(client: Any) -> int:
            both = client.pipeline(transaction=False).incrby(name, self._step).expire(name, 2 * _WINDOW_SECONDS)
            return int(both.execute()[0])

        taken = self._redis.try_to(count)
        if taken is None:
            return None
        left = self._limit - taken
        return _Slice(window, max(min(self._step, self._step + left), 0), max(left, 0))
