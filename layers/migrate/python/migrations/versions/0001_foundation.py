"""Payments, attempts, timeline, refunds, idempotency, callbacks, cases, outbox, API keys."""

from migrations import PRE
from migrations.plain_sql import run_beside
from migrations.states import fill_state_tables

revision = "0001"
down_revision = None
phase = PRE


def upgrade() -> None:
    run_beside(__file__)
    fill_state_tables()
