"""The state tables, as data in one place: the code, the database and the docs all read them from here."""

from __future__ import annotations

from enum import StrEnum


class PaymentState(StrEnum):
    CREATED = "CREATED"
    PENDING = "PENDING"
    CONFIRMING = "CONFIRMING"
    SETTLED = "SETTLED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"
    REVERSED = "REVERSED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


class RefundState(StrEnum):
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    REVERSED = "REVERSED"


class PaymentException(StrEnum):
    """What stands beside the state when money came, but not as asked."""

    UNDERPAID = "UNDERPAID"
    OVERPAID = "OVERPAID"
    LATE = "LATE"
    DUPLICATE = "DUPLICATE"


_P = PaymentState
_R = RefundState

PAYMENT_TRANSITIONS: dict[tuple[PaymentState, PaymentState], str] = {
    (_P.CREATED, _P.PENDING): "the rail accepted, or nothing needed asking",
    (_P.CREATED, _P.FAILED): "the rail refused for good",
    (_P.CREATED, _P.CONFIRMING): "money was seen before create committed",
    (_P.CREATED, _P.SETTLED): "money was final before create committed",
    (_P.CREATED, _P.EXPIRED): "the window closed before the rail's answer was known",
    (_P.CREATED, _P.CANCELLED): "cancelled before the rail's answer was known",
    (_P.PENDING, _P.CONFIRMING): "money seen, not final",
    (_P.PENDING, _P.SETTLED): "final and at least the amount due",
    (_P.PENDING, _P.FAILED): "the rail says so",
    (_P.PENDING, _P.EXPIRED): "after the rail's own expiry or close",
    (_P.PENDING, _P.CANCELLED): "after the rail's own close",
    (_P.CONFIRMING, _P.SETTLED): "final and at least the amount due",
    (_P.CONFIRMING, _P.FAILED): "the rail says so",
    (_P.CONFIRMING, _P.PENDING): "reorganised, replaced or bounced",
    (_P.CONFIRMING, _P.EXPIRED): "what came is final and too little",
    (_P.CONFIRMING, _P.CANCELLED): "the rail gave back what was only authorised",
    (_P.EXPIRED, _P.SETTLED): "late money is money",
    (_P.CANCELLED, _P.SETTLED): "late money is money",
    (_P.FAILED, _P.SETTLED): "late money is money",
    (_P.SETTLED, _P.PARTIALLY_REFUNDED): "by the sum of refunds",
    (_P.SETTLED, _P.REFUNDED): "by the sum of refunds",
    (_P.PARTIALLY_REFUNDED, _P.REFUNDED): "by the sum of refunds",
    (_P.PARTIALLY_REFUNDED, _P.SETTLED): "a refund was reversed",
    (_P.REFUNDED, _P.PARTIALLY_REFUNDED): "a refund was reversed",
    (_P.REFUNDED, _P.SETTLED): "a refund was reversed",
    (_P.SETTLED, _P.REVERSED): "funds withdrawn",
    (_P.PARTIALLY_REFUNDED, _P.REVERSED): "funds withdrawn",
    (_P.REFUNDED, _P.REVERSED): "funds withdrawn",
    (_P.REVERSED, _P.SETTLED): "funds reinstated",
    (_P.REVERSED, _P.PARTIALLY_REFUNDED): "funds reinstated",
    (_P.REVERSED, _P.REFUNDED): "funds reinstated",
}

REFUND_TRANSITIONS: dict[tuple[RefundState, RefundState], str] = {
    (_R.PENDING, _R.SUCCEEDED): "the rail gave the money back",
    (_R.PENDING, _R.FAILED): "the rail refused for good",
    (_R.PENDING, _R.UNKNOWN): "the rail may have done it",
    (_R.UNKNOWN, _R.SUCCEEDED): "the rail says it is done",
    (_R.UNKNOWN, _R.FAILED): "the rail refused for good",
    (_R.SUCCEEDED, _R.REVERSED): "the money came back",
}

OPEN_STATES = frozenset({_P.CREATED, _P.PENDING, _P.CONFIRMING})
PAID_STATES = frozenset({_P.SETTLED, _P.PARTIALLY_REFUNDED, _P.REFUNDED})
GONE_STATES = frozenset({_P.EXPIRED, _P.CANCELLED, _P.FAILED})
UNDER_WAY = frozenset({_R.PENDING, _R.UNKNOWN})
"""A refund that is neither done nor refused."""
