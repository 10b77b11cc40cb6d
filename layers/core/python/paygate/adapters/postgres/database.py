"""Connections to PostgreSQL, and explicit transactions over them.

A pooler in transaction mode (PgBouncer, RDS Proxy) may give each message of an autocommitted statement
another backend, so every statement, reads included, runs between BEGIN and COMMIT. No named prepared
statements, no SET, no session locks: those would pin a pooled connection.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from paygate import budget
from paygate.domain.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pg8000.native import Connection

    from paygate.adapters.postgres.statements import Statement

_CONNECT_SECONDS = 3.0
_STATEMENT_SECONDS = 10.0
_IDLE_SECONDS = 20.0  # a frozen function's sockets may be dead by then
_RACES = frozenset({"40001", "40P01", "55P03"})  # serialization, deadlock, lock not available
_DOWN_CLASSES = ("08", "53", "57")  # connection, resources, operator intervention


class Run(Protocol):
    """Run one statement inside the open transaction; answers its rows."""

    def __call__(self, statement: Statement, /, **values: Any) -> list[list[Any]]: ...


class Database:
    """One database, by URL. Connections are kept between transactions and handed to one thread at a time.

    `?sslmode=verify-full` (with `&sslrootcert=…`, else the system's roots) turns TLS on, always verified.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: list[tuple[float, Connection]] = []
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator[Run]:
        """BEGIN … COMMIT. Raises Unavailable when PostgreSQL is out of reach, Conflict when a race was lost.

        After a failed COMMIT nobody knows whether it happened: that is Unavailable as well, and what is
        written is written so that the same call can be made again.
        """
        from pg8000.exceptions import DatabaseError, InterfaceError  # noqa: PLC0415

        connection = self._begin()
        is_clean = False
        try:
            yield _runner(connection)
            connection.execute_simple("COMMIT")
            is_clean = True
        except DatabaseError as error:
            is_clean = _rolled_back(connection)
            raise _translated(error) from error
        except (InterfaceError, OSError) as error:
            raise Unavailable("PostgreSQL went away") from error
        except BaseException:
            is_clean = _rolled_back(connection)
            raise
        finally:
            self._give_back(connection, is_clean=is_clean)

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            _close(connection)

    def _begin(self) -> Connection:
        """A connection with an open transaction. A kept one that died meanwhile is replaced, not reported."""
        from pg8000.exceptions import DatabaseError, InterfaceError  # noqa: PLC0415

        while (kept := self._take_idle()) is not None:
            try:
                _limit(kept)
                kept.execute_simple("BEGIN")
            except (DatabaseError, InterfaceError, OSError):
                _close(kept)
            else:
                return kept
        try:
            fresh = self._connect()
            fresh.execute_simple("BEGIN")
        except (DatabaseError, InterfaceError, OSError) as error:
            raise Unavailable("PostgreSQL cannot be reached") from error
        return fresh

    def _take_idle(self) -> Connection | None:
        now = time.monotonic()
        with self._lock:
            stale = [entry for entry in self._idle if now - entry[0] > _IDLE_SECONDS]
            self._idle = [entry for entry in self._idle if now - entry[0] <= _IDLE_SECONDS]
            taken = self._idle.pop() if self._idle else None
        for _, connection in stale:
            _close(connection)
        return taken[1] if taken else None

    def _give_back(self, connection: Connection, *, is_clean: bool) -> None:
        if not is_clean:
            _close(connection)
            return
        with self._lock:
            self._idle.append((time.monotonic(), connection))

    def _connect(self) -> Connection:
        from pg8000.native import Connection  # noqa: PLC0415

        parts = urlsplit(self._url)
        options = parse_qs(parts.query)
        mode = options.get("sslmode", ["disable"])[0]
        context = None
        if mode != "disable":
            context = ssl.create_default_context(cafile=options.get("sslrootcert", [None])[0])
        connection = Connection(
            unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 5432,
            database=parts.path.lstrip("/"),
            timeout=budget.remaining(_CONNECT_SECONDS),
            ssl_context=context,
        )
        # A message of more than 8 KB leaves in two writes: without this the second waits 40 ms for an ACK.
        connection._usock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # noqa: SLF001
        _limit(connection)
        return connection


def _runner(connection: Connection) -> Run:
    def run(statement: Statement, /, **values: Any) -> list[list[Any]]:
        done = connection.execute_unnamed(statement.text, statement.order(values))
        return done.rows or []

    return run


def _limit(connection: Connection) -> None:
    connection._usock.settimeout(budget.remaining(_STATEMENT_SECONDS))  # noqa: SLF001  # no public door


def _rolled_back(connection: Connection) -> bool:
    from pg8000.exceptions import DatabaseError, InterfaceError  # noqa: PLC0415

    try:
        connection.execute_simple("ROLLBACK")
    except (DatabaseError, InterfaceError, OSError):
        return False
    return True


def _close(connection: Connection) -> None:
    from pg8000.exceptions import InterfaceError  # noqa: PLC0415

    try:
        connection.close()
    except (InterfaceError, OSError):
        return


def _translated(error: Exception) -> Exception:
    facts = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    code = facts.get("C", "")
    if code in _RACES:
        return Conflict("another transaction was first")
    if code.startswith(_DOWN_CLASSES):
        return Unavailable("PostgreSQL is not ready")
    return error
