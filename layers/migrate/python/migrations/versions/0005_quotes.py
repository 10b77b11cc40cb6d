"""The rate that a payment was priced at."""

from migrations import PRE
from migrations.plain_sql import run_beside

revision = "0005"
down_revision = "0004"
phase = PRE


def upgrade() -> None:
    run_beside(__file__)
