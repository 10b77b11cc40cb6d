"""Bank statement files and what they say: `ports.StatementStore` over PostgreSQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from paygate.adapters.postgres.pages import LAST, first_id, page, read_cursor
from paygate.adapters.postgres.statements import sql
from paygate.domain.errors import Conflict
from paygate.ports import Due, KeptStatement, StatementState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from paygate.adapters.postgres.database import Database, Run
    from paygate.ports import Page, ReadFile, StatementLine

_BATCH = 2_000
_ALL = 2**31 - 1


class PostgresStatements:
    """A run's lines are staged by transactions of their own; `take_in` is one, in statements of bounded length."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, statement_id: str, state: StatementState, by: str, account: str | None, /) -> None:
        self._database.once(sql("statement_add"), id=statement_id, state=state.value, by=by, account=account)

    def find(self, statement_id: str, /) -> KeptStatement | None:
        rows = self._database.once(sql("statement_find"), id=statement_id)
        if not rows:
            return None
        found_id, state, imported_by, account, lines, repeats = rows[0]
        return KeptStatement(found_id, StatementState(state), imported_by, account, lines, repeats)

    def counted(self, sha256: bytes, /) -> str | None:
        rows = self._database.once(sql("statement_counted"), sha256=sha256)
        return rows[0][0] if rows else None

    def begin(self, statement_id: str, /) -> bool:
        with self._database.transaction() as run:
            return bool(run(sql("statement_begin"), id=statement_id))

    def stage(self, statement_id: str, run: str, lines: Sequence[StatementLine], /) -> None:
        rows = json.dumps([_row(line) for line in lines], ensure_ascii=False)
        with self._database.transaction() as execute:
            execute(sql("statement_stage"), statement_id=statement_id, run=run, lines=rows)

    def drop(self, run: str, /) -> None:
        with self._database.transaction() as execute:
            execute(sql("statement_drop"), run=run, after=0, upto=_ALL)

    def refuse(self, statement_id: str, reason: str, detail: str, /) -> None:
        with self._database.transaction() as run:
            run(sql("statement_refuse"), id=statement_id, reason=reason, detail=detail)

    def repeat(self, statement_id: str, first: str, sha256: bytes, /) -> None:
        with self._database.transaction() as run:
            run(sql("statement_repeat"), id=statement_id, first=first, sha256=sha256)

    def hold(self, statement_id: str, run: str, read: ReadFile, state: StatementState, /) -> bool:
        with self._database.transaction() as execute:
            is_first = _is_read(execute, statement_id, state, run, read)
            if is_first:
                _require_all(execute, statement_id, read.lines)
        return is_first

    def approve(self, statement_id: str, by: str, /) -> bool:
        with self._database.transaction() as run:
            return bool(run(sql("statement_approve"), id=statement_id, by=by))

    def take_in(self, statement_id: str, run: str | None, read: ReadFile | None, /) -> bool:
        with self._database.transaction() as execute:
            execute(sql("statement_lock"))
            if run is not None and read is not None:
                is_first = _is_read(execute, statement_id, StatementState.IMPORTED, run, read)
            else:
                is_first = bool(execute(sql("statement_take_approved"), id=statement_id))
            if not is_first:
                return False
            kept = execute(sql("statement_kept"), id=statement_id)[0]
            _take_in(execute, statement_id, *kept)
        return True

    def approved(self, limit: int, lease_seconds: int, without: Sequence[str], /) -> Sequence[Due]:
        with self._database.transaction() as run:
            rows = run(sql("lease_statements"), limit=limit, lease_seconds=lease_seconds, without=list(without))
        return [Due(*row) for row in rows]

    def sweep(self, before: datetime, /) -> None:
        with self._database.transaction() as run:
            run(sql("statement_sweep"), before=first_id("BST", before))
            run(sql("statement_sweep_lines"))

    def document(self, statement_id: str, /) -> str | None:
        before = statement_id + "0"
        rows = self._database.once(sql("statement_documents"), before=before, since=statement_id, limit=1)
        return rows[0][1] if rows else None

    def documents(self, limit: int, cursor: str | None, /) -> Page:
        before = read_cursor("BST", cursor) or LAST
        rows = self._database.once(sql("statement_documents"), before=before, since="", limit=limit + 1)
        return page(rows, limit)


def _is_read(execute: Run, statement_id: str, state: StatementState, run: str, read: ReadFile) -> bool:
    rows = execute(
        sql("statement_read"),
        id=statement_id,
        state=state.value,
        run=run,
        sha256=read.sha256,
        size_bytes=read.size_bytes,
        said=json.dumps(list(read.said), ensure_ascii=False),
        transactions=read.transactions,
        credits=read.credits,
        lines=read.lines,
    )
    return bool(rows)


def _require_all(execute: Run, statement_id: str, lines: int) -> list[list[Any]]:
    """The staged lines by part; raises Conflict if one is missing, whoever swept it away."""
    parts = execute(sql("statement_parts"), id=statement_id)
    if sum(count for *_, count in parts) != lines:
        raise Conflict("lines of the statement are gone")
    return parts


def _take_in(execute: Run, statement_id: str, run: str, lines: int) -> None:
    """Batch by batch, and no batch over two statements of the file: the second may repeat the first."""
    parts = _require_all(execute, statement_id, lines)
    sums = [0, 0, 0]
    for _, first, last, _ in parts:
        for after, upto in _batches(first, last):
            [counts] = execute(sql("statement_take_in"), id=statement_id, after=after, upto=upto)
            execute(sql("statement_drop"), run=run, after=after, upto=upto)
            sums = [total + count for total, count in zip(sums, counts, strict=True)]
    matched, unmatched, repeated = sums
    execute(sql("statement_counts"), id=statement_id, matched=matched, unmatched=unmatched, repeated=repeated)


def _batches(first: int, last: int) -> Iterator[tuple[int, int]]:
    while first < last:
        yield first, min(first + _BATCH, last)
        first += _BATCH


def _row(line: StatementLine) -> dict[str, Any]:
    return {
        "number": line.number,
        "part": line.part,
        "transfer_id": line.transfer_id,
        "role": line.role.value,
        "units": line.amount.units,
        "asset": line.amount.asset.code,
        "decimals": line.amount.asset.decimals,
        "refs": ",".join(line.references),
        "dedupe": line.keys.dedupe,
        "aliases": line.keys.aliases,
        "twins": line.keys.twins,
        "happened_at": line.happened_at.isoformat(),
        "detail": dict(line.detail),
    }
