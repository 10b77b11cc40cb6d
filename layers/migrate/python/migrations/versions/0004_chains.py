"""Addresses, and what is known of each chain."""

from migrations import PRE
from migrations.plain_sql import run_beside

revision = "0004"
down_revision = "0003"
phase = PRE


def upgrade() -> None:
    run_beside(__file__)
