"""A merchant of the sandboxed WeChat Pay that signs, verifies and unseals with code of its own."""

import base64
import copy
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

AGENT = {"Accept": "application/json", "User-Agent": "shop/1.0"}
NOTIFY_URL = "https://shop.example/notify"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw)

    @property
    def outcome(self) -> tuple[int, str]:
        return self.status, self.body["code"]


class WechatPayMerchant:
    def __init__(self, settings: dict[str, str], sandbox_url: str) -> None:
        self.settings, self.sandbox_url = settings, sandbox_url
        self.base_url = sandbox_url + settings["WECHAT_PAY_BASE_URL"]
        self.app_id, self.mch_id = settings["WECHAT_PAY_APP_ID"], settings["WECHAT_PAY_MCH_ID"]
        self.serial = settings["WECHAT_PAY_MERCHANT_SERIAL"]
        self.api_v3_key = settings["WECHAT_PAY_API_V3_KEY"].encode()
        self.public_key_id = settings["WECHAT_PAY_PUBLIC_KEY_ID"]
        private = Path(settings["WECHAT_PAY_PRIVATE_KEY_FILE"]).read_bytes()
        self.private_key = serialization.load_pem_private_key(private, None)
        public = Path(settings["WECHAT_PAY_PUBLIC_KEY_FILE"]).read_bytes()
        pinned = x509.load_pem_x509_certificate(Path(settings["WECHAT_PAY_PLATFORM_CERTS_FILE"]).read_bytes())
        self.pinned_serial = f"{pinned.serial_number:X}"
        self.keys = {
            self.public_key_id: serialization.load_pem_public_key(public),
            self.pinned_serial: pinned.public_key(),
        }

    def with_certificate(self, pem: bytes) -> "WechatPayMerchant":
        """The same merchant, who trusts one platform certificate more."""
        certificate = x509.load_pem_x509_certificate(pem)
        richer = copy.copy(self)
        richer.keys = self.keys | {f"{certificate.serial_number:X}": certificate.public_key()}
        return richer

    def sign(self, *lines: str | bytes) -> str:
        message = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)
        return base64.b64encode(self.private_key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()

    def authorization(self, method: str, url: str, body: bytes = b"", **changes: Any) -> str:
        """`changes` replace what is told; the signature is over what is told, unless it is given."""
        told = {"mchid": self.mch_id, "nonce_str": secrets.token_hex(16), "timestamp": str(int(time.time()))}
        told |= {"serial_no": self.serial}
        told |= {name: str(value) for name, value in changes.items()}
        told.setdefault("signature", self.sign(method, url, told["timestamp"], told["nonce_str"], body))
        return "WECHATPAY2-SHA256-RSA2048 " + ",".join(f'{name}="{value}"' for name, value in told.items())

    def send(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str | None] | None = None,
        timeout: float = 30,
        **changes: Any,
    ) -> Answer:
        """One call, whose answer is not judged. A header of None is left out."""
        sent: dict[str, str | None] = {"Authorization": self.authorization(method, url, body, **changes), **AGENT}
        sent |= {"Content-Type": "application/json"} if body else {}
        response = requests.request(
            method, self.base_url + url, data=body or None, headers=sent | dict(headers or {}), timeout=timeout
        )
        return Answer(response.status_code, response.headers, response.content)

    def post(self, url: str, body: Mapping[str, Any], **how: Any) -> Answer:
        return self.send("POST", url, json.dumps(body).encode(), **how)

    def order(self, number: str, **changes: Any) -> dict[str, Any]:
        """An order's request; a field of None is left out."""
        order = {
            "appid": self.app_id,
            "mchid": self.mch_id,
            "description": "Tea 茶",
            "out_trade_no": number,
            "notify_url": NOTIFY_URL,
            "amount": {"total": 8880, "currency": "CNY"},
        } | changes
        return {name: value for name, value in order.items() if value is not None}

    def open(self, number: str, channel: str = "native", *, timeout: float = 30, **changes: Any) -> Answer:
        url = f"/v3/pay/transactions/{channel}"
        return self.post(url, self.order(number, **changes), timeout=timeout)

    def query(self, number: str, **how: Any) -> Answer:
        return self.send("GET", f"/v3/pay/transactions/out-trade-no/{quote(number)}?mchid={self.mch_id}", **how)

    def close(self, number: str, **how: Any) -> Answer:
        return self.post(f"/v3/pay/transactions/out-trade-no/{quote(number)}/close", {"mchid": self.mch_id}, **how)

    def refund(self, number: str, fen: int, name: str, *, total: int = 8880, **changes: Any) -> Answer:
        body = {
            "out_trade_no": number,
            "out_refund_no": name,
            "amount": {"refund": fen, "total": total, "currency": "CNY"},
        }
        return self.post("/v3/refund/domestic/refunds", body | changes)

    def query_refund(self, name: str) -> Answer:
        return self.send("GET", f"/v3/refund/domestic/refunds/{name}")

    def verify(self, headers: Mapping[str, str], raw: bytes) -> None:
        """Raise unless the Wechatpay-* headers sign these very bytes, now."""
        headers = {name.lower(): value for name, value in headers.items()}
        assert abs(time.time() - int(headers["wechatpay-timestamp"])) < 300
        message = f"{headers['wechatpay-timestamp']}\n{headers['wechatpay-nonce']}\n".encode() + raw + b"\n"
        signature = base64.b64decode(headers["wechatpay-signature"], validate=True)
        self.keys[headers["wechatpay-serial"]].verify(signature, message, padding.PKCS1v15(), hashes.SHA256())

    def unseal(self, resource: Mapping[str, str]) -> bytes:
        assert resource["algorithm"] == "AEAD_AES_256_GCM"
        sealed = base64.b64decode(resource["ciphertext"], validate=True)
        nonce, extra = resource["nonce"].encode(), resource["associated_data"].encode()
        return AESGCM(self.api_v3_key).decrypt(nonce, sealed, extra)

    def read_callback(self, headers: Mapping[str, str], raw: bytes) -> tuple[str, dict[str, Any]]:
        """The event's type and its resource, verified and unsealed."""
        self.verify(headers, raw)
        event = json.loads(raw)
        assert event["resource_type"] == "encrypt-resource"
        return event["event_type"], json.loads(self.unseal(event["resource"]))

    def jsapi_payload(self, prepay_id: str, **changes: str) -> dict[str, str]:
        moment, nonce, package = str(int(time.time())), secrets.token_hex(16), f"prepay_id={prepay_id}"
        signature = self.sign(self.app_id, moment, nonce, package)
        payload = {"appId": self.app_id, "timeStamp": moment, "nonceStr": nonce, "package": package}
        return payload | {"signType": "RSA", "paySign": signature} | changes

    def app_payload(self, prepay_id: str, **changes: str) -> dict[str, str]:
        moment, nonce = str(int(time.time())), secrets.token_hex(16)
        signature = self.sign(self.app_id, moment, nonce, prepay_id)
        payload = {"appid": self.app_id, "partnerid": self.mch_id, "prepayid": prepay_id, "package": "Sign=WXPay"}
        return payload | {"noncestr": nonce, "timestamp": moment, "sign": signature} | changes
