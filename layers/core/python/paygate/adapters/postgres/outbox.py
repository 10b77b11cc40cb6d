"""The outbox in PostgreSQL: `outbox` keeps the events, `outbox_queue` says which are still to be sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from paygate.adapters.postgres.statements import sql
from paygate.ports import Backlog, QueuedEvent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paygate.adapters.postgres.database import Database
    from paygate.ports import Refusal

_COUNTED = 10_000
_DROPPED = 1_000
_REPLAYED = 5_000


class PostgresOutbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    def lease(self, lease: str, limit: int, seconds: int, /) -> Sequence[QueuedEvent]:
        with self._database.transaction() as run:
            [[text]] = run(sql("outbox_lease"), lease=lease, limit=limit, seconds=seconds)
        return [QueuedEvent(*row) for row in json.loads(text)] if text else []

    def sent(self, lease: str, events: Sequence[QueuedEvent], /) -> None:
        with self._database.transaction() as run:
            run(sql("outbox_sent"), lease=lease, payment_ids=_payments(events))

    def release(self, lease: str, events: Sequence[QueuedEvent], cause: str, /) -> None:
        with self._database.transaction() as run:
            run(sql("outbox_release"), lease=lease, cause=cause, payment_ids=_payments(events))

    def hold_back(self, lease: str, refusals: Sequence[Refusal], /) -> None:
        with self._database.transaction() as run:
            for cause in {refusal.cause for refusal in refusals}:
                events = [refusal.event for refusal in refusals if refusal.cause == cause]
                run(sql("outbox_hold_back"), lease=lease, cause=cause, payment_ids=_payments(events))

    def backlog(self) -> Backlog:
        with self._database.transaction() as run:
            [[depth, age_ms]] = run(sql("outbox_backlog"), limit=_COUNTED)
        return Backlog(depth, age_ms)

    def drop_old(self, days: int, /) -> int:
        with self._database.transaction() as run:
            return len(run(sql("outbox_drop_old"), days=days, limit=_DROPPED))

    def replay_payment(self, payment_id: str, /) -> int:
        with self._database.transaction() as run:
            return len(run(sql("outbox_replay_payment"), payment_id=payment_id))

    def replay_range(self, since: datetime, until: datetime, /) -> int:
        """Page by page, each its own transaction, so that a long range fits the statement's time limit."""
        after: tuple[datetime, str, int] = (since, "", 0)
        queued = 0
        while True:
            with self._database.transaction() as run:
                rows = run(
                    sql("outbox_replay_range"),
                    since=since,
                    until=until,
                    after_at=after[0],
                    after_payment_id=after[1],
                    after_sequence=after[2],
                    limit=_REPLAYED,
                )
            if not rows:
                return queued
            [[at, payment_id, sequence, count]] = rows
            after, queued = (at, payment_id, sequence), queued + count


def _payments(events: Sequence[QueuedEvent]) -> str:
    """One text, which pg8000 sends faster than an array; ids hold no comma."""
    return ",".join(event.payment_id for event in events)
