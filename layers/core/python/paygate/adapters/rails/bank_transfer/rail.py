"""Bank transfers as a PaymentRail: the payer is told where to, and statements tell what came.

There is nobody to ask: neither about a transfer, nor to send one back. A person pays refunds out, with a reference
by which the statement that shows it is recognised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.rails.bank_transfer.epc import epc_payload
from paygate.domain.errors import CallbackRefused, InvalidField
from paygate.domain.transfer_reference import transfer_reference
from paygate.ports import (
    Ability,
    Action,
    CallbackReply,
    Observation,
    RefundAnswer,
    RefundStatus,
    TradeStatus,
)

if TYPE_CHECKING:
    from paygate.adapters.rails.bank_transfer.settings import BankTransferSettings, EuroAccount, YuanAccount
    from paygate.adapters.rails.http import RailHttp
    from paygate.ports import CallbackRequest, Clock, Order, RailUrls, RefundOrder

CHANNEL = "TRANSFER"


class BankTransferRail:
    """Opens and closes without a call, and knows nothing of what came: `services.book_transfers` does."""

    name = "bank_transfer"
    query_schedule = (86_400,)  # nobody can be asked: see `inabilities`
    silent_channels = frozenset({CHANNEL})
    inabilities = frozenset(
        {
            Ability.ASK,
            Ability.CLOSE,
            Ability.EXPIRE,
            Ability.SHOW_UNPAID,
            Ability.REFUSE_CHANGED_ORDER,
            Ability.CALL_BACK,
            Ability.REPEAT_CALLBACKS,
            Ability.REPORT_REFUNDS,
            Ability.REPORT_CONSOLE_REFUNDS,
            Ability.REPORT_REFUNDED_SUM,
            Ability.REFUND,
            Ability.REFUND_AT_ONCE,
            Ability.CAPTURE_LATER,
            Ability.ADDRESS,
        }
    )

    def __init__(self, settings: BankTransferSettings, urls: RailUrls, clock: Clock, http: RailHttp) -> None:
        del urls, clock, http
        self._settings = settings

    def open(self, order: Order, /) -> Action:
        currency = order.amount.asset.code
        if currency == "EUR" and self._settings.eur:
            return Action("BANK_TRANSFER", _euro_fields(self._settings.eur, order))
        if currency == "CNY" and self._settings.cny:
            return Action("BANK_TRANSFER", _yuan_fields(self._settings.cny, order))
        raise InvalidField("currency", f"there is no bank account for {currency} here")

    def query(self, order: Order, /) -> Observation:
        return Observation(order.reference, TradeStatus.WAITING)

    def close(self, order: Order, /) -> Observation:
        """There is nothing to close. Money that comes all the same is late money."""
        return Observation(order.reference, TradeStatus.CLOSED)

    def refund(self, refund: RefundOrder, /) -> RefundAnswer:
        reference = transfer_reference(refund.reference, refund.amount.asset.code)
        why = f"pay out {refund.amount.text()} {refund.amount.asset.code} with the reference {reference}"
        return RefundAnswer(RefundStatus.STUCK, reference, why)

    def query_refund(self, refund: RefundOrder, /) -> RefundAnswer:
        return self.refund(refund)

    def read_callback(self, _request: CallbackRequest, /) -> Observation | None:
        raise CallbackRefused("banks do not call back")

    def callback_accepted(self) -> CallbackReply:
        return CallbackReply(200, "text/plain", "ok")

    def callback_refused(self) -> CallbackReply:
        return CallbackReply(400, "text/plain", "banks do not call back")


def _euro_fields(account: EuroAccount, order: Order) -> dict[str, Any]:
    """With the text of an EPC069-12 QR code, which fills in a payer's form, if the account's name fits in."""
    fields = {
        "accountName": account.name,
        "iban": account.iban,
        "bic": account.bic,
        "amount": order.amount.text(),
        "currency": order.amount.asset.code,
        "reference": order.reference,
    }
    try:
        qr = epc_payload(account.name, account.iban, order.amount, bic=account.bic or "", reference=order.reference)
    except ValueError:
        return fields
    return {**fields, "epcQr": qr}


def _yuan_fields(account: YuanAccount, order: Order) -> dict[str, Any]:
    return {
        "accountName": account.name,
        "accountNumber": account.number,
        "bank": account.bank,
        "amount": order.amount.text(),
        "currency": order.amount.asset.code,
        "reference": order.reference,
    }
