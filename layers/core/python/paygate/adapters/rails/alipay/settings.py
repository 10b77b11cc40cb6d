"""Alipay's settings, read once and checked together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from paygate.adapters.rails.alipay import certificates
from paygate.adapters.rails.chains import is_chained
from paygate.adapters.rails.reader import SettingsReader
from paygate.faults import SettingsFaults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

GATEWAY_URL = "https://openapi.alipay.com/gateway.do"
CERTIFICATE_NAMES = ("ALIPAY_APP_CERT", "ALIPAY_CERT", "ALIPAY_ROOT_CERT")
_OURS = (
    "ALIPAY_APP_ID",
    "ALIPAY_SELLER_ID",
    "ALIPAY_APP_PRIVATE_KEY",
    "ALIPAY_PUBLIC_KEY",
    *CERTIFICATE_NAMES,
)
NAMES = ("ALIPAY_GATEWAY_URL", *_OURS, "ALIPAY_KEY_VALIDATED")


@dataclass(frozen=True, slots=True)
class CertificateNumbers:
    """What certificate mode sends with each request, and what each answer must name."""

    app: str
    root: str
    alipay: str


@dataclass(frozen=True, slots=True)
class AlipaySettings:
    """Keys are loaded; `certificate_numbers` is None in public-key mode."""

    gateway_url: str
    app_id: str
    seller_id: str
    app_private_key: RSAPrivateKey = field(repr=False)
    alipay_public_key: RSAPublicKey = field(repr=False)
    certificate_numbers: CertificateNumbers | None = None


def read(env: Mapping[str, str]) -> AlipaySettings | None:
    """None when Alipay is not configured; raises SettingsFaults with everything that is wrong.

    The three certificates together choose certificate mode, whatever ALIPAY_PUBLIC_KEY says. They hold PEM
    text; ALIPAY_CERT also the certificates between it and the root, where the root's file lacks them.
    ALIPAY_KEY_VALIDATED=1 promises that the private key was fully checked once.
    """
    reader = SettingsReader(env, _OURS)
    if not reader.given:
        return None
    gateway_url = reader.url("ALIPAY_GATEWAY_URL", GATEWAY_URL)
    app_id, seller_id = reader.digits("ALIPAY_APP_ID"), reader.digits("ALIPAY_SELLER_ID")
    private = reader.private_key("ALIPAY_APP_PRIVATE_KEY", "ALIPAY_KEY_VALIDATED")
    public, numbers = _alipay_identity(reader, private)
    if reader.faults or private is None or public is None:
        raise SettingsFaults(tuple(reader.faults))
    return AlipaySettings(gateway_url, app_id, seller_id, private, public, numbers)


def _alipay_identity(
    reader: SettingsReader, private: RSAPrivateKey | None
) -> tuple[RSAPublicKey | None, CertificateNumbers | None]:
    if any(name in reader.given for name in CERTIFICATE_NAMES):
        return _certificate_mode(reader, private)
    return reader.public_key("ALIPAY_PUBLIC_KEY"), None


def _certificate_mode(
    reader: SettingsReader, private: RSAPrivateKey | None
) -> tuple[RSAPublicKey | None, CertificateNumbers | None]:
    """Dates are not looked at: the certificate itself is pinned here, and Alipay announces renewals."""
    app, alipay, roots = (reader.certificates(name) for name in CERTIFICATE_NAMES)
    if not (app and alipay and roots):
        return None, None
    if private is not None and app[0].public_key() != private.public_key():
        reader.faults.append("ALIPAY_APP_CERT does not belong to ALIPAY_APP_PRIVATE_KEY")
    if not is_chained(alipay[0], alipay[1:], roots):
        reader.faults.append("ALIPAY_CERT is not issued under ALIPAY_ROOT_CERT")
    numbers = CertificateNumbers(
        certificates.serial_number(app[0]),
        certificates.root_serial_number(roots),
        certificates.serial_number(alipay[0]),
    )
    key = alipay[0].public_key()
    if isinstance(key, RSAPublicKey):
        return key, numbers
    reader.faults.append("ALIPAY_CERT must hold an RSA key")
    return None, numbers
