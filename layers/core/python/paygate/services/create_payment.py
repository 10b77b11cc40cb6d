"""Create a payment: written before the rail is asked, so that whatever dies, the order at the rail is known."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from paygate.domain import payment as moves
from paygate.domain.errors import (
    Conflict,
    InvalidField,
    MethodNotAvailable,
    OutcomeUnknown,
    RailDeclined,
    StillRunning,
)
from paygate.domain.payment import Payment
from paygate.domain.states import PaymentState
from paygate.ports import Ability, Answer, Attempt, AttemptStatus
from paygate.services import tell
from paygate.services.answers import ACCEPTED, CREATED, Answered, action_json, payment_document
from paygate.services.quotes import is_quoted
from paygate.services.schedule import STARTED_GRACE_SECONDS, next_query_at

if TYPE_CHECKING:
    from collections.abc import Collection

    from paygate.ports import (
        AddressingRail,
        Claim,
        Clock,
        Ids,
        Ledger,
        Meter,
        Nudge,
        PaymentRail,
        ReceivingAddress,
        Sealer,
        Strategy,
    )
    from paygate.services.commands import CreatePayment as Command
    from paygate.services.idempotency import Idempotency
    from paygate.services.quotes import Quotes
    from paygate.services.rails import Rails

UNKNOWN_RETRY_SECONDS = 3


class CreatePayment:
    """One payment, one order at its rail, whatever is repeated, raced or killed."""

    def __init__(
        self,
        ledger: Ledger,
        idempotency: Idempotency,
        rails: Rails,
        clock: Clock,
        ids: Ids,
        sealer: Sealer,
        meter: Meter,
        nudge: Nudge,
        quotes: Quotes,
        off: Collection[str] = (),
    ) -> None:
        self._ledger = ledger
        self._idempotency = idempotency
        self._rails = rails
        self._clock = clock
        self._ids = ids
        self._sealer = sealer
        self._meter = meter
        self._nudge = nudge
        self._quotes = quotes
        self._off = off

    def __call__(self, command: Command, claim: Claim) -> Answered:
        """201 with the payment and its action; 202 with the payment in CREATED when the rail's answer is unknown.

        A rail that refuses for good is a 201 with the payment in FAILED.
        """
        return self._idempotency.once(claim, lambda: self._create(command, claim))

    def _create(self, command: Command, claim: Claim) -> Answered:
        strategy, rail = self._rails.for_method(command.method)
        if command.method in self._off and not self._is_known(claim):
            raise MethodNotAvailable(f"{command.method} takes no new payment now")
        if is_quoted(strategy, command.price) and self._is_known(claim):
            return self._resume(claim)  # whatever the rates are now
        payment, attempt = self._new(command, strategy)
        payment, attempt, address = self._addressed(payment, attempt, rail)
        strategy.order(payment, attempt)  # what the channel needs and the caller did not give is found here
        answer = None
        if payment.channel in rail.silent_channels:
            payment, attempt, answer = self._open_silently(payment, attempt, strategy, rail)
        if not self._ledger.add_payment(payment, attempt, claim, answer, address):
            return self._resume(claim)
        tell.created(self._meter, payment)
        return Answered(answer) if answer else self._open(payment, attempt, claim, 1)

    def _is_known(self, claim: Claim) -> bool:
        with self._ledger.transaction() as tx:
            return tx.key(claim.key) is not None

    def _new(self, command: Command, strategy: Strategy) -> tuple[Payment, Attempt]:
        channel = command.channel or strategy.channels[0]
        if channel not in strategy.channels:
            raise InvalidField("channel", f"is one of {', '.join(strategy.channels)} for {strategy.method}")
        due, quote = self._quotes.due(strategy, command.price)
        now = self._clock.now()
        expires_at = now + timedelta(seconds=command.expires_in_seconds)
        payment = Payment(
            id=self._ids.new("PAY"),
            order_id=command.order_id,
            user_id=command.user_id,
            method=command.method,
            channel=channel,
            state=PaymentState.CREATED,
            price=command.price,
            due=due,
            request_id=command.request_id,
            created_at=now,
            updated_at=now,
            expires_at=expires_at,
            description=command.description,
            return_url=command.return_url,
            metadata=command.metadata,
            quote=quote,
        )
        attempt = Attempt(
            payment_id=payment.id,
            number=1,
            rail=strategy.rail,
            reference=strategy.reference(payment),
            status=AttemptStatus.STARTED,
            rail_expires_at=expires_at,
            created_at=now,
            next_query_at=now + timedelta(seconds=STARTED_GRACE_SECONDS),
        )
        return payment, attempt

    def _addressed(
        self, payment: Payment, attempt: Attempt, rail: PaymentRail
    ) -> tuple[Payment, Attempt, ReceivingAddress | None]:
        """Where the payer of this payment alone sends to. An index whose payment comes to nothing stays unused."""
        if Ability.ADDRESS in rail.inabilities:
            return payment, attempt, None
        own = cast("AddressingRail", rail)
        address = own.receive(self._ledger.take_address_index(own.account), payment.due)
        tolerant = replace(payment, tolerance=own.tolerance(payment.due))
        return tolerant, replace(attempt, reference=address.text), address

    def _open_silently(
        self, payment: Payment, attempt: Attempt, strategy: Strategy, rail: PaymentRail
    ) -> tuple[Payment, Attempt, Answer]:
        """Nothing needs asking, so payment, action and answer are written at once."""
        opening = rail.open(strategy.order(payment, attempt))
        action = action_json(opening)
        accepted = moves.accept(payment, payment.created_at).after
        opened = replace(
            attempt,
            status=AttemptStatus.OPEN,
            next_query_at=next_query_at(attempt, rail, self._clock.now()),
            action_sealed=self._sealer.seal(action.encode(), payment.id),
            rail_id=opening.rail_id or attempt.rail_id,
        )
        confirmations = opening.fields.get("confirmationsRequired")
        return accepted, opened, Answer(CREATED, payment_document(accepted, action, confirmations).encode())

    def _resume(self, claim: Claim) -> Answered:
        """Somebody began this request before: give the answer, or go on where it stopped."""
        begun = self._idempotency.take_over(claim)
        if isinstance(begun, Answered):
            return begun
        payment_id, fence = begun
        with self._ledger.transaction() as tx:
            payment, attempt = tx.payment(payment_id), tx.attempt(payment_id)
        if payment is None or attempt is None:
            raise StillRunning
        if payment.state is PaymentState.CREATED:
            if self._clock.now() >= attempt.rail_expires_at:  # the rail must be asked now, not sent an old order
                return self._unknown(payment, attempt, claim, fence)
            return self._open(payment, attempt, claim, fence)
        return self._as_it_is(payment_id, claim, fence)

    def _open(self, payment: Payment, attempt: Attempt, claim: Claim, fence: int) -> Answered:
        """Ask the rail, with the order that a repeat would send again."""
        strategy, rail = self._rails.for_method(payment.method)
        try:
            opening = rail.open(strategy.order(payment, attempt))
        except OutcomeUnknown:
            return self._unknown(payment, attempt, claim, fence)
        except RailDeclined as declined:
            return self._declined(payment, attempt, claim, fence, declined.reason)
        action = action_json(opening)
        change = moves.accept(payment, self._clock.now())
        opened = replace(
            attempt,
            status=AttemptStatus.OPEN,
            next_query_at=next_query_at(attempt, rail, self._clock.now()),
            action_sealed=self._sealer.seal(action.encode(), payment.id),
            rail_id=opening.rail_id or attempt.rail_id,
        )
        answer = Answer(CREATED, payment_document(change.after, action).encode())
        try:
            with self._ledger.transaction() as tx:
                tx.save(change)
                tx.save_attempt(opened)
                if not tx.store_answer(claim.key, fence, answer):
                    raise StillRunning
        except Conflict:
            return self._as_it_is(payment.id, claim, fence)
        return Answered(answer)

    def _unknown(self, payment: Payment, attempt: Attempt, claim: Claim, fence: int) -> Answered:
        soon = self._clock.now() + timedelta(seconds=UNKNOWN_RETRY_SECONDS)
        with self._ledger.transaction() as tx:
            tx.save_attempt(replace(attempt, status=AttemptStatus.UNKNOWN, next_query_at=soon))
        document = self._ledger.documents.by_ids([payment.id])[payment.id]
        if json.loads(document)["state"] != PaymentState.CREATED:  # a callback has just told
            return self._as_it_is(payment.id, claim, fence)
        with self._ledger.transaction() as tx:
            tx.release_key(claim.key, fence)
        return Answered(Answer(ACCEPTED, document.encode()), is_final=False)

    def _declined(self, payment: Payment, attempt: Attempt, claim: Claim, fence: int, reason: str) -> Answered:
        change = moves.fail(payment, reason, self._clock.now(), self._ids.new("EVT"))
        try:
            with self._ledger.transaction() as tx:
                tx.save(change, replace(attempt, status=AttemptStatus.DONE, next_query_at=None))
        except Conflict:
            return self._as_it_is(payment.id, claim, fence)
        tell.failed(self._meter, payment)
        self._nudge()
        return self._as_it_is(payment.id, claim, fence)

    def _as_it_is(self, payment_id: str, claim: Claim, fence: int) -> Answered:
        """A callback, a sweep or an earlier run was faster: the row is the answer."""
        document = self._ledger.documents.by_ids([payment_id])[payment_id]
        answer = Answer(CREATED, document.encode())
        with self._ledger.transaction() as tx:
            if not tx.store_answer(claim.key, fence, answer):
                raise StillRunning
        return Answered(answer)
