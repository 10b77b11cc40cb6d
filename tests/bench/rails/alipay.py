"""Alipay: an order becomes the signed parameters of a request; a notification of 25 fields."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from paygate.adapters.rails.alipay import callbacks
from paygate.adapters.rails.alipay.client import AlipayClient
from paygate.adapters.rails.alipay.orders import METHODS, biz_content
from paygate.adapters.rails.alipay.rail import AlipayRail
from paygate.adapters.rails.alipay.settings import read
from paygate.adapters.rails.alipay.signing import signed_text
from paygate.adapters.rails.http import RailHttp
from paygate.adapters.rails.rsa import is_signed
from paygate.adapters.system.clock import SystemClock
from paygate.ports import CallbackRequest
from tests.bench.rails import made
from tests.bench.rails.made import HASH, PADDING, REFERENCE, SUBJECT, Side, urls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paygate.adapters.rails.alipay.settings import AlipaySettings

APP_ID, SELLER_ID = "2021000000000001", "2088000000000001"
NOTIFICATION = {
    "gmt_create": "2026-11-22 20:15:22",
    "charset": "utf-8",
    "gmt_payment": "2026-11-22 20:15:31",
    "notify_time": "2026-11-22 20:15:32",
    "subject": SUBJECT,
    "buyer_id": "2088102534368455",
    "invoice_amount": "100.00",
    "version": "1.0",
    "notify_id": "2026112200222201531068450559358070",
    "fund_bill_list": '[{"amount":"100.00","fundChannel":"ALIPAYACCOUNT"}]',
    "notify_type": "trade_status_sync",
    "out_trade_no": REFERENCE,
    "total_amount": "100.00",
    "trade_status": "TRADE_SUCCESS",
    "trade_no": "2026112222001468450512505578",
    "auth_app_id": APP_ID,
    "receipt_amount": "100.00",
    "point_amount": "0.00",
    "app_id": APP_ID,
    "buyer_pay_amount": "100.00",
    "seller_id": SELLER_ID,
    "seller_email": "shop-revenue@merchant.example",
    "buyer_logon_id": "xud***@mail.example",
}


def sides() -> Iterator[Side]:
    settings = read(
        {
            "ALIPAY_APP_ID": APP_ID,
            "ALIPAY_SELLER_ID": SELLER_ID,
            "ALIPAY_APP_PRIVATE_KEY": made.private_pem("merchant"),
            "ALIPAY_PUBLIC_KEY": made.public_pem("alipay"),
        }
    )
    assert settings is not None
    yield _sign(settings)
    text = "&".join(f"{name}={NOTIFICATION[name]}" for name in sorted(NOTIFICATION)).encode()
    signature, public = made.signature("alipay", text), made.key("alipay").public_key()
    sign = base64.b64encode(signature).decode()
    request = CallbackRequest(urlencode({**NOTIFICATION, "sign_type": "RSA2", "sign": sign}).encode(), {})

    rail = AlipayRail(settings, urls("alipay"), SystemClock(), RailHttp())

    def bare() -> None:
        public.verify(signature, text, PADDING, HASH)

    yield Side("verify", lambda: is_signed(settings.alipay_public_key, text, sign), bare)
    yield Side("callback", lambda: callbacks.genuine(request.body, settings), bare)
    yield Side("read", lambda: rail.read_callback(request), bare)


def _sign(settings: AlipaySettings) -> Side:
    client, opened = AlipayClient(settings, SystemClock(), RailHttp()), made.order("APP")

    def ours() -> dict[str, str]:
        return client.signed(METHODS["APP"], biz_content(opened), notify_url=urls("alipay").callback)

    return Side("sign", ours, made.signing("merchant", signed_text(ours()).encode()))
