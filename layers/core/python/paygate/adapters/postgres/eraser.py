"""Take out what is personal: `operator_ports.Eraser` over PostgreSQL, as the schema's owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.postgres.pages import first_id
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
            looked = run(sql("operator/erase_look"), id=payment_id)
            if not looked:
                raise NotFound("no such payment")
            if looked[0][0]:
                return None
            for name in ("erase_payment", "erase_callbacks_of", "erase_transfers_of"):
                run(sql(f"operator/{name}"), id=payment_id)
            return [key for (key,) in run(sql("operator/erase_answers"), id=payment_id)]

    def forget(self, kind: str, after: str, before: datetime, most: int, /) -> tuple[str | None, int]:
        prefix, name = _KINDS[kind]
        upto = first_id(prefix, before)
        with self._database.transaction() as run:
            [[last, emptied]] = run(sql(name), after=after, upto=upto, most=most)
        return last, int(emptied)


_KINDS = {
    "callbacks": ("CBK", "operator/forget_callbacks"),
    "transfers": ("TRF", "operator/forget_transfers"),
}
