"""Signatures of APIv3, WECHATPAY2-SHA256-RSA2048 (pay.weixin.qq.com/doc/v3, "如何生成请求签名", "如何验证签名")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.rails.rsa import is_signed, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

SCHEME = "WECHATPAY2-SHA256-RSA2048"
FRESH_SECONDS = 300
"""wechatpay-go, core/consts: a message from another time is refused, whoever signed it."""

_PROBE = "WECHATPAY/SIGNTEST/"
_LONGEST_TIMESTAMP = 11


class Unverified(Exception):
    """A message that is not to be believed, and why."""


class Probe(Unverified):
    """A wrong signature that WeChat Pay sent on purpose, to see that it is refused."""


class RequestSigner:
    """Signs a merchant's requests, and what the payer's SDK hands over."""

    def __init__(self, mch_id: str, serial: str, key: RSAPrivateKey) -> None:
        self._key = key
        self._begin = f'{SCHEME} mchid="{mch_id}",nonce_str="'
        self._end = f'",serial_no="{serial}"'

    def authorization(self, method: str, target: str, body: bytes, timestamp: int, nonce: str) -> str:
        """The header; `target` is path and query, and `body` the bytes, exactly as they are sent."""
        message = f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = sign(self._key, message)
        return f'{self._begin}{nonce}",signature="{signature}",timestamp="{timestamp}{self._end}'

    def of_lines(self, *lines: str) -> str:
        """`paySign` of JSAPI and `sign` of an app ("JSAPI调起支付签名", "APP调起支付签名")."""
        return sign(self._key, "".join(f"{line}\n" for line in lines).encode())


def verify(
    headers: Mapping[str, str],
    body: bytes,
    at: datetime,
    find: Callable[[str], RSAPublicKey | None],
) -> None:
    """Raises Unverified for what WeChat Pay did not sign around `at`; `find` gives the key of a Wechatpay-Serial.

    Header names are in lower case. Probes and stale messages are told before a key is looked for, as that may
    cost a call.
    """
    signature = headers.get("wechatpay-signature", "")
    if signature.startswith(_PROBE):
        raise Probe("a signature probe")
    if headers.get("wechatpay-signature-type", SCHEME) != SCHEME:
        raise Unverified("signed by another scheme")
    timestamp = headers.get("wechatpay-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _LONGEST_TIMESTAMP):
        raise Unverified("no timestamp")
    if abs(at.timestamp() - int(timestamp)) >= FRESH_SECONDS:
        raise Unverified("signed at another time")
    key = find(headers.get("wechatpay-serial", ""))
    if key is None:
        raise Unverified("signed by a key that is not known")
    nonce = headers.get("wechatpay-nonce", "")
    if not is_signed(key, f"{timestamp}\n{nonce}\n".encode() + body + b"\n", signature):
        raise Unverified("the signature does not verify")
