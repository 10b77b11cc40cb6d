"""Migrations are plain SQL: each revision runs the `.sql` file of its own name."""

from __future__ import annotations

from pathlib import Path

from alembic import op


def run_beside(revision_file: str) -> None:
    """Run the statements of the file beside `revision_file`, in the migration's transaction."""
    op.get_bind().exec_driver_sql(Path(revision_file).with_suffix(".sql").read_text(encoding="utf-8"))
