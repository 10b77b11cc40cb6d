"""Statements over pg8000's connection, in as few round trips and packets as PostgreSQL allows.

`Connection.run` waits three times a statement: after Parse, after Describe and Bind, after Execute. The protocol
(PostgreSQL documentation, sections 53.2.4 "Pipelining" and 53.7 "Message Formats") lets all of them, and BEGIN
before them and COMMIT behind them, be sent at once and answered in order. pg8000 reads the answers.
"""

from __future__ import annotations

import struct
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pg8000.native import Connection

    from paygate.adapters.postgres.statements import Statement

_TIMESTAMPTZ = 1184
_INT16, _INT32 = struct.Struct("!h").pack, struct.Struct("!i").pack
_NULL = _INT32(-1)


def prepare(connection: Connection) -> None:
    """Once a connection: timestamps by the fast parser (the server's text carries the offset)."""
    connection.register_in_adapter(_TIMESTAMPTZ, datetime.fromisoformat)


def execute(
    connection: Connection,
    statement: Statement,
    values: dict[str, Any],
    *,
    begins: bool = False,
    commits: bool = False,
) -> list[list[Any]]:
    """Run one statement and answer its rows, with BEGIN before it and COMMIT behind it where wanted.

    Raises pg8000's DatabaseError (and with `commits` the transaction is then rolled back), InterfaceError, OSError.
    """
    from pg8000.converters import make_params  # noqa: PLC0415
    from pg8000.core import Context  # noqa: PLC0415

    parameters = make_params(connection.py_types, statement.order(values))
    packet = _extended(statement.text, parameters)
    _send(connection, (_BEGIN if begins else b"") + packet + (_COMMIT if commits else b""))
    if begins:
        connection.handle_messages(Context("BEGIN"))
    done = Context(statement.text)
    _await(connection, [done, Context("ROLLBACK")] if commits else [done])
    return done.rows or []


def _send(connection: Connection, packet: bytes) -> None:
    from pg8000.exceptions import InterfaceError  # noqa: PLC0415

    if connection._sock is None:  # noqa: SLF001  # pg8000's own way to say that it is closed
        raise InterfaceError("connection is closed")
    connection._sock.write(packet)  # noqa: SLF001
    connection._sock.flush()  # noqa: SLF001


def _await(connection: Connection, contexts: Sequence[Any]) -> None:
    """Every answer is read, whatever the first says, so that the next statement finds its own."""
    from pg8000.exceptions import DatabaseError  # noqa: PLC0415

    failure = None
    for context in contexts:
        try:
            connection.handle_messages(context)
        except DatabaseError as error:
            failure = failure or error
    if failure is not None:
        raise failure


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + _INT32(len(body) + 4) + body


def _extended(text: str, parameters: Sequence[str | None]) -> bytes:
    """Parse, Bind, Describe, Execute and Sync of the unnamed statement, everything in text format."""
    encoded = (None if value is None else value.encode() for value in parameters)
    values = b"".join(_NULL if value is None else _INT32(len(value)) + value for value in encoded)
    bind = b"\x00\x00" + _INT16(0) + _INT16(len(parameters)) + values + _INT16(0)
    return _message(b"P", b"\x00" + text.encode() + b"\x00" + _INT16(0)) + _message(b"B", bind) + _TAIL


_BEGIN, _COMMIT = _message(b"Q", b"BEGIN\x00"), _message(b"Q", b"COMMIT\x00")
_TAIL = _message(b"D", b"P\x00") + _message(b"E", b"\x00" + _INT32(0)) + _message(b"S", b"")
