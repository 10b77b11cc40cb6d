"""What payments and minutes use on AWS, from what they used here: counts and processor time are all that is taken.

A call's time on Lambda is its processor time, stretched by the share of a processor that its memory buys, and a
wait for each round trip, as long as `assumptions.toml` says. Times that passed here count for nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any

from infra.docs.cost.inputs import assume, measured, table
from infra.local.metering.names import folder
from infra.local.server import ROOT
from infra.local.template import read_template
from paygate.strategies import registry

MEGABYTE, GIGABYTE = Decimal(10**6), Decimal(10**9)
WAITS = {
    "postgres.trips": "postgres_ms",
    "redis.trips": "redis_ms",
    "kafka.trips": "kafka_ms",
    "aws.requests": "aws_ms",
    "rail.requests": "rail_ms",
    "node.requests": "node_ms",
}


@dataclass(frozen=True)
class Call:
    """A function's calls, `count` of them a payment or a minute; the rest is of one call."""

    function: str
    count: Decimal
    milliseconds: Decimal
    memory_mb: Decimal
    log_bytes: Decimal
    traffic: Mapping[str, Decimal]

    @property
    def gb_seconds(self) -> Decimal:
        return self.milliseconds / 1000 * self.memory_mb / 1024

    def uses(self, *what: str) -> Decimal:
        """Of a call, the sum of these counts of its traffic."""
        return sum((self.traffic.get(name, Decimal(0)) for name in what), Decimal(0))


def payment(method: str) -> list[Call]:
    """What a payment calls, warm. Pollers are left out: they follow a chain, not a payment."""
    found = [
        call(name, entry, entry["invocations"])
        for name, entry in measured()["methods"][method].items()
        if name != "poll_chain"
    ]
    reads = assume("payment", "status_reads")
    return [replace(each, count=reads) if each.function == "status" else each for each in found]


def following(method: str) -> Call | None:
    """What a chain's poller does for a payment beside following; None where there is no chain."""
    entry = measured()["methods"][method].get("poll_chain")
    return call("poll_chain", entry, entry["invocations"]) if entry else None


def minute(state: str, names: Iterable[str]) -> list[Call]:
    """One run of each of these (`relay_events`, `poll_chain tron`) in a minute, `idle` or with something `open`."""
    runs = measured()["minutes"][state]
    return [call(name.partition(" ")[0], runs[name], Decimal(1)) for name in names if name in runs]


def call(function: str, entry: Mapping[str, Any], count: Decimal) -> Call:
    memory = memory_mb(function)
    traffic = chain_traffic(entry["traffic"]) if function == "poll_chain" else entry["traffic"]
    milliseconds = on_lambda(entry["cpu_ms"], memory) + waits(traffic)
    return Call(function, count, milliseconds, memory, entry["log_bytes"], traffic)


def chain_traffic(traffic: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    """A poller's: whatever the sandbox plays to it is a node."""
    return {name.replace("rail.", "node."): count for name, count in traffic.items()}


def waits(traffic: Mapping[str, Decimal]) -> Decimal:
    """Milliseconds for round trips, one after the other."""
    return sum(
        (traffic.get(what, Decimal(0)) * assume("convert", name) for what, name in WAITS.items()), Decimal(0)
    )


def on_lambda(cpu_ms: Decimal, memory: Decimal) -> Decimal:
    share = min(Decimal(1), memory / assume("convert", "megabytes_per_processor"))
    return cpu_ms * assume("convert", "processor") / share


def cold_milliseconds(function: str) -> Decimal:
    """What a cold start adds: imports, settings from Secrets Manager, first connections. All of it is billed."""
    entry = measured()["functions"][function]
    cpu = entry["init_cpu_ms"] + entry["first_cpu_ms"]
    return on_lambda(cpu, memory_mb(function)) + SECRETS_READ * assume("convert", "aws_ms")


SECRETS_READ = 2
"""Names in SECRETS of the measured stack: one call each, at a cold start."""


@cache
def memory_mb(function: str) -> Decimal:
    functions = read_template(ROOT / "template.yaml").functions
    [found] = (each.memory_mb for each in functions if folder(each.name) == function)
    return Decimal(found)


@cache
def network(method: str) -> str | None:
    """The chain that a method is paid on."""
    [found] = (each for each in registry.METHODS if each.name == method)
    return found.rail if found.chain else None


def rail_of(method: str) -> str:
    [found] = (each.rail for each in registry.METHODS if each.name == method)
    return found


def questions(state: str, chain: str) -> Decimal:
    """A month's questions to a node whose chain is followed in this state all the time, at the chain's own pace."""
    entry = measured()["minutes"][state][f"poll_chain {chain}"]
    [run] = minute(state, [f"poll_chain {chain}"])
    asked = run.uses("node.calls") or run.uses("node.requests")
    return asked * pace(chain, entry["blocks"]) * minutes()


def pace(chain: str, blocks: Decimal) -> Decimal:
    """How many times the measured blocks the chain makes in a minute; 1 where none was to be seen."""
    real = 60 / Decimal(chain_facts(chain)["block_seconds"])
    return real / blocks if blocks > 1 and real > 1 else Decimal(1)


def chain_facts(chain: str) -> Mapping[str, Any]:
    facts: Mapping[str, Any] = table("chain")[chain]
    return facts


def chain_gigabytes(chain: str) -> Decimal:
    """What reading a chain's blocks for a month brings in."""
    facts = chain_facts(chain)
    return seconds() / Decimal(facts["block_seconds"]) * Decimal(facts["megabytes"]) / 1000


def asks(method: str) -> int:
    """How often a rail is asked about a payment before it is paid: once in each minute in which it is due."""
    until = assume("payment", "minutes_until_paid") * 60
    return len({-(-due // 60) for due in schedule(method) if due <= until})


def schedule(method: str) -> tuple[int, ...]:
    """Seconds after its creation at which a payment's rail is asked what became of it."""
    [adapter] = (each.adapter for each in registry.METHODS if each.name == method)
    found: tuple[int, ...] = registry.load(adapter).query_schedule
    return found


def minutes() -> Decimal:
    return assume("shape", "days") * 1440


def seconds() -> Decimal:
    return assume("shape", "days") * 86400
