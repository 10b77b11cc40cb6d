"""UnionPay as a PaymentRail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from paygate.adapters.rails.unionpay import callbacks, codes, orders
from paygate.adapters.rails.unionpay.client import UnionPayClient
from paygate.adapters.rails.unionpay.trades import observation
from paygate.adapters.rails.unionpay.wire import beijing, fen
from paygate.domain.errors import OutcomeUnknown, RailDeclined
from paygate.ports import Ability, Action, Observation, RefundAnswer, RefundStatus, TradeStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.adapters.rails.http import RailHttp
    from paygate.adapters.rails.unionpay.orders import Return
    from paygate.adapters.rails.unionpay.settings import UnionPaySettings
    from paygate.ports import CallbackReply, CallbackRequest, Clock, Order, RailUrls, RefundOrder

# Less than what the services wait beyond an expiry, more than clocks differ.
_MARGIN = timedelta(seconds=20)
# The rail asks merchants to query front transactions up to 120 minutes later.
_LONGEST_PROCESSING = timedelta(hours=2)


class UnionPayRail:
    """No order can be closed: what nobody has paid by payTimeout is over, and only then does a query's "no such
    transaction" or failure mean that it will never be paid (the samples' comments on payTimeout).
    """

    name = "unionpay"
    query_schedule = (60, 150, 300, 600, 1800, 3600, 7200)
    silent_channels = frozenset({"WEB", "H5"})
    inabilities = frozenset(
        {
            Ability.CLOSE,
            Ability.SHOW_UNPAID,
            Ability.REFUSE_CHANGED_ORDER,  # it is, in the same words as the same order once more
            Ability.SEVERAL_CURRENCIES,
            Ability.REPORT_CONSOLE_REFUNDS,
            Ability.REPORT_REFUNDED_SUM,
            Ability.CAPTURE_LATER,
            Ability.ADDRESS,
            Ability.REVERSE,
        }
    )

    def __init__(self, settings: UnionPaySettings, urls: RailUrls, clock: Clock, http: RailHttp) -> None:
        self._settings, self._urls, self._clock = settings, urls, clock
        self._client = UnionPayClient(settings, clock, http)

    def open(self, order: Order, /) -> Action:
        door, fields = orders.DOORS[order.channel], orders.payment(order, self._urls)
        if door == orders.FRONT:
            return Action("FORM_POST", {"url": self._client.url(door), "fields": self._client.signed(fields)})
        try:
            answer = self._client.call(door, fields)
        except RailDeclined as declined:
            if declined.reason == codes.DUPLICATE:  # this order once more, or what else? a query tells
                raise OutcomeUnknown("unionpay knows an order of this number") from None
            raise
        kind, place, name = ("SDK", "payload", "tn") if door == orders.APP else ("QR_CODE", "content", "qrCode")
        if not answer.get(name):
            raise OutcomeUnknown(f"unionpay gave no {name}")
        return Action(kind, {place: answer[name]})

    def query(self, order: Order, /) -> Observation:
        answer = self._ask(order.reference, beijing(order.opened_at))
        if answer is None:
            is_over = self._is_past(order, _MARGIN)
            return Observation(order.reference, TradeStatus.CLOSED if is_over else TradeStatus.ABSENT)
        code = answer.get("origRespCode", "")
        seen = observation(answer, code, self._status(order, code, is_traced=bool(answer.get("queryId"))))
        if seen.status is TradeStatus.PAID and (seen.amount is None or seen.rail_id is None):
            raise OutcomeUnknown("unionpay's amount or number cannot be read")
        return seen

    def _status(self, order: Order, code: str, *, is_traced: bool) -> TradeStatus:
        """Before payTimeout a failure is one card's, and the payer may take another. 05 without a queryId is a
        payer who has begun and paid nothing (seen at the test system).
        """
        if code == codes.SUCCESS:
            return TradeStatus.PAID
        if code == codes.CLOSED_TO_ORDERS and self._is_past(order, timedelta()):
            return TradeStatus.CLOSED
        is_only_begun = code == "05" and not is_traced
        if code == codes.FLAWED or (code in codes.UNDER_WAY and not is_only_begun):
            return TradeStatus.FAILED if self._gave_up(order, code) else TradeStatus.PROCESSING
        if not self._is_past(order, _MARGIN):
            return TradeStatus.WAITING
        return TradeStatus.CLOSED if is_only_begun else TradeStatus.FAILED

    def _gave_up(self, order: Order, code: str) -> bool:
        """The samples call what is neither 00 nor A6 after payTimeout a failure; banks get some more time here."""
        return code != codes.FLAWED and self._is_past(order, _LONGEST_PROCESSING)

    def _is_past(self, order: Order, margin: timedelta) -> bool:
        return self._clock.now() >= order.expires_at + margin

    def close(self, order: Order, /) -> Observation:
        seen = self.query(order)
        return replace(seen, status=TradeStatus.WAITING) if seen.status is TradeStatus.ABSENT else seen

    def _ask(self, number: str, txn_time: str) -> Mapping[str, str] | None:
        """A transaction as it stands; None when UnionPay knows none. A refused question tells nothing of it."""
        fields = orders.question(number, txn_time)
        try:
            return self._client.call(orders.QUERY, fields, is_repeatable=True)
        except RailDeclined as declined:
            if declined.reason == codes.UNKNOWN_ORDER:
                return None
            raise OutcomeUnknown(f"unionpay does not tell: {declined.reason}") from None

    # ------------------------------------------------------------ giving back

    def refund(self, refund: RefundOrder, /) -> RefundAnswer:
        payment_query_id = refund.order.rail_id or self._query_id(refund.order)
        answer = RefundAnswer(RefundStatus.ABSENT)
        for one in orders.returns(refund):
            answer = self._take_back(one, payment_query_id)
            if answer.status is not RefundStatus.FAILED:
                return answer
        raise RailDeclined(answer.reason or "no code")

    def _query_id(self, order: Order) -> str:
        """UnionPay's number of a payment, which void and refund must name."""
        seen = self.query(order)
        if seen.status is TradeStatus.PAID and seen.rail_id:
            return seen.rail_id
        if seen.status is TradeStatus.PROCESSING:
            raise OutcomeUnknown("unionpay does not know yet whether it is paid")
        raise RailDeclined("not paid")

    def _take_back(self, one: Return, payment_query_id: str) -> RefundAnswer:
        """00 says that it was accepted; what became of it a query tells, mostly at once.

        So it does after a refusal, which an earlier request of ours, whose answer was lost, may have caused.
        """
        try:
            self._client.call(orders.BACK, one.fields(payment_query_id, self._urls))
        except RailDeclined as declined:
            known = self._became(one)
            if known.status is not RefundStatus.ABSENT:
                return known
            if declined.reason == codes.DUPLICATE:
                raise OutcomeUnknown("unionpay knows a transaction of this number, and does not show it") from None
            return RefundAnswer(RefundStatus.FAILED, reason=declined.reason)
        try:
            known = self._became(one)
        except OutcomeUnknown:
            return RefundAnswer(RefundStatus.PENDING)
        return RefundAnswer(RefundStatus.PENDING) if known.status is RefundStatus.ABSENT else known

    def query_refund(self, refund: RefundOrder, /) -> RefundAnswer:
        """ABSENT, too, where only a void failed: the refund in its place is not sent yet."""
        known = RefundAnswer(RefundStatus.ABSENT)
        for one in orders.returns(refund):
            known = self._became(one)
            if known.status not in (RefundStatus.ABSENT, RefundStatus.FAILED):
                return known
        return known

    def _became(self, one: Return) -> RefundAnswer:
        answer = self._ask(one.number, one.txn_time)
        if answer is None:
            return RefundAnswer(RefundStatus.ABSENT)
        if answer.get("txnType") != one.txn_type or fen(answer.get("txnAmt", "")) != one.refund.amount:
            raise OutcomeUnknown("unionpay has another transaction under this number")
        code, rail_id = answer.get("origRespCode", ""), answer.get("queryId") or None
        if code == codes.SUCCESS:
            return RefundAnswer(RefundStatus.SUCCEEDED, rail_id)
        if code == codes.FLAWED:
            return RefundAnswer(RefundStatus.STUCK, rail_id, code)
        if code in codes.UNDER_WAY or not code:
            return RefundAnswer(RefundStatus.PENDING, rail_id, code or None)
        return RefundAnswer(RefundStatus.FAILED, rail_id, code)

    # ------------------------------------------------------------ callbacks

    def read_callback(self, request: CallbackRequest, /) -> Observation | None:
        at = request.received_at or self._clock.now()
        return callbacks.read(request, self._settings, self._client.signers, at)

    def callback_accepted(self) -> CallbackReply:
        return callbacks.ACCEPTED

    def callback_refused(self) -> CallbackReply:
        return callbacks.REFUSED
