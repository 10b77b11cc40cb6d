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
from tests.bench.peers.environment import NotInstalled, interpreter, last_line
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
    try:
        python = interpreter(sys.executable, HOME, REQUIREMENTS)
    except NotInstalled as reason:
        say(f"peers are not measured, for their packages cannot be installed: {reason}")
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
        say(f"django-payments was not measured: {last_line(run.stderr)}")
        return
    theirs = json.loads(run.stdout)
    for kind in ("kept", "new"):
        note = f"{theirs['version']} against ours, its connection {kind}"
        for name, ours in (("create", create), ("status", status)):
            yield Figure(f"django_payments_{name}", theirs[kind][name], ours, "ms", note=note)
