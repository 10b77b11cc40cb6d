"""Seal anew what is kept sealed for long: `operator_ports.Resealer` over PostgreSQL."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from paygate.adapters.postgres.statements import sql

if TYPE_CHECKING:
    from paygate.adapters.postgres.database import Database
    from paygate.ports import Sealer

_BATCH = 500


class PostgresResealer:
    """Signing keys' secrets, and what payers of open payments are shown. Compare-and-set: who was faster stays."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def reseal(self, seconds: float, /) -> int:
        deadline = time.monotonic() + seconds
        count, after = self._keys(), ""
        while found := self._database.once(sql("operator/reseal_actions"), after=after, most=_BATCH):
            with self._database.transaction() as run:
                for payment_id, number, sealed in found:
                    anew = self._anew(sealed, payment_id)
                    run(sql("operator/reseal_action"), id=payment_id, number=number, before=sealed, sealed=anew)
            count, after = count + len(found), found[-1][0]
            if time.monotonic() > deadline:
                break
        return count

    def _keys(self) -> int:
        found = self._database.once(sql("operator/reseal_keys"))
        with self._database.transaction() as run:
            for key_id, sealed in found:
                run(sql("operator/reseal_key"), id=key_id, before=sealed, sealed=self._anew(sealed, key_id))
        return len(found)

    def _anew(self, sealed: bytes, context: str) -> bytes:
        return self._sealer.seal(self._sealer.open(sealed, context), context)
