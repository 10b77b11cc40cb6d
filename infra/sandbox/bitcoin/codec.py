"""Bytes as Bitcoin writes them: little-endian numbers, compact sizes, double SHA-256 (Bitcoin Developer Reference,
"Transactions": raw transaction format, compactSize).
"""

import hashlib

from Crypto.Hash import RIPEMD160

WIDTHS = {0xFD: 2, 0xFE: 4, 0xFF: 8}


class Malformed(Exception):
    """Bytes that are not what they should be."""


class Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise Malformed("the end comes too early")
        self._at += count
        return taken

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "little")

    def size(self) -> int:
        first = self.number(1)
        if first not in WIDTHS:
            return first
        value = self.number(WIDTHS[first])
        if value != size_value(size(value)):
            raise Malformed("a size is longer than need be")
        return value

    def sized(self) -> bytes:
        return self.take(self.size())

    @property
    def position(self) -> int:
        return self._at

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._data)


def number(value: int, width: int) -> bytes:
    return value.to_bytes(width, "little")


def size(value: int) -> bytes:
    if value < 0xFD:
        return number(value, 1)
    for mark, width in WIDTHS.items():
        if value < 1 << 8 * width:
            return number(mark, 1) + number(value, width)
    raise Malformed("too large")


def size_value(encoded: bytes) -> int:
    return encoded[0] if len(encoded) == 1 else int.from_bytes(encoded[1:], "little")


def sized(data: bytes) -> bytes:
    return size(len(data)) + data


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def sha256d(data: bytes) -> bytes:
    return sha256(sha256(data))


def hash160(data: bytes) -> bytes:
    return RIPEMD160.new(sha256(data)).digest()


def shown(digest: bytes) -> str:
    """Hashes are shown with their bytes turned round."""
    return digest[::-1].hex()


def from_shown(text: str) -> bytes:
    return bytes.fromhex(text)[::-1]
