"""`make measure-cost`: what payments and idle minutes use on a stack of this machine, as `measured.json`.

First payments of every method in haste, several one after the other; then a stack at the world's pace, whose
schedules come each minute and whose chains make blocks as the real ones do: some minutes with nothing open, and
some with one payment open on each chain. Takes some twenty minutes.
"""

import contextlib
import json
import os
import platform
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from infra.local.demo import HASTE, SANDBOX_TIME_SCALE
from infra.local.metering.drive import Shop
from infra.local.metering.notes import by_function, functions, mean, read, rounded, used
from infra.local.run import DIRECTORY
from infra.local.server import ROOT
from infra.local.servers.anvil import BSC, Anvil
from infra.local.stack import NODES, Stack
from paygate.strategies import registry

TARGET = ROOT / "infra" / "docs" / "cost" / "measured.json"
PLACE = DIRECTORY / "cost"
WORKER = "infra.local.metering.worker"

ROUNDS = 4
"""Payments of each method, after one whose connections and certificates are new."""

LOAD = 100
"""Payments in a row, for what PostgreSQL takes and keeps of one."""

MINUTES = 2
"""Of each kind of idleness."""

SETTLING = 2
"""Minutes before them: of cold starts, and of blocks to catch up with."""

PACE = {"LOCAL_SCHEDULE_SCALE": "1", "CHAIN_FOLLOW_SECONDS": "55", "LOCAL_CONCURRENCY": "2"}
BSC_BLOCK_SECONDS = 1  # the least that anvil takes; the chain's own pace is in assumptions.toml
ON_CHAIN = ("USDT_TRC20", "USDT_ERC20", "USDT_BEP20", "BTC")
"""One method a network, to be left open."""

MINUTE = 60
SERVERS = ("postgres", "redis", "kafka", "aws")
SIZE = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relkind = 'r'"
REPLAY = """
    WITH again AS (
        INSERT INTO outbox_queue (payment_id, sequence) SELECT payment_id, sequence FROM outbox RETURNING 1
    )
    SELECT count(*) FROM again
"""
LOGGED = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"

Json = dict[str, Any]


def main() -> None:
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    notes = (PLACE / "notes.jsonl").resolve()
    metered = {"LOCAL_WORKER": WORKER, "METERED_TO": str(notes)}
    with in_haste(metered) as stack, Shop(stack) as shop:
        methods = dict(payments(stack, shop, notes))
        database = load(stack, shop, notes)  # last: rails repeat some callbacks of a crowd's
    with at_pace(metered) as stack, Shop(stack) as shop:
        minutes = idle(stack, shop, notes)
    result = {
        "made_with": "make measure-cost",
        "runs": "all of it in one run",
        "machine": machine(),
        "counted": {"payments": ROUNDS, "minutes": MINUTES},
        "methods": methods,
        "minutes": minutes,
        "functions": functions(read(notes)),
        "metrics": sorted({metric for note in read(notes) for metric in note["metrics"]}),
        "database": database,
    }
    TARGET.write_text(json.dumps(rounded(result), indent=1) + "\n", encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)} is written.")


def in_haste(metered: Json) -> Stack:
    return Stack(PLACE, durable=False, settings={**HASTE, **metered}, sandbox_time_scale=SANDBOX_TIME_SCALE)


def at_pace(metered: Json) -> Stack:
    stack = Stack(PLACE, durable=False, settings={**PACE, **metered})
    stack.bsc = Anvil(PLACE / "bsc", network=BSC, block_seconds=BSC_BLOCK_SECONDS)
    return stack


def payments(stack: Stack, shop: Shop, notes: Path) -> Iterator[tuple[str, Json]]:
    """By method what one payment used, function by function."""
    names = ports(stack)
    for method in registry.METHODS:
        currency = registry.strategy(method.name).currencies[0]
        shop.pay(method.name, method.rail, currency)
        before = len(read(notes))
        for _ in range(ROUNDS):
            shop.pay(method.name, method.rail, currency)
        yield method.name, used(read(notes)[before:], names, method.rail, ROUNDS)
        print(f"{method.name}: measured", flush=True)


def load(stack: Stack, shop: Shop, notes: Path) -> Json:
    """What a payment takes of PostgreSQL's processor and keeps on its disk, with nothing scheduled meanwhile; then
    what the relay takes for an event, when it finds all there ever were at once.
    """
    shop.pay("ALIPAY", "alipay", "CNY")  # so that functions are there
    stack.scheduler.stop()
    before = (shop.sql(SIZE), shop.sql(LOGGED), processor())
    for payment in [shop.create("ALIPAY", "CNY") for _ in range(LOAD)]:
        shop.let_pay("alipay", payment)
    shop.wait_paid(but=LOAD // 20)  # a callback that could not be applied at once waits for a schedule
    after = (shop.sql(SIZE), shop.sql(LOGGED), processor())
    kept, logged, taken = (new - old for old, new in zip(before, after, strict=True))
    stack.scheduler.start()
    shop.wait_settled()
    first = len(read(notes))
    shop.sql(REPLAY)
    shop.wait_settled()
    runs = [note for note in read(notes)[first:] if note["sent"] and not note["is_cold"]]
    return {
        "payments": LOAD,
        "cpu_ms": taken / LOAD * 1000,
        "bytes": kept / LOAD,
        "wal_bytes": logged / LOAD,
        "relay": {"events": sum(note["sent"] for note in runs), "runs": len(runs), **mean(runs, ports(stack))},
    }


def processor() -> float:
    """What PostgreSQL took so far, with its processes that are gone."""
    used = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name() == "postgres":
                times = process.cpu_times()
                used += times.user + times.system + times.children_user + times.children_system
    return used


def idle(stack: Stack, shop: Shop, notes: Path) -> Json:
    """Minutes with nothing open, then minutes with a payment open on each chain, as means of a run."""
    names, found = ports(stack), {}
    for state in ("idle", "open"):
        if state == "open":
            for method in ON_CHAIN:
                shop.create(method, registry.strategy(method).currencies[0])
        time.sleep(MINUTE * SETTLING)
        told = watched(notes, with_cold=state == "open")
        found[state] = dict(_runs(told, names))
        found[f"{state}_metrics"] = sorted({metric for note in told for metric in note["metrics"]})
        print(f"minutes, {state}: measured", flush=True)
    return found


def watched(notes: Path, *, with_cold: bool) -> list[Json]:
    """The runs of schedules in the next minutes, as many as it takes for a warm one of each.

    Of runs that follow a chain only counts are used, so that cold ones are as good.
    """
    before, until = len(read(notes)), time.monotonic() + MINUTE * MINUTES
    while True:
        time.sleep(MINUTE)
        told = [note for note in read(notes)[before:] if note["kind"] not in ("api", "queue", "init")]
        kept = [note for note in told if with_cold or not note["is_cold"]]
        if time.monotonic() > until and dict(_runs(told, {})).keys() == dict(_runs(kept, {})).keys():
            return kept


def _runs(told: list[Json], names: dict[int, str]) -> Iterator[tuple[str, Json]]:
    """By function; of the poller, by network."""
    for name, notes in sorted(by_function(told).items()):
        kinds = defaultdict(list)
        for note in notes:
            kinds[note["kind"]].append(note)
        for kind, each in sorted(kinds.items()):
            yield (name if kind == "schedule" else f"{name} {kind}"), mean(each, names) | {"runs": len(each)}


def ports(stack: Stack) -> dict[int, str]:
    """Who listens where. What the sandbox plays is `rail`, be it a rail, a node or a source of rates."""
    env = stack.env
    nodes = {urlsplit(env[setting]).port: "node" for setting in NODES.values() if setting in env}
    servers = (stack.postgres, stack.redis, stack.kafka, stack.aws)
    own = {server.port: name for server, name in zip(servers, SERVERS, strict=True)}
    return {**{port: name for port, name in nodes.items() if port}, stack.sandbox.port: "rail", **own}


def machine() -> Json:
    """Of which kind it is, without its name."""
    return {"system": platform.system(), "processor": platform.machine(), "processors": os.cpu_count()}


if __name__ == "__main__":
    main()
