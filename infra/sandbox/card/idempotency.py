"""Idempotency-Key: docs.stripe.com/api/idempotent_requests.

The first answer that came of doing something, good or bad, is kept and given again. Nothing is kept of a request
that was refused for its parameters or that met another with its key still under way. Keys live at least 24 hours
at the original, and here until they are forgotten on demand.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from infra.sandbox.card.books import Json
from infra.sandbox.card.errors import key_in_use, other_endpoint, other_parameters
from infra.sandbox.ledger import Db

MAX_KEY_LENGTH = 255


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    original_request_id: str | None = None


class KeysInUse:
    """Of requests that this process is working on; what was under way when it was killed did nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[str] = set()

    @contextmanager
    def taken(self, key: str | None) -> Iterator[None]:
        if not key:
            yield
            return
        with self._lock:
            if key in self._keys:
                raise key_in_use(key)
            self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(key)


def fingerprint(params: Json) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()


def recall(db: Db, key: str | None, endpoint: str, params: Json) -> Answer | None:
    """The first answer; StripeError when the key was for something else."""
    if not key:
        return None
    row = db.execute("SELECT * FROM answers WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    if row["endpoint"] != endpoint:
        raise other_endpoint(key, endpoint, row["endpoint"])
    if row["fingerprint"] != fingerprint(params):
        raise other_parameters(key)
    return Answer(row["status"], row["body"], row["request_id"])


def keep(db: Db, key: str | None, endpoint: str, params: Json, request_id: str, answer: Answer) -> None:
    if key:
        row = (key, endpoint, fingerprint(params), request_id, answer.status, answer.body)
        db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)", row)
