"""The hashes that addresses are made of. OpenSSL has Keccak not at all and RIPEMD-160 not everywhere."""

from __future__ import annotations

import hashlib


def keccak256(data: bytes) -> bytes:
    from Crypto.Hash import keccak  # noqa: PLC0415

    return keccak.new(digest_bits=256, data=data).digest()


def hash160(data: bytes) -> bytes:
    from Crypto.Hash import RIPEMD160  # noqa: PLC0415

    return RIPEMD160.new(hashlib.sha256(data).digest()).digest()
