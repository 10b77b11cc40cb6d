"""RSA2: SHA256withRSA, PKCS#1 v1.5, over `name=value` pairs (opendocs.alipay.com, "签名" and "验签")."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

_PADDING = PKCS1v15()
_HASH = SHA256()


def signed_text(params: Mapping[str, str]) -> str:
    """What a request is signed over: all that is not empty, by name, `sign_type` included."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if params[name] and name != "sign")


def sign(key: RSAPrivateKey, data: bytes) -> str:
    return base64.b64encode(key.sign(data, _PADDING, _HASH)).decode("ascii")


def is_signed(key: RSAPublicKey, data: bytes, signature: str | bytes) -> bool:
    """Whether `signature` (base64) was made over exactly these bytes."""
    try:
        key.verify(base64.b64decode(signature, validate=True), data, _PADDING, _HASH)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
