"""Connections to PostgreSQL, and explicit transactions over them.

A pooler in transaction mode (PgBouncer, RDS Proxy) may give each message of an autocommitted statement
another backend, so every statement, reads included, runs between BEGIN and COMMIT. No named prepared
statements, no SET, no session locks: those would pin a pooled connection.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from paygate import budget
from paygate.adapters.postgres import wire
from paygate.adapters.postgres.login import Login
from paygate.domain.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pg8000.native import Connection

    from paygate.adapters.postgres.statements import Statement

_CONNECT_SECONDS = 3.0
_STATEMENT_SECONDS = 10.0
_IDLE_SECONDS = 20.0  # a frozen function's sockets may be dead by then
_RACES = frozenset({"40001", "40P01", "55P03", "23505"})  # serialization, deadlock, lock, unique key
_CLOSED = "42P01"  # no such table: the application is shut out (a restore), or nothing is migrated yet
_DOWN_CLASSES = ("08", "53", "57")  # connection, resources, operator intervention


class Run(Protocol):
    """Run one statement inside the open transaction; answers its rows."""

    def __call__(self, statement: Statement, /, **values: Any) -> list[list[Any]]: ...


class StatementFailed(Exception):
    """PostgreSQL refuses a statement, which no caller foresees: its code, its words, and the constraint, if any."""


class Database:
    """One database, by URL or login. Connections are kept between transactions and handed to one thread at a time.

    At most `most` transactions are open at once; further ones wait their turn.
    """

    def __init__(self, login: Login | str, most: int = 16) -> None:
        self._login = Login(login) if isinstance(login, str) else login
        self._turns = threading.BoundedSemaphore(most)
        self._idle: list[tuple[float, Connection]] = []
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator[Run]:
        """BEGIN … COMMIT. Raises Unavailable when PostgreSQL is out of reach, Conflict when a race was lost.

        After a failed COMMIT nobody knows whether it happened: that is Unavailable as well, and what is
        written is written so that the same call can be made again.
        """
        with self._turn():
            opened = _Transaction(self)
            with opened.watched():
                yield opened.run
                opened.commit()

    def once(self, statement: Statement, /, **values: Any) -> list[list[Any]]:
        """A transaction of one statement, in one round trip. Raises as `transaction` does."""
        with self._turn():
            opened = _Transaction(self)
            with opened.watched():
                return opened.only(statement, values)

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            _close(connection)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=budget.remaining(_STATEMENT_SECONDS)):
            raise Unavailable("every connection to PostgreSQL is taken")
        try:
            yield
        finally:
            self._turns.release()

    def take(self) -> tuple[Connection, bool]:
        """A connection, and whether it was kept from before, and so may have died meanwhile."""
        from pg8000.exceptions import DatabaseError, InterfaceError  # noqa: PLC0415

        kept = self._take_idle()
        if kept is not None:
            return kept, True
        try:
            return self._connect(), False
        except (DatabaseError, InterfaceError, OSError) as error:
            raise Unavailable("PostgreSQL cannot be reached") from error

    def _take_idle(self) -> Connection | None:
        now = time.monotonic()
        with self._lock:
            stale = [entry for entry in self._idle if now - entry[0] > _IDLE_SECONDS]
            self._idle = [entry for entry in self._idle if now - entry[0] <= _IDLE_SECONDS]
            taken = self._idle.pop() if self._idle else None
        for _, connection in stale:
            _close(connection)
        return taken[1] if taken else None

    def give_back(self, connection: Connection, *, is_clean: bool) -> None:
        if not is_clean:
            _close(connection)
            return
        with self._lock:
            self._idle.append((time.monotonic(), connection))

    def _connect(self) -> Connection:
        from pg8000.native import Connection  # noqa: PLC0415

        connection = Connection(**self._login.arguments(), timeout=budget.remaining(_CONNECT_SECONDS))
        # A message of more than 8 KB leaves in two writes: without this the second waits 40 ms for an ACK.
        connection._usock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # noqa: SLF001
        wire.prepare(connection)
        return connection


class _Transaction:
    """Takes its connection with the first statement, whose answer BEGIN's comes along with."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    def run(self, statement: Statement, /, **values: Any) -> list[list[Any]]:
        if self._connection is None:
            return self._first(statement, values, commits=False)
        _limit(self._connection)
        return wire.execute(self._connection, statement, values)

    def only(self, statement: Statement, values: dict[str, Any]) -> list[list[Any]]:
        return self._first(statement, values, commits=True)

    def commit(self) -> None:
        if self._connection is not None:
            _limit(self._connection)
            self._connection.execute_simple("COMMIT")

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Ends the transaction whatever happens, and says what happened in our words."""
        from pg8000.exceptions import DatabaseError, InterfaceError  # noqa: PLC0415

        is_clean = False
        try:
            yield
            is_clean = True
        except DatabaseError as error:
            is_clean = self._rolled_back()
            raise _translated(error) from None  # its details quote rows
        except (InterfaceError, OSError) as error:
            raise Unavailable("PostgreSQL went away") from error
        except BaseException:
            is_clean = self._rolled_back()
            raise
        finally:
            if self._connection is not None:
                self._database.give_back(self._connection, is_clean=is_clean)

    def _first(self, statement: Statement, values: dict[str, Any], *, commits: bool) -> list[list[Any]]:
        """A kept connection that died is replaced: without its COMMIT nothing of it can have happened.

        With COMMIT in the same breath that holds only for what a repeat does not change.
        """
        from pg8000.exceptions import DatabaseError, InterfaceError  # noqa: PLC0415

        while True:
            self._connection, is_kept = self._database.take()
            _limit(self._connection)
            try:
                return wire.execute(self._connection, statement, values, begins=True, commits=commits)
            except DatabaseError as error:
                if not (is_kept and _is_dead(error)):
                    raise
            except (InterfaceError, OSError):
                if not is_kept:
                    raise
            _close(self._connection)
            self._connection = None

    def _rolled_back(self) -> bool:
        return self._connection is None or _rolled_back(self._connection)


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

    buffers = connection._sock  # noqa: SLF001  # pg8000 leaves them open when saying goodbye fails
    with suppress(InterfaceError, OSError):
        connection.close()
    with suppress(OSError):
        if buffers is not None:
            buffers.close()


def _code(error: Exception) -> str:
    facts = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return str(facts.get("C", ""))


def _without_values(error: Exception) -> str:
    """DETAIL, CONTEXT and HINT quote rows, and the message of bad data (class 22) a value: all may be personal."""
    facts = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    code, words = str(facts.get("C", "")), str(facts.get("M", type(error).__name__))
    is_quoting = code.startswith("22") and '"' in words
    return " ".join([code, *([] if is_quoting else [words]), *(str(facts[name]) for name in "tn" if name in facts)])


def _is_dead(error: Exception) -> bool:
    """The server ended the connection, while it was idle or as it went down."""
    return _code(error).startswith(_DOWN_CLASSES)


def _translated(error: Exception) -> Exception:
    code = _code(error)
    if code in _RACES:
        return Conflict("another transaction was first")
    if code.startswith(_DOWN_CLASSES) or code == _CLOSED:
        return Unavailable("PostgreSQL is not ready")
    return StatementFailed(_without_values(error))
