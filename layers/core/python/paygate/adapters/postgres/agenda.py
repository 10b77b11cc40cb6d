"""Work that is due, leased row by row: `ports.Agenda` over PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.postgres.rows import attempt_of
from paygate.adapters.postgres.statements import sql
from paygate.ports import Due

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paygate.adapters.postgres.database import Database
    from paygate.ports import Attempt

_KEY_HOURS = 48  # 24 at least are promised
_SWEPT = 5_000
_COUNTED = 1_000


class PostgresAgenda:
    """Leases commit before the work starts, so two schedules at once never take the same row."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def attempts(self, limit: int, lease_seconds: int, without: Sequence[str], /) -> Sequence[Attempt]:
        return [attempt_of(row) for row in self._lease("lease_attempts", limit, lease_seconds, without)]

    def refunds(self, limit: int, lease_seconds: int, without: Sequence[str], /) -> Sequence[Due]:
        return [Due(*row) for row in self._lease("lease_refunds", limit, lease_seconds, without)]

    def callbacks(self, limit: int, lease_seconds: int, without: Sequence[str], /) -> Sequence[Due]:
        return [Due(*row) for row in self._lease("lease_callbacks", limit, lease_seconds, without)]

    def transfers(self, limit: int, lease_seconds: int, without: Sequence[str], /) -> Sequence[Due]:
        return [Due(*row) for row in self._lease("lease_transfers", limit, lease_seconds, without)]

    def expired(
        self, limit: int, lease_seconds: int, without: Sequence[str], margin_seconds: int, /
    ) -> Sequence[Due]:
        rows = self._lease("lease_expired", limit, lease_seconds, without, margin_seconds=margin_seconds)
        return [Due(*row) for row in rows]

    def _lease(
        self, name: str, limit: int, lease_seconds: int, without: Sequence[str], **more: int
    ) -> list[list[Any]]:
        with self._database.transaction() as run:
            return run(sql(name), limit=limit, lease_seconds=lease_seconds, without=list(without), **more)

    def refund_tried(self, refund_id: str, next_query_at: datetime, /) -> None:
        with self._database.transaction() as run:
            run(sql("refund_tried"), id=refund_id, next_query_at=next_query_at)

    def unknown(self, older_than_seconds: int, /) -> int:
        with self._database.transaction() as run:
            [[count]] = run(sql("count_unknown"), seconds=older_than_seconds, limit=_COUNTED)
        return int(count)

    def sweep(self, /) -> bool:
        with self._database.transaction() as run:
            [[keys]] = run(sql("sweep_keys"), hours=_KEY_HOURS, limit=_SWEPT)
            [[signatures]] = run(sql("sweep_signatures"), limit=_SWEPT)
        return bool(max(keys, signatures) >= _SWEPT)
