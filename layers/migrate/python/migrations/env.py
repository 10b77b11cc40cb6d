"""Alembic's entry: one transaction for all pending revisions, one migrating process at a time."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=True, transaction_per_migration=False)
with context.begin_transaction():
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7291001)")
    context.run_migrations()
