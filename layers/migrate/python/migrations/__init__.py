"""The database's migrations: alembic, with plain SQL in `versions/`, in two phases.

A revision's `phase` is PRE or POST. One that is PRE only adds: the former release's code goes on running over it.
One that is POST takes away what only the former release's code needed, once that code is gone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from paygate.adapters.postgres.login import Login

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

PRE, POST = "pre", "post"

VERSIONS = Path(__file__).parent / "versions"

_LOCK = "SELECT pg_advisory_xact_lock(7291001)"
_PATIENCE = "SET LOCAL lock_timeout = '5s'"
"""What waits for a table has everybody else wait behind it: sooner no migration than no payments."""


def upgrade(login: Login | str, phase: str = PRE, versions: Path = VERSIONS) -> str:
    """Bring the database (as its owner, not through a pooler) as far as `phase` goes; answers where it stands.

    PRE, at a deployment: to the newest revision that only adds. What takes away behind it is left for POST, which
    goes to the end, once no code of the former release runs. What takes away before it belonged to a release that
    was left long ago. A database that a newer release has migrated is left as it is: that is what a deployment
    that is rolled back finds. Safe to repeat and to run at once: an advisory lock lets one through at a time, in
    one transaction.
    """
    import pg8000.dbapi  # noqa: PLC0415  # only the migrate function carries what follows
    import sqlalchemy as sa  # noqa: PLC0415
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", _escaped(Path(__file__).parent))
    config.set_main_option("version_locations", _escaped(versions))
    config.set_main_option("path_separator", "newline")
    script = ScriptDirectory.from_config(config)
    target = _newest(script, phase)
    owner = Login(login) if isinstance(login, str) else login
    engine = sa.create_engine(
        "postgresql+pg8000://", creator=lambda: pg8000.dbapi.connect(**owner.arguments()), poolclass=sa.NullPool
    )
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(_LOCK)
            connection.exec_driver_sql(_PATIENCE)
            context = MigrationContext.configure(connection)
            stands = context.get_current_revision()
            if stands is None or stands in _names(script):
                config.attributes["connection"] = connection
                command.upgrade(config, target)
            return str(context.get_current_revision())
    finally:
        engine.dispose()


def _newest(script: ScriptDirectory, phase: str) -> str:
    if phase not in (PRE, POST):
        raise ValueError(f"a phase is {PRE} or {POST}")
    newest_first = list(script.walk_revisions())
    return next(each.revision for each in newest_first if phase == POST or each.module.phase == PRE)


def _names(script: ScriptDirectory) -> set[str]:
    return {each.revision for each in script.walk_revisions()}


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
