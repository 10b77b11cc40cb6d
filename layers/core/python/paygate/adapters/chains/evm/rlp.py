"""Recursive Length Prefix (Yellow Paper, appendix B): a list of byte strings and, at most, of empty lists.

A transaction that only pays has no more than that. What is decoded has one encoding: any other is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Item = bytes | tuple[()]

_STRING, _LIST = 0x80, 0xC0
_SHORT = 55


def encode(items: Sequence[Item]) -> bytes:
    body = b"".join(map(_encoded, items))
    return _head(_LIST, len(body)) + body


def decode(raw: bytes) -> list[Item]:
    """Raises ValueError."""
    offset, size, is_list = _read_head(raw)
    if not is_list or offset + size != len(raw):
        raise ValueError("is not one list")
    items: list[Item] = []
    rest = raw[offset:]
    while rest:
        offset, size, is_list = _read_head(rest)
        if offset + size > len(rest):
            raise ValueError("ends too early")
        if is_list and size:
            raise ValueError("has a list in it")
        items.append(() if is_list else rest[offset : offset + size])
        rest = rest[offset + size :]
    if encode(items) != raw:
        raise ValueError("is not encoded in the shortest way")
    return items


def integer(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def read_integer(item: Item) -> int:
    if not isinstance(item, bytes) or item[:1] == b"\0":
        raise ValueError("has a number that is none")
    return int.from_bytes(item, "big")


def _encoded(item: Item) -> bytes:
    if not isinstance(item, bytes):
        return bytes([_LIST])
    if len(item) == 1 and item[0] < _STRING:
        return item
    return _head(_STRING, len(item)) + item


def _head(kind: int, size: int) -> bytes:
    if size <= _SHORT:
        return bytes([kind + size])
    length = integer(size)
    return bytes([kind + _SHORT + len(length)]) + length


def _read_head(raw: bytes) -> tuple[int, int, bool]:
    """Where the content begins, how long it is, and whether it is a list's."""
    first = raw[0] if raw else _LIST
    if first < _STRING:
        return 0, 1, False
    kind = _LIST if first >= _LIST else _STRING
    if first - kind <= _SHORT:
        return 1, first - kind, kind == _LIST
    count = first - kind - _SHORT
    return 1 + count, int.from_bytes(raw[1 : 1 + count], "big"), kind == _LIST
