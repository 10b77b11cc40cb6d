"""The merchant's identity and WeChat Pay's own keys: two platform certificates and the public key.

"证书密钥概览": the merchant signs with the key of its API certificate; WeChat Pay signs with a platform
certificate's (40 hexadecimal digits of serial) or, for merchants that chose it, with the key of PUB_KEY_ID_….
"""

import json
import secrets
import string
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.sandbox import keys

FOLDER = "merchant"
BASE_PATH = "/wechat_pay"


@dataclass(frozen=True)
class Signer:
    """One of WeChat Pay's keys, by the serial that goes into Wechatpay-Serial."""

    serial: str
    key: rsa.RSAPrivateKey
    pem: str
    effective_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Merchant:
    app_id: str
    mch_id: str
    api_v3_key: bytes
    serial: str
    public_key: rsa.RSAPublicKey
    certificates: tuple[Signer, ...]
    """The platform certificates, the older first."""
    public_key_signer: Signer

    def certificate(self, number: int) -> Signer:
        return self.certificates[number - 1]

    def signer(self, serial: str) -> Signer | None:
        for signer in (*self.certificates, self.public_key_signer):
            if signer.serial == serial:
                return signer
        return None


def provision(directory: Path, base_url: str = "") -> dict[str, str]:
    """Make the merchant once; return the settings under which a gateway knows it.

    WECHAT_PAY_BASE_URL is a path when there is no `base_url`; the `_FILE` settings are absolute paths of PEM
    files. The pinned platform certificate is the older one: the newer is learned from /v3/certificates.
    """
    folder = Path(directory).resolve() / FOLDER
    keys.make_once(folder, _write_all)
    ids = json.loads((folder / "merchant.json").read_text())
    return {
        "WECHAT_PAY_BASE_URL": base_url.rstrip("/") + BASE_PATH,
        "WECHAT_PAY_APP_ID": ids["app_id"],
        "WECHAT_PAY_MCH_ID": ids["mch_id"],
        "WECHAT_PAY_MERCHANT_SERIAL": _serial(_certificate(folder / "merchant_cert.pem")),
        "WECHAT_PAY_PRIVATE_KEY_FILE": str(folder / "merchant_private_key.pem"),
        "WECHAT_PAY_API_V3_KEY": ids["api_v3_key"],
        "WECHAT_PAY_PUBLIC_KEY_ID": ids["public_key_id"],
        "WECHAT_PAY_PUBLIC_KEY_FILE": str(folder / "public_key.pem"),
        "WECHAT_PAY_PLATFORM_CERTS_FILE": str(folder / "platform_cert_1.pem"),
        "WECHAT_PAY_KEY_VALIDATED": "1",  # it was made here and now
    }


def load(directory: Path) -> Merchant:
    folder = Path(directory) / FOLDER
    ids = json.loads((folder / "merchant.json").read_text())
    certificate = _certificate(folder / "merchant_cert.pem")
    return Merchant(
        app_id=ids["app_id"],
        mch_id=ids["mch_id"],
        api_v3_key=ids["api_v3_key"].encode(),
        serial=_serial(certificate),
        public_key=cast("rsa.RSAPublicKey", certificate.public_key()),
        certificates=tuple(_platform_signer(folder, number) for number in (1, 2)),
        public_key_signer=Signer(
            ids["public_key_id"],
            _private(folder / "public_key_private.pem"),
            (folder / "public_key.pem").read_text(),
        ),
    )


def _platform_signer(folder: Path, number: int) -> Signer:
    path = folder / f"platform_cert_{number}.pem"
    certificate = _certificate(path)
    return Signer(
        _serial(certificate),
        _private(folder / f"platform_private_key_{number}.pem"),
        path.read_text(),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def _write_all(folder: Path) -> None:
    merchant, authority, public = (keys.rsa_key() for _ in range(3))
    mch_id = "19" + keys.digits(8)
    ids: dict[str, Any] = {
        "app_id": "wx" + secrets.token_hex(8),
        "mch_id": mch_id,
        "api_v3_key": "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32)),
        "public_key_id": f"PUB_KEY_ID_0{mch_id}{keys.digits(20)}",
    }
    issuer = _name("Tenpay Sandbox", "Tenpay Sandbox Root CA")
    (folder / "merchant.json").write_text(json.dumps(ids))
    (folder / "merchant.json").chmod(0o600)
    keys.write_private(folder / "merchant_private_key.pem", merchant)
    _issue(folder / "merchant_cert.pem", _name("微信商户系统", mch_id), merchant, issuer, authority)
    keys.write_private(folder / "public_key_private.pem", public)
    (folder / "public_key.pem").write_bytes(keys.public_pem(public))
    for number in (1, 2):
        platform = keys.rsa_key()
        keys.write_private(folder / f"platform_private_key_{number}.pem", platform)
        subject = _name("Tenpay Sandbox", f"Tenpay Sandbox sign {number}")
        _issue(folder / f"platform_cert_{number}.pem", subject, platform, issuer, authority)


def _name(organization: str, common_name: str) -> x509.Name:
    return keys.name(COUNTRY_NAME="CN", ORGANIZATION_NAME=organization, COMMON_NAME=common_name)


def _issue(
    path: Path, subject: x509.Name, key: rsa.RSAPrivateKey, issuer: x509.Name, authority: rsa.RSAPrivateKey
) -> None:
    serial = secrets.randbits(158) | 1 << 158  # 40 hexadecimal digits, as the original's have
    path.write_bytes(
        keys.certificate_pem(keys.certificate(subject, key.public_key(), issuer, authority, serial=serial))
    )


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _private(path: Path) -> rsa.RSAPrivateKey:
    return cast("rsa.RSAPrivateKey", serialization.load_pem_private_key(path.read_bytes(), None))


def _serial(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:040X}"
