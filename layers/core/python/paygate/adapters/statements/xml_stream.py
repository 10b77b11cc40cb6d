"""XML from a stranger, a chunk at a time, in bounded memory.

There is no document type, so there are no entities: neither bombs nor anything from outside. Nesting, the length
of a token and of the file are bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from xml.parsers import expat

from paygate.domain.bank_statement import StatementRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paygate.ports import Readable

CHUNK_BYTES = 64 * 1024
TOKEN_BYTES = 1024 * 1024  # expat keeps a tag, a comment or an attribute whole
MAX_DEPTH = 100
_ENCODINGS = frozenset({"utf-8", "utf-16", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"})


class Sink(Protocol):
    """What becomes of the elements. Names are `namespace local`, or `local` without one."""

    def start(self, name: str, attributes: Mapping[str, str], line: int, /) -> None: ...

    def text(self, data: str, line: int, /) -> None: ...

    def end(self, line: int, /) -> None: ...


def feed(file: Readable, sink: Sink, limit_bytes: int) -> Iterator[None]:
    """Parse `file` into `sink`, pausing after each chunk; raises StatementRefused, with the line."""
    parser, fed = _parser(sink), 0
    while chunk := file.read(CHUNK_BYTES):
        fed += len(chunk)
        if fed > limit_bytes:
            raise StatementRefused("too_large", f"the file has more than {limit_bytes} bytes")
        _parse(parser, chunk)
        if fed - parser.CurrentByteIndex > TOKEN_BYTES:
            raise StatementRefused("malformed", "a tag or a comment does not end", line=parser.CurrentLineNumber)
        yield
    _parse(parser, b"", is_last=True)
    yield


def _parse(parser: expat.XMLParserType, chunk: bytes, *, is_last: bool = False) -> None:
    try:
        parser.Parse(chunk, is_last)
    except expat.ExpatError as error:
        why = f"this is no well-formed XML: {expat.ErrorString(error.code)}"
        raise StatementRefused("malformed", why, line=error.lineno) from None


def _parser(sink: Sink) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise StatementRefused("malformed", "elements are nested too deep", line=parser.CurrentLineNumber)
        sink.start(name, attributes, parser.CurrentLineNumber)

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1
        sink.end(parser.CurrentLineNumber)

    def declared(_: str, encoding: str | None, __: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise StatementRefused("encoding", "the file declares an encoding that is not read here", line=1)

    def doctype(*_: object) -> None:
        raise StatementRefused("forbidden", "a document type is not accepted", line=parser.CurrentLineNumber)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = lambda data: sink.text(data, parser.CurrentLineNumber)
    parser.XmlDeclHandler = declared
    parser.StartDoctypeDeclHandler = doctype
    return parser
