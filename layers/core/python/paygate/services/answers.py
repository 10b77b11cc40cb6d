"""What a write gives its caller, and the documents in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paygate.domain.events import iso
from paygate.domain.money import decimal_text
from paygate.domain.states import PaymentState

if TYPE_CHECKING:
    from paygate.domain.payment import Payment
    from paygate.ports import Action, Answer

CREATED, ACCEPTED = 201, 202


@dataclass(frozen=True, slots=True)
class Answered:
    """`is_replay`: stored before and given again. Not `is_final`: the same request may be sent again to resume."""

    answer: Answer
    is_replay: bool = False
    is_final: bool = True


def action_json(action: Action) -> str:
    return _json({"type": action.type, **action.fields})


def payment_document(payment: Payment, action: str | None, confirmations: int | None = None) -> str:
    """A payment that was created just now, as `payment_documents.sql` would show it.

    `confirmations` are how many its transfers will need, where it is paid over a network.
    """
    at = iso(payment.created_at)
    timeline = [{"state": PaymentState.CREATED.value, "reason": "created", "detail": None, "at": at}]
    if payment.state is PaymentState.PENDING:
        timeline.append({"state": "PENDING", "reason": "accepted", "detail": None, "at": iso(payment.updated_at)})
    decimals = payment.due.asset.decimals
    due = {
        "amount": payment.due.text(),
        "asset": payment.due.asset.code,
        "network": payment.due.asset.network,
    }
    document = {
        "paymentId": payment.id,
        "orderId": payment.order_id,
        "userId": payment.user_id,
        "method": payment.method,
        "channel": payment.channel,
        "state": payment.state.value,
        "amount": payment.price.text(),
        "currency": payment.price.asset.code,
        "due": due if payment.due.asset.code != payment.price.asset.code else None,
        "quote": payment.quote.fields() if payment.quote else None,
        "amountReceived": payment.received_text(),
        "amountPending": decimal_text(payment.pending, decimals),
        "amountRefunded": payment.refunded_text(),
        "amountWithdrawn": payment.withdrawn_text(),
        "chain": _chain(payment, confirmations),
        "exceptions": [exception.value for exception in payment.exceptions],
        "checkoutUrl": None,
        "description": payment.description,
        "returnUrl": payment.return_url,
        "metadata": payment.metadata,
        "failureReason": payment.failure_reason,
        "createdAt": at,
        "updatedAt": iso(payment.updated_at),
        "expiresAt": iso(payment.expires_at),
        "settledAt": None,
        "refunds": [],
        "timeline": timeline,
    }
    return f'{_json(document)[:-1]},"action":{action or "null"}}}'


def _chain(payment: Payment, confirmations: int | None) -> dict[str, Any] | None:
    network = payment.due.asset.network
    if network is None:
        return None
    return {"network": network, "confirmations": None, "confirmationsRequired": confirmations, "txIds": []}


def _json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
