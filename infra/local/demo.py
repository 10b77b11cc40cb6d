"""`make demo`: one payment per method, from HTTP call to Kafka event, on a stack of its own."""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local.demo_crypto import CryptoDemo, QuotedDemo
from infra.local.demo_payment import Demo, Row, terminal_width
from infra.local.demo_table import table
from infra.local.demo_transfer import TransferDemo
from infra.local.listener import Listener
from infra.local.ports import PortTaken
from infra.local.run import DIRECTORY
from infra.local.server import StartFailed
from infra.local.stack import LOCK, NODES, AlreadyRunning, Stack, lock_directory

if TYPE_CHECKING:
    from paygate.strategies.registry import Method

DEMO_DIRECTORY = DIRECTORY / "demo"
RESULT = DIRECTORY / "demo.json"
OWN_WAYS = {"bank_transfer": TransferDemo, **dict.fromkeys(NODES, CryptoDemo)}
SANDBOX_TIME_SCALE = 0.1
"""A TRON block comes every 0.3 s, a Bitcoin block half a second after a payment; wallets hurry as well."""

HASTE = {"LOCAL_SCHEDULE_SCALE": "0.03", "CHAIN_FOLLOW_SECONDS": "1"}
"""A schedule's minute takes 1.8 s, and a poller's run is as much shorter."""


def show_all(stack: Stack) -> tuple[list[Row], str | None]:
    """A row a method, and of a crypto payment priced in euros a line, or None where it failed."""
    from paygate.strategies import registry

    with Listener(stack.kafka.bootstrap_servers) as listener:
        rows = [show(method, stack, listener) for method in registry.METHODS]
        return rows, show_quoted(QuotedDemo(stack, listener))


def show(method: "Method", stack: Stack, listener: Listener) -> Row:
    from paygate.strategies import registry

    print(f"\n{method.name}", flush=True)
    demo = OWN_WAYS.get(method.rail, Demo)(stack, listener)
    return demo.show(method.name, method.rail, registry.strategy(method.name).currencies[0])


def show_quoted(demo: QuotedDemo) -> str | None:
    print("\nBTC, priced in euros", flush=True)
    row = demo.show("BTC", "bitcoin", "EUR")
    return f"Priced in euros: {demo.rate}, settled after {row.seconds:.1f} s" if row.ok else None


def main(make_stack: Callable[[], Stack], result: Path) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    result.unlink(missing_ok=True)
    try:
        rows, quoted = run(make_stack)
    except (AlreadyRunning, PortTaken, StartFailed) as problem:
        sys.exit(f"paygate: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
    result.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    print(f"\n{table(rows, terminal_width())}\n\n{quoted or 'Priced in euros: FAILED'}\n")
    sys.exit(0 if quoted and rows and all(row.ok for row in rows) else 1)


def run(make_stack: Callable[[], Stack]) -> tuple[list[Row], str | None]:
    started = time.monotonic()
    with make_stack() as stack:
        print(f"The stack is up after {time.monotonic() - started:.1f} s: API {stack.gateway.url}", flush=True)
        print(f"Its chains: {', '.join(chains(stack))}", flush=True)
        return show_all(stack)


def embedded() -> Stack:
    os.close(empty(DEMO_DIRECTORY))
    return Stack(DEMO_DIRECTORY, durable=False, settings=HASTE, sandbox_time_scale=SANDBOX_TIME_SCALE)


def chains(stack: Stack) -> list[str]:
    bitcoin = "bitcoind" if stack.bitcoin else "a simulated Bitcoin node (BITCOIND names a real one)"
    return ["two anvils (Ethereum, BSC)", "a simulated TRON node", bitcoin]


def empty(directory: Path) -> int:
    """An earlier demo's data are of no use to anybody; returns the lock on the directory."""
    lock = lock_directory(directory)
    for entry in directory.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != LOCK:
            entry.unlink()
    return lock


if __name__ == "__main__":
    main(embedded, RESULT)
