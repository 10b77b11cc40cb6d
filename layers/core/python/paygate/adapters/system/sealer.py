"""Encryption at rest: AES-256-GCM under keys that Secrets Manager holds (and KMS encrypts there).

A sealed text is a version byte, the key's id and its length, a random 96-bit nonce, and the ciphertext. The
first key seals; every key opens, so a key is rotated by putting a new one in front.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = 1
_NONCE_BYTES = 12
_KEY_BYTES = 32
_LONGEST_ID = 32


def parse_keys(text: str) -> dict[str, bytes]:
    """`id:base64,id:base64` → keys by id, the sealing one first; ValueError when one is not 32 bytes.

    A key without an id has the id 0.
    """
    keys: dict[str, bytes] = {}
    for part in text.split(","):
        key_id, _, encoded = part.strip().rpartition(":")
        key_id = key_id or "0"
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not 0 < len(key_id) <= _LONGEST_ID or not key_id.isascii() or len(key) != _KEY_BYTES or key_id in keys:
            raise ValueError("must be keys of 32 bytes in base64, each behind an id and a colon")
        keys[key_id] = key
    return keys


class AesGcmSealer:
    """`ports.Sealer`."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._keys = keys
        self._ciphers: dict[bytes, AESGCM] = {}
        self._sealing = next(iter(keys)).encode()

    def seal(self, plain: bytes, context: str, /) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        head = bytes((_VERSION, len(self._sealing))) + self._sealing
        return head + nonce + self._cipher(self._sealing).encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str, /) -> bytes:
        """Raises LookupError when no key of ours opens it: the key is gone, or the bytes were changed."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415

        end = 2 + sealed[1]
        nonce, text = sealed[end : end + _NONCE_BYTES], sealed[end + _NONCE_BYTES :]
        try:
            return self._cipher(sealed[2:end]).decrypt(nonce, text, context.encode())
        except (InvalidTag, ValueError):
            raise LookupError("no key opens this") from None

    def _cipher(self, key_id: bytes) -> AESGCM:
        if key_id not in self._ciphers:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

            self._ciphers[key_id] = AESGCM(self._keys[key_id.decode()])
        return self._ciphers[key_id]
