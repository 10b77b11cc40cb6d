"""WeChat Pay: a request's bytes get their headers; a callback whose resource holds 700 bytes."""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from paygate.adapters.rails.http import HttpAnswer, RailHttp
from paygate.adapters.rails.wechat_pay import callbacks
from paygate.adapters.rails.wechat_pay.certificates import PlatformKeys
from paygate.adapters.rails.wechat_pay.orders import order_body
from paygate.adapters.rails.wechat_pay.rail import TRANSACTIONS, WechatPayRail
from paygate.adapters.rails.wechat_pay.sealing import opener
from paygate.adapters.rails.wechat_pay.settings import read
from paygate.adapters.rails.wechat_pay.transport import Transport
from paygate.adapters.system.clock import SystemClock
from paygate.ports import CallbackRequest
from tests.bench.rails import made
from tests.bench.rails.made import HASH, PADDING, REFERENCE, Side, urls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paygate.adapters.rails.wechat_pay.settings import WechatPaySettings

APP_ID, MCH_ID, API_KEY = "wx0123456789abcdef", "1900000001", "0123456789abcdef0123456789ABCDEF"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000000012026010100000000001"
ENVIRONMENT = {
    "WECHAT_PAY_APP_ID": APP_ID,
    "WECHAT_PAY_MCH_ID": MCH_ID,
    "WECHAT_PAY_MERCHANT_SERIAL": "7132D72A03E93CDDF8C03BBD1F37EEDF00000001",
    "WECHAT_PAY_API_V3_KEY": API_KEY,
    "WECHAT_PAY_PUBLIC_KEY_ID": PUBLIC_KEY_ID,
}
TRADE = {
    "mchid": MCH_ID,
    "appid": APP_ID,
    "out_trade_no": REFERENCE,
    "transaction_id": "4200002471202611221234567890",
    "trade_type": "NATIVE",
    "trade_state": "SUCCESS",
    "trade_state_desc": "支付成功",
    "bank_type": "CMB_DEBIT",
    "attach": "",
    "success_time": "2026-11-22T20:15:31+08:00",
    "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    "amount": {"total": 10000, "payer_total": 9000, "currency": "CNY", "payer_currency": "CNY"},
    "promotion_detail": [
        {
            "coupon_id": "109519",
            "name": "单品惠-6",
            "scope": "SINGLE",
            "type": "NOCASH",
            "amount": 1000,
            "stock_id": "931386",
            "wechatpay_contribute": 0,
            "merchant_contribute": 1000,
            "other_contribute": 0,
            "currency": "CNY",
        }
    ],
}


class _NoWire(RailHttp):
    """Takes the headers that would be sent."""

    def send(self, *_: object, headers: Any = None, **__: object) -> HttpAnswer:
        return HttpAnswer(200, b"", headers())


def sides() -> Iterator[Side]:
    keys = {
        "WECHAT_PAY_PRIVATE_KEY": made.private_pem("merchant"),
        "WECHAT_PAY_PUBLIC_KEY": made.public_pem("wechat_pay"),
    }
    settings = read({**ENVIRONMENT, **keys})
    assert settings is not None
    yield _sign(settings)
    yield from _verify(settings)


def _sign(settings: WechatPaySettings) -> Side:
    target, transport = f"{TRANSACTIONS}/native", Transport(settings, SystemClock(), _NoWire())
    content = order_body(made.order("QR"), settings, urls("wechat_pay").callback)
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    message = f"POST\n{target}\n{int(time.time())}\n{secrets.token_hex(16)}\n".encode() + body + b"\n"
    return Side("sign", lambda: transport.send("POST", target, body), made.signing("merchant", message))


def _verify(settings: WechatPaySettings) -> Iterator[Side]:
    nonce, aad, cipher = secrets.token_hex(6).encode(), b"transaction", AESGCM(API_KEY.encode())
    sealed = cipher.encrypt(nonce, json.dumps(TRADE, ensure_ascii=False, separators=(",", ":")).encode(), aad)
    body = _envelope(nonce.decode(), base64.b64encode(sealed).decode())
    timestamp, said = str(int(time.time())), secrets.token_hex(16)
    message = f"{timestamp}\n{said}\n".encode() + body + b"\n"
    signature, public = made.signature("wechat_pay", message), made.key("wechat_pay").public_key()
    headers = {
        "content-type": "application/json",
        "wechatpay-nonce": said,
        "wechatpay-serial": PUBLIC_KEY_ID,
        "wechatpay-signature": base64.b64encode(signature).decode(),
        "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
        "wechatpay-timestamp": timestamp,
    }
    clock, opened, request = SystemClock(), opener(settings.api_v3_key), CallbackRequest(body, headers)
    keys = PlatformKeys(settings, Transport(settings, clock, RailHttp()), clock, opened)
    rail = WechatPayRail(settings, urls("wechat_pay"), clock, RailHttp())

    def proven() -> None:
        at = clock.now()
        callbacks.require_genuine(request, at, lambda serial: keys.find(serial, at))

    def ours() -> None:
        proven()
        callbacks.unsealed(body, opened)

    def bare() -> None:
        public.verify(signature, message, PADDING, HASH)

    def bare_with_opening() -> None:
        bare()
        cipher.decrypt(nonce, sealed, aad)

    yield Side("verify", proven, bare)
    yield Side("callback", ours, bare_with_opening)
    yield Side("read", lambda: rail.read_callback(request), bare)


def _envelope(nonce: str, ciphertext: str) -> bytes:
    resource = {
        "original_type": "transaction",
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": ciphertext,
        "associated_data": "transaction",
        "nonce": nonce,
    }
    envelope = {
        "id": "EV-2018022511223320873",
        "create_time": "2026-11-22T20:15:32+08:00",
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": resource,
    }
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
