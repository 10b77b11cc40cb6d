"""Alipay's notifications byte by byte, signed with the sandbox's own key."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.support.shop import reference

if TYPE_CHECKING:
    from pathlib import Path

FORM = "application/x-www-form-urlencoded; charset=utf-8"


@dataclass(frozen=True)
class Notifications:
    """Makes and posts them to the API at `url`, as somebody who holds Alipay's key."""

    url: str
    key: rsa.RSAPrivateKey
    app_id: str
    seller_id: str

    def body(self, payment: dict[str, Any], *, charset: str = "utf-8", **changes: str | None) -> bytes:
        """That `payment` was paid; each call is another notification. A change of None leaves the field out."""
        fields = {
            "notify_type": "trade_status_sync",
            "notify_id": secrets.token_hex(16),
            "charset": charset,
            "version": "1.0",
            "app_id": self.app_id,
            "seller_id": self.seller_id,
            "trade_no": "20261122" + reference(payment)[-20:],
            "out_trade_no": reference(payment),
            "trade_status": "TRADE_SUCCESS",
            "total_amount": payment["amount"],
            "gmt_payment": "2026-11-22 18:00:00",
            **changes,
        }
        return self.signed({name: value for name, value in fields.items() if value is not None}, charset)

    def signed(self, fields: dict[str, str], charset: str = "utf-8") -> bytes:
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
        signature = self.key.sign(text.encode(charset), padding.PKCS1v15(), hashes.SHA256())
        signs = {"sign_type": "RSA2", "sign": base64.b64encode(signature).decode()}
        return urlencode({**fields, **signs}, encoding=charset).encode("ascii")

    def post(self, body: bytes, *, headers: dict[str, str] | None = None, query: str = "") -> requests.Response:
        return requests.post(
            f"{self.url}/webhooks/alipay{query}", data=body, headers=headers or {"Content-Type": FORM}, timeout=30
        )


def notifications(api_url: str, sandbox_state: Path) -> Notifications:
    folder = sandbox_state / "alipay" / "merchant"
    key = serialization.load_pem_private_key((folder / "alipay_private_key.pem").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    ids = json.loads((folder / "merchant.json").read_text())
    return Notifications(api_url, key, ids["app_id"], ids["seller_id"])
