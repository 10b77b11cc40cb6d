"""What we tell the world, and the exact bytes of it.

`payments.settled` and `payments.failed` keep their first fields, names and JSON types for good; fields are
only ever added. `amount` is a JSON number written exactly as the decimal is, so it never passes a float.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.domain.payment import Payment
    from paygate.domain.refund import Refund

EVERY_EVENT_TOPIC = "payments.events"
SCHEMA_VERSION = "1"


class EventKind(StrEnum):
    SETTLED = "payment.settled"
    FAILED = "payment.failed"
    REFUNDED = "payment.refunded"
    REFUND_FAILED = "payment.refund_failed"
    REFUND_REVERSED = "payment.refund_reversed"
    REVERSED = "payment.reversed"
    REINSTATED = "payment.reinstated"
    RECEIVED = "payment.received"


TOPICS: dict[EventKind, tuple[str, ...]] = {
    EventKind.SETTLED: ("payments.settled", EVERY_EVENT_TOPIC),
    EventKind.FAILED: ("payments.failed", EVERY_EVENT_TOPIC),
    EventKind.REFUNDED: ("payments.refunded", EVERY_EVENT_TOPIC),
    EventKind.REFUND_FAILED: (EVERY_EVENT_TOPIC,),
    EventKind.REFUND_REVERSED: (EVERY_EVENT_TOPIC,),
    EventKind.REVERSED: ("payments.reversed", EVERY_EVENT_TOPIC),
    EventKind.REINSTATED: ("payments.reversed", EVERY_EVENT_TOPIC),
    EventKind.RECEIVED: (EVERY_EVENT_TOPIC,),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One committed fact about one payment; `sequence` counts 1, 2, 3 … per payment."""

    id: str
    kind: EventKind
    payment_id: str
    sequence: int
    payload: str
    request_id: str
    at: datetime


def iso(at: datetime) -> str:
    """ISO 8601 UTC with milliseconds and `Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def settled(event_id: str, payment: Payment, at: datetime, tx_ids: Sequence[str] = ()) -> Event:
    told = {"settledAt": iso(payment.settled_at or at)}
    return _event(event_id, EventKind.SETTLED, payment, at, told, _chain_fields(payment, tx_ids))


def failed(event_id: str, payment: Payment, at: datetime) -> Event:
    told = {"reason": payment.failure_reason, "failedAt": iso(at)}
    return _event(event_id, EventKind.FAILED, payment, at, told, {})


def refunded(event_id: str, payment: Payment, refund: Refund, at: datetime) -> Event:
    told = {"refundedAt": iso(at)}
    return _event(event_id, EventKind.REFUNDED, payment, at, told, _refund_fields(payment, refund))


def refund_failed(event_id: str, payment: Payment, refund: Refund, at: datetime) -> Event:
    told = {"reason": refund.failure_reason, "failedAt": iso(at)}
    return _event(event_id, EventKind.REFUND_FAILED, payment, at, told, _refund_fields(payment, refund))


def refund_reversed(event_id: str, payment: Payment, refund: Refund, at: datetime) -> Event:
    told = {"reason": refund.failure_reason, "reversedAt": iso(at)}
    return _event(event_id, EventKind.REFUND_REVERSED, payment, at, told, _refund_fields(payment, refund))


def reversed_(event_id: str, payment: Payment, at: datetime, tx_ids: Sequence[str] = ()) -> Event:
    """Settled money was withdrawn: by a dispute, a returned transfer, a reorganised chain."""
    more = _withdrawal_fields(payment) | _chain_fields(payment, tx_ids)
    return _event(event_id, EventKind.REVERSED, payment, at, {"reversedAt": iso(at)}, more)


def reinstated(event_id: str, payment: Payment, at: datetime, tx_ids: Sequence[str] = ()) -> Event:
    more = _withdrawal_fields(payment) | _chain_fields(payment, tx_ids)
    return _event(event_id, EventKind.REINSTATED, payment, at, {"reinstatedAt": iso(at)}, more)


def received(event_id: str, payment: Payment, at: datetime, tx_ids: Sequence[str] = ()) -> Event:
    """Final money came and settled nothing: a part, or more after it was settled."""
    more = {"amountReceivedExact": payment.received_text(), "state": payment.state.value}
    more |= _chain_fields(payment, tx_ids)
    return _event(event_id, EventKind.RECEIVED, payment, at, {"receivedAt": iso(at)}, more)


def _chain_fields(payment: Payment, tx_ids: Sequence[str]) -> dict[str, Any]:
    """Where the money came over a network: which, and the transactions that are in its blocks."""
    network = payment.due.asset.network
    return {"network": network, "txIds": list(tx_ids)} if network else {}


def _quote_fields(payment: Payment) -> dict[str, Any]:
    """What was due where that is other money than the price, and the rate that was locked for it."""
    if payment.quote is None:
        return {}
    asset = payment.due.asset
    due = {"amount": payment.due.text(), "asset": asset.code, "network": asset.network}
    return {"due": due, "quote": payment.quote.fields()}


def _withdrawal_fields(payment: Payment) -> dict[str, Any]:
    return {"amountWithdrawnExact": payment.withdrawn_text(), "state": payment.state.value}


def _refund_fields(payment: Payment, refund: Refund) -> dict[str, Any]:
    return {
        "refundId": refund.id,
        "refundAmountExact": refund.amount.text(),
        "amountRefundedExact": payment.refunded_text(),
        "state": payment.state.value,
    }


def _event(
    event_id: str,
    kind: EventKind,
    payment: Payment,
    at: datetime,
    told: dict[str, Any],
    more: dict[str, Any],
) -> Event:
    head = {"paymentId": payment.id, "orderId": payment.order_id, "userId": payment.user_id}
    tail = {
        "method": payment.method,
        **told,
        "requestId": payment.request_id,
        "eventId": event_id,
        "sequence": payment.sequence,
        "currency": payment.price.asset.code,
        "amountExact": payment.price.text(),
        "exceptions": [exception.value for exception in payment.exceptions],
        **_quote_fields(payment),
        **more,
    }
    payload = f'{_json(head)[:-1]},"amount":{payment.price.text()},{_json(tail)[1:]}'
    return Event(event_id, kind, payment.id, payment.sequence, payload, payment.request_id, at)


def _json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
