"""The honest floor: what a careful hand would write for the same rows, the same Redis, the same signature."""

from __future__ import annotations

import json
import os
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from pg8000.native import Connection
from redis import Redis

if TYPE_CHECKING:
    from collections.abc import Mapping

# The rows of one create on a channel that asks no rail: key with answer, payment, attempt, two timeline entries.
CREATE = """
WITH k AS (
    INSERT INTO idempotency_keys (key, request_hash, resource_id, leased_until, answer_status, answer_sealed)
    VALUES ($1, $2, $3, now(), 201, $4) ON CONFLICT DO NOTHING RETURNING key
), p AS (
    INSERT INTO payments (id, order_id, user_id, method, channel, state, price, currency, decimals, due, due_asset,
        due_decimals, request_id, created_at, updated_at, expires_at, version)
    VALUES ($3, $5, 1, 'ALIPAY', 'WEB', 'PENDING', 10000, 'CNY', 2, 10000, 'CNY', 2, $6, $7, $7, $8, 2)
), a AS (
    INSERT INTO attempts (payment_id, number, rail, reference, status, rail_expires_at, created_at, next_query_at,
        action_sealed)
    VALUES ($3, 1, 'alipay', $9, 'OPEN', $8, $7, $8, $10)
), t AS (
    INSERT INTO timeline (payment_id, version, from_state, to_state, reason, at)
    VALUES ($3, 1, NULL, 'CREATED', 'created', $7), ($3, 2, 'CREATED', 'PENDING', 'accepted', $7)
)
SELECT key FROM k
"""
# One callback that settles: its bytes first, in a transaction of their own, as they must not be lost …
KEEP = """
WITH i AS (
    INSERT INTO callback_inbox (id, rail, digest, body, headers, query)
    VALUES ($1, 'alipay', $2, $3, '{}', '{}') RETURNING id
)
INSERT INTO callback_queue (callback_id, available_at) SELECT id, now() + interval '30 s' FROM i
"""
# … then all of what they change: order claimed, payment moved, event told, attempt and callback done.
SETTLE = """
WITH o AS (
    INSERT INTO callback_outcomes (callback_id, outcome) VALUES ($2, 'settled')
), d AS (
    DELETE FROM callback_queue WHERE callback_id = $2
), m AS (
    UPDATE payments SET state = 'SETTLED', received = 10000, settled_at = now(), updated_at = now(),
        version = version + 1, sequence = 1
    WHERE id = $1 AND state = 'PENDING' RETURNING id, order_id, version
), s AS (
    INSERT INTO order_settlements (order_id, payment_id) SELECT order_id, id FROM m ON CONFLICT DO NOTHING
), t AS (
    INSERT INTO timeline (payment_id, version, from_state, to_state, reason, at)
    SELECT id, version, 'PENDING', 'SETTLED', 'settled', now() FROM m
), b AS (
    INSERT INTO outbox (payment_id, sequence, event_id, kind, topics, payload, request_id)
    SELECT id, 1, $3, 'payment.settled', '{payments.settled,payments.events}', $4, 'r' FROM m
), q AS (
    INSERT INTO outbox_queue (payment_id, sequence) SELECT id, 1 FROM m
)
UPDATE attempts SET status = 'DONE', next_query_at = NULL WHERE payment_id = $1 AND number = 1
"""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Floor:
    """One connection each; use one floor a thread."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        parts = urlsplit(settings["DATABASE_URL"])
        self.postgres = Connection(
            unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            host=parts.hostname,
            port=parts.port,
            database=parts.path[1:],
        )
        self.redis = Redis.from_url(settings["REDIS_URL"], protocol=2)
        self.key: Any = serialization.load_pem_private_key(settings["ALIPAY_APP_PRIVATE_KEY"].encode(), None)
        self.answer = os.urandom(1900)  # as long as ours, sealed
        self.action = os.urandom(1200)
        self.public = self.key.public_key()

    def create(self) -> str:
        self.redis.set(uuid.uuid4().hex, b"1", nx=True, px=20_000)
        self.key.sign(self.answer[:800], padding.PKCS1v15(), hashes.SHA256())
        payment_id = _payment_id()
        now = datetime.now(UTC)
        values = (
            uuid.uuid4().hex,
            os.urandom(32),
            payment_id,
            self.answer,
            f"ORDER_{uuid.uuid4().hex}",
            str(uuid.uuid4()),
            now,
            now + timedelta(minutes=15),
            payment_id[4:] + "01",
            self.action,
        )
        self.run(CREATE, values)
        return payment_id

    def settle(self, payment_id: str) -> None:
        """Sign as the rail does (it signs in our loop too), verify, keep the bytes, then move everything."""
        signature = self.key.sign(self.answer[:500], padding.PKCS1v15(), hashes.SHA256())
        self.public.verify(signature, self.answer[:500], padding.PKCS1v15(), hashes.SHA256())
        callback_id = uuid.uuid4().hex
        self.run(KEEP, (callback_id, os.urandom(32), self.answer[:800]))
        self.run(SETTLE, (payment_id, callback_id, uuid.uuid4().hex, "x" * 420))

    def read(self, statement: str, values: tuple[Any, ...]) -> str:
        """The same SQL and json.dumps; ours asks Redis for a slice of its rate limit now and then, this nothing."""
        return json.dumps({"payments": [row[:2] for row in self.run(statement, values)]})

    def run(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        self.postgres.execute_simple("BEGIN")
        rows = self.postgres.execute_unnamed(statement, values).rows
        self.postgres.execute_simple("COMMIT")
        return list(rows or [])

    def close(self) -> None:
        self.postgres.close()
        self.redis.close()


def _payment_id() -> str:
    number = int(datetime.now(UTC).timestamp() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "PAY_" + "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -5, -5))
