"""Close an unpaid payment at the rail, then here. Money that was faster settles it instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.domain import payment as moves
from paygate.domain.errors import Conflict, NotCancellable, NotFound
from paygate.domain.states import PaymentState
from paygate.ports import Ability, TradeStatus
from paygate.services import tell
from paygate.services.races import TRIES
from paygate.services.rails import order_at

if TYPE_CHECKING:
    from paygate.domain.payment import Payment
    from paygate.ports import Attempt, Clock, Ids, Ledger, Meter, Nudge
    from paygate.services.observe import Observe
    from paygate.services.rails import Rails


class CancelPayment:
    """An order that the rail does not know yet (an unscanned QR), or cannot close, is cancelled here and watched
    until it expires.
    """

    def __init__(
        self,
        ledger: Ledger,
        rails: Rails,
        observe: Observe,
        clock: Clock,
        ids: Ids,
        meter: Meter,
        nudge: Nudge,
    ) -> None:
        self._ledger = ledger
        self._rails = rails
        self._observe = observe
        self._clock = clock
        self._ids = ids
        self._meter = meter
        self._nudge = nudge

    def __call__(self, payment_id: str) -> str:
        """The payment's document. Repeating it is harmless.

        Raises NotFound, NotCancellable (paid, failed or expired), OutcomeUnknown (the rail gave no answer: it
        may or may not be closed there, and the same call may be made again).
        """
        payment, attempt = self._load(payment_id)
        if payment.is_open and payment.received:
            raise NotCancellable("a part of it was paid: it waits for the rest until it expires")
        if payment.is_open:
            rail, order = order_at(self._rails, payment, attempt)
            seen = rail.close(order)
            is_silent = Ability.ASK in rail.inabilities  # it gives nothing back by closing, whatever it says
            cannot_close = seen.status is TradeStatus.WAITING and Ability.CLOSE in rail.inabilities
            if cannot_close or seen.status in (TradeStatus.CLOSED, TradeStatus.ABSENT):
                self._cancel(payment_id, is_given_back=seen.status is TradeStatus.CLOSED and not is_silent)
            if seen.status is not TradeStatus.ABSENT and not is_silent:
                self._observe(attempt.rail, seen, is_current=True)
            payment, _ = self._load(payment_id)
        if payment.state is not PaymentState.CANCELLED:
            raise NotCancellable(f"a payment that is {payment.state} cannot be cancelled")
        return self._ledger.documents.by_ids([payment_id])[payment_id]

    def _cancel(self, payment_id: str, *, is_given_back: bool) -> None:
        """Money that was seen stays, unless the rail gave it back by closing."""
        for _ in range(TRIES):
            payment, _attempt = self._load(payment_id)
            is_seen = payment.state is PaymentState.CONFIRMING and not is_given_back
            if not payment.is_open or payment.received or is_seen:
                return
            change = moves.cancel(payment, self._clock.now(), self._ids.new("EVT"))
            try:
                with self._ledger.transaction() as tx:
                    tx.save(change)
            except Conflict:
                continue
            tell.failed(self._meter, payment)
            self._nudge()
            return
        raise Conflict("lost too many races")

    def _load(self, payment_id: str) -> tuple[Payment, Attempt]:
        with self._ledger.transaction() as tx:
            payment = tx.payment(payment_id)
            attempt = tx.attempt(payment_id) if payment else None
        if payment is None or attempt is None:
            raise NotFound("no such payment")
        return payment, attempt
