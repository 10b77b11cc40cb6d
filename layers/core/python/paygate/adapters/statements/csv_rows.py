"""CSV from a stranger, a row at a time, in bounded memory."""

from __future__ import annotations

import codecs
import csv
import io
from typing import TYPE_CHECKING

from paygate.domain.bank_statement import StatementRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from paygate.ports import Readable

BYTE_ORDER_MARK = "\ufeff"
CHUNK_BYTES = 64 * 1024
LINE_CHARACTERS = 100_000
_LINES_OF_A_ROW = 200


def rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row and the line that it begins on; raises StatementRefused."""
    bounded = _Bounded(lines)
    reader = csv.reader(bounded, delimiter=delimiter, strict=True)
    while True:
        first = bounded.begin_row()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            why = "a row is not well-formed: a quote does not end, or a field is too long"
            raise StatementRefused("malformed", why, line=first) from None
        yield first, row


class _Bounded:
    """Lines of a bounded length, and of each row a bounded number."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._number = self._first = 0

    def begin_row(self) -> int:
        self._first = self._number + 1
        return self._first

    def __iter__(self) -> _Bounded:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._number += 1
        if self._number - self._first > _LINES_OF_A_ROW:
            raise StatementRefused("malformed", "a row does not end", line=self._first)
        if len(line) > LINE_CHARACTERS:
            raise StatementRefused("malformed", "a line is too long", line=self._number)
        if "\0" in line:
            raise StatementRefused("malformed", "there is a zero byte", line=self._number)
        return line


def decoded_lines(file: Readable, encodings: Sequence[str], limit_bytes: int) -> Iterator[str]:
    """The file's lines, without its mark; raises StatementRefused.

    Of `encodings`, all of which contain ASCII or are UTF-16 with its mark, the first that fits counts.
    """
    decode = _Decoder(encodings)
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    begun, number, fed, is_last = "", 0, 0, False
    while not is_last:
        chunk = file.read(CHUNK_BYTES)
        fed, is_last = fed + len(chunk), not chunk
        if fed > limit_bytes:
            raise StatementRefused("too_large", f"the file has more than {limit_bytes} bytes")
        try:
            decoded = newlines.decode(decode(chunk, is_last=is_last), final=is_last)
        except UnicodeError:
            why = f"after this line, something cannot be read as {' or '.join(encodings)}"
            raise StatementRefused("encoding", why, line=max(number, 1)) from None
        *lines, begun = (begun + decoded).split("\n")
        for line in lines:
            number += 1
            yield (line.lstrip(BYTE_ORDER_MARK) if number == 1 else line) + "\n"
        if len(begun) > LINE_CHARACTERS:
            raise StatementRefused("malformed", "a line is too long", line=number + 1)
    if begun:
        yield begun


class _Decoder:
    """Decides for an encoding at the first chunk that is not plain ASCII; UTF-16 fits with its mark only."""

    def __init__(self, encodings: Sequence[str]) -> None:
        self._encodings = encodings
        self._decoder: codecs.IncrementalDecoder | None = None

    def __call__(self, chunk: bytes, *, is_last: bool) -> str:
        if self._decoder is not None:
            return self._decoder.decode(chunk, is_last)
        if chunk.isascii():
            return chunk.decode("ascii")
        for encoding in self._encodings:
            decoder = codecs.getincrementaldecoder(encoding)("strict")
            try:
                decoded = decoder.decode(chunk)
            except UnicodeError:
                continue
            self._decoder = decoder
            return decoded
        raise UnicodeError
