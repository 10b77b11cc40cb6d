"""Applies migrations with the schema owner's role, and checks the rails' private keys in full.

Before that it makes the database and its roles, where it is given RDS's master password, and after it the topics
that are missing, where it is told to. Safe to repeat; answers the revision that now stands.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paygate.bootstrap import application_login, make_topics, owner_login
from paygate.config import read_secret, read_settings
from paygate.faults import SettingsFaults
from paygate.observability import redact
from paygate.scheduled import scheduled

if TYPE_CHECKING:
    from paygate.config import Settings


@dataclass(frozen=True, slots=True)
class Migrated:
    revision: str
    new_topics: list[str]


def migrate(_seconds: float) -> Migrated:
    """Half a migration is none: it is one transaction, so no time limit cuts it."""
    from migrations import upgrade  # noqa: PLC0415  # sqlalchemy and alembic

    settings = read_settings(os.environ, is_key_check=True)
    redact.conceal(settings.secret_values)
    owner = owner_login(settings)
    if settings.database_admin_secret is not None:
        _prepare(settings, settings.database_admin_secret)
    return Migrated(upgrade(owner), make_topics(settings))


def _prepare(settings: Settings, secret: str) -> None:
    from migrations.prepare import prepare  # noqa: PLC0415

    try:
        master = read_secret(secret)
        user, password = master["username"], master["password"]
    except LookupError:
        raise SettingsFaults(("DATABASE_ADMIN_SECRET names a secret without username and password",)) from None
    redact.conceal([password])
    prepare(owner_login(settings), application_login(settings), user, password)


lambda_handler = scheduled(lambda _event: migrate)
