"""Protocol Buffers, as far as a transaction of TRON's needs them written (protobuf.dev, "Encoding").

What is zero is left out, as everywhere in proto3: the same message has the same bytes, and so the same id.
"""

from __future__ import annotations

_VARINT, _LENGTH = 0, 2
_SEVEN_BITS = 0x7F


def number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value) if value else b""


def chunk(field: int, raw: bytes) -> bytes:
    """Bytes, text, or a message."""
    return _varint(field << 3 | _LENGTH) + _varint(len(raw)) + raw


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > _SEVEN_BITS:
        written.append(value & _SEVEN_BITS | 0x80)
        value >>= 7
    return bytes([*written, value])
