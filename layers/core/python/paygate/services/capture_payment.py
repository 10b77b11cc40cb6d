"""Take what was authorised: all of it, once, however often it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from paygate.domain.errors import NotCapturable, NotFound
from paygate.domain.states import PAID_STATES, PaymentState
from paygate.ports import Ability
from paygate.services.rails import order_at

if TYPE_CHECKING:
    from paygate.domain.payment import Payment
    from paygate.ports import Attempt, CapturingRail, Ledger
    from paygate.services.observe import Observe
    from paygate.services.rails import Rails


class CapturePayment:
    """Only where the rail authorises first, and only what it has authorised."""

    def __init__(self, ledger: Ledger, rails: Rails, observe: Observe) -> None:
        self._ledger = ledger
        self._rails = rails
        self._observe = observe

    def __call__(self, payment_id: str) -> str:
        """The payment's document. Repeating it is harmless.

        Raises NotFound, NotCapturable (nothing is authorised), OutcomeUnknown (the rail gave no answer: it may or
        may not have taken the money, and the same call may be made again).
        """
        payment, attempt = self._load(payment_id)
        rail, order = order_at(self._rails, payment, attempt)
        if Ability.CAPTURE_LATER in rail.inabilities:
            raise NotCapturable(f"{payment.method} takes the money at once")
        if payment.is_open:
            seen = cast("CapturingRail", rail).capture(order)
            self._observe(attempt.rail, seen, is_current=True)
            payment, _ = self._load(payment_id)
        if payment.state not in PAID_STATES and payment.state is not PaymentState.REVERSED:
            raise NotCapturable(f"a payment that is {payment.state} cannot be captured")
        return self._ledger.documents.by_ids([payment_id])[payment_id]

    def _load(self, payment_id: str) -> tuple[Payment, Attempt]:
        with self._ledger.transaction() as tx:
            payment = tx.payment(payment_id)
            attempt = tx.attempt(payment_id) if payment else None
        if payment is None or attempt is None:
            raise NotFound("no such payment")
        return payment, attempt
