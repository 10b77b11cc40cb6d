"""The merchant's identity: keys, and the certificates of certificate mode (公钥证书模式)."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from infra.sandbox import keys
from infra.sandbox.keys import certificate, certificate_pem, digits, public_pem

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
    keys.make_once(folder, _write_all)
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


def _write_all(folder: Path) -> None:
    app, alipay, root, older_root = (keys.rsa_key() for _ in range(4))
    curve_root = ec.generate_private_key(ec.SECP256R1())
    authority = _name("Ant Sandbox Certification Authority R1", "Certification Authority", "Ant Sandbox")
    older = _name("Ant Sandbox Certification Authority E1", "Certification Authority", "Ant Sandbox")
    curve = _name("Ant Sandbox Certification Authority EC1", "Certification Authority", "Ant Sandbox")
    roots = [
        certificate(authority, root.public_key(), authority, root, is_authority=True),
        # The real file also holds a certificate that is not RSA-signed; its serial number counts it out.
        certificate(curve, curve_root.public_key(), curve, curve_root, is_authority=True),
        certificate(older, older_root.public_key(), older, older_root, is_authority=True),
    ]
    ids = {"app_id": "2021" + digits(12), "seller_id": "2088" + digits(12)}
    app_name = _name(f"paygate sandbox-{ids['app_id']}", "Alipay", "沙箱商户")
    alipay_name = _name("支付宝(中国)网络技术有限公司-沙箱", "Alipay", "支付宝(中国)网络技术有限公司")
    app_cert = certificate(app_name, app.public_key(), authority, root)
    alipay_cert = certificate(alipay_name, alipay.public_key(), authority, root)

    (folder / "merchant.json").write_text(json.dumps(ids))
    keys.write_private(folder / "app_private_key.pem", app, is_pkcs1=True)
    keys.write_private(folder / "app_private_key_pkcs8.pem", app)
    keys.write_private(folder / "alipay_private_key.pem", alipay)
    (folder / "app_public_key.pem").write_bytes(public_pem(app))
    (folder / "alipay_public_key.pem").write_bytes(public_pem(alipay))
    (folder / "app_cert.crt").write_bytes(certificate_pem(app_cert))
    (folder / "alipay_cert.crt").write_bytes(certificate_pem(alipay_cert))
    (folder / "alipay_root_cert.crt").write_bytes(b"\n".join(certificate_pem(cert) for cert in roots))


def _name(common_name: str, unit: str, organization: str) -> x509.Name:
    return keys.name(
        COUNTRY_NAME="CN",
        ORGANIZATION_NAME=organization,
        ORGANIZATIONAL_UNIT_NAME=unit,
        COMMON_NAME=common_name,
    )
