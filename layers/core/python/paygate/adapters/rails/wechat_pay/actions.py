"""What the payer's device gets to open an order with."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from paygate.adapters.rails.exact_json import text
from paygate.domain.errors import OutcomeUnknown
from paygate.ports import Action

if TYPE_CHECKING:
    from datetime import datetime

    from paygate.adapters.rails.wechat_pay.settings import WechatPaySettings
    from paygate.adapters.rails.wechat_pay.transport import Transport
    from paygate.ports import Order


def action(
    order: Order, answer: dict[str, Any], settings: WechatPaySettings, transport: Transport, now: datetime
) -> Action:
    if order.channel == "QR":
        return Action("QR_CODE", {"content": _required(answer, "code_url")})
    if order.channel == "H5":
        return Action("REDIRECT", {"url": _h5_url(_required(answer, "h5_url"), order.return_url)})
    prepay_id, timestamp, nonce = _required(answer, "prepay_id"), str(int(now.timestamp())), secrets.token_hex(16)
    if order.channel == "JSAPI":
        payload = _jsapi(prepay_id, timestamp, nonce, settings, transport)
    else:
        payload = _app(prepay_id, timestamp, nonce, settings, transport)
    return Action("SDK", {"payload": json.dumps(payload, separators=(",", ":"))})


def _h5_url(url: str, return_url: str | None) -> str:
    """ "H5调起支付": where the browser goes afterwards may be appended, percent-encoded."""
    return f"{url}&redirect_url={quote(return_url, safe='')}" if return_url else url


def _jsapi(
    prepay_id: str, timestamp: str, nonce: str, settings: WechatPaySettings, transport: Transport
) -> dict[str, str]:
    """ "JSAPI调起支付": the argument of getBrandWCPayRequest; a mini program's wx.requestPayment takes it too."""
    package = f"prepay_id={prepay_id}"
    return {
        "appId": settings.app_id,
        "timeStamp": timestamp,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": transport.pay_sign(settings.app_id, timestamp, nonce, package),
    }


def _app(
    prepay_id: str, timestamp: str, nonce: str, settings: WechatPaySettings, transport: Transport
) -> dict[str, str]:
    """ "APP调起支付": the fields of the SDK's PayReq; the bare prepay_id is signed."""
    return {
        "appid": settings.app_id,
        "partnerid": settings.mch_id,
        "prepayid": prepay_id,
        "package": "Sign=WXPay",
        "noncestr": nonce,
        "timestamp": timestamp,
        "sign": transport.pay_sign(settings.app_id, timestamp, nonce, prepay_id),
    }


def _required(answer: dict[str, Any], name: str) -> str:
    found = text(answer, name)
    if not found:
        raise OutcomeUnknown(f"wechat pay gave no {name}")
    return found
