"""What a transaction's fields say, in a query's answer and in a notification alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.rails.unionpay import codes
from paygate.adapters.rails.unionpay.wire import CNY_CODE, fen, moment, trace_moment
from paygate.ports import Observation, TradeStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def observation(fields: Mapping[str, str], code: str, status: TradeStatus) -> Observation:
    """A payment of which `code` is told; `status` is what the code means. What is missing is not told.

    The number of an attempt that failed, or may yet, is not the payment's: void and refund must name (origQryId)
    the one that succeeded.
    """
    is_paid = status is TradeStatus.PAID
    return Observation(
        reference=fields["orderId"],
        status=status,
        rail_id=(fields.get("queryId") or None) if is_paid or code == codes.FLAWED else None,
        amount=fen(fields.get("txnAmt", "")),
        at=traced_at(fields) if is_paid else None,
        reason=code if status is TradeStatus.FAILED else None,
        mismatch=f"result {code}" if code == codes.FLAWED else _mismatch(fields) if is_paid else None,
    )


def traced_at(fields: Mapping[str, str]) -> datetime | None:
    sent = moment(fields.get("txnTime", ""))
    return trace_moment(fields.get("traceTime", ""), sent) if sent is not None else None


def is_yuan(fields: Mapping[str, str]) -> bool:
    """Unless it says otherwise."""
    return fields.get("currencyCode", CNY_CODE) == CNY_CODE


def _mismatch(fields: Mapping[str, str]) -> str | None:
    """txnAmt is what the payer was charged, settleAmt what UnionPay clears to us. Where both are yuan and differ,
    not all of it comes, and nothing public says why that may be: an operator looks at it.
    """
    if fields.get("currencyCode") != CNY_CODE:
        return "currency"
    is_settled_in_cny = fields.get("settleCurrencyCode", CNY_CODE) == CNY_CODE
    cleared = fields.get("settleAmt", "")
    if is_settled_in_cny and cleared and fen(cleared) != fen(fields.get("txnAmt", "")):
        return "settled amount"
    return None
