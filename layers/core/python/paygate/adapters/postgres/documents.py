"""Payments as JSON documents, built where the rows are: `ports.Documents` over PostgreSQL."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from paygate.adapters.postgres.statements import sql
from paygate.domain import ids
from paygate.domain.errors import InvalidField
from paygate.ports import ListFilter, Page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paygate.adapters.postgres.database import Database
    from paygate.ports import Sealer

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
        before = _read_cursor(cursor) or _LAST
        found = self._documents("chosen_of_order", order_id=order_id, before=before, limit=limit + 1)
        return _page(found, limit)

    def search(self, wanted: ListFilter, limit: int, cursor: str | None, /) -> Page:
        named = {"state": wanted.state, "method": wanted.method}
        narrowed = {name: value for name, value in named.items() if value is not None}
        chosen = "chosen_by_" + ("_and_".join(narrowed) or "all")
        until = _read_cursor(cursor) or (_first_id(wanted.until) if wanted.until else _LAST)
        since = _first_id(wanted.since) if wanted.since else _FIRST
        found = self._documents(chosen, **narrowed, since=since, until=until, limit=limit + 1)
        return _page(found, limit)

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


def _page(found: list[tuple[str, str]], limit: int) -> Page:
    shown = found[:limit]
    cursor = base64.urlsafe_b64encode(shown[-1][0].encode()).decode() if len(found) > limit else None
    return Page([text for _, text in shown], cursor)


def _read_cursor(cursor: str | None) -> str | None:
    """The id that a page ended with; raises InvalidField for anything that was not handed out here."""
    if cursor is None:
        return None
    try:
        last = base64.b64decode(cursor, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        last = ""
    if not ids.is_id("PAY", last):
        raise InvalidField("cursor", "is not one that a page gave")
    return last


def _first_id(at: datetime) -> str:
    """The smallest id of that millisecond: ids sort by time, so a list by time reads the primary key."""
    return ids.encode("PAY", max(int(at.timestamp() * 1000), 0) << 80)
