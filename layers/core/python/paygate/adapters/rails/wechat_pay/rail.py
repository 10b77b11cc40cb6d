"""WeChat Pay as a PaymentRail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from paygate.adapters.rails.exact_json import inner, text
from paygate.adapters.rails.wechat_pay import callbacks
from paygate.adapters.rails.wechat_pay.actions import action
from paygate.adapters.rails.wechat_pay.certificates import PlatformKeys
from paygate.adapters.rails.wechat_pay.client import WechatPayClient
from paygate.adapters.rails.wechat_pay.orders import PATHS, order_body, refund_body
from paygate.adapters.rails.wechat_pay.sealing import opener
from paygate.adapters.rails.wechat_pay.trades import REFUND_STATUSES, paid_order
from paygate.adapters.rails.wechat_pay.transport import Transport
from paygate.adapters.rails.wechat_pay.wire import fen
from paygate.domain.errors import OutcomeUnknown, RailDeclined
from paygate.ports import Ability, Observation, RefundAnswer, RefundStatus, TradeStatus

if TYPE_CHECKING:
    from paygate.adapters.rails.http import RailHttp
    from paygate.adapters.rails.wechat_pay.settings import WechatPaySettings
    from paygate.ports import Action, CallbackReply, CallbackRequest, Clock, Order, RailUrls, RefundOrder

TRANSACTIONS = "/v3/pay/transactions"
REFUNDS = "/v3/refund/domestic/refunds"
_PAID = ("ORDERPAID", "ORDER_PAID")
# A number that is used: by the same order sent in other words, or by another one. A query tells.
_USED = ("OUT_TRADE_NO_USED", "INVALID_REQUEST")


class WechatPayRail:
    """Refunds are taken at once and done later; what becomes of them a callback or a query tells."""

    name = "wechat_pay"
    # "支付回调和查单实现指引": 5 s, 30 s, 1, 3, 5, 10 and 30 minutes, each after the one before.
    query_schedule = (5, 35, 95, 275, 575, 1175, 2975)
    silent_channels: frozenset[str] = frozenset()
    inabilities = frozenset(
        {
            Ability.EXPIRE,  # "支付结束时间 … 并非订单关闭的时间": after it an order waits until it is closed
            Ability.SEVERAL_CURRENCIES,
            Ability.REPORT_REFUNDED_SUM,
            Ability.REFUND_AT_ONCE,
            Ability.CAPTURE_LATER,
            Ability.ADDRESS,
            Ability.REVERSE,
        }
    )

    def __init__(self, settings: WechatPaySettings, urls: RailUrls, clock: Clock, http: RailHttp) -> None:
        self._settings, self._callback_url, self._clock = settings, urls.callback, clock
        self._opened = opener(settings.api_v3_key)
        self._transport = Transport(settings, clock, http)
        self._keys = PlatformKeys(settings, self._transport, clock, self._opened)
        self._client = WechatPayClient(self._transport, self._keys, clock)

    def open(self, order: Order, /) -> Action:
        body = order_body(order, self._settings, self._callback_url)
        try:
            answer = self._client.post(f"{TRANSACTIONS}/{PATHS[order.channel]}", body)
        except RailDeclined as declined:
            self._require_unopened(order, declined.reason)
            raise
        return action(order, answer, self._settings, self._transport, self._clock.now())

    def _require_unopened(self, order: Order, reason: str) -> None:
        """Raises OutcomeUnknown where the number belongs to an order that is paid, or may be."""
        if reason in _USED:
            status = self.query(order).status
            if status in (TradeStatus.PAID, TradeStatus.PROCESSING):
                raise OutcomeUnknown(f"wechat pay has an order of this number: {status}")
        elif reason in _PAID:  # by this order, or by what else? a query tells
            raise OutcomeUnknown("wechat pay says that it is paid")

    def query(self, order: Order, /) -> Observation:
        reference = order.reference
        try:
            answer = self._client.get(f"{_path(reference)}?mchid={self._settings.mch_id}")
        except RailDeclined as declined:
            if declined.reason == "ORDER_NOT_EXIST":
                return Observation(reference, TradeStatus.ABSENT)
            # A refused question (a key replaced at WeChat Pay, say) tells nothing of the order.
            raise OutcomeUnknown(f"wechat pay does not tell: {declined.reason}") from None
        _require_same(answer, "out_trade_no", reference)
        try:
            return paid_order(answer, self._settings)
        except ValueError:
            raise OutcomeUnknown("wechat pay's amount cannot be read") from None

    def close(self, order: Order, /) -> Observation:
        """A number that was never used is closed as well, and from then on refused."""
        try:
            self._client.post(f"{_path(order.reference)}/close", {"mchid": self._settings.mch_id})
        except RailDeclined as declined:
            if declined.reason == "ORDER_NOT_EXIST":
                return Observation(order.reference, TradeStatus.ABSENT)
            return self.query(order)  # paid in time, or closed before
        return Observation(order.reference, TradeStatus.CLOSED)

    def refund(self, refund: RefundOrder, /) -> RefundAnswer:
        try:
            answer = self._client.post(REFUNDS, refund_body(refund, self._callback_url))
        except RailDeclined as declined:
            return self._refused(refund, declined)
        return _refund_answer(answer, refund)

    def _refused(self, refund: RefundOrder, declined: RailDeclined) -> RefundAnswer:
        """An earlier request, whose answer was lost, may have been taken: only a query says that none was."""
        if declined.reason == "NOT_ENOUGH":  # the same request succeeds after a top-up
            return RefundAnswer(RefundStatus.PENDING, reason=declined.reason)
        known = self.query_refund(refund)
        if known.status is RefundStatus.ABSENT:
            raise declined
        return known

    def query_refund(self, refund: RefundOrder, /) -> RefundAnswer:
        try:
            answer = self._client.get(f"{REFUNDS}/{quote(refund.reference, safe='')}")
        except RailDeclined as declined:
            if declined.reason == "RESOURCE_NOT_EXISTS":
                return RefundAnswer(RefundStatus.ABSENT)
            raise OutcomeUnknown(f"wechat pay does not tell: {declined.reason}") from None
        return _refund_answer(answer, refund)

    def read_callback(self, request: CallbackRequest, /) -> Observation | None:
        at = request.received_at or self._clock.now()
        callbacks.require_genuine(request, at, lambda serial: self._keys.find(serial, at))
        return callbacks.read(request.body, self._opened, self._settings)

    def callback_accepted(self) -> CallbackReply:
        return callbacks.ACCEPTED

    def callback_refused(self) -> CallbackReply:
        return callbacks.REFUSED


def _path(reference: str) -> str:
    return f"{TRANSACTIONS}/out-trade-no/{quote(reference, safe='')}"


def _refund_answer(answer: dict[str, Any], refund: RefundOrder) -> RefundAnswer:
    """A refund of another amount or order under our number is not ours to call anything."""
    _require_same(answer, "out_refund_no", refund.reference)
    _require_same(answer, "out_trade_no", refund.order.reference)
    amounts = inner(answer, "amount")
    if fen(amounts, "refund") != refund.amount or text(amounts, "currency") not in ("", "CNY"):
        raise OutcomeUnknown("wechat pay has another amount under this number")
    state = text(answer, "status")
    status = REFUND_STATUSES.get(state, RefundStatus.PENDING)
    is_plain = status in (RefundStatus.SUCCEEDED, RefundStatus.PENDING)
    return RefundAnswer(status, text(answer, "refund_id") or None, None if is_plain else state)


def _require_same(answer: dict[str, Any], name: str, ours: str) -> None:
    if text(answer, name) != ours:
        raise OutcomeUnknown(f"wechat pay answered for another {name}")
