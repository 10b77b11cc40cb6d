"""RSA keys and certificates out of settings, in whatever wrapping they were pasted."""

from __future__ import annotations

import base64
import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

_ARMOR = re.compile(r"-----BEGIN [A-Z0-9 ]+-----(.*?)-----END [A-Z0-9 ]+-----", re.DOTALL)
LEAST_BITS = 2048
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)


def private_key(text: str, *, is_validated: bool) -> RSAPrivateKey:
    """PKCS#1 or PKCS#8, as PEM or as bare base64 (so Alipay's key tool writes it); raises ValueError.

    A full check costs a hundred signatures, so a key that was checked before is trusted.
    """
    try:
        key = load_der_private_key(_der(text), None, unsafe_skip_rsa_key_validation=is_validated)
    except _UNREADABLE:
        raise ValueError("not a private key") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_BITS:
        raise ValueError("not an RSA private key of 2048 bits or more")
    return key


def public_key(text: str) -> RSAPublicKey:
    """As PEM or bare base64; raises ValueError."""
    try:
        key = load_der_public_key(_der(text))
    except _UNREADABLE:
        raise ValueError("not a public key") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        raise ValueError("not an RSA public key of 2048 bits or more")
    return key


def certificates(text: str) -> list[x509.Certificate]:
    """The RSA-signed certificates of a PEM file, in its order.

    Alipay's root file also holds one certificate that no strict parser takes and one signed with SM2; both are
    left out here as Alipay leaves them out of alipay_root_cert_sn.
    """
    found = []
    for wrapped in _ARMOR.findall(text):
        try:
            certificate = x509.load_der_x509_certificate(_der(wrapped))
        except _UNREADABLE:
            continue
        if certificate.signature_algorithm_oid.dotted_string.startswith("1.2.840.113549.1.1."):
            found.append(certificate)
    return found


def _der(text: str) -> bytes:
    """Line breaks get lost on the way through environments, or arrive as a backslash and an n."""
    armored = _ARMOR.search(text)
    inside = (armored.group(1) if armored else text).replace("\\n", "")
    return base64.b64decode("".join(inside.split()), validate=True)
