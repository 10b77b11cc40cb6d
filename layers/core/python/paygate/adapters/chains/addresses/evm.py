"""Addresses of Ethereum and its like: the last 20 bytes of the public key's Keccak-256 (Yellow Paper, appendix F).

As text they carry a checksum in their letters' case (ERC-55).
"""

from __future__ import annotations

import re
from functools import lru_cache

from paygate.adapters.chains.addresses.hashing import keccak256

_TEXT = re.compile(r"0[xX][0-9a-fA-F]{40}", re.ASCII)
_NOBODY = "0" * 40
_CAPITAL_FROM = "8"


class EvmEncoding:
    def of_point(self, point: bytes, /) -> str:
        return keccak256(point[1:])[-20:].hex()

    def text(self, key: str, /) -> str:
        return _with_checksum(key)

    def key(self, text: str, /) -> str:
        """One case alone carries no checksum and is taken as it is."""
        if not _TEXT.fullmatch(text):
            raise ValueError("must be 0x and 40 hex digits")
        digits, key = text[2:], text[2:].lower()
        if digits not in (key, key.upper()) and self.text(key)[2:] != digits:
            raise ValueError("is mistyped: its checksum, the case of its letters, is wrong")
        if key == _NOBODY:
            raise ValueError("is the zero address, which belongs to nobody")
        return key


@lru_cache(maxsize=4096)  # who pays is written at a transfer's first sight and when it is looked up once more
def _with_checksum(key: str) -> str:
    pairs = zip(key, keccak256(key.encode()).hex(), strict=False)
    return "0x" + "".join(digit.upper() if nibble >= _CAPITAL_FROM else digit for digit, nibble in pairs)
