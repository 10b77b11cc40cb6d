"""Orders and refunds as WeChat Pay tells of them, in callbacks and in answers alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.rails.exact_json import inner, text
from paygate.adapters.rails.wechat_pay.wire import fen, moment
from paygate.ports import Observation, RefundStatus, ToldRefund, TradeStatus

if TYPE_CHECKING:
    from paygate.adapters.rails.wechat_pay.settings import WechatPaySettings

# "商户订单号查询订单", trade_state. REFUND says that something was given back, not how much.
STATUSES = {
    "SUCCESS": TradeStatus.PAID,
    "REFUND": TradeStatus.PAID,
    "NOTPAY": TradeStatus.WAITING,
    "CLOSED": TradeStatus.CLOSED,
    "REVOKED": TradeStatus.CLOSED,
    "USERPAYING": TradeStatus.PROCESSING,
    "ACCEPT": TradeStatus.PROCESSING,
    "PAYERROR": TradeStatus.FAILED,
}
# "查询单笔退款", status. ABNORMAL: the payer's account took no money, and an operator must send it another way.
REFUND_STATUSES = {
    "SUCCESS": RefundStatus.SUCCEEDED,
    "CLOSED": RefundStatus.FAILED,
    "PROCESSING": RefundStatus.PENDING,
    "ABNORMAL": RefundStatus.STUCK,
}


def paid_order(trade: dict[str, Any], settings: WechatPaySettings) -> Observation:
    """An order; a state that is new to us is PROCESSING. Raises ValueError where an amount is none.

    `amount.total` is the order's; a payer with coupons paid less of his own, and it is none of our business.
    """
    state, amounts = text(trade, "trade_state"), inner(trade, "amount")
    status = STATUSES.get(state, TradeStatus.PROCESSING)
    total = fen(amounts, "total")
    if total is None and (status is TradeStatus.PAID or "total" in amounts):
        raise ValueError("no amount")
    return Observation(
        reference=text(trade, "out_trade_no"),
        status=status,
        rail_id=text(trade, "transaction_id") or None,
        amount=total,
        at=moment(text(trade, "success_time")),
        reason=state if status is TradeStatus.FAILED else None,
        mismatch=_mismatch(trade, {"mchid": settings.mch_id, "appid": settings.app_id})
        or (None if text(amounts, "currency") in ("", "CNY") else "currency"),
    )


def told_refund(refund: dict[str, Any], settings: WechatPaySettings) -> Observation:
    """A refund's callback: the order was paid, and this became of one refund. Raises ValueError."""
    status = REFUND_STATUSES.get(text(refund, "refund_status"))
    amounts, number = inner(refund, "amount"), text(refund, "out_refund_no")
    total, amount = fen(amounts, "total"), fen(amounts, "refund")
    if status is None or not number or total is None or amount is None:
        raise ValueError("no refund")
    is_done = status in (RefundStatus.SUCCEEDED, RefundStatus.PENDING)
    return Observation(
        reference=text(refund, "out_trade_no"),
        status=TradeStatus.PAID,
        rail_id=text(refund, "transaction_id") or None,
        amount=total,
        at=moment(text(refund, "success_time")),
        refund=ToldRefund(
            number,
            status,
            amount,
            rail_id=text(refund, "refund_id") or None,
            reason=None if is_done else text(refund, "refund_status"),
        ),
        mismatch=_mismatch(refund, {"mchid": settings.mch_id}),
    )


def _mismatch(content: dict[str, Any], ours: dict[str, str]) -> str | None:
    return next((name for name, value in ours.items() if text(content, name) != value), None)
