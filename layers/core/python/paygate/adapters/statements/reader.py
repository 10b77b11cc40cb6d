"""Statement files of any kind, told apart by what is in them."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from paygate.adapters.statements.camt import read_camt
from paygate.adapters.statements.csv_statements import read_csv
from paygate.adapters.statements.peeked import Peeked
from paygate.domain.bank_statement import StatementRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paygate.domain.bank_statement import BankTransaction, StatementHeader
    from paygate.ports import Readable

_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0")


def read_statements(
    file: Readable, limit_bytes: int, account: str | None = None
) -> Iterator[StatementHeader | BankTransaction]:
    """Each statement's header, then its transactions, as the file is read: only `file.read(size)` is used.

    `account` is the one that a CSV file is of, where it does not say. Raises StatementRefused at any point: what
    was given out before must not count.
    """
    peeked = Peeked(file)
    start = peeked.head[:200].lstrip(codecs.BOM_UTF8 + codecs.BOM_UTF16 + codecs.BOM_UTF16_BE + b"\0 \t\r\n")
    if start.startswith(b"<"):
        yield from read_camt(peeked, limit_bytes)
        return
    if not start:
        raise StatementRefused("empty", "the file is empty")
    if peeked.head.startswith(_ARCHIVES):
        raise StatementRefused("format", "this is an archive or a spreadsheet: export it as XML or CSV")
    yield from read_csv(peeked, limit_bytes, account)
