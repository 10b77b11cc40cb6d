"""WeChat Pay's callbacks byte by byte, sealed and signed with the sandbox's own keys."""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.support.shop import reference

if TYPE_CHECKING:
    from pathlib import Path

Headers = dict[str, str]


@dataclass(frozen=True)
class WechatPayMessages:
    """Makes and posts them to the API at `url`, as somebody who holds WeChat Pay's keys."""

    url: str
    folder: Path

    @property
    def ids(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.folder / "merchant.json").read_text())
        return found

    def serial(self, number: int) -> str:
        """Of the platform certificate: 1 is pinned by our settings, 2 must be fetched."""
        pem = (self.folder / f"platform_cert_{number}.pem").read_bytes()
        return f"{x509.load_pem_x509_certificate(pem).serial_number:040X}"

    def key(self, signer: int | str) -> rsa.RSAPrivateKey:
        name = f"platform_private_key_{signer}.pem" if isinstance(signer, int) else "public_key_private.pem"
        found = serialization.load_pem_private_key((self.folder / name).read_bytes(), None)
        assert isinstance(found, rsa.RSAPrivateKey)
        return found

    def refund_body(self, payment: dict[str, Any], number: str, fen: int, status: str = "SUCCESS") -> bytes:
        """That this became of the refund of that number."""
        amount = {"total": 10000, "refund": fen, "payer_total": 10000, "payer_refund": fen}
        told = {"out_refund_no": number, "refund_id": "5030" + secrets.token_hex(8), "refund_status": status}
        return self.body(payment, event_type=f"REFUND.{status}", amount=amount, **told)

    def body(
        self,
        payment: dict[str, Any],
        resource: dict[str, str] | None = None,
        event_type: str = "TRANSACTION.SUCCESS",
        **changes: Any,
    ) -> bytes:
        """That `payment` was paid; each call is another callback. `resource` changes what is sealed, outside."""
        trade = {
            "appid": self.ids["app_id"],
            "mchid": self.ids["mch_id"],
            "out_trade_no": reference(payment),
            "transaction_id": "4200" + reference(payment)[-24:],
            "trade_type": "NATIVE",
            "trade_state": "SUCCESS",
            "success_time": "2026-11-22T18:00:00+08:00",
            "amount": {"total": 10000, "payer_total": 10000, "currency": "CNY", "payer_currency": "CNY"},
            **changes,
        }
        envelope = {
            "id": secrets.token_hex(16),
            "create_time": "2026-11-22T18:00:01+08:00",
            "event_type": event_type,
            "resource_type": "encrypt-resource",
            "resource": {**self._sealed(json.dumps(trade).encode()), **(resource or {})},
        }
        return json.dumps(envelope).encode()

    def _sealed(self, plain: bytes) -> dict[str, str]:
        nonce = secrets.token_hex(6)
        sealed = AESGCM(self.ids["api_v3_key"].encode()).encrypt(nonce.encode(), plain, b"transaction")
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": "transaction",
            "nonce": nonce,
        }

    def headers(self, body: bytes, signer: int | str = 1, *, age: int = 0, **changes: str | None) -> Headers:
        """`signer` is a certificate's number, or "public key". A change of None leaves a header out."""
        timestamp, nonce = str(int(time.time()) - age), secrets.token_hex(16)
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = self.key(signer).sign(message, padding.PKCS1v15(), hashes.SHA256())
        made = {
            "Timestamp": timestamp,
            "Nonce": nonce,
            "Signature": base64.b64encode(signature).decode(),
            "Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            "Serial": self.serial(signer) if isinstance(signer, int) else self.ids["public_key_id"],
            **changes,
        }
        sent = {f"Wechatpay-{name}": value for name, value in made.items() if value is not None}
        return {"Content-Type": "application/json; charset=utf-8", **sent}

    def post(self, body: bytes, headers: Headers | None = None) -> requests.Response:
        made = self.headers(body) if headers is None else headers
        return requests.post(f"{self.url}/webhooks/wechat_pay", data=body, headers=made, timeout=30)
