"""SHA256withRSA, PKCS#1 v1.5, in base64: the signature that several rails share."""

from __future__ import annotations

import base64
from binascii import a2b_base64
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

_PADDING = PKCS1v15()
_HASH = Prehashed(SHA256())  # hashlib is the quicker of the two


def sign(key: RSAPrivateKey, data: bytes) -> str:
    return base64.b64encode(key.sign(sha256(data).digest(), _PADDING, _HASH)).decode("ascii")


def is_signed(key: RSAPublicKey, data: bytes, signature: str | bytes) -> bool:
    """Whether `signature` (strict base64) was made over exactly these bytes."""
    try:
        key.verify(a2b_base64(signature, strict_mode=True), sha256(data).digest(), _PADDING, _HASH)
    except (InvalidSignature, ValueError):
        return False
    return _is_exact(signature)


def _is_exact(text: str | bytes) -> bool:
    """The last letter of base64 has bits that count for nothing: they must be none, or a byte could be changed."""
    end = text[-3:] if isinstance(text, str) else text[-3:].decode("ascii")
    if end[1:] == "==":
        return end[0] in "AQgw"
    return end[2] != "=" or end[1] in "AEIMQUYcgkosw048"
