"""PostgreSQL behind the API's back: for looking at rows, and for letting time pass by moving them into the past."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.local.stack import Stack


@dataclass(frozen=True)
class Rows:
    """The stack's database as a superuser; every statement commits by itself."""

    stack: Stack

    def __call__(self, text: str, **values: Any) -> list[list[Any]]:
        with self.stack.postgres.admin("paygate") as admin:
            return admin.run(text, **values) or []

    def payment_of_order(self, order_id: str) -> str | None:
        found = self("SELECT id FROM payments WHERE order_id = :order_id", order_id=order_id)
        return found[0][0] if found else None

    def events(self, payment_id: str) -> list[dict[str, Any]]:
        """A payment's committed events in order; `kind` beside what is sent."""
        text = "SELECT sequence, kind, payload FROM outbox WHERE payment_id = :id ORDER BY sequence"
        return [
            {**json.loads(payload), "sequence": sequence, "kind": kind}
            for sequence, kind, payload in self(text, id=payment_id)
        ]

    def pass_window(self, payment_ids: Sequence[str]) -> None:
        """Their time to be paid is over, margin included; the rail's clock goes its own way."""
        self(
            "UPDATE payments SET created_at = created_at - interval '1 hour', expires_at = now() - interval '60 s'"
            " WHERE id = ANY (CAST(:ids AS text[]))",
            ids=list(payment_ids),
        )

    def pass_pause(self, payment_ids: Sequence[str]) -> None:
        """`resolve` finds their attempts due."""
        self(
            "UPDATE attempts SET next_query_at = now() - interval '1 s'"
            " WHERE payment_id = ANY (CAST(:ids AS text[])) AND next_query_at IS NOT NULL",
            ids=list(payment_ids),
        )

    def pass_lease(self, key: str) -> None:
        """Whoever held the idempotency key is gone for longer than its lease, here and in Redis."""
        self("UPDATE idempotency_keys SET leased_until = now() WHERE key = :key", key=key)
        with self.stack.redis.client() as redis:
            for name in redis.scan_iter("paygate:idempotency:*"):
                if redis.get(name)[:1] == b"L":
                    assert 0 < redis.pttl(name) <= 20_000, "a lock that outlives its holder"
                    redis.delete(name)
