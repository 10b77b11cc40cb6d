"""AEAD_AES_256_GCM with the merchant's APIv3 key ("如何解密回调报文", "如何解密平台证书")."""

from __future__ import annotations

from binascii import a2b_base64
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from paygate.adapters.rails.exact_json import text

if TYPE_CHECKING:
    from collections.abc import Callable

ALGORITHM = "AEAD_AES_256_GCM"
_NONCE_BYTES = 12


def opener(api_v3_key: bytes) -> Callable[[dict[str, Any]], bytes]:
    """A function that opens one sealed object, a callback's `resource` or an `encrypt_certificate`.

    It raises ValueError for another algorithm, a nonce of another length than 12 bytes, bad base64, a bad tag.
    """
    cipher = AESGCM(api_v3_key)

    def opened(resource: dict[str, Any]) -> bytes:
        nonce = text(resource, "nonce").encode()
        if text(resource, "algorithm") != ALGORITHM or len(nonce) != _NONCE_BYTES:
            raise ValueError("not sealed as AEAD_AES_256_GCM with a nonce of 12 bytes")
        sealed = a2b_base64(text(resource, "ciphertext"), strict_mode=True)
        try:
            return cipher.decrypt(nonce, sealed, text(resource, "associated_data").encode())
        except InvalidTag:
            raise ValueError("not sealed with our key") from None

    return opened
