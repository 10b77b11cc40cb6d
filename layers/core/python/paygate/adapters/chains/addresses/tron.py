"""TRON's addresses: Ethereum's with a byte 41 in front, in Base58Check (TRON developer documentation, "Account",
section "Account Address Format").
"""

from __future__ import annotations

from paygate.adapters.chains.addresses import base58check
from paygate.adapters.chains.addresses.hashing import keccak256

_PREFIX = 0x41
_BYTES = 21
_NOBODY = "0" * 40


class TronEncoding:
    def of_point(self, point: bytes, /) -> str:
        return keccak256(point[1:])[-20:].hex()

    def text(self, key: str, /) -> str:
        return base58check.encode(bytes([_PREFIX]) + bytes.fromhex(key))

    def key(self, text: str, /) -> str:
        decoded = base58check.decode(text)
        if len(decoded) != _BYTES or decoded[0] != _PREFIX:
            raise ValueError("must be an address of TRON: 34 characters that begin with T")
        key = decoded[1:].hex()
        if key == _NOBODY:
            raise ValueError("is the zero address, which belongs to nobody")
        return key
