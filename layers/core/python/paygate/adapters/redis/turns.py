"""One turn in a while for each name, across all processes."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from paygate.adapters.redis.client import RedisClient

_MOST_NAMES = 1000


class RedisTurns:
    """`ports.Turns`. Without Redis each process gives turns of its own."""

    def __init__(self, redis: RedisClient, purpose: str, seconds: float) -> None:
        self._redis, self._purpose, self._seconds = redis, purpose, seconds
        self._own = ProcessTurns(seconds)

    def __call__(self, name: str, /) -> bool:
        key, window = f"paygate:{self._purpose}:{name}", round(self._seconds * 1000)
        taken = self._redis.try_to(lambda client: (client.set(key, b"1", nx=True, px=window),))
        return self._own(name) if taken is None else bool(taken[0])


class ProcessTurns:
    """The turns of one process. It remembers so many names, and gives none while all of them are recent."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._monotonic = seconds, monotonic
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, name: str, /) -> bool:
        with self._lock:
            now = self._monotonic()
            if len(self._next) >= _MOST_NAMES:
                self._next = {known: at for known, at in self._next.items() if at > now}
            if self._next.get(name, now) > now or len(self._next) >= _MOST_NAMES:
                return False
            self._next[name] = now + self._seconds
            return True
