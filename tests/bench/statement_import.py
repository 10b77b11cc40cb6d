"""Imports one statement; tells its seconds of processor, and its peak of memory over what it had before."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paygate.adapters.statements.reader  # noqa: F401  loaded by the first import, and no part of what one takes
from paygate import bootstrap
from paygate.config import read_settings
from paygate.ports import UploadForm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


class _OnDisk:
    """Stands for S3, from which the file is on disk already."""

    def __init__(self, *_: object) -> None:
        self._path = Path(sys.argv[1])

    def form(self, statement_id: str, /) -> UploadForm:
        return UploadForm(statement_id, {}, datetime.now(UTC), self._path.stat().st_size)

    @contextmanager
    def fetch(self, _: str, /) -> Iterator[tuple[BinaryIO, bytes, int]]:
        with self._path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").digest()
            file.seek(0)
            yield file, sha256, self._path.stat().st_size


def imported() -> dict[str, Any]:
    bootstrap.S3Uploads = _OnDisk  # type: ignore[assignment,misc]
    service = bootstrap.build(read_settings({**os.environ, "STATEMENT_BUCKET": "bench"})).statements
    statement_id, _ = service.announce("bench", None)
    before, started = peak_megabytes(), time.process_time()
    service.from_queue(statement_id)
    taken, peak = time.process_time() - started, peak_megabytes()
    return {**json.loads(service.statement(statement_id)), "seconds": taken, "megabytes": peak - before}


def peak_megabytes() -> float:
    """Linux counts in ru_maxrss what the parent had, too."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # macOS, in bytes


if __name__ == "__main__":
    print(json.dumps(imported()))
