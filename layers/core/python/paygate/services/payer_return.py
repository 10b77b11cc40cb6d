"""A payer's browser comes back from a rail: what it carries is not believed, the rail is asked instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paygate import budget
from paygate.domain.errors import NotFound

if TYPE_CHECKING:
    from paygate.domain.payment import Payment
    from paygate.domain.states import PaymentState
    from paygate.ports import Ledger, Turns
    from paygate.services.get_payment import GetPayment

ASKING_SECONDS = 4.0
"""A payer waits meanwhile, and the shop learns of the payment by other ways as well."""


@dataclass(frozen=True, slots=True)
class Returned:
    """Where the payer goes on to, if the shop said, and how the payment stands."""

    state: PaymentState
    return_url: str | None


class PayerReturn:
    """Anybody may call it who knows a payment's id, and again and again: the rail hears of it once in a while."""

    def __init__(self, ledger: Ledger, read: GetPayment, turns: Turns) -> None:
        self._ledger, self._read, self._turns = ledger, read, turns

    def __call__(self, payment_id: str) -> Returned:
        """Raises NotFound, Unavailable."""
        payment = self._load(payment_id)
        if payment.is_open and self._turns(payment_id):
            with budget.limit(ASKING_SECONDS):
                self._read.ask_rail(payment_id)
            payment = self._load(payment_id)
        return Returned(payment.state, payment.return_url)

    def _load(self, payment_id: str) -> Payment:
        with self._ledger.transaction() as tx:
            payment = tx.payment(payment_id)
        if payment is None:
            raise NotFound("there is nothing with this id")
        return payment
