"""A rail's books, in one SQLite file: what was acknowledged survives a SIGKILL."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

Db = sqlite3.Connection
Row = sqlite3.Row
COMMON_TABLES = Path(__file__).with_name("common.sql")


class Ledger:
    """One connection, one writer at a time: a simulator needs certainty more than speed.

    Holds the tables of common.sql and those that the rail's own `schema` makes.
    """

    def __init__(self, path: Path, schema: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        for script in (COMMON_TABLES, schema):
            self._db.executescript(script.read_text())
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator[Db]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
