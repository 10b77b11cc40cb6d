"""The database's migrations: alembic, with plain SQL in `versions/`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit


def upgrade(url: str) -> str:
    """Bring the database at `url` (the owner's, not a pooler) to the newest revision; answers its name.

    Safe to repeat and to run at once: an advisory lock lets one through at a time.
    """
    import sqlalchemy as sa  # noqa: PLC0415  # only the migrate function carries it
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    parts = urlsplit(url)
    engine = sa.create_engine(parts._replace(scheme="postgresql+pg8000").geturl(), poolclass=sa.NullPool)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
    return str(ScriptDirectory.from_config(config).get_current_head())
