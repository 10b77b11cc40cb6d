"""Protocol Buffers, as far as TRON's transactions and headers need them (protobuf.dev, "Encoding").

A message is a dict by field name; what is absent, zero or empty is not written, and fields go in numeric order, so
that the same message has the same bytes everywhere. Messages with fields that nobody declared are refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]
VARINT, LENGTH = 0, 2
WORD = 1 << 64
MOST_VARINT = 70


class Malformed(ValueError):
    pass


@dataclass(frozen=True)
class Field:
    """`kind` is int, bool, bytes, address, name (bytes that people read as text), string, enum or message."""

    number: int
    name: str
    kind: str
    schema: "Schema | None" = None
    names: dict[int, str] = field(default_factory=dict)
    is_repeated: bool = False

    @property
    def wire(self) -> int:
        return VARINT if self.kind in ("int", "bool", "enum") else LENGTH

    @property
    def default(self) -> Any:
        return 0 if self.wire == VARINT else "" if self.kind == "string" else {} if self.schema else b""


@dataclass(frozen=True)
class Schema:
    fields: tuple[Field, ...]

    def by_number(self, number: int, wire: int) -> Field:
        for each in self.fields:
            if each.number == number and each.wire == wire:
                return each
        raise Malformed(f"no field {number} of wire type {wire}")


def encode(schema: Schema, message: Message) -> bytes:
    written = b""
    for each in sorted(schema.fields, key=lambda part: part.number):
        value = message.get(each.name)
        values = (value or []) if each.is_repeated else [value] if _is_set(each, value) else []
        for item in values:
            written += _varint(each.number << 3 | each.wire) + _encoded(each, item)
    return written


def decode(schema: Schema, raw: bytes) -> Message:
    message: Message = {each.name: [] for each in schema.fields if each.is_repeated}
    for number, wire, value in _parts(raw):
        each = schema.by_number(number, wire)
        decoded = _decoded(each, value)
        if each.is_repeated:
            message[each.name].append(decoded)
        elif _is_set(each, decoded):
            message[each.name] = decoded
    return message


def _is_set(each: Field, value: Any) -> bool:
    return value is not None if each.schema else bool(value)


def _encoded(each: Field, value: Any) -> bytes:
    if each.wire == VARINT:
        return _varint(int(value) % WORD)
    raw = encode(each.schema, value) if each.schema else value.encode() if each.kind == "string" else value
    return _varint(len(raw)) + raw


def _decoded(each: Field, value: Any) -> Any:
    if each.wire == VARINT:
        return value - WORD if value >= WORD >> 1 else value
    if each.schema:
        return decode(each.schema, value)
    try:
        return value.decode() if each.kind == "string" else value
    except UnicodeDecodeError:
        raise Malformed(f"{each.name} is no UTF-8") from None


def _parts(raw: bytes) -> Iterator[tuple[int, int, Any]]:
    at = 0
    while at < len(raw):
        tag, at = _read_varint(raw, at)
        number, at = _read_varint(raw, at)
        value: int | bytes = number
        if tag & 7 == LENGTH:
            value, at = raw[at : at + number], at + number
            if at > len(raw):
                raise Malformed("the input ended in the middle of a field")
        elif tag & 7 != VARINT:
            raise Malformed(f"invalid wire type {tag & 7}")
        yield tag >> 3, tag & 7, value


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 127:  # noqa: PLR2004  seven bits a byte
        written.append(value & 127 | 128)
        value >>= 7
    return bytes([*written, value])


def _read_varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(raw) and shift < MOST_VARINT:
        value |= (raw[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if raw[at - 1] < 128:  # noqa: PLR2004
            return value % WORD, at
    raise Malformed("a varint does not end")
