"""Importing a camt.053 of 100,000 entries against one of 10,000: time in its size, memory that does not grow.

Each file is imported into PostgreSQL as an upload is, by a process of its own. One entry of 400 pays what is open;
the others are listed for an operator. Time is the processor's, this process's and PostgreSQL's, so that neighbours
do not count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.figures import Figure
from tests.bench.statement_files import IBAN, write
from tests.bench.world import processor_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paygate.bootstrap import App
    from tests.bench.world import World

FEW, MANY = 10_000, 100_000
ONE_PAID_OF = 400
BAR_TIMES, BAR_MEGABYTES = 12.0, 64.0
BANK = {"BANK_EUR_ACCOUNT_NAME": "Bench", "BANK_EUR_IBAN": IBAN}


def measure(world: World) -> Iterator[Figure]:
    from paygate import bootstrap
    from paygate.config import read_settings

    app = bootstrap.build(read_settings({**os.environ, **BANK}))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "statement.xml"
        before, _ = _imported(world, app, file, FEW)
        many, peak = _imported(world, app, file, MANY)
        after, _ = _imported(world, app, file, FEW)
    app.database.close()
    yield Figure("import_camt_100k_vs_10k", many, (before + after) / 2, "s", BAR_TIMES)
    yield Figure("import_camt_100k_memory", peak, BAR_MEGABYTES, "MB", 1.0, note="over what the process had before")


def _imported(world: World, app: App, file: Path, count: int) -> tuple[float, float]:
    paid = [_payment(world, app) for _ in range(count // ONE_PAID_OF)]
    write(file, uuid.uuid4().hex[:16].upper(), count, paid)
    before = processor_seconds("postgres")
    command = [sys.executable, "-m", "tests.bench.statement_import", str(file)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **BANK})
    told = json.loads(done.stdout.splitlines()[-1])
    if (told["state"], told["transactions"], told["matched"]) != ("IMPORTED", count, len(paid)):
        raise AssertionError(told)
    return told["seconds"] + processor_seconds("postgres") - before, told["megabytes"]


def _payment(world: World, app: App) -> str:
    """The reference of a new payment of 100.00."""
    from create.app import api

    event = world.create_event()
    body = {**json.loads(event["body"]), "currency": "EUR", "method": "BANK_TRANSFER"}
    del body["channel"]
    answer = api.on(lambda: app)({**event, "body": json.dumps(body)}, world.context)
    return str(json.loads(answer["body"])["action"]["reference"])
