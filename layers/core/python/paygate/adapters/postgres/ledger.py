"""PostgreSQL as the services see it: `ports.Ledger`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from paygate.adapters.postgres.agenda import PostgresAgenda
from paygate.adapters.postgres.documents import PostgresDocuments
from paygate.adapters.postgres.transaction import PostgresTransaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paygate.adapters.postgres.database import Database
    from paygate.ports import Ids, Sealer


class PostgresLedger:
    """Transactions, documents and agenda over one database."""

    def __init__(self, database: Database, sealer: Sealer, ids: Ids) -> None:
        self.documents = PostgresDocuments(database, sealer)
        self.agenda = PostgresAgenda(database)
        self._database = database
        self._sealer = sealer
        self._ids = ids

    @contextmanager
    def transaction(self) -> Iterator[PostgresTransaction]:
        with self._database.transaction() as run:
            yield PostgresTransaction(run, self._sealer, self._ids)
