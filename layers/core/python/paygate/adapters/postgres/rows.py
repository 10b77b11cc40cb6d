"""Rows to domain values: the one place that knows the columns' order."""

from __future__ import annotations

from typing import Any

from paygate.domain.money import Asset, Money
from paygate.domain.payment import Payment
from paygate.domain.quote import quote_of
from paygate.domain.refund import Refund
from paygate.domain.states import PaymentException, PaymentState, RefundState
from paygate.ports import Attempt, AttemptStatus

ATTEMPT_COLUMNS = 11


def payment_of(row: list[Any]) -> Payment:
    """A row of `payment.sql`."""
    (
        payment_id, order_id, user_id, method, channel, state, price, currency, decimals, due, due_asset,
        due_decimals, due_network, description, return_url, metadata, received, pending, refund_reserved,
        refunded, refunded_outside, withdrawn, exceptions, failure_reason, request_id, created_at, updated_at,
        expires_at, settled_at, version, sequence, tolerance, quote,
    ) = row  # fmt: skip
    return Payment(
        id=payment_id,
        order_id=order_id,
        user_id=user_id,
        method=method,
        channel=channel,
        state=PaymentState(state),
        price=Money(int(price), Asset(currency, decimals)),
        due=Money(int(due), Asset(due_asset, due_decimals, due_network)),
        description=description,
        return_url=return_url,
        metadata=metadata,
        received=int(received),
        pending=int(pending),
        refund_reserved=int(refund_reserved),
        refunded=int(refunded),
        refunded_outside=int(refunded_outside),
        withdrawn=int(withdrawn),
        exceptions=tuple(PaymentException(name) for name in exceptions),
        failure_reason=failure_reason,
        request_id=request_id,
        created_at=created_at,
        updated_at=updated_at,
        expires_at=expires_at,
        settled_at=settled_at,
        version=version,
        sequence=sequence,
        tolerance=int(tolerance),
        quote=quote_of(quote) if quote else None,
    )


def attempt_of(row: list[Any]) -> Attempt:
    """A row of `attempt.sql` and its sisters."""
    (
        payment_id, number, rail, reference, status, rail_expires_at, created_at, next_query_at, queries,
        rail_id, action_sealed,
    ) = row  # fmt: skip
    return Attempt(
        payment_id=payment_id,
        number=number,
        rail=rail,
        reference=reference,
        status=AttemptStatus(status),
        rail_expires_at=rail_expires_at,
        created_at=created_at,
        next_query_at=next_query_at,
        queries=queries,
        rail_id=rail_id,
        action_sealed=action_sealed,
    )


def refund_of(row: list[Any]) -> Refund:
    """A row of `refund.sql` and its sister."""
    (
        refund_id, payment_id, amount, state, reference, origin, reason, rail_id, failure_reason, request_id,
        created_at, updated_at, asset, decimals, network, address, requested_by,
    ) = row  # fmt: skip
    return Refund(
        id=refund_id,
        payment_id=payment_id,
        amount=Money(int(amount), Asset(asset, decimals, network)),
        state=RefundState(state),
        reference=reference,
        origin=origin,
        reason=reason,
        rail_id=rail_id,
        failure_reason=failure_reason,
        address=address,
        requested_by=requested_by,
        request_id=request_id,
        created_at=created_at,
        updated_at=updated_at,
    )
