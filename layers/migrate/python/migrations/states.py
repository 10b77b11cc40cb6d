"""Copies the domain's state tables into the database, where foreign keys hold every writer to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from paygate.domain.states import PAYMENT_TRANSITIONS, REFUND_TRANSITIONS, PaymentState, RefundState


def fill_state_tables() -> None:
    """Insert what is missing; a later revision calls it again when the tables have grown."""
    bind = op.get_bind()
    for table, states in (("payment_states", PaymentState), ("refund_states", RefundState)):
        insert = sa.text(f"INSERT INTO {table} VALUES (:state) ON CONFLICT DO NOTHING")  # noqa: S608  # ours
        bind.execute(insert, [{"state": state.value} for state in states])
    moves: dict[str, list[tuple[str, str]]] = {
        "payment_transitions": [(str(before), str(after)) for before, after in PAYMENT_TRANSITIONS],
        "refund_transitions": [(str(before), str(after)) for before, after in REFUND_TRANSITIONS],
    }
    for table, pairs in moves.items():
        insert = sa.text(f"INSERT INTO {table} VALUES (:before, :after) ON CONFLICT DO NOTHING")  # noqa: S608  # ours
        bind.execute(insert, [{"before": before, "after": after} for before, after in pairs])
