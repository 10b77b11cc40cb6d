"""The test cards, by the names that docs.stripe.com/testing gives them as payment methods (`pm_card_…`).

Two are the sandbox's own and say so: a payment that stays `processing` until somebody settles it, as delayed
methods such as SEPA debit do, and a card that is declined after 3-D Secure was passed.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Card:
    """`decline` is error code, decline code and sentence. `dispute` and `refund` are what comes of a payment."""

    label: str
    brand: str = "visa"
    last4: str = "4242"
    country: str = "US"
    is_challenged: bool = False
    is_slow: bool = False
    decline: tuple[str, str, str] | None = None
    dispute: tuple[str, str] | None = None
    refund: tuple[str, str | None] = ("succeeded", None)


def _declined(label: str, last4: str, code: str, decline_code: str, message: str, **more: Any) -> Card:
    return Card(f"Declined: {label}", last4=last4, decline=(code, decline_code, message), **more)


_GENERIC = ("card_declined", "generic_decline", "Your card was declined.")
_POOR = ("card_declined", "insufficient_funds", "Your card has insufficient funds.")

CARDS = {
    "pm_card_visa": Card("Visa"),
    "pm_card_mastercard": Card("Mastercard", "mastercard", "4444"),
    "pm_card_amex": Card("American Express", "amex", "8431"),
    "pm_card_unionpay": Card("UnionPay", "unionpay", "0005", "CN"),
    "pm_card_jcb": Card("JCB", "jcb", "0505", "JP"),
    "pm_card_threeDSecure2Required": Card("3-D Secure required", last4="3220", is_challenged=True),
    "pm_card_authenticationRequired": Card("Authentication required", last4="3184", is_challenged=True),
    "pm_card_visa_chargeDeclined": _declined("no reason given", "0002", *_GENERIC),
    "pm_card_chargeDeclined": _declined("no reason given (old name)", "0002", *_GENERIC),
    "pm_card_visa_chargeDeclinedInsufficientFunds": _declined("insufficient funds", "9995", *_POOR),
    "pm_card_visa_chargeDeclinedLostCard": _declined(
        "lost card", "9987", "card_declined", "lost_card", "Your card was declined."
    ),
    "pm_card_chargeDeclinedExpiredCard": _declined(
        "expired card", "0069", "expired_card", "expired_card", "Your card has expired."
    ),
    "pm_card_chargeDeclinedIncorrectCvc": _declined(
        "incorrect CVC", "0127", "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."
    ),
    "pm_card_chargeDeclinedProcessingError": _declined(
        "processing error",
        "0119",
        "processing_error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "pm_sandbox_threeDSecureThenDeclined": _declined("after 3-D Secure", "1629", *_GENERIC, is_challenged=True),
    "pm_sandbox_processing": Card("Processing until the bank has settled", last4="3000", is_slow=True),
    "pm_card_createDispute": Card("Disputed as fraudulent", last4="0259", dispute=("dispute", "fraudulent")),
    "pm_card_createDisputeProductNotReceived": Card(
        "Disputed: product not received", last4="2685", dispute=("dispute", "product_not_received")
    ),
    "pm_card_createDisputeInquiry": Card("Inquiry", last4="1976", dispute=("inquiry", "fraudulent")),
    "pm_card_pendingRefund": Card("Refunds succeed later", last4="7726", refund=("pending", "succeeded")),
    "pm_card_refundFail": Card("Refunds succeed and fail later", last4="5126", refund=("succeeded", "failed")),
}
"""By the name of the payment method; `tok_…` names the same card as a token."""


def find(name: str) -> Card | None:
    return CARDS.get(name)


def by_token(token: str) -> str | None:
    name = f"pm_card_{token.removeprefix('tok_')}"
    return name if token.startswith("tok_") and name in CARDS else None
