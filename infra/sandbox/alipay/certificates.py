"""The merchant's identity: keys, and the certificates of certificate mode (公钥证书模式)."""

import hashlib
import json
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

FOLDER = "merchant"
GATEWAY_PATH = "/alipay/gateway.do"


@dataclass(frozen=True)
class Merchant:
    app_id: str
    seller_id: str
    app_public_key: rsa.RSAPublicKey
    alipay_private_key: rsa.RSAPrivateKey
    app_cert_sn: str
    alipay_cert_sn: str
    root_cert_sn: str


def provision(directory: Path, base_url: str = "") -> dict[str, str]:
    """Make the merchant once; return the settings under which a gateway knows it.

    ALIPAY_GATEWAY_URL is a path when there is no `base_url`; the `_FILE` settings are absolute paths of PEM
    files, private keys readable by their owner only. The app's key is there in both encodings that the SDKs
    ask for: PKCS#1 (Python, Node) and PKCS#8 (Java).
    """
    folder = Path(directory).resolve() / FOLDER
    if not folder.exists():
        _create(folder)
    ids = json.loads((folder / "merchant.json").read_text())
    return {
        "ALIPAY_GATEWAY_URL": base_url.rstrip("/") + GATEWAY_PATH,
        "ALIPAY_APP_ID": ids["app_id"],
        "ALIPAY_SELLER_ID": ids["seller_id"],
        "ALIPAY_APP_PRIVATE_KEY_FILE": str(folder / "app_private_key.pem"),
        "ALIPAY_APP_PRIVATE_KEY_PKCS8_FILE": str(folder / "app_private_key_pkcs8.pem"),
        "ALIPAY_KEY_VALIDATED": "1",  # it was made here and now
        "ALIPAY_PUBLIC_KEY_FILE": str(folder / "alipay_public_key.pem"),
        "ALIPAY_APP_CERT_FILE": str(folder / "app_cert.crt"),
        "ALIPAY_CERT_FILE": str(folder / "alipay_cert.crt"),
        "ALIPAY_ROOT_CERT_FILE": str(folder / "alipay_root_cert.crt"),
    }


def load(directory: Path) -> Merchant:
    folder = Path(directory) / FOLDER
    app_cert = x509.load_pem_x509_certificate((folder / "app_cert.crt").read_bytes())
    alipay_cert = x509.load_pem_x509_certificate((folder / "alipay_cert.crt").read_bytes())
    roots = x509.load_pem_x509_certificates((folder / "alipay_root_cert.crt").read_bytes())
    private = serialization.load_pem_private_key((folder / "alipay_private_key.pem").read_bytes(), None)
    return Merchant(
        **json.loads((folder / "merchant.json").read_text()),
        app_public_key=cast("rsa.RSAPublicKey", app_cert.public_key()),
        alipay_private_key=cast("rsa.RSAPrivateKey", private),
        app_cert_sn=cert_sn(app_cert),
        alipay_cert_sn=cert_sn(alipay_cert),
        root_cert_sn="_".join(cert_sn(root) for root in roots if _is_rsa_signed(root)),
    )


def cert_sn(cert: x509.Certificate) -> str:
    """MD5 over the issuer's name, most specific part first, and the decimal serial (AntCertificationUtil)."""
    text = cert.issuer.rfc4514_string() + str(cert.serial_number)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _is_rsa_signed(cert: x509.Certificate) -> bool:
    return cert.signature_algorithm_oid.dotted_string.startswith("1.2.840.113549.1.1")


def _create(folder: Path) -> None:
    draft = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}")
    draft.mkdir(parents=True, mode=0o700)
    _write_all(draft)
    try:
        draft.rename(folder)  # whole or not at all: a process killed here leaves no half-made merchant
    except OSError:
        shutil.rmtree(draft)
        if not folder.exists():
            raise


def _write_all(folder: Path) -> None:
    app, alipay, root, older_root = (rsa.generate_private_key(65537, 2048) for _ in range(4))
    curve_root = ec.generate_private_key(ec.SECP256R1())
    authority = _name("Ant Sandbox Certification Authority R1", "Certification Authority", "Ant Sandbox")
    older = _name("Ant Sandbox Certification Authority E1", "Certification Authority", "Ant Sandbox")
    curve = _name("Ant Sandbox Certification Authority EC1", "Certification Authority", "Ant Sandbox")
    roots = [
        _certificate(authority, root.public_key(), authority, root, is_authority=True),
        # The real file also holds a certificate that is not RSA-signed; its serial number counts it out.
        _certificate(curve, curve_root.public_key(), curve, curve_root, is_authority=True),
        _certificate(older, older_root.public_key(), older, older_root, is_authority=True),
    ]
    ids = {"app_id": "2021" + _digits(12), "seller_id": "2088" + _digits(12)}
    app_name = _name(f"paygate sandbox-{ids['app_id']}", "Alipay", "沙箱商户")
    alipay_name = _name("支付宝(中国)网络技术有限公司-沙箱", "Alipay", "支付宝(中国)网络技术有限公司")
    app_cert = _certificate(app_name, app.public_key(), authority, root)
    alipay_cert = _certificate(alipay_name, alipay.public_key(), authority, root)

    (folder / "merchant.json").write_text(json.dumps(ids))
    pkcs1, pkcs8 = serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8
    _write_key(folder / "app_private_key.pem", app, pkcs1)
    _write_key(folder / "app_private_key_pkcs8.pem", app, pkcs8)
    _write_key(folder / "alipay_private_key.pem", alipay, pkcs8)
    (folder / "app_public_key.pem").write_bytes(_public_pem(app))
    (folder / "alipay_public_key.pem").write_bytes(_public_pem(alipay))
    (folder / "app_cert.crt").write_bytes(_pem(app_cert))
    (folder / "alipay_cert.crt").write_bytes(_pem(alipay_cert))
    (folder / "alipay_root_cert.crt").write_bytes(b"\n".join(_pem(cert) for cert in roots))


def _digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))


def _name(common_name: str, unit: str, organization: str) -> x509.Name:
    parts = {
        NameOID.COUNTRY_NAME: "CN",
        NameOID.ORGANIZATION_NAME: organization,
        NameOID.ORGANIZATIONAL_UNIT_NAME: unit,
        NameOID.COMMON_NAME: common_name,
    }
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts.items()])


def _certificate(
    subject: x509.Name,
    public_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool = False,
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def _pem(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.PEM)


def _public_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _write_key(path: Path, key: rsa.RSAPrivateKey, form: serialization.PrivateFormat) -> None:
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
