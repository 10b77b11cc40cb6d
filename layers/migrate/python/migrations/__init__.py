"""The database's migrations: alembic, with plain SQL in `versions/`."""

from __future__ import annotations

from pathlib import Path

from paygate.adapters.postgres.login import Login


def upgrade(login: Login | str) -> str:
    """Bring the database (as its owner, not through a pooler) to the newest revision; answers its name.

    Safe to repeat and to run at once: an advisory lock lets one through at a time.
    """
    import pg8000.dbapi  # noqa: PLC0415  # only the migrate function carries what follows
    import sqlalchemy as sa  # noqa: PLC0415
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    owner = Login(login) if isinstance(login, str) else login
    engine = sa.create_engine(
        "postgresql+pg8000://", creator=lambda: pg8000.dbapi.connect(**owner.arguments()), poolclass=sa.NullPool
    )
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
    return str(ScriptDirectory.from_config(config).get_current_head())
