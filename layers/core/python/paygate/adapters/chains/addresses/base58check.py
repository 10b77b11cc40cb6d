"""Base58Check (BIP 13 and its kin): bytes and four of their double SHA-256, in letters that look unlike."""

from __future__ import annotations

_LONGEST = 120  # an extended key has 111


def encode(payload: bytes) -> str:
    import base58  # noqa: PLC0415

    return base58.b58encode_check(payload).decode()


def decode(text: str) -> bytes:
    """Raises ValueError for what is mistyped, and for spaces, which the library overlooks."""
    import base58  # noqa: PLC0415

    if not (text.isascii() and text.isalnum() and len(text) <= _LONGEST):
        raise ValueError("is mistyped: it has characters that do not belong there, or too many")
    try:
        return base58.b58decode_check(text)
    except ValueError:
        raise ValueError("is mistyped: its checksum is wrong") from None
