"""Reading what `meter.py` noted: a line an invocation."""

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from infra.local.metering.names import folder

Json = dict[str, Any]


def read(notes: Path) -> list[Json]:
    return [json.loads(line) for line in notes.read_text(encoding="utf-8").splitlines()]


def by_function(notes: Iterable[Json]) -> dict[str, list[Json]]:
    """In the names of the folders: `CreateFunction` is `create`."""
    found = defaultdict(list)
    for note in notes:
        found[folder(note["function"])].append(note)
    return found


def used(told: list[Json], names: dict[int, str], rail: str, payments: int) -> Json:
    """A payment's share, by function: how often each is called, and the mean of its warm calls.

    The relay is called as often as it is nudged. Here its schedule comes so often that it finds events before a
    nudge does: what a call uses is that of the runs that sent something.
    """
    kafka = {str(port) for port, name in names.items() if name == "kafka"}
    nudges = sum(traffic.get("SendMessage", 0) for note in told for traffic in note["traffic"].values())
    found = {}
    for name, notes in by_function(note for note in told if note["kind"] != "init").items():
        runs = [note for note in notes if note["kind"] == "api"]
        calls = len(runs) / payments
        if name == "relay_events":
            runs, calls = [note for note in notes if kafka & note["traffic"].keys()], nudges / payments
        elif name == "poll_chain":
            runs = [note for note in notes if note["kind"] == rail and has_found(note)]
            calls = len(runs) / payments
        warm = [note for note in runs if not note["is_cold"]] or runs
        if warm:
            found[name] = {"invocations": calls, **mean(warm, names)}
        if name == "poll_chain" and warm:
            found[name]["added"] = added([note for note in notes if note["kind"] == rail], names, payments)
    return found


def added(runs: list[Json], names: dict[int, str], payments: int) -> Json:
    """What payments add to a poller's runs, each its share: processor time and round trips."""
    runs = [note for note in runs if not note["is_cold"]]
    found, quiet = [note for note in runs if has_found(note)], [note for note in runs if not has_found(note)]
    busy, idle = mean(found, names), mean(quiet or found, names)
    more = {
        what: (count - idle["traffic"].get(what, 0)) * len(found) / payments
        for what, count in busy["traffic"].items()
        if what.endswith((".trips", ".requests"))
    }
    return {"cpu_ms": (busy["cpu_ms"] - idle["cpu_ms"]) * len(found) / payments, "traffic": more}


def has_found(note: Json) -> bool:
    """Whether a poller's run had more to tell than how quick its node is."""
    return any(not metric.startswith("NodeLatency") for metric in note["metrics"])


def mean(notes: list[Json], names: dict[int, str]) -> Json:
    """Of an invocation. Times are medians, since a neighbour on the machine lengthens some."""
    counts: Counter[str] = Counter()
    for note in notes:
        for port, traffic in note["traffic"].items():
            for what, count in traffic.items():
                counts[f"{names.get(int(port), 'other')}.{what}"] += count
    return {
        "cpu_ms": statistics.median(note["cpu_ms"] for note in notes),
        "wall_ms": statistics.median(note["wall_ms"] for note in notes),
        "log_bytes": statistics.fmean(note["log_bytes"] for note in notes),
        "metric_lines": statistics.fmean(len(note["metrics"]) for note in notes),
        "blocks": statistics.fmean(note["blocks"] for note in notes),
        "traffic": {what: count / len(notes) for what, count in sorted(counts.items())},
    }


def functions(notes: list[Json]) -> Json:
    """Memory and cold start of each function that ran."""
    found = {}
    for name, told in sorted(by_function(notes).items()):
        cold = [note for note in told if note["kind"] == "init"]
        first = [note for note in told if note.get("is_cold")]
        found[name] = {
            "peak_mb": max(note["peak_mb"] for note in told),
            "init_cpu_ms": statistics.median(note["cpu_ms"] for note in cold),
            "first_cpu_ms": statistics.median(note["cpu_ms"] for note in first),
        }
    return found


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    return round(value, 3) if isinstance(value, float) else value
