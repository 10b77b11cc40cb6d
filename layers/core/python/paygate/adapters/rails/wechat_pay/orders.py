"""Orders and refunds as WeChat Pay wants them: the same order always gives the same body.

"Native下单", "H5下单", "JSAPI/小程序下单", "APP下单", "退款申请".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.rails.wechat_pay.wire import CNY, cut, rfc3339

if TYPE_CHECKING:
    from paygate.adapters.rails.wechat_pay.settings import WechatPaySettings
    from paygate.ports import Order, RefundOrder

PATHS = {"QR": "native", "H5": "h5", "JSAPI": "jsapi", "APP": "app"}
_LONGEST_DESCRIPTION = 127  # bytes
_LONGEST_REASON = 80


def order_body(order: Order, settings: WechatPaySettings, callback_url: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "appid": settings.app_id,
        "mchid": settings.mch_id,
        "description": cut(order.subject, _LONGEST_DESCRIPTION) or order.reference,
        "out_trade_no": order.reference,
        "time_expire": rfc3339(order.expires_at),
        "notify_url": callback_url,
        "amount": _amount(order),
    }
    if order.channel == "JSAPI":
        body["payer"] = {"openid": order.payer_id or ""}
    if order.channel == "H5":
        body["scene_info"] = {"payer_client_ip": order.payer_ip or "", "h5_info": {"type": "Wap"}}
    return body


def refund_body(refund: RefundOrder, callback_url: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "out_trade_no": refund.order.reference,
        "out_refund_no": refund.reference,
        "notify_url": callback_url,
        "amount": {"refund": refund.amount.units, **_amount(refund.order)},
    }
    reason = cut(refund.reason or "", _LONGEST_REASON)
    return {**body, "reason": reason} if reason else body


def _amount(order: Order) -> dict[str, Any]:
    if order.amount.asset != CNY:
        raise ValueError("wechat pay takes CNY")
    return {"total": order.amount.units, "currency": "CNY"}
