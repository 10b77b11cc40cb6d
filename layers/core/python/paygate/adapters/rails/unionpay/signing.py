"""signMethod 01 of version 5.1.0 (《平台接入接口规范》, 报文签名): what is signed is a digest's text.

Fields sorted by name and joined as `name=value` with `&`, without `signature` and the empty ones; SHA-256 of that
in lower-case hex; SHA256withRSA, PKCS#1 v1.5, over the hex text; base64.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from paygate.adapters.rails.rsa import is_signed, sign

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from paygate.adapters.rails.unionpay.certificates import Signers

_SIGNATURE = b"signature"


def signed(fields: Mapping[str, str], key: RSAPrivateKey) -> dict[str, str]:
    """The fields that are not empty, and their signature at the end."""
    kept = {name: value for name, value in fields.items() if value}
    return {**kept, "signature": sign(key, digest({n.encode(): v.encode() for n, v in kept.items()}))}


def is_unionpays(fields: Mapping[bytes, bytes], signers: Signers, at: datetime) -> bool:
    """Whether UnionPay signed these fields, with a certificate that was valid `at` that time."""
    if fields.get(b"version") != b"5.1.0" or fields.get(b"signMethod") != b"01":
        return False
    key = signers.key(fields.get(b"signPubKeyCert", b""), at)
    return key is not None and is_signed(key, digest(fields), fields.get(_SIGNATURE, b""))


def digest(fields: Mapping[bytes, bytes]) -> bytes:
    kept = [name + b"=" + fields[name] for name in sorted(fields) if fields[name] and name != _SIGNATURE]
    return sha256(b"&".join(kept)).hexdigest().encode("ascii")
