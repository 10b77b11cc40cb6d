"""Others' packages on the same PostgreSQL, printed beside ours and not gated.

Each has an environment of its own below `.local/`, made at first use; where that fails, the reason is printed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.figures import Figure, p50_ms
from tests.bench.requests import creator, reader
from tests.bench.world import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.world import World

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
HOME = Path(".local/peers")
ROUNDS = 400


def measure(world: World) -> Iterator[Figure]:
    """`value` is the peer's, `floor` ours: the ratio says how many times as long the peer takes."""
    python = _python()
    if python is None:
        return
    create, status = p50_ms(creator(world), reader(world, creator(world)()), rounds=ROUNDS)
    world.postgres.create_database("peers")
    run = subprocess.run(
        [python, HERE / "django_shop.py", world.postgres.url("paygate_owner", "peers"), str(ROUNDS)],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        say(f"django-payments was not measured: {_last_line(run.stderr)}")
        return
    theirs = json.loads(run.stdout)
    for kind in ("kept", "new"):
        note = f"{theirs['version']} against ours, its connection {kind}"
        for name, ours in (("create", create), ("status", status)):
            yield Figure(f"django_payments_{name}", theirs[kind][name], ours, "ms", note=note)


def _python() -> Path | None:
    """The peers' interpreter, with exactly what requirements.txt says."""
    python, ready = HOME / "bin" / "python", HOME / "requirements.txt"
    if ready.exists() and ready.read_bytes() == REQUIREMENTS.read_bytes():
        return python
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    install = [*pip, "install", "--require-hashes", "-r", REQUIREMENTS]
    for command in ([sys.executable, "-m", "venv", "--clear", HOME], install):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            say(f"peers are not measured, for their packages cannot be installed: {_last_line(done.stderr)}")
            return None
    ready.write_bytes(REQUIREMENTS.read_bytes())
    return python


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
