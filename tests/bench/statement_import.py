"""Imports one statement and tells its seconds, and its peak of memory over what the process had before."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paygate import observability
from paygate.adapters.postgres.database import Database
from paygate.adapters.postgres.ledger import PostgresLedger
from paygate.adapters.postgres.statement_store import PostgresStatements
from paygate.adapters.sqs.nudge import no_nudge
from paygate.adapters.statements.reader import read_statements
from paygate.adapters.system.clock import SystemClock, SystemIds
from paygate.adapters.system.sealer import AesGcmSealer
from paygate.config import read_settings
from paygate.ports import StatementState, UploadForm
from paygate.services.book_transfers import BookTransfers
from paygate.services.import_statement import ImportStatement
from paygate.services.read_statement import ReadStatement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from paygate.config import Settings


class _OnDisk:
    """Stands for S3: the upload is there already."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def form(self, statement_id: str, /) -> UploadForm:
        raise NotImplementedError(statement_id)

    @contextmanager
    def fetch(self, _: str, /) -> Iterator[tuple[BinaryIO, bytes, int]]:
        with self._path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").digest()
            file.seek(0)
            yield file, sha256, self._path.stat().st_size


def imported(path: Path, settings: Settings) -> dict[str, Any]:
    database, clock, meter = Database(settings.database_url), SystemClock(), observability.EmfMeter()
    ids, store = SystemIds(clock), PostgresStatements(database)
    ledger = PostgresLedger(database, AesGcmSealer(dict(settings.encryption_key)), ids)
    reader = ReadStatement(store, read_statements, settings.rails["bank_transfer"].accounts, clock, ids)
    book = BookTransfers(ledger, clock, ids, meter, no_nudge)
    importer = ImportStatement(store, ledger, reader, book, _OnDisk(path), ids, meter, needs_approval=False)
    statement_id = ids.new("BST")
    store.add(statement_id, StatementState.AWAITING_UPLOAD, "bench", None)
    before, started = peak_megabytes(), time.perf_counter()
    importer.upload(statement_id)
    taken, peak = time.perf_counter() - started, peak_megabytes()
    document = json.loads(store.document(statement_id) or "{}")
    return {**document, "seconds": taken, "megabytes": peak - before}


def peak_megabytes() -> float:
    """Linux counts in ru_maxrss what the parent had, too."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # macOS, in bytes


if __name__ == "__main__":
    print(json.dumps(imported(Path(sys.argv[1]), read_settings(os.environ))))
