"""Making a merchant once: key files, certificates, numbers."""

import secrets
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def make_once(folder: Path, write_all: Callable[[Path], None]) -> None:
    """Let `write_all` fill the folder unless it is there, whole or not at all, whoever else tries or is killed."""
    if folder.exists():
        return
    draft = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}")
    draft.mkdir(parents=True, mode=0o700)
    write_all(draft)
    try:
        draft.rename(folder)
    except OSError:
        shutil.rmtree(draft)
        if not folder.exists():
            raise


def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))


def name(**parts: str) -> x509.Name:
    """`name(COUNTRY_NAME="CN", COMMON_NAME="…")`, in that order."""
    oids = x509.oid.NameOID
    return x509.Name([x509.NameAttribute(getattr(oids, part), value) for part, value in parts.items()])


def certificate(
    subject: x509.Name,
    public_key: PublicKey,
    issuer: x509.Name,
    issuer_key: PrivateKey,
    *,
    is_authority: bool = False,
    serial: int | None = None,
) -> x509.Certificate:
    """Valid from yesterday, for ten years."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def certificate_pem(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.PEM)


def public_pem(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def write_private(path: Path, key: PrivateKey, *, is_pkcs1: bool = False) -> None:
    """PEM, readable by its owner only; PKCS#8 unless `is_pkcs1`."""
    formats = serialization.PrivateFormat
    form = formats.TraditionalOpenSSL if is_pkcs1 else formats.PKCS8
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
