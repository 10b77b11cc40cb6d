"""Cards as a PaymentRail."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from paygate.adapters.rails.card import callbacks, disputes, intents, refunds, wire
from paygate.adapters.rails.card.client import KEY_LASTS, CardClient
from paygate.domain.errors import OutcomeUnknown, RailDeclined
from paygate.ports import Ability, Action, Observation, RefundAnswer, RefundStatus, TradeStatus

if TYPE_CHECKING:
    from datetime import datetime

    from paygate.adapters.rails.card.settings import CardSettings
    from paygate.adapters.rails.card.wire import Json
    from paygate.adapters.rails.http import RailHttp
    from paygate.domain.money import Money
    from paygate.ports import CallbackReply, CallbackRequest, Clock, Order, RailUrls, RefundOrder

_INTENTS, _REFUNDS, _DISPUTES = "/v1/payment_intents", "/v1/refunds", "/v1/disputes"
_WITH_CHARGE = {"expand[]": "latest_charge"}
_CLOCKS_DIFFER_SECONDS = 300


class CardRail:
    """A PaymentIntent for each order; its client secret goes to the payer's browser, which confirms it.

    3-D Secure happens there as well: meanwhile the order waits (`requires_action`). With CARD_CAPTURE_METHOD=manual
    a paid order is authorised, and `capture` takes the money.
    """

    name = "card"
    query_schedule = (20, 60, 180, 600, 1800, 5400, 18000)
    silent_channels: frozenset[str] = frozenset()
    inabilities: frozenset[Ability] = frozenset({Ability.EXPIRE, Ability.ADDRESS})

    def __init__(
        self,
        settings: CardSettings,
        urls: RailUrls,  # noqa: ARG002  the processor calls back where its dashboard says
        clock: Clock,
        http: RailHttp,
    ) -> None:
        self._settings, self._clock = settings, clock
        self._client = CardClient(settings, http)

    # ------------------------------------------------------------ orders

    def open(self, order: Order, /) -> Action:
        intent = self._find(order) if self._is_forgotten(order.opened_at) else None
        if intent is None:
            params = intents.creation(order, self._settings.capture_method)
            reply = self._client.post(_INTENTS, params, order.reference)
            intent = self._retrieve(wire.an_id(reply.content, "id")) if reply.is_replay else reply.content
        intents.require_same(intent, order)
        secret = wire.text(intent, "client_secret")
        seen = intents.observation(intent, order.reference)
        if seen.status is not TradeStatus.WAITING or seen.amount != order.amount or not secret:
            raise OutcomeUnknown(f"the card processor says that it is {seen.status.lower()}")
        fields = {"clientSecret": secret, "publishableKey": self._settings.publishable_key}
        return Action("CLIENT_SECRET", fields, seen.rail_id)

    def query(self, order: Order, /) -> Observation:
        intent = self._intent(order)
        if intent is None:
            return Observation(order.reference, TradeStatus.ABSENT)
        intents.require_same(intent, order)
        seen = intents.observation(intent, order.reference)
        if seen.status is not TradeStatus.PAID or seen.amount is None:
            return seen
        return self._with_what_went_back(seen, seen.amount, intent)

    def close(self, order: Order, /) -> Observation:
        return self._end(order, "cancel")

    def capture(self, order: Order, /) -> Observation:
        """Take all that was authorised; answers what the processor says now."""
        return self._end(order, "capture")

    def _end(self, order: Order, step: str) -> Observation:
        """A refusal is no answer: it may be what an earlier request of ours has brought about.

        Repeating either is harmless, so each call has a key of its own: under one key for all, a refusal that
        was right once (`processing`) would be given again when it is not.
        """
        intent_id = order.rail_id or wire.an_id(self._find(order) or {}, "id")
        if not intent_id:
            return Observation(order.reference, TradeStatus.ABSENT)
        with contextlib.suppress(RailDeclined):
            self._client.post(f"{_INTENTS}/{intent_id}/{step}", {}, str(uuid4()))
        return self.query(replace(order, rail_id=intent_id))

    # ------------------------------------------------------------ refunds

    def refund(self, refund: RefundOrder, /) -> RefundAnswer:
        if not wire.is_exact(refund.amount):
            raise RailDeclined("amount_invalid")
        if self._is_forgotten(refund.asked_at):
            known = self.query_refund(refund)
            if known.status is not RefundStatus.ABSENT:
                return known
        try:
            params = refunds.creation(refund, self._intent_id(refund.order))
            reply = self._client.post(_REFUNDS, params, refund.reference)
        except RailDeclined as declined:
            return self._refused(refund, declined)
        answer = refunds.answer(reply.content, refund)
        return self._refund_by_id(refund, answer.rail_id or "") if reply.is_replay else answer

    def _refused(self, refund: RefundOrder, declined: RailDeclined) -> RefundAnswer:
        """Perhaps for an earlier request of ours whose answer was lost and whose key is forgotten."""
        known = self.query_refund(refund)
        if known.status is not RefundStatus.ABSENT:
            return known
        if declined.reason in ("balance_insufficient", "insufficient_funds"):  # succeeds after a top-up
            return RefundAnswer(RefundStatus.STUCK, reason=declined.reason)
        raise declined

    def query_refund(self, refund: RefundOrder, /) -> RefundAnswer:
        if refund.rail_id:
            return self._refund_by_id(refund, refund.rail_id)
        made = self._client.every(_REFUNDS, {"payment_intent": self._intent_id(refund.order)})
        ours = next((one for one in made if refunds.reference_of(one) == refund.reference), None)
        return refunds.answer(ours, refund) if ours else RefundAnswer(RefundStatus.ABSENT)

    def _refund_by_id(self, refund: RefundOrder, refund_id: str) -> RefundAnswer:
        return refunds.answer(self._client.get(f"{_REFUNDS}/{refund_id}", {}), refund)

    # ------------------------------------------------------------ callbacks

    def read_callback(self, request: CallbackRequest, /) -> Observation | None:
        return callbacks.read(request, self._settings, self._clock.now())

    def callback_accepted(self) -> CallbackReply:
        return callbacks.ACCEPTED

    def callback_refused(self) -> CallbackReply:
        return callbacks.REFUSED

    # ------------------------------------------------------------ finding

    def _intent(self, order: Order) -> Json | None:
        found = None if order.rail_id else self._find(order)
        intent_id = order.rail_id or wire.an_id(found or {}, "id")
        return self._retrieve(intent_id) if intent_id else None

    def _retrieve(self, intent_id: str) -> Json:
        return self._client.get(f"{_INTENTS}/{intent_id}", _WITH_CHARGE)

    def _intent_id(self, order: Order) -> str:
        intent_id = order.rail_id or wire.an_id(self._find(order) or {}, "id")
        if not intent_id:
            raise OutcomeUnknown("the card processor does not show the order")
        return intent_id

    def _find(self, order: Order) -> Json | None:
        """The intent by our number, where the answer to its creation was lost: so nobody can have paid it.

        Lists show what was just made; a search covers all, and what is a minute old (docs.stripe.com/search).
        """
        since = int(order.opened_at.timestamp()) - _CLOCKS_DIFFER_SECONDS
        listed, has_more = self._client.page(_INTENTS, {"created[gte]": str(since)})
        ours = _ours(listed, order)
        if ours is None and has_more:
            query = f'metadata["reference"]:"{order.reference}"'
            ours = _ours(self._client.page(f"{_INTENTS}/search", {"query": query})[0], order)
        return ours

    def _with_what_went_back(self, seen: Observation, received: Money, intent: Json) -> Observation:
        """What refunds gave back and what disputes hold; disputes only where the charge says that there are any."""
        charge, of_intent = wire.inner(intent, "latest_charge"), {"payment_intent": wire.an_id(intent, "id")}
        made = list(self._client.every(_REFUNDS, of_intent))
        opened = self._client.every(_DISPUTES, of_intent) if charge.get("disputed", not charge) else ()
        return replace(
            seen,
            refunded=refunds.succeeded(made, received),
            refund=refunds.last_from_outside(made),
            withdrawn=disputes.withdrawn(opened, received),
        )

    def _is_forgotten(self, asked_at: datetime) -> bool:
        return self._clock.now() - asked_at > KEY_LASTS


def _ours(listed: list[Json], order: Order) -> Json | None:
    return next((one for one in listed if intents.reference_of(one) == order.reference), None)
