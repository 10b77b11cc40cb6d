"""`PaymentService`: the one door that functions use. Behind it stands one use case a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.ports import CallbackReply, CallbackRequest, Claim, ListFilter, Page
    from paygate.services.answers import Answered
    from paygate.services.cancel_payment import CancelPayment
    from paygate.services.capture_payment import CapturePayment
    from paygate.services.claim_transaction import ClaimTransaction
    from paygate.services.commands import CreatePayment as CreateCommand
    from paygate.services.commands import RefundPayment as RefundCommand
    from paygate.services.create_payment import CreatePayment
    from paygate.services.get_payment import GetPayment
    from paygate.services.handle_callback import HandleCallback
    from paygate.services.payer_return import PayerReturn, Returned
    from paygate.services.refund_payment import RefundPayment


@dataclass(frozen=True, slots=True)
class PaymentService:
    """Payments as JSON documents in, commands and callbacks in, answers out."""

    create: CreatePayment
    read: GetPayment
    callback: HandleCallback
    refund: RefundPayment
    cancel: CancelPayment
    capture: CapturePayment
    come_back: PayerReturn
    claim: ClaimTransaction

    def create_payment(self, command: CreateCommand, claim: Claim) -> Answered:
        return self.create(command, claim)

    def get_payment_status(self, payment_id: str, *, refresh: bool = False) -> str:
        return self.read.one(payment_id, refresh=refresh)

    def batch_get_payment_status(self, payment_ids: Sequence[str]) -> dict[str, str]:
        return self.read.many(payment_ids)

    def get_order_payments(self, order_id: str, limit: int, cursor: str | None) -> Page:
        return self.read.of_order(order_id, limit, cursor)

    def list_payments(self, wanted: ListFilter, limit: int, cursor: str | None) -> Page:
        return self.read.search(wanted, limit, cursor)

    def get_refund(self, refund_id: str) -> str:
        return self.read.refund(refund_id)

    def handle_payment_callback(self, rail: str, request: CallbackRequest) -> CallbackReply:
        return self.callback(rail, request)

    def refund_payment(self, command: RefundCommand, claim: Claim) -> Answered:
        return self.refund(command, claim)

    def cancel_payment(self, payment_id: str) -> str:
        return self.cancel(payment_id)

    def capture_payment(self, payment_id: str) -> str:
        return self.capture(payment_id)

    def claim_transaction(self, payment_id: str, tx_id: str, key_id: str) -> str:
        return self.claim(payment_id, tx_id, key_id).document()

    def payer_returned(self, payment_id: str) -> Returned:
        return self.come_back(payment_id)
