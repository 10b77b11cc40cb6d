"""Transfers, bank statements, and how the same money is known again."""

from migrations import PRE
from migrations.plain_sql import run_beside

revision = "0003"
down_revision = "0002"
phase = PRE


def upgrade() -> None:
    run_beside(__file__)
