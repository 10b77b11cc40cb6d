"""Transfers and open cases for an operator: `ports.TransferDocuments` over PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.postgres.pages import LAST, page, read_cursor
from paygate.adapters.postgres.statements import sql

if TYPE_CHECKING:
    from paygate.adapters.postgres.database import Database
    from paygate.ports import Page

_CHOSEN = {None: "transfers_all", True: "transfers_matched", False: "transfers_unmatched"}


class PostgresTransferDocuments:
    """Newest first; each call is one statement that an index serves."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transfer(self, transfer_id: str, /) -> str | None:
        statement = sql("transfer_documents", chosen=_CHOSEN[None])
        rows = self._database.once(statement, before=transfer_id + "0", since=transfer_id, limit=1)
        return rows[0][1] if rows else None

    def transfers(self, limit: int, cursor: str | None, /, *, is_matched: bool | None) -> Page:
        before = read_cursor("TRF", cursor) or LAST
        statement = sql("transfer_documents", chosen=_CHOSEN[is_matched])
        return page(self._database.once(statement, before=before, since="", limit=limit + 1), limit)

    def cases(self, limit: int, cursor: str | None, /) -> Page:
        before = read_cursor("CASE", cursor) or LAST
        statement = sql("case_documents", chosen="cases_open")
        return page(self._database.once(statement, before=before, limit=limit + 1), limit)

    def close_case(self, case_id: str, by: str, /) -> str | None:
        with self._database.transaction() as run:
            run(sql("close_case"), id=case_id, by=by)
            rows = run(sql("case_documents", chosen="cases_one"), before=case_id, limit=1)
        return rows[0][1] if rows else None
