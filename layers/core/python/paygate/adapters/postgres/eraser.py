"""Take out what is personal: `operator_ports.Eraser` over PostgreSQL, as the schema's owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.postgres.statements import sql
from paygate.domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paygate.adapters.postgres.database import Database


class PostgresEraser:
    def __init__(self, database: Database) -> None:
        self._database = database

    def erase(self, payment_id: str, /) -> Sequence[str] | None:
        with self._database.transaction() as run:
            looked = run(sql("erase_look"), id=payment_id)
            if not looked:
                raise NotFound("no such payment")
            if looked[0][0]:
                return None
            for name in ("erase_payment", "erase_callbacks_of", "erase_transfers_of"):
                run(sql(name), id=payment_id)
            return [key for (key,) in run(sql("erase_answers"), id=payment_id)]

    def forget(self, before: datetime, most: int, /) -> int:
        with self._database.transaction() as run:
            [[callbacks]] = run(sql("forget_callbacks"), before=before, most=most)
            [[transfers]] = run(sql("forget_transfers"), before=before, most=most)
        return int(callbacks) + int(transfers)
