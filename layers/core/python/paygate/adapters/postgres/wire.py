"""Statements over pg8000's protocol layer, as few round trips as PostgreSQL allows.

`Connection.run` waits three times a statement: after Parse, after Describe and Bind, after Execute. The protocol
(PostgreSQL documentation, "Message Flow", "Pipelining") lets all of them, and BEGIN before them and COMMIT behind
them, be sent at once and answered in order.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pg8000.native import Connection

    from paygate.adapters.postgres.statements import Statement

_TIMESTAMPTZ = 1184
_UNNAMED = b"\x00"


def prepare(connection: Connection) -> None:
    """Once a connection: timestamps by the fast parser (the server's times are UTC or carry their offset)."""
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
    from pg8000.core import SYNC_MSG, Context, _flush, _write  # noqa: PLC0415

    parameters = make_params(connection.py_types, statement.order(values))
    if begins:
        connection.send_QUERY("BEGIN")
    connection.send_PARSE(_UNNAMED, statement.text)
    connection.send_DESCRIBE_STATEMENT(_UNNAMED)
    connection.send_BIND(_UNNAMED, parameters)
    connection.send_EXECUTE()
    _write(connection._sock, SYNC_MSG)  # noqa: SLF001  # what pg8000's own methods do
    if commits:
        connection.send_QUERY("COMMIT")
    _flush(connection._sock)  # noqa: SLF001
    if begins:
        connection.handle_messages(Context("BEGIN"))
    done = Context(statement.text)
    _await(connection, [done, Context("ROLLBACK")] if commits else [done])
    return done.rows or []


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
