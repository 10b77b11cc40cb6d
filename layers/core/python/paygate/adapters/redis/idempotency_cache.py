"""Locks and stored answers in Redis: `ports.IdempotencyCache`.

One value a key: `L` + request hash + token while a request runs, `R` + request hash + status + sealed body
afterwards. Looking it up and taking the lock is one command.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from paygate.domain.errors import IdempotencyKeyReused
from paygate.ports import Answer

if TYPE_CHECKING:
    from paygate.adapters.redis.client import RedisClient
    from paygate.ports import Claim, Sealer

_LOCK, _ANSWER = b"L", b"R"
_HASH_END = 33
_LOCK_MS = 20_000  # as long as PostgreSQL's lease on the same key
_KEEP_MS = 24 * 3600 * 1000
_DELETE_IF_MINE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class RedisIdempotencyCache:
    """A lock dies with its time, so a killed request holds up its key no longer than PostgreSQL would."""

    def __init__(self, redis: RedisClient, sealer: Sealer) -> None:
        self._redis = redis
        self._sealer = sealer
        self._held: dict[str, bytes] = {}

    def begin(self, claim: Claim, /) -> Answer | bool:
        lock = _LOCK + claim.request_hash + secrets.token_bytes(16)
        name = _name(claim.key)
        known = self._redis.try_to(lambda client: (client.set(name, lock, nx=True, get=True, px=_LOCK_MS),))
        if known is None:
            return True
        if known[0] is None:
            self._held[claim.key] = lock
            return True
        return self._read(claim, known[0])

    def finish(self, claim: Claim, answer: Answer, /) -> None:
        self._held.pop(claim.key, None)
        sealed = self._sealer.seal(answer.body, claim.key)
        value = _ANSWER + claim.request_hash + answer.status.to_bytes(2, "big") + sealed
        name = _name(claim.key)
        self._redis.try_to(lambda client: client.set(name, value, px=_KEEP_MS))

    def abandon(self, claim: Claim, /) -> None:
        lock = self._held.pop(claim.key, None)
        if lock is not None:
            name = _name(claim.key)
            self._redis.try_to(lambda client: client.eval(_DELETE_IF_MINE, 1, name, lock))

    def forget(self, key: str, /) -> None:
        """The copy of an answer, which shows what is erased."""
        self._redis.try_to(lambda client: client.delete(_name(key)))

    def _read(self, claim: Claim, value: bytes) -> Answer | bool:
        if not hmac.compare_digest(value[1:_HASH_END], claim.request_hash):
            raise IdempotencyKeyReused
        if value[:1] == _LOCK:
            return False
        status = int.from_bytes(value[_HASH_END : _HASH_END + 2], "big")
        try:
            return Answer(status, self._sealer.open(value[_HASH_END + 2 :], claim.key))
        except LookupError:  # its encryption key was replaced, or another stack wrote it: a miss
            return True


def _name(key: str) -> str:
    """Callers put what they like into keys, so Redis sees a hash."""
    return "paygate:idempotency:" + hashlib.sha256(key.encode()).hexdigest()
