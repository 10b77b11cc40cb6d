"""What a key of ours may sign, and what it was given to sign: `signing_ports.SigningStore` over PostgreSQL."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from paygate.adapters.postgres.statements import sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.adapters.postgres.database import Database
    from paygate.domain.money import Asset, Money


class PostgresSignings:
    def __init__(self, database: Database) -> None:
        self._database = database

    def turns(self, asset: Asset, most: int, /) -> Sequence[str]:
        with self._database.transaction() as run:
            rows = run(sql("signing_turns"), network=asset.network, asset=asset.code, most=most)
        return [refund_id for (refund_id,) in rows]

    def reserve(self, refund_id: str, amount: Money, most_per_day: int, /) -> bool:
        asset = amount.asset
        with suppress(_TooMuch), self._database.transaction() as run:
            if run(sql("signing_reserve"), refund_id=refund_id):
                where = {"network": asset.network, "asset": asset.code}
                if not run(sql("signing_day"), units=amount.units, most=most_per_day, **where):
                    raise _TooMuch  # rolls back that the refund has taken its share
            return True
        return False

    def approve(self, refund_id: str, by: str, /) -> bool:
        with self._database.transaction() as run:
            return bool(run(sql("signing_approve"), refund_id=refund_id, by=by))

    def approval(self, refund_id: str, /) -> str | None:
        rows = self._database.once(sql("signing_approval"), refund_id=refund_id)
        return str(rows[0][0]) if rows else None


class _TooMuch(Exception):
    pass
