"""Settle a payment, whoever brought its money: the first of its order, or a DUPLICATE that an operator sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.domain import payment as moves
from paygate.services.cases import open_duplicate_case

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paygate.domain.payment import Change, Payment
    from paygate.ports import Transaction


def settle(
    tx: Transaction,
    rail: str,
    payment: Payment,
    received: int,
    at: datetime,
    event_id: str,
    tx_ids: Sequence[str] = (),
) -> Change:
    """The move, to be saved in the same transaction."""
    is_first = tx.claim_order(payment.order_id, payment.id)
    change = moves.settle(payment, received, at, event_id, is_duplicate=not is_first, tx_ids=tx_ids)
    if not is_first:
        open_duplicate_case(tx, rail, change.after)
    return change
