"""Applies migrations with the schema owner's role, and checks the rails' private keys in full.

Called by CloudFormation before a deployment changes the other functions, or by hand with `{"phase": "pre"}` (what
an empty event means, too) or `{"phase": "post"}`. First it makes the database and its roles, where it is given
RDS's master password, and at the end the topics that are missing, where it is told to. Safe to repeat; answers the
revision that now stands.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from paygate import custom_resource
from paygate.bootstrap import application_login, make_topics, owner_login
from paygate.config import read_secret, read_settings
from paygate.faults import SettingsFaults
from paygate.observability import redact
from paygate.scheduled import scheduled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paygate.config import Settings


@dataclass(frozen=True, slots=True)
class Migrated:
    revision: str
    new_topics: list[str] = field(default_factory=list)


def task(event: Mapping[str, Any]) -> Callable[[float], Migrated]:
    if custom_resource.is_request(event):
        return partial(_by_deployment, event)
    return lambda _seconds: migrate(str(event.get("phase", "pre")))


def _by_deployment(event: Mapping[str, Any], seconds: float) -> Migrated:
    return Migrated(custom_resource.run(event, seconds, lambda phase: migrate(phase).revision))


def migrate(phase: str) -> Migrated:
    """Half a migration is none: it is one transaction, so no time limit cuts it."""
    from migrations import upgrade  # noqa: PLC0415  # sqlalchemy and alembic

    settings = read_settings(os.environ, is_key_check=True)
    redact.conceal(settings.secret_values)
    owner = owner_login(settings)
    if settings.database_admin_secret is not None:
        _prepare(settings, settings.database_admin_secret)
    return Migrated(upgrade(owner, phase), make_topics(settings))


def _prepare(settings: Settings, secret: str) -> None:
    from migrations.prepare import prepare  # noqa: PLC0415

    try:
        master = read_secret(secret)
        user, password = master["username"], master["password"]
    except LookupError:
        raise SettingsFaults(("DATABASE_ADMIN_SECRET names a secret without username and password",)) from None
    redact.conceal([password])
    prepare(owner_login(settings), application_login(settings), user, password)


lambda_handler = scheduled(task)
