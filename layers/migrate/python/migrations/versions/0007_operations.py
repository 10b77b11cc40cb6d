"""What is remembered when the database was put back to an earlier moment."""

from migrations import PRE
from migrations.plain_sql import run_beside

revision = "0007"
down_revision = "0006"
phase = PRE


def upgrade() -> None:
    run_beside(__file__)
