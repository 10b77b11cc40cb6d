"""A file whose beginning was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paygate.ports import Readable

HEAD_BYTES = 64 * 1024


class Peeked:
    """A Readable that gives `head` again, then the rest, in pieces of full size until the last."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self.head = b"".join(_until(file, HEAD_BYTES))
        self._at = 0

    def read(self, size: int, /) -> bytes:
        if self._at < len(self.head):
            part = self.head[self._at : self._at + size]
            self._at += len(part)
            return part
        return b"".join(_until(self._file, size))


def _until(file: Readable, size: int) -> Iterator[bytes]:
    """A pipe or a network answers with less than it was asked for."""
    while size > 0 and (part := file.read(size)):
        size -= len(part)
        yield part
