"""Certificates signed with SHA-1, as UnionPay's still are. `cryptography` no longer makes any."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
SHA1_WITH_RSA = bytes.fromhex("06092a864886f70d010105")


@dataclass(frozen=True)
class Authority:
    name: x509.Name
    key: rsa.RSAPrivateKey


def issue(
    subject: x509.Name,
    public_key: rsa.RSAPublicKey,
    authority: Authority,
    start: datetime,
    end: datetime,
    *,
    is_authority: bool = False,
) -> x509.Certificate:
    """Have it signed with SHA-256, then write the other algorithm's name, which is as long, and sign again."""
    modern = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.name)
        .public_key(public_key)
        .serial_number(secrets.randbelow(9 * 10**10) + 10**10)  # eleven digits, as certId shows them
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    to_sign = _renamed(modern.tbs_certificate_bytes)
    signature = authority.key.sign(to_sign, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    der = modern.public_bytes(serialization.Encoding.DER)
    der = der.replace(modern.tbs_certificate_bytes, to_sign).replace(modern.signature, signature)
    return x509.load_der_x509_certificate(_renamed(der))


def _renamed(der: bytes) -> bytes:
    return der.replace(SHA256_WITH_RSA, SHA1_WITH_RSA)
