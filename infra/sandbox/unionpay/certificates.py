"""The merchant's identity, and UnionPay's: a leaf that signs, certified by a middle, certified by a root.

The original's chain is CFCA's, every link signed with SHA-1 (the certificates of its test system, as public
clients carry them), and the leaf's common name reads `041@<number>@中国银联股份有限公司@<number>`. The same
authority certifies merchants, so that a chain alone does not prove who signed.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.sandbox import keys
from infra.sandbox.unionpay.old_certificates import Authority, issue

FOLDER = "merchant"
GATEWAY_PATH = "/unionpay"
UNIONPAY = "unionpay"
SIGNER_NAMES = {
    UNIONPAY: "041@8310000000083040@中国银联股份有限公司@00016495",
    "merchant": "041@Z2026-11-1@某商户有限公司@00000002",
    "lookalike": "041@831000000083041@中国银联数据有限公司@0003",
    "foreign": "041@8310000000083040@中国银联股份有限公司@00016495",
    "expired": "041@8310000000083040@中国银联股份有限公司@00016495",
}
"""By whom an answer or a notification may be signed; all but the first are faults. `foreign` has another root."""


@dataclass(frozen=True)
class Signer:
    key: rsa.RSAPrivateKey
    certificate: str
    """PEM, lines ended by CRLF and none after the last, as the original writes it into signPubKeyCert."""


@dataclass(frozen=True)
class Parties:
    mer_id: str
    cert_id: str
    public_key: rsa.RSAPublicKey
    signers: dict[str, Signer]


def provision(directory: Path, base_url: str = "") -> dict[str, str]:
    """Make the merchant once; return the settings under which a gateway knows it.

    UNIONPAY_GATEWAY_URL is what comes before /gateway/api/…, without a `base_url` its path only.
    """
    folder = Path(directory).resolve() / FOLDER
    keys.make_once(folder, _write_all)
    return {
        "UNIONPAY_GATEWAY_URL": base_url.rstrip("/") + GATEWAY_PATH,
        "UNIONPAY_MER_ID": json.loads((folder / "merchant.json").read_text())["mer_id"],
        "UNIONPAY_PRIVATE_KEY_FILE": str(folder / "merchant_key.pem"),
        "UNIONPAY_CERT_FILE": str(folder / "merchant.cer"),
        "UNIONPAY_MIDDLE_CERT_FILE": str(folder / "middle.cer"),
        "UNIONPAY_ROOT_CERT_FILE": str(folder / "root.cer"),
        "UNIONPAY_KEY_VALIDATED": "1",  # it was made here and now
    }


def load(directory: Path) -> Parties:
    folder = Path(directory) / FOLDER
    merchant = x509.load_pem_x509_certificate((folder / "merchant.cer").read_bytes())
    key = serialization.load_pem_private_key((folder / "unionpay_key.pem").read_bytes(), None)
    return Parties(
        mer_id=json.loads((folder / "merchant.json").read_text())["mer_id"],
        cert_id=str(merchant.serial_number),
        public_key=cast("rsa.RSAPublicKey", merchant.public_key()),
        signers={
            name: Signer(cast("rsa.RSAPrivateKey", key), _with_crlf((folder / f"signer_{name}.cer").read_text()))
            for name in SIGNER_NAMES
        },
    )


def _with_crlf(pem: str) -> str:
    return pem.strip().replace("\n", "\r\n")


def _write_all(folder: Path) -> None:
    merchant, unionpay = keys.rsa_key(), keys.rsa_key()
    root = Authority(_authority_name("Sandbox CS CA"), keys.rsa_key())
    middle = Authority(_authority_name("Sandbox OCA1"), keys.rsa_key())
    # Called like the true one, so that only the signature tells them apart.
    foreign = Authority(middle.name, keys.rsa_key())
    start = datetime.now(UTC) - timedelta(days=1)
    end = start + timedelta(days=3650)

    def leaf(name: str, key: rsa.RSAPrivateKey, authority: Authority, until: datetime) -> bytes:
        since = min(start, until - timedelta(days=365))
        cert = issue(_holder_name(name), key.public_key(), authority, since, until)
        return keys.certificate_pem(cert)

    mer_id = "777290" + keys.digits(9)
    (folder / "merchant.json").write_text(json.dumps({"mer_id": mer_id}))
    keys.write_private(folder / "merchant_key.pem", merchant)
    keys.write_private(folder / "unionpay_key.pem", unionpay)
    for file, authority in (("root.cer", root), ("middle.cer", middle)):
        cert = issue(authority.name, authority.key.public_key(), root, start, end, is_authority=True)
        (folder / file).write_bytes(keys.certificate_pem(cert))
    (folder / "merchant.cer").write_bytes(leaf(f"041@{mer_id}@沙箱商户@00000001", merchant, middle, end))
    for signer, name in SIGNER_NAMES.items():
        until = start if signer == "expired" else end
        pem = leaf(name, unionpay, foreign if signer == "foreign" else middle, until)
        (folder / f"signer_{signer}.cer").write_bytes(pem)


def _authority_name(common_name: str) -> x509.Name:
    return keys.name(
        COUNTRY_NAME="CN", ORGANIZATION_NAME="Sandbox Certification Authority", COMMON_NAME=common_name
    )


def _holder_name(common_name: str) -> x509.Name:
    return keys.name(
        COUNTRY_NAME="cn",
        ORGANIZATION_NAME="Sandbox OCA1",
        ORGANIZATIONAL_UNIT_NAME="Enterprises",
        COMMON_NAME=common_name,
    )
