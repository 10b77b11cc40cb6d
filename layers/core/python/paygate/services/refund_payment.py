"""Give money back: the reserve is taken before the rail is asked, and only a definite no gives it back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from paygate.domain import payment as moves
from paygate.domain.errors import (
    Conflict,
    InvalidField,
    NotFound,
    OutcomeUnknown,
    RailDeclined,
    RefundNotPossible,
    StillRunning,
)
from paygate.domain.money import Money, parse_money
from paygate.domain.quote import in_due
from paygate.domain.refund import OURS, Refund
from paygate.domain.states import UNDER_WAY, PaymentState, RefundState
from paygate.ports import Ability, Answer, RefundAnswer, RefundOrder, RefundStatus
from paygate.services import tell
from paygate.services.answers import ACCEPTED, CREATED, Answered
from paygate.services.cases import open_stuck_refund_case, stuck_refund_case
from paygate.services.races import TRIES
from paygate.services.rails import order_at
from paygate.services.schedule import STARTED_GRACE_SECONDS, refund_query_at

if TYPE_CHECKING:
    from paygate.domain.payment import Payment
    from paygate.ports import AddressingRail, Claim, Clock, Ids, Ledger, Meter, Nudge
    from paygate.services.commands import RefundPayment as Command
    from paygate.services.idempotency import Idempotency
    from paygate.services.rails import Rails


class RefundPayment:
    """Refunds never exceed what was received, whatever runs at once."""

    def __init__(
        self,
        ledger: Ledger,
        idempotency: Idempotency,
        rails: Rails,
        clock: Clock,
        ids: Ids,
        meter: Meter,
        nudge: Nudge,
    ) -> None:
        self._ledger = ledger
        self._idempotency = idempotency
        self._rails = rails
        self._clock = clock
        self._ids = ids
        self._meter = meter
        self._nudge = nudge

    def __call__(self, command: Command, claim: Claim) -> Answered:
        """201 with the refund, SUCCEEDED, FAILED or PENDING; 202 when the rail's answer is unknown.

        Raises NotFound, InvalidField, RefundNotPossible (more than is left, or the money was withdrawn).
        """
        return self._idempotency.once(claim, lambda: self._refund(command, claim))

    def _refund(self, command: Command, claim: Claim) -> Answered:
        refund, is_new = self._reserve(command, claim)
        if is_new:
            return self._ask(refund, claim, 1)
        begun = self._idempotency.take_over(claim)
        if isinstance(begun, Answered):
            return begun
        refund_id, fence = begun
        with self._ledger.transaction() as tx:
            known = tx.refund(refund_id)
        if known is None:
            raise StillRunning
        return self._ask(known, claim, fence) if known.state in UNDER_WAY else self._answer(known, claim, fence)

    def _reserve(self, command: Command, claim: Claim) -> tuple[Refund, bool]:
        """The refund with its reserve; False when the key was used before and nothing was taken."""
        for _ in range(TRIES):
            try:
                return self._try_to_reserve(command, claim)
            except _LessIsLeft:
                continue
        raise Conflict("lost too many races")

    def _try_to_reserve(self, command: Command, claim: Claim) -> tuple[Refund, bool]:
        with self._ledger.transaction() as tx:
            payment = tx.payment(command.payment_id)
            if payment is None:
                raise NotFound("no such payment")
            if tx.key(claim.key) is not None:
                return self._new(command, payment, payment.due), False
        refund = self._new(command, payment, _amount(command, payment), self._address(command, payment))
        with self._ledger.transaction() as tx:
            queried = refund.created_at + timedelta(seconds=STARTED_GRACE_SECONDS)
            is_claimed, is_reserved = tx.reserve_refund(refund, claim, queried)
            if not is_claimed:
                return refund, False
            if is_reserved:
                return refund, True
            if command.amount is not None:
                raise RefundNotPossible("more than is left to refund")
            raise _LessIsLeft  # rolls the claim back

    def _address(self, command: Command, payment: Payment) -> str | None:
        """Where the money goes to, checked for its network; only where it cannot go back the way it came."""
        _, rail = self._rails.for_method(payment.method)
        if Ability.ADDRESS not in rail.inabilities:
            own = cast("AddressingRail", rail)
            address = own.payee(command.address)
            with self._ledger.transaction() as tx:
                if tx.is_receiving(payment.id, own.recipient(address)):
                    raise InvalidField(
                        "address", "is one that payments are paid to: it would count as money received"
                    )
            return address
        if command.address is not None:
            raise InvalidField("address", f"{payment.method} gives money back the way it came")
        return None

    def _new(self, command: Command, payment: Payment, amount: Money, address: str | None = None) -> Refund:
        refund_id, now = self._ids.new("REF"), self._clock.now()
        return Refund(
            id=refund_id,
            payment_id=payment.id,
            amount=amount,
            state=RefundState.PENDING,
            reference=refund_id.removeprefix("REF_"),
            origin=OURS,
            reason=command.reason,
            address=address,
            requested_by=command.requested_by,
            request_id=command.request_id,
            created_at=now,
            updated_at=now,
        )

    def _ask(self, refund: Refund, claim: Claim, fence: int) -> Answered:
        booked = self.ask_rail(refund)
        if booked.state is RefundState.UNKNOWN:
            document = self._document(booked)
            if json.loads(document)["state"] != RefundState.UNKNOWN:  # a callback has just told
                return self._answer(booked, claim, fence)
            with self._ledger.transaction() as tx:
                tx.release_key(claim.key, fence)
            return Answered(Answer(ACCEPTED, document), is_final=False)
        return self._answer(booked, claim, fence)

    def _answer(self, refund: Refund, claim: Claim, fence: int) -> Answered:
        answer = Answer(CREATED, self._document(refund))
        with self._ledger.transaction() as tx:
            if not tx.store_answer(claim.key, fence, answer):
                raise StillRunning
        return Answered(answer)

    def _document(self, refund: Refund) -> bytes:
        document = self._ledger.documents.refund(refund.id)
        if document is None:
            raise NotFound("no such refund")
        return document.encode()

    # ------------------------------------------------------------ also used by `resolve`

    def ask_rail(self, refund: Refund, *, is_repeat: bool = False) -> Refund:
        """Send the refund, or with `is_repeat` ask first what became of it; book the answer."""
        with self._ledger.transaction() as tx:
            payment, attempt = tx.payment(refund.payment_id), tx.attempt(refund.payment_id)
        if payment is None or attempt is None:
            raise NotFound("no such payment")
        rail, paid = order_at(self._rails, payment, attempt)
        order = RefundOrder(paid, refund.reference, refund.amount, refund.created_at, refund.reason, refund.rail_id)
        try:
            answer = rail.query_refund(order) if is_repeat else rail.refund(order)
            if answer.status is RefundStatus.ABSENT:
                answer = rail.refund(order)
        except OutcomeUnknown:
            return self.book(refund, RefundState.UNKNOWN, None)
        except RailDeclined as declined:
            return self.book(refund, RefundState.FAILED, RefundAnswer(RefundStatus.FAILED, None, declined.reason))
        if answer.status is RefundStatus.STUCK:
            with self._ledger.transaction() as tx:
                open_stuck_refund_case(tx, self._meter, attempt.rail, refund, answer)
        booked = self.book(refund, _STATES[answer.status], answer)
        if is_repeat and booked.state not in UNDER_WAY:
            with self._ledger.transaction() as tx:
                tx.close_case(stuck_refund_case(attempt.rail, refund.id))
        return booked

    def book(self, refund: Refund, state: RefundState, answer: RefundAnswer | None) -> Refund:
        """Move the refund and its payment together; when a callback was faster, its word stands."""
        for _ in range(TRIES):
            try:
                return self._try_to_book(refund, state, answer)
            except Conflict:
                with self._ledger.transaction() as tx:
                    known = tx.refund(refund.id)
                if known is None or known.state not in UNDER_WAY:
                    return known or refund
                refund = known
        raise Conflict("lost too many races")

    def _try_to_book(self, refund: Refund, state: RefundState, answer: RefundAnswer | None) -> Refund:
        now = self._clock.now()
        if refund.state is state or (refund.state, state) == (RefundState.UNKNOWN, RefundState.PENDING):
            self._ledger.agenda.refund_tried(refund.id, refund_query_at(refund.created_at, now))
            return refund
        reason = (answer.reason if answer else None) or "refused by the rail"
        moved = refund.to(state, now, reason if state is RefundState.FAILED else None)
        if answer is not None:
            moved = replace(moved, rail_id=answer.rail_id)
        with self._ledger.transaction() as tx:
            payment = tx.payment(refund.payment_id)
            if payment is None:
                raise NotFound("no such payment")
            again = refund_query_at(refund.created_at, now) if state in UNDER_WAY else None
            tx.save_refund(refund, moved, again)
            change = moves.refund_moved(payment, refund, moved, now, self._ids.new("EVT"))
            tx.save(change)
        if change.event is not None:
            self._nudge()
        tell.refund_moved(self._meter, payment, state)
        return moved


_STATES = {
    RefundStatus.SUCCEEDED: RefundState.SUCCEEDED,
    RefundStatus.FAILED: RefundState.FAILED,
    RefundStatus.PENDING: RefundState.PENDING,
    RefundStatus.STUCK: RefundState.PENDING,
    RefundStatus.ABSENT: RefundState.UNKNOWN,
}


class _LessIsLeft(Conflict):
    """Somebody refunded meanwhile, and this caller asked for whatever is left."""


def _amount(command: Command, payment: Payment) -> Money:
    due, price = payment.due.asset, payment.price.asset
    if command.currency not in (None, due.code, price.code):
        raise InvalidField("currency", f"the payment was received in {due.code}")
    if payment.state is PaymentState.REVERSED:
        raise RefundNotPossible("the payment's money was withdrawn")
    if command.amount is None:
        if payment.refundable == 0:
            raise RefundNotPossible("nothing is left to refund")
        return Money(payment.refundable, due)
    if command.currency == price.code != due.code:
        return _quoted(payment, parse_money(command.amount, price))
    amount = parse_money(command.amount, due)
    if amount.units > payment.refundable:
        raise RefundNotPossible("more than is left to refund")
    return amount


def _quoted(payment: Payment, asked: Money) -> Money:
    """Part of the price at the rate that was locked.

    What rounding would leave behind for ever goes with it: at most what the price's smallest unit is worth.
    """
    left, amount = payment.refundable, in_due(asked, payment.price, payment.due)
    if amount.units > left:
        raise RefundNotPossible("more than is left to refund")
    crumbs = max(in_due(Money(1, asked.asset), payment.price, payment.due).units, 1)
    units = left if left - amount.units <= crumbs else amount.units
    if units == 0:
        raise InvalidField("amount", f"is less than the smallest unit of {amount.asset.code}")
    return Money(units, amount.asset)
