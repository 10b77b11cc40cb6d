"""Orders as Alipay wants them: the same order always gives the same biz_content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.rails.alipay.wire import CNY, shanghai

if TYPE_CHECKING:
    from paygate.ports import Order

METHODS = {
    "QR": "alipay.trade.precreate",
    "WEB": "alipay.trade.page.pay",
    "H5": "alipay.trade.wap.pay",
    "APP": "alipay.trade.app.pay",
}
_PRODUCT_CODES = {
    "QR": "FACE_TO_FACE_PAYMENT",
    "WEB": "FAST_INSTANT_TRADE_PAY",
    "H5": "QUICK_WAP_WAY",
    "APP": "QUICK_MSECURITY_PAY",
}
_LONGEST_SUBJECT = 256


def biz_content(order: Order) -> dict[str, str]:
    """The absolute expiry stands in Shanghai's time, whatever the clock of the machine."""
    if order.amount.asset != CNY:
        raise ValueError("alipay takes CNY")
    content = {
        "out_trade_no": order.reference,
        "total_amount": order.amount.text(),
        "subject": _subject(order),
        "product_code": _PRODUCT_CODES[order.channel],
        "time_expire": shanghai(order.expires_at),
    }
    if order.channel == "H5" and order.return_url:
        content["quit_url"] = order.return_url  # where the payer lands who gives up
    return content


def _subject(order: Order) -> str:
    """Alipay refuses `/`, `=`, `&` and control characters in a subject ("订单标题 … 不可使用特殊字符")."""
    kept = "".join(char if char.isprintable() and char not in "/=&" else " " for char in order.subject)
    return kept.strip()[:_LONGEST_SUBJECT] or order.reference
