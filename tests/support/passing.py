"""Time that passes: rows are moved into the past, so that no test waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    from infra.local.servers.redis import Redis

    class Rows(Protocol):
        def run(self, text: str, **values: Any) -> list[list[Any]]: ...


LOCK_MS = 20_000


@dataclass(frozen=True)
class Passing:
    books: Rows
    redis: Redis

    def window(self, payment_ids: Sequence[str]) -> None:
        """Their time to be paid is over, margin included; the rail's clock goes its own way."""
        self.books.run(
            "UPDATE payments SET created_at = created_at - interval '1 hour', expires_at = now() - interval '60 s'"
            " WHERE id = ANY (string_to_array(:ids, ','))",
            ids=",".join(payment_ids),
        )

    def pause(self, payment_ids: Sequence[str]) -> None:
        """`resolve` finds their attempts due."""
        self.books.run(
            "UPDATE attempts SET next_query_at = now() - interval '1 s'"
            " WHERE payment_id = ANY (string_to_array(:ids, ',')) AND next_query_at IS NOT NULL",
            ids=",".join(payment_ids),
        )

    def lease(self, key: str) -> None:
        """Whoever held the idempotency key is gone for longer than its lease, in PostgreSQL and in Redis."""
        self.books.run("UPDATE idempotency_keys SET leased_until = now() WHERE key = :key", key=key)
        with self.redis.client() as redis:
            for name in redis.scan_iter("paygate:idempotency:*"):
                if redis.get(name)[:1] == b"L":
                    assert 0 < redis.pttl(name) <= LOCK_MS, "a lock that outlives its holder"
                    redis.delete(name)
