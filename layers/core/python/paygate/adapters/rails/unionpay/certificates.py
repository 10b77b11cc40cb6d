"""Whose signature a message carries: the certificate in its signPubKeyCert, and what that must prove.

As the rail's own SDK does (CertUtil.verifyCertificate, getIdentitiesFromCertficate): dates, the chain to the pinned
middle and root, and the holder's name. The authority certifies merchants as well: the chain alone proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

from paygate.adapters.rails import keys

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.x509 import Certificate

HOLDER = "中国银联股份有限公司"
_HOLDERS_PLACE = 2  # a common name is 041@<number>@<holder>@<number>
_MOST_KNOWN = 16
_LONGEST_TEXT = 4096
_LEAST_BITS = 2048


@dataclass(frozen=True, slots=True)
class _Known:
    key: RSAPublicKey
    since: datetime
    until: datetime


class Signers:
    """The keys of certificates that proved to be UnionPay's, by the bytes they came as, a few of them.

    Only what proved itself is kept, so nobody else can fill it. Dates are looked at each time.
    """

    def __init__(self, middle: Certificate, root: Certificate) -> None:
        self._middle, self._root = middle, root
        self._known: dict[bytes, _Known] = {}

    def key(self, pem: bytes, at: datetime) -> RSAPublicKey | None:
        """The key in a certificate of UnionPay's that is valid `at` that time; None for all else."""
        known = self._known.get(pem) or self._prove(pem)
        return known.key if known is not None and known.since <= at <= known.until else None

    def _prove(self, pem: bytes) -> _Known | None:
        found = keys.certificates(pem.decode("ascii", "replace")) if len(pem) <= _LONGEST_TEXT else []
        try:
            key = self._proven(found[0]) if len(found) == 1 else None
        except (ValueError, UnsupportedAlgorithm):  # parts of a certificate are read when they are asked for
            key = None
        return self._keep(pem, found[0], key) if key is not None else None

    def _proven(self, certificate: Certificate) -> RSAPublicKey | None:
        if _holder(certificate) != HOLDER or not is_issued_by(certificate, self._middle):
            return None
        key = certificate.public_key()
        return key if isinstance(key, RSAPublicKey) and key.key_size >= _LEAST_BITS else None

    def _keep(self, pem: bytes, certificate: Certificate, key: RSAPublicKey) -> _Known:
        chain = (certificate, self._middle, self._root)
        since = max(certificate.not_valid_before_utc for certificate in chain)
        until = min(certificate.not_valid_after_utc for certificate in chain)
        while len(self._known) >= _MOST_KNOWN:
            self._known.pop(next(iter(self._known)), None)
        self._known[pem] = known = _Known(key, since, until)
        return known


def is_issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether `issuer` signed it. By hand, since UnionPay's certificates are signed with SHA-1: validators of paths
    refuse them, and so does `Certificate.verify_directly_issued_by`.
    """
    key, algorithm = issuer.public_key(), certificate.signature_hash_algorithm
    if certificate.issuer != issuer.subject or not isinstance(key, RSAPublicKey) or algorithm is None:
        return False
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, PKCS1v15(), algorithm)
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _holder(certificate: Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    parts = str(names[0].value).split("@") if len(names) == 1 else []
    return parts[_HOLDERS_PLACE] if len(parts) > _HOLDERS_PLACE else ""
