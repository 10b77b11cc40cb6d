"""One run a key: the cache answers fast, PostgreSQL decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.domain.errors import IdempotencyKeyReused, StillRunning
from paygate.ports import Answer
from paygate.services.answers import Answered

if TYPE_CHECKING:
    from collections.abc import Callable

    from paygate.ports import Claim, IdempotencyCache, KeyRecord, Ledger


class Idempotency:
    """Runs a write once per key, and gives its stored answer to whoever sends the same again."""

    def __init__(self, ledger: Ledger, cache: IdempotencyCache) -> None:
        self._ledger = ledger
        self._cache = cache

    def once(self, claim: Claim, write: Callable[[], Answered]) -> Answered:
        """Raises IdempotencyKeyReused for another request, StillRunning while the first one runs."""
        known = self._cache.begin(claim)
        if isinstance(known, Answer):
            return Answered(known, is_replay=True)
        if not known:
            return self._stored(claim)
        try:
            answered = write()
        except BaseException:
            self._cache.abandon(claim)
            raise
        if answered.is_final:
            self._cache.finish(claim, answered.answer)
        else:
            self._cache.abandon(claim)
        return answered

    def _stored(self, claim: Claim) -> Answered:
        """Somebody holds the lock, or held it when the cache went away: an answer in PostgreSQL stands."""
        with self._ledger.transaction() as tx:
            record = _same_request(tx.key(claim.key), claim)
        if record.answer is None:
            raise StillRunning
        return Answered(record.answer, is_replay=True)

    def take_over(self, claim: Claim) -> Answered | tuple[str, int]:
        """For a key that PostgreSQL knows: its stored answer, or (resource id, fence) to resume what it began."""
        with self._ledger.transaction() as tx:
            record = _same_request(tx.key(claim.key), claim)
            if record.answer is not None:
                return Answered(record.answer, is_replay=True)
            if record.is_leased or not tx.take_over_key(claim.key, record.fence):
                raise StillRunning
            return record.resource_id, record.fence + 1


def _same_request(record: KeyRecord | None, claim: Claim) -> KeyRecord:
    if record is None:
        raise StillRunning  # not written yet, or the one who held it rolled back this instant
    if record.request_hash != claim.request_hash:
        raise IdempotencyKeyReused
    return record
