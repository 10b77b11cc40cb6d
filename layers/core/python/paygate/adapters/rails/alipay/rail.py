"""Alipay as a PaymentRail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.rails.alipay import callbacks
from paygate.adapters.rails.alipay.client import AlipayClient
from paygate.adapters.rails.alipay.errors import is_because
from paygate.adapters.rails.alipay.orders import METHODS, biz_content
from paygate.adapters.rails.alipay.wire import moment, yuan
from paygate.domain.errors import OutcomeUnknown, RailDeclined
from paygate.ports import Ability, Action, Observation, RefundAnswer, RefundStatus, TradeStatus

if TYPE_CHECKING:
    from paygate.adapters.rails.alipay.settings import AlipaySettings
    from paygate.adapters.rails.http import RailHttp
    from paygate.domain.money import Money
    from paygate.ports import CallbackReply, CallbackRequest, Clock, Order, RailUrls, RefundOrder

# Refusals that an earlier request of ours, whose answer was lost, may itself have caused.
_MAYBE_REFUNDED = (
    "TRADE_STATUS_ERROR",
    "TRADE_HAS_CLOSE",
    "TRADE_HAS_FINISHED",
    "REASON_TRADE_REFUND_FEE_ERR",
    "DISCORDANT_REPEAT_REQUEST",
)


class AlipayRail:
    """A QR trade exists at Alipay only once it is scanned: until then a query says ABSENT."""

    name = "alipay"
    query_schedule = (10, 30, 60, 120, 300, 600, 1200, 1800)
    silent_channels = frozenset({"WEB", "H5", "APP"})
    inabilities = frozenset(
        {
            Ability.SEVERAL_CURRENCIES,
            Ability.SHOW_UNPAID,
            Ability.REPORT_REFUNDED_SUM,
            Ability.CAPTURE_LATER,
            Ability.ADDRESS,
            Ability.REVERSE,
        }
    )

    def __init__(self, settings: AlipaySettings, urls: RailUrls, clock: Clock, http: RailHttp) -> None:
        self._settings, self._callback_url = settings, urls.callback
        self._client = AlipayClient(settings, clock, http)

    def open(self, order: Order, /) -> Action:
        method, biz = METHODS[order.channel], biz_content(order)
        if order.channel == "QR":
            return self._precreate(method, biz)
        if order.channel == "APP":
            payload = self._client.order_string(method, biz, notify_url=self._callback_url)
            return Action("SDK", {"payload": payload})
        url = self._client.url(method, biz, notify_url=self._callback_url, return_url=order.return_url)
        return Action("REDIRECT", {"url": url})

    def _precreate(self, method: str, biz: dict[str, str]) -> Action:
        try:
            answer = self._client.call(method, biz, notify_url=self._callback_url)
        except RailDeclined as declined:
            if is_because(declined, "TRADE_HAS_SUCCESS"):  # by this order, or by what else? a query tells
                raise OutcomeUnknown("alipay says that it is paid") from None
            raise
        _require_same(answer, biz["out_trade_no"])
        if not _text(answer, "qr_code"):
            raise OutcomeUnknown("alipay gave no QR code")
        return Action("QR_CODE", {"content": _text(answer, "qr_code")})

    def query(self, order: Order, /) -> Observation:
        reference = order.reference
        try:
            answer = self._client.call("alipay.trade.query", {"out_trade_no": reference}, is_repeatable=True)
        except RailDeclined as declined:
            if is_because(declined, "TRADE_NOT_EXIST"):
                return Observation(reference, TradeStatus.ABSENT)
            # A refused question (a key replaced at Alipay, say) tells nothing of the order.
            raise OutcomeUnknown(f"alipay does not tell: {declined.reason}") from None
        _require_same(answer, reference)
        return _observation(answer, reference)

    def close(self, order: Order, /) -> Observation:
        reference = order.reference
        try:
            answer = self._client.call("alipay.trade.close", {"out_trade_no": reference})
        except RailDeclined as declined:
            if is_because(declined, "TRADE_NOT_EXIST"):
                return Observation(reference, TradeStatus.ABSENT)
            return self.query(order)  # paid in time, or closed before
        _require_same(answer, reference)
        return Observation(reference, TradeStatus.CLOSED, rail_id=_text(answer, "trade_no") or None)

    def refund(self, refund: RefundOrder, /) -> RefundAnswer:
        biz = {
            "out_trade_no": refund.order.reference,
            "refund_amount": refund.amount.text(),
            "out_request_no": refund.reference,
            "refund_reason": (refund.reason or "")[:256],
        }
        try:
            answer = self._client.call("alipay.trade.refund", {name: biz[name] for name in biz if biz[name]})
        except RailDeclined as declined:
            return self._refused(refund, declined)
        _require_same(answer, refund.order.reference)
        if _text(answer, "fund_change") == "Y":
            return RefundAnswer(RefundStatus.SUCCEEDED, rail_id=_text(answer, "trade_no") or None)
        # 10000 only says that the request was taken; a repeat of one that is done says N as well.
        known = self.query_refund(refund)
        return RefundAnswer(RefundStatus.PENDING) if known.status is RefundStatus.ABSENT else known

    def _refused(self, refund: RefundOrder, declined: RailDeclined) -> RefundAnswer:
        if is_because(declined, "SELLER_BALANCE_NOT_ENOUGH"):  # the same request succeeds after a top-up
            return RefundAnswer(RefundStatus.PENDING, reason=declined.reason)
        if is_because(declined, *_MAYBE_REFUNDED):
            known = self.query_refund(refund)
            if known.status is not RefundStatus.ABSENT:
                return known
        raise declined

    def query_refund(self, refund: RefundOrder, /) -> RefundAnswer:
        biz = {"out_trade_no": refund.order.reference, "out_request_no": refund.reference}
        try:
            answer = self._client.call("alipay.trade.fastpay.refund.query", biz, is_repeatable=True)
        except RailDeclined as declined:
            if is_because(declined, "TRADE_NOT_EXIST"):
                return RefundAnswer(RefundStatus.ABSENT)
            raise OutcomeUnknown(f"alipay does not tell: {declined.reason}") from None
        return _refund_answer(answer, refund)

    def read_callback(self, request: CallbackRequest, /) -> Observation:
        return callbacks.read(request, self._settings)

    def callback_accepted(self) -> CallbackReply:
        return callbacks.ACCEPTED

    def callback_refused(self) -> CallbackReply:
        return callbacks.REFUSED


def _observation(answer: dict[str, Any], reference: str) -> Observation:
    """A status that is new to us is PROCESSING: the rail cannot say, in words that we know."""
    status = callbacks.STATUSES.get(_text(answer, "trade_status"), TradeStatus.PROCESSING)
    try:
        amount = yuan(_text(answer, "total_amount"))
    except ValueError:
        raise OutcomeUnknown("alipay's amount cannot be read") from None
    paid_at = moment(_text(answer, "send_pay_date"))
    # TRADE_CLOSED means unpaid and over, or paid and given back in full.
    is_refunded = status is TradeStatus.CLOSED and paid_at is not None
    return Observation(
        reference=reference,
        status=status,
        rail_id=_text(answer, "trade_no") or None,
        amount=amount,
        at=paid_at,
        refunded=amount if is_refunded else None,
    )


def _refund_answer(answer: dict[str, Any], refund: RefundOrder) -> RefundAnswer:
    """An unknown refund is a success without content; one of another amount is not ours to call done."""
    status = _text(answer, "refund_status")
    if not status and not _text(answer, "out_request_no"):
        return RefundAnswer(RefundStatus.ABSENT)
    _require_same(answer, refund.order.reference)
    if _text(answer, "out_request_no") != refund.reference:
        raise OutcomeUnknown("alipay answered for another refund")
    if status != "REFUND_SUCCESS":
        return RefundAnswer(RefundStatus.PENDING, reason=status or None)
    if not _is_amount(_text(answer, "refund_amount"), refund.amount):
        raise OutcomeUnknown("alipay refunded another amount under this number")
    return RefundAnswer(RefundStatus.SUCCEEDED, rail_id=_text(answer, "trade_no") or None)


def _is_amount(text: str, amount: Money) -> bool:
    try:
        return yuan(text) == amount
    except ValueError:
        return False


def _require_same(answer: dict[str, Any], reference: str) -> None:
    if _text(answer, "out_trade_no") != reference:
        raise OutcomeUnknown("alipay answered for another order")


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""
