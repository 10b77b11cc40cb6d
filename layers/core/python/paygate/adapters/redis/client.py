"""Redis with short patience: what does not answer in 100 ms is taken for gone for 10 s."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

T = TypeVar("T")
_PATIENCE_SECONDS = 0.1
_OPEN_SECONDS = 10.0
_IDLE_SECONDS = 20.0  # a frozen function's sockets may be dead by then


class RedisClient:
    """`try_to(work)` runs `work(client)`, or answers None at once while Redis is taken for gone.

    `token` (user → password) makes a password for each new connection, in the URL's place. With `is_cluster`
    the URL leads to any node of a cluster; what one command or pipeline touches must then be one key.
    """

    def __init__(self, url: str, *, token: Callable[[str], str] | None = None, is_cluster: bool = False) -> None:
        self._url = url
        self._token = token
        self._is_cluster = is_cluster
        self._client: Any = None
        self._gone_until = 0.0
        self._used_at = 0.0

    def try_to(self, work: Callable[[Any], T]) -> T | None:
        """The work's result; None when Redis is gone, hangs or refuses."""
        now = time.monotonic()
        if now < self._gone_until:
            return None
        from redis.exceptions import RedisClusterException, RedisError  # noqa: PLC0415  # heavy: first use only

        if now - self._used_at > _IDLE_SECONDS:
            self._hang_up()
        self._used_at = now
        try:
            return work(self._connected())
        except (RedisError, RedisClusterException, OSError) as error:
            self._gone_until = time.monotonic() + _OPEN_SECONDS
            self._hang_up()
            if self._is_cluster:
                self._client = None  # its nodes may be others by then
            log.warning("Redis is taken for gone: %s", type(error).__name__)
            return None

    def is_reached(self) -> bool:
        """Asks now, whatever was found before."""
        self._gone_until = 0.0
        return self.try_to(lambda client: client.ping()) is not None

    def forget_all(self) -> bool:
        """Delete every key of ours; False when Redis cannot be reached."""
        self._gone_until = 0.0
        return (
            self.try_to(lambda client: [client.delete(key) for key in client.scan_iter("paygate:*", 1000)])
            is not None
        )

    def _connected(self) -> Any:
        if self._client is None:
            from paygate.adapters.redis.connecting import connect  # noqa: PLC0415  # heavy: first use only

            self._client = connect(self._url, _PATIENCE_SECONDS, self._token, is_cluster=self._is_cluster)
        return self._client

    def _hang_up(self) -> None:
        from paygate.adapters.redis.connecting import hang_up  # noqa: PLC0415

        if self._client is not None:
            hang_up(self._client)
