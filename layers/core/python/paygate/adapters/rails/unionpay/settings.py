"""UnionPay's settings, read once and checked together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paygate.adapters.rails.reader import SettingsReader
from paygate.adapters.rails.unionpay.certificates import is_issued_by
from paygate.faults import SettingsFaults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

GATEWAY_URL = "https://gateway.95516.com"
_OURS = (
    "UNIONPAY_MER_ID",
    "UNIONPAY_PRIVATE_KEY",
    "UNIONPAY_CERT",
    "UNIONPAY_MIDDLE_CERT",
    "UNIONPAY_ROOT_CERT",
)
NAMES = ("UNIONPAY_GATEWAY_URL", *_OURS, "UNIONPAY_KEY_VALIDATED")


@dataclass(frozen=True, slots=True)
class UnionPaySettings:
    """`gateway_url` is what comes before /gateway/api/…; `cert_id` the decimal serial number of our certificate;
    `middle` and `root` certify whoever signs for UnionPay.
    """

    gateway_url: str
    mer_id: str
    cert_id: str
    private_key: RSAPrivateKey = field(repr=False)
    middle: Certificate = field(repr=False)
    root: Certificate = field(repr=False)


def read(env: Mapping[str, str]) -> UnionPaySettings | None:
    """None when UnionPay is not configured; raises SettingsFaults with everything that is wrong.

    UNIONPAY_PRIVATE_KEY and UNIONPAY_CERT are what the merchant's .pfx holds, as PEM texts (`openssl pkcs12`).
    UNIONPAY_KEY_VALIDATED=1 promises that the private key was fully checked once.
    """
    reader = SettingsReader(env, _OURS)
    if not reader.given:
        return None
    gateway_url = reader.url("UNIONPAY_GATEWAY_URL", GATEWAY_URL).rstrip("/")
    mer_id = _merchant(reader)
    private = reader.private_key("UNIONPAY_PRIVATE_KEY", "UNIONPAY_KEY_VALIDATED")
    found = reader.certificates("UNIONPAY_CERT")  # a .pfx may hold the authorities' as well
    own = [one for one in found if private is not None and one.public_key() == private.public_key()]
    if found and private is not None and not own:
        reader.faults.append("UNIONPAY_CERT does not belong to UNIONPAY_PRIVATE_KEY")
    middles, roots = reader.certificates("UNIONPAY_MIDDLE_CERT"), reader.certificates("UNIONPAY_ROOT_CERT")
    if middles and roots and not is_issued_by(middles[0], roots[0]):
        reader.faults.append("UNIONPAY_MIDDLE_CERT is not issued under UNIONPAY_ROOT_CERT")
    if reader.faults or private is None:
        raise SettingsFaults(tuple(reader.faults))
    return UnionPaySettings(gateway_url, mer_id, str(own[0].serial_number), private, middles[0], roots[0])


def _merchant(reader: SettingsReader) -> str:
    """15 letters and digits (merId, AN15)."""
    mer_id = reader.required("UNIONPAY_MER_ID")
    if mer_id and not (mer_id.isascii() and mer_id.isalnum()):
        reader.faults.append("UNIONPAY_MER_ID must be letters and digits only")
    return mer_id
