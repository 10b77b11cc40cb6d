"""Applies migrations with the schema owner's role, and checks the rails' private keys in full.

Called by CloudFormation before a deployment changes the other functions, or by hand with `{"phase": "pre"}` (what
an empty event means, too) or `{"phase": "post"}`. Safe to repeat; answers the revision that now stands.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from paygate import custom_resource
from paygate.config import read_settings
from paygate.faults import SettingsFaults
from paygate.observability import redact
from paygate.scheduled import scheduled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Migrated:
    revision: str


def task(event: Mapping[str, Any]) -> Callable[[float], Migrated]:
    if custom_resource.is_request(event):
        return lambda seconds: Migrated(custom_resource.run(event, seconds, migrate))
    return partial(_by_hand, str(event.get("phase", "pre")))


def _by_hand(phase: str, _seconds: float) -> Migrated:
    return Migrated(migrate(phase))


def migrate(phase: str) -> str:
    """Half a migration is none: it is one transaction, so no time limit cuts it."""
    from migrations import upgrade  # noqa: PLC0415  # sqlalchemy and alembic

    settings = read_settings(os.environ, is_key_check=True)
    redact.conceal(settings.secret_values)
    if settings.migrate_database_url is None:
        raise SettingsFaults(("MIGRATE_DATABASE_URL is missing",))
    return upgrade(settings.migrate_database_url, phase)


lambda_handler = scheduled(task)
