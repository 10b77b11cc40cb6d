"""Refunds that are paid out by transactions of ours."""

from migrations import PRE
from migrations.plain_sql import run_beside

revision = "0006"
down_revision = "0005"
phase = PRE


def upgrade() -> None:
    run_beside(__file__)
