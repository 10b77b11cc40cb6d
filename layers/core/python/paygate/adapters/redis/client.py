"""One Redis connection pool with short patience: what does not answer in 100 ms is taken for gone for 10 s."""

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
    """`try_to(work)` runs `work(client)`, or answers None at once while Redis is taken for gone."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Any = None
        self._gone_until = 0.0
        self._used_at = 0.0

    def try_to(self, work: Callable[[Any], T]) -> T | None:
        """The work's result; None when Redis is gone, hangs or refuses."""
        now = time.monotonic()
        if now < self._gone_until:
            return None
        from redis.exceptions import RedisError  # noqa: PLC0415  # heavy: first use only

        client = self._connected()
        if now - self._used_at > _IDLE_SECONDS:
            client.connection_pool.disconnect(inuse_connections=False)
        self._used_at = now
        try:
            return work(client)
        except (RedisError, OSError) as error:
            self._gone_until = time.monotonic() + _OPEN_SECONDS
            client.connection_pool.disconnect(inuse_connections=False)
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
            from redis import Redis  # noqa: PLC0415  # heavy: first use only
            from redis.backoff import NoBackoff  # noqa: PLC0415
            from redis.retry import Retry  # noqa: PLC0415

            self._client = Redis.from_url(
                self._url,
                socket_connect_timeout=_PATIENCE_SECONDS,
                socket_timeout=_PATIENCE_SECONDS,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
            )
            if self._url.startswith("rediss://"):  # the URL's own options must not weaken TLS
                options = self._client.connection_pool.connection_kwargs
                options.update(ssl_cert_reqs="required", ssl_check_hostname=True)
        return self._client
