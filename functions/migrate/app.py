"""Applies migrations with the schema owner's role, and checks the rails' private keys in full.

Safe to repeat; answers the revision that now stands.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from paygate.config import read_settings
from paygate.faults import SettingsFaults
from paygate.observability import redact
from paygate.scheduled import scheduled


@dataclass(frozen=True, slots=True)
class Migrated:
    revision: str


def migrate(_seconds: float) -> Migrated:
    """Half a migration is none: it is one transaction, so no time limit cuts it."""
    from migrations import upgrade  # noqa: PLC0415  # sqlalchemy and alembic

    settings = read_settings(os.environ, is_key_check=True)
    redact.conceal(settings.secret_values)
    if settings.migrate_database_url is None:
        raise SettingsFaults(("MIGRATE_DATABASE_URL is missing",))
    return Migrated(upgrade(settings.migrate_database_url))


lambda_handler = scheduled(lambda _event: migrate)
