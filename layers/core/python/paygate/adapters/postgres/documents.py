"""Payments as JSON documents, built where the rows are: `ports.Documents` over PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.postgres.pages import first_id, page, read_cursor
from paygate.adapters.postgres.statements import sql
from paygate.domain import ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.adapters.postgres.database import Database
    from paygate.ports import ListFilter, Page, Sealer

_FIRST, _LAST = ids.encode("PAY", 0), "PAY_Z"


class PostgresDocuments:
    """Each call is one statement; every one is served by an index."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def by_ids(self, payment_ids: Sequence[str], /) -> dict[str, str]:
        known = [payment_id for payment_id in payment_ids if ids.is_id("PAY", payment_id)]
        # One text, which pg8000 sends faster than an array; ids hold no comma.
        return dict(self._documents("chosen_by_ids", ids=",".join(known))) if known else {}

    def of_order(self, order_id: str, limit: int, cursor: str | None, /) -> Page:
        before = read_cursor("PAY", cursor) or _LAST
        found = self._documents("chosen_of_order", order_id=order_id, before=before, limit=limit + 1)
        return page(found, limit)

    def search(self, wanted: ListFilter, limit: int, cursor: str | None, /) -> Page:
        named = {"state": wanted.state, "method": wanted.method}
        narrowed = {name: value for name, value in named.items() if value is not None}
        chosen = "chosen_by_" + ("_and_".join(narrowed) or "all")
        until = read_cursor("PAY", cursor) or (first_id("PAY", wanted.until) if wanted.until else _LAST)
        since = first_id("PAY", wanted.since) if wanted.since else _FIRST
        found = self._documents(chosen, **narrowed, since=since, until=until, limit=limit + 1)
        return page(found, limit)

    def refund(self, refund_id: str, /) -> str | None:
        rows = self._database.once(sql("refund_document"), id=refund_id)
        return rows[0][0] if rows else None

    def _documents(self, chosen: str, **values: object) -> list[tuple[str, str]]:
        rows = self._database.once(sql("payment_documents", chosen=chosen), **values)
        return [
            (payment_id, f'{text[:-1]}, "action" : {self._action(payment_id, sealed)}}}')
            for payment_id, text, sealed in rows
        ]

    def _action(self, payment_id: str, sealed: bytes | None) -> str:
        return self._sealer.open(sealed, payment_id).decode() if sealed else "null"
