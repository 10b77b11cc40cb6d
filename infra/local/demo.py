"""`make demo`: one payment per method, from HTTP call to Kafka event, on a stack of its own."""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from infra.local.demo_payment import Demo, Row
from infra.local.demo_transfer import TransferDemo
from infra.local.listener import Listener
from infra.local.ports import PortTaken
from infra.local.run import DIRECTORY
from infra.local.server import StartFailed
from infra.local.stack import AlreadyRunning, Stack, lock_directory

DEMO_DIRECTORY = DIRECTORY / "demo"
RESULT = DIRECTORY / "demo.json"
OWN_WAYS = {"bank_transfer": TransferDemo}


def table(rows: Iterable[Row]) -> str:
    lines = [("method", "payment", "states", "topic/partition/offset", "seconds", "")]
    for row in rows:
        place = f"{row.topic}/{row.partition}/{row.offset}" if row.topic else "-"
        passed = " > ".join(row.states)
        lines.append(
            (row.method, row.paymentId or "-", passed, place, f"{row.seconds:.1f}", "ok" if row.ok else "FAILED")
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
    )


def show_all(stack: Stack) -> list[Row]:
    from paygate.strategies import registry

    with Listener(stack.kafka.bootstrap_servers) as listener:
        rows = []
        for method in registry.METHODS:
            print(f"\n{method.name}", flush=True)
            demo = OWN_WAYS.get(method.rail, Demo)(stack, listener)
            rows.append(demo.show(method.name, method.rail, registry.strategy(method.name).currencies[0]))
        return rows


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    RESULT.unlink(missing_ok=True)
    try:
        rows = run()
    except (AlreadyRunning, PortTaken, StartFailed) as problem:
        sys.exit(f"paygate: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
    RESULT.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    print(f"\n{table(rows)}\n")
    sys.exit(0 if rows and all(row.ok for row in rows) else 1)


def run() -> list[Row]:
    os.close(empty(DEMO_DIRECTORY))
    started = time.monotonic()
    with Stack(DEMO_DIRECTORY, durable=False) as stack:
        print(f"The stack is up after {time.monotonic() - started:.1f} s: API {stack.gateway.url}", flush=True)
        return show_all(stack)


def empty(directory: Path) -> int:
    """An earlier demo's data are of no use to anybody; returns the lock on the directory."""
    lock = lock_directory(directory)
    for entry in directory.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
    return lock


if __name__ == "__main__":
    main()
