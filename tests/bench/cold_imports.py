"""What a cold start imports, in fresh processes, against the five libraries that any such function needs."""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.world import World

FUNCTIONS = ("create", "status", "batch", "orders", "refund", "cancel", "webhook", "health")
ROUNDS = 9
_FLOOR = """
import aws_lambda_powertools.event_handler
import pg8000.native
import redis
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
"""


def measure(_: World) -> Iterator[Figure]:
    scripts = [_FLOOR, *(f"import {name}.app" for name in FUNCTIONS)]
    taken: list[list[float]] = [[] for _ in scripts]
    for script in scripts:
        _seconds(script)  # writes the bytecode
    for _ in range(ROUNDS):
        for script, times in zip(scripts, taken, strict=True):
            times.append(_seconds(script))
    floor, *ours = (statistics.median(times) for times in taken)
    for name, seconds in zip(FUNCTIONS, ours, strict=True):
        yield Figure(f"cold_import_{name}", seconds * 1000, floor * 1000, "ms", 1.3)


def _seconds(script: str) -> float:
    timed = f"import time\nstarted = time.perf_counter()\n{script}\nprint(time.perf_counter() - started)"
    done = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True)
    return float(done.stdout)
