"""Prefixed ids that sort by time: a UUIDv7 (RFC 9562, section 5.7) in Crockford's base 32."""

from __future__ import annotations

import re

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PATTERN = re.compile(r"(PAY|REF|EVT|CBK|CASE|TRF|BST)_[0-7][0-9A-HJKMNP-TV-Z]{25}", re.ASCII)


def uuid7(unix_ms: int, randomness: bytes) -> int:
    """48 bits of Unix milliseconds, version 7, variant 10, and 74 of the 80 random bits given."""
    random = int.from_bytes(randomness[:10], "big")
    return (
        (unix_ms & (2**48 - 1)) << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64 | 0b10 << 62 | random & (2**62 - 1)
    )


def encode(prefix: str, number: int) -> str:
    """`number` (128 bits) as 26 base-32 characters behind `prefix`_; order is kept."""
    return prefix + "_" + "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -5, -5))


def is_id(prefix: str, text: str) -> bool:
    """Whether `text` has the shape of an id of that kind."""
    return text.startswith(prefix + "_") and _PATTERN.fullmatch(text) is not None
