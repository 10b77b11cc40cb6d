"""How far each phase goes, on a real database: over the revisions that ship, and over some that do not."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from infra.local.servers.postgres import OWNER
from migrations import POST, PRE, VERSIONS, upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infra.local.stack import Stack

SECOND_IS_THERE = "(SELECT count(*) FROM pg_class WHERE relname = 'seen_9002')"
REVISION = """
from alembic import op

revision = "{name}"
down_revision = "{before}"
{phase}


def upgrade() -> None:
    op.execute("CREATE TABLE seen_{name} (id int)")
    op.execute("{statement}")
"""


@pytest.fixture
def database(stack: Stack) -> Iterator[str]:
    """An empty one of the test's own; answers its name."""
    name = f"phases_{uuid4().hex[:12]}"
    stack.postgres.create_database(name)
    yield name
    stack.postgres.drop_database(name)


@pytest.fixture
def release(tmp_path: Path) -> Callable[..., Path]:
    """A release whose revisions are those that ship and the given ones: `"pre"`, `"post"` or a line of Python."""

    def made(*phases: str, statement: str = "SELECT 1") -> Path:
        folder = tmp_path / uuid4().hex
        shutil.copytree(VERSIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        before = newest_shipped()
        for number, phase in enumerate(phases, 1):
            name = f"9{number:03}"
            line = f'phase = "{phase}"' if phase in (PRE, POST) else phase
            text = REVISION.format(name=name, before=before, phase=line, statement=statement)
            (folder / f"{name}_made_up.py").write_text(text)
            before = name
        return folder

    return made


def newest_shipped() -> str:
    return max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))


def seen(stack: Stack, database: str) -> set[str]:
    with stack.postgres.admin(database) as admin:
        rows = admin.run("SELECT relname FROM pg_class WHERE relname LIKE 'seen\\_9%'")
    return {name.removeprefix("seen_") for (name,) in rows}


def test_every_revision_says_its_phase_and_the_first_ones_only_add() -> None:
    files = sorted(VERSIONS.glob("[0-9]*.py"))
    assert len(files) >= 6
    for file in files:
        lines = [line for line in file.read_text().splitlines() if line.startswith("phase = ")]
        assert lines in (["phase = PRE"], ["phase = POST"]), file.name
    assert all("phase = PRE" in file.read_text() for file in files[:6])


def test_what_takes_away_waits_for_its_phase(stack: Stack, database: str, release: Callable[..., Path]) -> None:
    url, versions = stack.postgres.url(OWNER, database), release(PRE, PRE, POST, POST)
    assert upgrade(url, PRE, versions) == "9002"
    assert seen(stack, database) == {"9001", "9002"}
    assert upgrade(url, PRE, versions) == "9002", "repeated, it changes nothing"
    assert upgrade(url, POST, versions) == "9004"
    assert seen(stack, database) == {"9001", "9002", "9003", "9004"}
    assert upgrade(url, PRE, versions) == "9004", "what was taken away stays away"


def test_what_takes_away_before_something_new_belonged_to_a_release_that_is_gone(
    stack: Stack, database: str, release: Callable[..., Path]
) -> None:
    assert upgrade(stack.postgres.url(OWNER, database), PRE, release(PRE, POST, PRE, POST)) == "9003"
    assert seen(stack, database) == {"9001", "9002", "9003"}


def test_a_release_that_is_rolled_back_leaves_the_newer_schema_alone(
    stack: Stack, database: str, release: Callable[..., Path]
) -> None:
    url = stack.postgres.url(OWNER, database)
    assert upgrade(url, PRE, release(PRE)) == "9001"
    assert upgrade(url) == "9001"
    assert upgrade(url, POST) == "9001"
    assert seen(stack, database) == {"9001"}


def test_several_at_once_apply_each_revision_once(
    stack: Stack, database: str, release: Callable[..., Path]
) -> None:
    url, versions = stack.postgres.url(OWNER, database), release(PRE, PRE)
    with ThreadPoolExecutor(4) as pool:
        stands = list(pool.map(lambda _: upgrade(url, PRE, versions), range(4)))
    assert stands == ["9002"] * 4


def test_half_a_migration_is_none(stack: Stack, database: str, release: Callable[..., Path]) -> None:
    url = stack.postgres.url(OWNER, database)
    upgrade(url)
    with pytest.raises(Exception, match="division by zero"):
        upgrade(url, PRE, release(PRE, PRE, statement=f"SELECT 1 / ({SECOND_IS_THERE} - 1)"))
    assert seen(stack, database) == set()
    assert upgrade(url) == newest_shipped()


def test_a_table_in_use_stops_the_migration_and_not_the_payments_behind_it(
    stack: Stack, database: str, release: Callable[..., Path]
) -> None:
    url = stack.postgres.url(OWNER, database)
    upgrade(url)
    versions = release(PRE, statement="ALTER TABLE payments ADD made_up text")
    with stack.postgres.admin(database) as admin:
        admin.run("BEGIN")
        admin.run("LOCK TABLE payments IN ROW EXCLUSIVE MODE")
        with pytest.raises(Exception, match="lock timeout"):
            upgrade(url, PRE, versions)
        admin.run("ROLLBACK")
    assert upgrade(url, PRE, versions) == "9001"


def test_a_revision_without_a_phase_and_a_phase_that_does_not_exist(
    stack: Stack, database: str, release: Callable[..., Path]
) -> None:
    url = stack.postgres.url(OWNER, database)
    with pytest.raises(AttributeError, match="phase"):
        upgrade(url, PRE, release("is_important = True"))
    with pytest.raises(ValueError, match="pre or post"):
        upgrade(url, "later")
    assert seen(stack, database) == set()
