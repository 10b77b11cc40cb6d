"""Withdrawn money, and timeline entries with detail."""

from migrations import PRE
from migrations.plain_sql import run_beside
from migrations.states import fill_state_tables

revision = "0002"
down_revision = "0001"
phase = PRE


def upgrade() -> None:
    run_beside(__file__)
    fill_state_tables()
