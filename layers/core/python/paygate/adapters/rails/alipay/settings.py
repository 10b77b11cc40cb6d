"""Alipay's settings, read once and checked together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from paygate.adapters.rails.alipay import certificates, keys
from paygate.faults import SettingsFaults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

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
    given = {name: env[name].strip() for name in _OURS if env.get(name, "").strip()}
    return _Reader(env, given).settings() if given else None


class _Reader:
    def __init__(self, env: Mapping[str, str], given: Mapping[str, str]) -> None:
        self._env, self._given = env, given
        self._faults: list[str] = []

    def settings(self) -> AlipaySettings:
        gateway_url = self._gateway_url()
        app_id, seller_id = self._digits("ALIPAY_APP_ID"), self._digits("ALIPAY_SELLER_ID")
        private = self._private_key()
        public, numbers = self._alipay_identity(private)
        if self._faults or private is None or public is None:
            raise SettingsFaults(tuple(self._faults))
        return AlipaySettings(gateway_url, app_id, seller_id, private, public, numbers)

    def _gateway_url(self) -> str:
        url = self._env.get("ALIPAY_GATEWAY_URL", "").strip() or GATEWAY_URL
        allowed = {"https"} if self._env.get("APP_ENV") == "production" else {"https", "http"}
        try:
            parts = urlsplit(url)
            is_fit = parts.scheme in allowed and bool(parts.hostname) and not (parts.query or parts.fragment)
        except ValueError:
            is_fit = False
        if not is_fit:
            self._faults.append(f"ALIPAY_GATEWAY_URL must be an {' or '.join(sorted(allowed))} URL without a query")
        return url

    def _digits(self, name: str) -> str:
        value = self._required(name)
        if value and not (value.isascii() and value.isdigit()):
            self._faults.append(f"{name} must be digits only")
        return value

    def _required(self, name: str) -> str:
        value = self._given.get(name, "")
        if not value:
            self._faults.append(f"{name} is missing")
        return value

    def _private_key(self) -> RSAPrivateKey | None:
        text = self._required("ALIPAY_APP_PRIVATE_KEY")
        try:
            is_validated = self._env.get("ALIPAY_KEY_VALIDATED") == "1"
            return keys.private_key(text, is_validated=is_validated) if text else None
        except ValueError:
            self._faults.append("ALIPAY_APP_PRIVATE_KEY must be an RSA private key of 2048 bits or more")
            return None

    def _alipay_identity(
        self, private: RSAPrivateKey | None
    ) -> tuple[RSAPublicKey | None, CertificateNumbers | None]:
        if any(name in self._given for name in CERTIFICATE_NAMES):
            return self._certificate_mode(private)
        text = self._required("ALIPAY_PUBLIC_KEY")
        try:
            return (keys.public_key(text) if text else None), None
        except ValueError:
            self._faults.append("ALIPAY_PUBLIC_KEY must be an RSA public key of 2048 bits or more")
            return None, None

    def _certificate_mode(
        self, private: RSAPrivateKey | None
    ) -> tuple[RSAPublicKey | None, CertificateNumbers | None]:
        app, alipay, roots = (self._certificates(name) for name in CERTIFICATE_NAMES)
        if not (app and alipay and roots):
            return None, None
        if private is not None and app[0].public_key() != private.public_key():
            self._faults.append("ALIPAY_APP_CERT does not belong to ALIPAY_APP_PRIVATE_KEY")
        if not certificates.is_chained(alipay[0], alipay[1:], roots):
            self._faults.append("ALIPAY_CERT is not issued under ALIPAY_ROOT_CERT")
        numbers = CertificateNumbers(
            certificates.serial_number(app[0]),
            certificates.root_serial_number(roots),
            certificates.serial_number(alipay[0]),
        )
        return self._certified_key(alipay[0]), numbers

    def _certificates(self, name: str) -> list[Certificate]:
        text = self._required(name)
        found = keys.certificates(text)
        if text and not found:
            self._faults.append(f"{name} must hold an RSA certificate as PEM text")
        return found

    def _certified_key(self, certificate: Certificate) -> RSAPublicKey | None:
        key = certificate.public_key()
        if isinstance(key, RSAPublicKey):
            return key
        self._faults.append("ALIPAY_CERT must hold an RSA key")
        return None
