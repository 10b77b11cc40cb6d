"""Requests as UnionPay wants them, each a pure function of what is stored: a repeat is the same request.

UnionPay knows a transaction by (merId, orderId, txnTime). Specifications: 《网关支付产品接口规范》 (front and app),
《二维码支付产品接口规范》 (QR).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paygate.adapters.rails.unionpay.wire import CNY, CNY_CODE, beijing, settlement_day

if TYPE_CHECKING:
    from paygate.ports import Order, RailUrls, RefundOrder

FRONT, APP, BACK, QUERY = "frontTransReq", "appTransReq", "backTransReq", "queryTrans"
DOORS = {"WEB": FRONT, "H5": FRONT, "APP": APP, "QR": BACK}
_GATEWAY = {"txnType": "01", "txnSubType": "01", "bizType": "000201"}
_CHANNELS = {
    "WEB": {**_GATEWAY, "channelType": "07"},
    "H5": {**_GATEWAY, "channelType": "08"},
    "APP": {**_GATEWAY, "channelType": "08"},
    "QR": {"txnType": "01", "txnSubType": "07", "bizType": "000000", "channelType": "08"},
}
VOID, REFUND = "31", "04"
_SECOND = "R"
_LONGEST_DESCRIPTION = 32  # orderDesc, in bytes to be sure
_SPECIAL = frozenset("&={}[]\"'")  # the samples warn of them in what is sent back
_BETWEEN = "|"  # and recommend this one


def payment(order: Order, urls: RailUrls) -> dict[str, str]:
    """After payTimeout UnionPay takes no payment, and what a bank lets through late it gives back by itself."""
    if order.amount.asset != CNY:
        raise ValueError("unionpay takes CNY")
    fields = {
        **_CHANNELS[order.channel],
        "orderId": order.reference,
        "txnTime": beijing(order.opened_at),
        "txnAmt": str(order.amount.units),
        "currencyCode": CNY_CODE,
        "payTimeout": beijing(order.expires_at),
        "orderDesc": _description(order.subject),
        "backUrl": urls.callback,
    }
    if DOORS[order.channel] == FRONT:
        fields["frontUrl"] = f"{urls.returned}/{order.payment_id}"
    return fields


def question(reference: str, txn_time: str) -> dict[str, str]:
    return {"txnType": "00", "txnSubType": "00", "bizType": "000000", "orderId": reference, "txnTime": txn_time}


@dataclass(frozen=True, slots=True)
class Return:
    """A void or refund of a payment: what it is called at UnionPay, and when it was asked for."""

    txn_type: str
    number: str
    txn_time: str
    refund: RefundOrder

    def fields(self, payment_query_id: str, urls: RailUrls) -> dict[str, str]:
        """reqReserved comes back in what is told of it, and there names the payment, which UnionPay does not."""
        order = self.refund.order
        return {
            "txnType": self.txn_type,
            "txnSubType": "00",
            "bizType": _CHANNELS[order.channel]["bizType"],
            "channelType": _CHANNELS[order.channel]["channelType"],
            "orderId": self.number,
            "txnTime": self.txn_time,
            "txnAmt": str(self.refund.amount.units),
            "currencyCode": CNY_CODE,
            "origQryId": payment_query_id,
            "reqReserved": f"{order.reference}{_BETWEEN}{self.refund.reference}",
            "backUrl": urls.callback,
        }


def returns(refund: RefundOrder) -> tuple[Return, ...]:
    """In turn: of all the money, on the payment's settlement day, a void, which is at once, then a refund.

    A void takes all of it or nothing, on the same settlement day only, and some banks do not take it at all
    (消费撤销接口). The day is told by when the order was opened, which is stored: paid after 23:00 it is a refund.
    """
    txn_time = beijing(refund.asked_at)
    plain = Return(REFUND, refund.reference, txn_time, refund)
    is_whole = refund.amount == refund.order.amount
    if not is_whole or settlement_day(refund.order.opened_at) != settlement_day(refund.asked_at):
        return (plain,)
    void = Return(VOID, refund.reference, txn_time, refund)
    return void, Return(REFUND, refund.reference + _SECOND, txn_time, refund)


def named(reserved: str) -> tuple[str, str]:
    """The payment's reference and the refund's, out of a reqReserved of ours; empty where it is not."""
    reference, between, refund = reserved.partition(_BETWEEN)
    is_ours = between and reference.isascii() and reference.isalnum() and refund.isascii() and refund.isalnum()
    return (reference, refund) if is_ours else ("", "")


def _description(subject: str) -> str:
    kept = "".join(char if char.isprintable() and char not in _SPECIAL else " " for char in subject).strip()
    return kept.encode()[:_LONGEST_DESCRIPTION].decode(errors="ignore").strip()
