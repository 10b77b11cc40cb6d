"""Import bank statements: read and stage a file, then count all of it in one commit, then book the payments.

Whatever dies between: before the commit nothing counts, after it the transfers are queued and `resolve` books them.
"""

from __future__ import annotations

import hashlib
import io
import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from paygate import budget
from paygate.domain.bank_statement import StatementRefused
from paygate.domain.errors import Conflict, NotFound, Unavailable
from paygate.ports import ReadFile, StatementState
from paygate.services.drain import drain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import BinaryIO

    from paygate.ports import Due, Ids, Ledger, Meter, StatementQueue, StatementStore, Uploads
    from paygate.services.book_transfers import BookTransfers
    from paygate.services.read_statement import ReadStatement

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_UPLOAD_BYTES = 512 * 1024 * 1024
_BOOKING_SECONDS = 8.0
_UNDER_WAY = (StatementState.AWAITING_UPLOAD, StatementState.READING)
_LONG = 10_000
"""Lines that a request may take in itself: seconds of work, beside reading them."""

_GIVEN_UP = timedelta(days=1)
_TRIES = 8  # each may have waited 5 s for another statement's commit


@dataclass(frozen=True, slots=True)
class Imported:
    """`is_repeat`: the same file was here before, and this document is that one's."""

    document: str
    is_repeat: bool = False


class ImportStatement:
    """`needs_approval`: a statement's money waits until a second person lets it in."""

    def __init__(
        self,
        store: StatementStore,
        ledger: Ledger,
        read: ReadStatement,
        book: BookTransfers,
        uploads: Uploads | None,
        queue: StatementQueue,
        ids: Ids,
        meter: Meter,
        *,
        needs_approval: bool,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._read = read
        self._book = book
        self._uploads = uploads
        self._queue = queue
        self._ids = ids
        self._meter = meter
        self._needs_approval = needs_approval

    def body(self, body: bytes, by: str, account: str | None) -> Imported:
        """Import a request's body for the key `by`. Raises StatementRefused with the statement's id, Conflict."""
        sha256 = hashlib.sha256(body).digest()
        first = self._store.counted(sha256)
        if first is not None:
            return Imported(self._document(first), is_repeat=True)
        statement_id = self._ids.new("BST")
        self._store.add(statement_id, StatementState.READING, by, account)
        counted = self._import(statement_id, io.BytesIO(body), _unread(sha256, len(body)), account)
        return Imported(self._document(counted), is_repeat=counted != statement_id)

    def upload(self, statement_id: str) -> None:
        """Import what was uploaded for a statement, for the key that asked for the upload.

        Harmless to repeat. A refused file is refused for good, and its statement says why. There is time: what an
        upload says is taken in at once.
        """
        kept = self._store.find(statement_id)
        if kept is None or kept.state not in _UNDER_WAY or self._uploads is None:
            return
        try:
            with self._uploads.fetch(statement_id) as (file, sha256, size):
                first = self._store.counted(sha256)
                if first is not None:
                    self._store.repeat(statement_id, first, sha256)
                elif self._store.begin(statement_id):
                    self._import(statement_id, file, _unread(sha256, size), kept.account, has_time=True)
        except StatementRefused as refused:
            self._store.refuse(statement_id, refused.reason, str(refused))
            log.info("statement refused: %s", refused.reason)

    def approved(self, statement_id: str, *, has_time: bool = False) -> None:
        """Count an approved statement, or hand a long one on to somebody with time. Harmless to repeat."""
        kept = self._store.find(statement_id)
        if kept is None or kept.state is not StatementState.APPROVED:
            return
        is_handed_on = not has_time and kept.lines > _LONG and self._queue(statement_id)
        if not is_handed_on and self._take_in(statement_id, None, None):
            self._book_queued()

    def due(self, limit: int, lease_seconds: int, without: Sequence[str]) -> Sequence[Due]:
        return self._store.approved(limit, lease_seconds, without)

    def sweep(self, now: datetime) -> None:
        self._store.sweep(now - _GIVEN_UP)

    def _import(
        self,
        statement_id: str,
        file: BinaryIO,
        source: ReadFile,
        account: str | None,
        *,
        has_time: bool = False,
    ) -> str:
        """The id of the statement that counts for this file. The run's lines go when it does not count."""
        run = self._ids.new("RUN")
        is_counted = False
        try:
            reading = self._read(statement_id, run, file, MAX_UPLOAD_BYTES, account)
            sums = (reading.transactions, reading.credits, reading.lines)
            read = ReadFile(source.sha256, source.size_bytes, reading.said, *sums)
            is_counted = self._count(statement_id, run, read, has_time=has_time)
        except StatementRefused as refused:
            self._store.refuse(statement_id, refused.reason, str(refused))
            self._meter.count("StatementsRefused", reason=refused.reason)
            refused.statement_id = statement_id
            raise
        finally:
            if not is_counted:
                with suppress(Unavailable):
                    self._store.drop(run)
        return statement_id if is_counted else self._instead(statement_id, source.sha256)

    def _count(self, statement_id: str, run: str, read: ReadFile, *, has_time: bool) -> bool:
        if self._needs_approval or (not has_time and read.lines > _LONG):
            return self._hold(statement_id, run, read)
        is_counted = self._take_in(statement_id, run, read)
        if is_counted:
            self._book_queued()
        return is_counted

    def _hold(self, statement_id: str, run: str, read: ReadFile) -> bool:
        state = StatementState.WAITING_APPROVAL if self._needs_approval else StatementState.APPROVED
        try:
            is_held = self._store.hold(statement_id, run, read, state)
        except Conflict:  # the same file counts by now
            return False
        if is_held:
            with suppress(Conflict, Unavailable):  # kept it is, and `resolve` goes on
                self.approved(statement_id)
        return is_held

    def _take_in(self, statement_id: str, run: str | None, read: ReadFile | None) -> bool:
        for _ in range(_TRIES):
            if read is not None and self._store.counted(read.sha256) is not None:
                return False
            try:
                is_first = self._store.take_in(statement_id, run, read)
            except Conflict:
                if budget.is_spent():
                    raise
                continue
            if is_first:
                self._meter.count("StatementsImported")
            return is_first
        raise Conflict("lost too many races")

    def _instead(self, statement_id: str, sha256: bytes) -> str:
        """The same file was counted at the same time: as another statement, or by another run over this one."""
        first = self._store.counted(sha256)
        if first is None:
            raise Conflict("the statement was neither counted nor repeated")
        if first != statement_id:
            self._store.repeat(statement_id, first, sha256)
        return first

    def _book_queued(self) -> None:
        """As far as time allows; `resolve` goes on. What cannot be booked now is not the import's failure."""
        deadline = time.monotonic() + budget.remaining(_BOOKING_SECONDS)
        with suppress(Unavailable):
            drain(self._ledger.agenda.transfers, lambda due: self._book(due.id), deadline)

    def _document(self, statement_id: str) -> str:
        document = self._store.document(statement_id)
        if document is None:
            raise NotFound("no such statement")
        return document


def _unread(sha256: bytes, size: int) -> ReadFile:
    return ReadFile(sha256, size, (), 0, 0, 0)
