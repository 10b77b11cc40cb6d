"""Alembic's entry: all pending revisions in the transaction that the caller has open."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
