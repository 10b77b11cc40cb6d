"""WeChat Pay's settings, read once and checked together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from paygate.adapters.rails.reader import SettingsReader
from paygate.faults import SettingsFaults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

BASE_URL = "https://api.mch.weixin.qq.com"
PUBLIC_KEY_NAMES = ("WECHAT_PAY_PUBLIC_KEY_ID", "WECHAT_PAY_PUBLIC_KEY")
_OURS = (
    "WECHAT_PAY_APP_ID",
    "WECHAT_PAY_MCH_ID",
    "WECHAT_PAY_MERCHANT_SERIAL",
    "WECHAT_PAY_PRIVATE_KEY",
    "WECHAT_PAY_API_V3_KEY",
    *PUBLIC_KEY_NAMES,
    "WECHAT_PAY_PLATFORM_CERTS",
)
NAMES = ("WECHAT_PAY_BASE_URL", *_OURS, "WECHAT_PAY_KEY_VALIDATED")

_API_KEY_BYTES = 32
_APP_ID = re.compile(r"[0-9A-Za-z_-]{4,32}", re.ASCII)
_SERIAL = re.compile(r"[0-9A-Fa-f]{8,40}", re.ASCII)
_PUBLIC_KEY_ID = re.compile(r"PUB_KEY_ID_[0-9A-Za-z]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class WechatPaySettings:
    """Keys are loaded. `public_key` and its id are None in certificate mode; certificates here are pinned ones."""

    base_url: str
    app_id: str
    mch_id: str
    merchant_serial: str
    private_key: RSAPrivateKey = field(repr=False)
    api_v3_key: bytes = field(repr=False)
    public_key_id: str | None = None
    public_key: RSAPublicKey | None = field(default=None, repr=False)
    platform_certificates: tuple[Certificate, ...] = ()


def read(env: Mapping[str, str]) -> WechatPaySettings | None:
    """None when WeChat Pay is not configured; raises SettingsFaults with everything that is wrong.

    WECHAT_PAY_PUBLIC_KEY and its id choose public-key mode (微信支付公钥); platform certificates are believed all
    the same, for a merchant who changes over gets callbacks signed either way. Without pinned ones, certificates
    are fetched when the first message needs one. WECHAT_PAY_KEY_VALIDATED=1 promises that the private key was
    fully checked once.
    """
    reader = SettingsReader(env, _OURS)
    if not reader.given:
        return None
    base_url = reader.url("WECHAT_PAY_BASE_URL", BASE_URL).rstrip("/")
    app_id = _shaped(reader, "WECHAT_PAY_APP_ID", _APP_ID, "letters and digits, as in wx0123456789abcdef")
    mch_id = reader.digits("WECHAT_PAY_MCH_ID")
    serial = _shaped(reader, "WECHAT_PAY_MERCHANT_SERIAL", _SERIAL, "the certificate's serial in hexadecimal")
    private = reader.private_key("WECHAT_PAY_PRIVATE_KEY", "WECHAT_PAY_KEY_VALIDATED")
    api_v3_key = _api_v3_key(reader)
    public_key_id, public_key = _public_key(reader)
    certificates = _certificates(reader)
    if reader.faults or private is None:
        raise SettingsFaults(tuple(reader.faults))
    return WechatPaySettings(
        base_url,
        app_id,
        mch_id,
        serial.upper(),
        private,
        api_v3_key,
        public_key_id,
        public_key,
        certificates,
    )


def _shaped(reader: SettingsReader, name: str, shape: re.Pattern[str], what: str) -> str:
    value = reader.required(name)
    if value and not shape.fullmatch(value):
        reader.faults.append(f"{name} must be {what}")
    return value


def _api_v3_key(reader: SettingsReader) -> bytes:
    value = reader.required("WECHAT_PAY_API_V3_KEY").encode()
    if value and len(value) != _API_KEY_BYTES:
        reader.faults.append(f"WECHAT_PAY_API_V3_KEY must have {_API_KEY_BYTES} bytes")
    return value


def _public_key(reader: SettingsReader) -> tuple[str | None, RSAPublicKey | None]:
    """Both or neither: a key without its id verifies nothing."""
    if not any(name in reader.given for name in PUBLIC_KEY_NAMES):
        return None, None
    key_id = _shaped(reader, PUBLIC_KEY_NAMES[0], _PUBLIC_KEY_ID, "the whole id, PUB_KEY_ID_ included")
    return key_id, reader.public_key(PUBLIC_KEY_NAMES[1])


def _certificates(reader: SettingsReader) -> tuple[Certificate, ...]:
    name = "WECHAT_PAY_PLATFORM_CERTS"
    if name not in reader.given:
        return ()
    found = reader.certificates(name)
    if not all(isinstance(certificate.public_key(), RSAPublicKey) for certificate in found):
        reader.faults.append(f"{name} must hold RSA keys")
    return tuple(found)
