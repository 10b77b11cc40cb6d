"""Which layout a CSV file has, found by its header row, and where its columns are."""

from __future__ import annotations

import codecs
import io
import itertools
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from paygate.adapters.statements import cells
from paygate.adapters.statements.csv_rows import BYTE_ORDER_MARK, rows
from paygate.adapters.statements.layouts import LAYOUTS, Layout
from paygate.domain.bank_reference import squeeze
from paygate.domain.bank_statement import StatementRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paygate.adapters.statements.layouts import Names

_PREAMBLE_ROWS = 40
_COLUMNS = tuple(
    each.name
    for each in fields(Layout)
    if each.name not in ("name", "encodings", "delimiters", "dates", "decimal_sign", "default_currency")
    and not each.name.endswith(("_words", "_labels", "footers"))
)
_SEVERAL = frozenset(
    {"texts", "notes", "structured", "marks"}
)  # all the columns that are there count, not only the first


@dataclass(frozen=True, slots=True)
class Table:
    """A layout in a file: how it is encoded and delimited, its header row, what came before it."""

    layout: Layout
    encodings: Names
    delimiter: str
    header: tuple[str, ...]
    header_line: int
    account: str | None

    def columns(self) -> dict[str, list[int]]:
        """Each column of the layout and where it is; a name that stands there twice is refused."""
        return {column: self._places(getattr(self.layout, column), column) for column in _COLUMNS}

    def _places(self, names: Names, column: str) -> list[int]:
        present = [name for name in map(cells.name, names) if name in self.header]
        if any(self.header.count(name) > 1 for name in present):
            raise StatementRefused("layout", f"the column of {column} stands there twice", line=self.header_line)
        places = [self.header.index(name) for name in present]
        return places if column in _SEVERAL else places[:1]


def find_table(head: bytes) -> Table:
    """The layout whose columns one of the first rows has; raises StatementRefused when there is none, or two."""
    found: dict[str, Table] = {}
    for table in _candidates(head):
        found.setdefault(table.layout.name, table)
    if not found:
        raise StatementRefused("layout", "this is no camt file, and no row names the columns of a CSV layout")
    if len(found) > 1:
        raise StatementRefused("layout", f"several CSV layouts fit: {', '.join(sorted(found))}")
    return found.popitem()[1]


def _candidates(head: bytes) -> Iterator[Table]:
    encodings = dict.fromkeys(encoding for layout in LAYOUTS for encoding in layout.encodings)
    delimiters = dict.fromkeys("".join(layout.delimiters for layout in LAYOUTS))
    for encoding, delimiter in itertools.product(encodings, delimiters):
        before: list[list[str]] = []
        for line, row in _first_rows(head, encoding, delimiter):
            header = tuple(map(cells.name, row))
            for layout in LAYOUTS:
                if encoding in layout.encodings and delimiter in layout.delimiters and _fits(layout, header):
                    others = (other for other in layout.encodings if other != encoding)
                    account = _account(before, layout.account_labels)
                    yield Table(layout, (encoding, *others), delimiter, header, line, account)
            before.append(row)


def _first_rows(head: bytes, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """As many as can be read: the last may be cut, and what is read later is read strictly."""
    if encoding == "utf-16" and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return
    lines = io.StringIO(head.decode(encoding, "replace").lstrip(BYTE_ORDER_MARK), newline=None)
    try:
        yield from itertools.islice(rows(lines, delimiter), _PREAMBLE_ROWS)
    except StatementRefused:
        return


def _fits(layout: Layout, header: tuple[str, ...]) -> bool:
    return all(any(cells.name(name) in header for name in names) for names in layout.required())


def _account(before: list[list[str]], labels: Names) -> str | None:
    """`账号:6222…` in one cell, or the label in one and the number in the next."""
    for row in before:
        for cell, following in itertools.pairwise([*row, ""]):
            label, _, number = cells.plain(cell).partition(":")
            if cells.name(label) in labels and squeeze(number or cells.plain(following)):
                return squeeze(number or cells.plain(following))
    return None
