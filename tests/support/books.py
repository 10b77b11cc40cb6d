"""What the database holds, seen by the schema's owner: for facts that no call shows."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.local.servers.postgres import DATABASE, OWNER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.servers.postgres import Postgres


@dataclass(frozen=True)
class Books:
    postgres: Postgres

    def run(self, text: str, **values: Any) -> list[list[Any]]:
        with self.postgres.admin(DATABASE) as owner:
            owner.run(f"SET ROLE {OWNER}")
            return owner.run(text, **values) or []

    def states(self, payment_id: str) -> list[str]:
        """The states that the payment went through, by its timeline."""
        rows = self.run("SELECT to_state FROM timeline WHERE payment_id = :id ORDER BY version", id=payment_id)
        return [row[0] for row in rows]

    def events(self, payment_id: str) -> list[dict[str, Any]]:
        """Its events in order: their payloads, with the `kind`."""
        rows = self.run("SELECT kind, payload FROM outbox WHERE payment_id = :id ORDER BY sequence", id=payment_id)
        return [{"kind": kind, **json.loads(payload)} for kind, payload in rows]

    def kinds(self, payment_id: str) -> list[str]:
        return [event["kind"] for event in self.events(payment_id)]

    def cases(self, reference: str) -> list[str]:
        """The kinds of the operator's cases about an order at the rail."""
        text = "SELECT kind FROM operator_cases WHERE detail->>'reference' = :reference ORDER BY id"
        return [row[0] for row in self.run(text, reference=reference)]

    def outcomes(self, body: bytes) -> list[str | None]:
        """What came of the callbacks with exactly these bytes; None: not applied yet.

        One that was erased has neither bytes nor a query, and the digest of what it had.
        """
        text = (
            "SELECT outcome FROM callback_inbox LEFT JOIN callback_outcomes ON callback_id = id WHERE body = :body"
            " AND (body <> '' OR query::text <> '{}' OR digest = sha256(decode('0a', 'hex')))"
        )
        return [row[0] for row in self.run(text, body=body)]

    def sums(self, payment_id: str) -> dict[str, int]:
        """What was received, and of it reserved for refunds, refunded by us, refunded at the rail: in fen."""
        names = ("received", "refund_reserved", "refunded", "refunded_outside")
        [row] = self.run(f"SELECT {', '.join(names)} FROM payments WHERE id = :id", id=payment_id)
        return dict(zip(names, map(int, row), strict=True))

    @contextmanager
    def locked(self, payment_id: str) -> Iterator[None]:
        """Another transaction holds the payment's row."""
        with self.postgres.admin(DATABASE) as owner:
            owner.run("BEGIN")
            owner.run("SELECT FROM payments WHERE id = :id FOR UPDATE", id=payment_id)
            yield
            owner.run("ROLLBACK")

    @contextmanager
    def broken(self, payment_id: str) -> Iterator[None]:
        """PostgreSQL fails in the midst of whatever moves the payment."""
        name = f"broken_{payment_id.lower()}"
        self.run(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'broken by a test'; END$$"
        )
        self.run(
            f"CREATE TRIGGER {name} BEFORE INSERT ON timeline FOR EACH ROW"
            f" WHEN (NEW.payment_id = '{payment_id}') EXECUTE FUNCTION {name}()"
        )
        try:
            yield
        finally:
            self.run(f"DROP FUNCTION {name} CASCADE")

    def due_now(self, payment_id: str) -> None:
        """`resolve` finds due whatever waits for this payment, and all callbacks that are not applied."""
        self.run("UPDATE callback_queue SET available_at = now() - interval '1 s'")
        for table in ("attempts", "refunds"):
            self.run(
                f"UPDATE {table} SET next_query_at = now() - interval '1 s'"
                " WHERE payment_id = :id AND next_query_at IS NOT NULL",
                id=payment_id,
            )
