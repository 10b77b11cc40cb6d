"""The section about what the page rests on: what was measured, how it becomes Lambda's time, and what if."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from infra.docs.cost.bill import Month
from infra.docs.cost.design import Design, relay_per_second
from infra.docs.cost.idle import smallest_dollars
from infra.docs.cost.inputs import assume, measured, supposing
from infra.docs.cost.text import dollars, number, power, prose, table
from infra.docs.cost.usage import Call, asks, cold_milliseconds, following, memory_mb, minute, network, payment
from paygate.strategies import registry

SUPPOSITIONS = (
    ("convert", "processor", Decimal(2), "Lambda's processor takes twice as long"),
    ("convert", "processor", Decimal("0.5"), "it takes half as long"),
    ("convert", "rail_ms", Decimal(1000), "rails answer after a second"),
    ("convert", "postgres_ms", Decimal(3), "a round trip to PostgreSQL takes 3 ms"),
    ("payment", "status_reads", Decimal(10), "shops ask ten times about a payment"),
    ("payment", "minutes_until_paid", Decimal(10), "payers take ten minutes"),
    ("open", "tron", Decimal(30), "a payment on TRON is open for half an hour"),
    ("shape", "cold_share_busy", Decimal("0.05"), "one call of twenty is cold, however many there are"),
)
COMPARED = Decimal(10**5)
WAITS = (
    ("PostgreSQL", "postgres_ms"),
    ("Redis", "redis_ms"),
    ("Kafka", "kafka_ms"),
    ("SQS, Secrets Manager", "aws_ms"),
    ("a rail, with a new connection and its TLS", "rail_ms"),
    ("a chain's node", "node_ms"),
)


def section() -> Iterator[str]:
    yield from ("## What this rests on", "")
    yield from _payments()
    yield from _functions()
    yield from _converted()
    yield from _sensitivity()


def _payments() -> Iterator[str]:
    yield from ("### Measured", "")
    yield from prose(
        f"`{measured()['made_with']}` drives payments of all ten methods through the local stack: the real",
        "functions, PostgreSQL, Redis, Kafka, two anvils and the rails' simulators. Each function runs in a",
        "process of its own; what it says to whom, and what it logs, is counted at its sockets and its output.",
        "Then the stack stands for some minutes at the world's pace, with nothing open and with a payment open",
        f"on each chain. What stands here is {measured()['runs']}. A payment uses:",
    )
    columns = (
        "calls of Lambda:",
        "billed ms, warm:",
        "SQL round trips:",
        "Redis:",
        "calls of the rail:",
        "log, bytes:",
    )
    yield from table(("method", *columns), (_method(method.name) for method in registry.METHODS))
    reads = number(assume("payment", "status_reads"))
    yield from prose(
        f"From the creation until its events are in Kafka, with {reads} questions of the shop, each callback",
        "that the rail sends (a card sends several), and the rail asked again until the payer has paid.",
        "On a chain the round trips include those of the poller's runs that found the payment.",
    )


def _method(name: str) -> list[str]:
    calls, found = payment(name), following(name)
    told = [*calls, found] if found else calls
    asked = Decimal(0) if network(name) else asks(name) + _sum(calls, "rail.requests")
    return [
        f"`{name}`",
        number(sum((each.count for each in calls), Decimal(0))),
        number(sum((each.count * each.milliseconds for each in calls), Decimal(0))),
        number(_sum(told, "postgres.trips")),
        number(_sum(told, "redis.trips")),
        number(asked),
        number(sum((each.count * each.log_bytes for each in told), Decimal(0))),
    ]


def _sum(calls: list[Call], what: str) -> Decimal:
    return sum((each.count * each.uses(what) for each in calls), Decimal(0))


def _functions() -> Iterator[str]:
    found = measured()
    facts = found["functions"].items()
    yield from table(
        ("function", "memory, MB:", "of them used:", "a cold start adds, ms:"),
        (
            [f"`{name}`", f"{memory_mb(name):,}", f"{of['peak_mb']:.0f}", number(cold_milliseconds(name))]
            for name, of in facts
        ),
    )
    yield from prose("A run of what a schedule calls each minute:")
    columns = ("billed ms:", "SQL round trips:", "questions to the node:", "blocks:", "questions with one open:")
    yield from table(("nothing open", *columns), (_run(name) for name in found["minutes"]["idle"]))
    of, machine, counted = found["database"], found["machine"], found["counted"]
    yield from prose(
        f"A payment takes {number(of['cpu_ms'])} ms of PostgreSQL's processor, keeps",
        f"{number(of['bytes'] / 1000)} KB in it and writes {number(of['wal_bytes'] / 1000)} KB of WAL",
        f"({of['payments']} payments by `ALIPAY`). An event takes {number(1000 / relay_per_second())} ms of the",
        f"relay on Lambda, when {of['relay']['events']} wait. Counted over {counted['payments']} payments of each",
        f"method and minutes of each kind, at least {counted['minutes']}, after others that do not count, on",
        f"{machine['system']}, {machine['processor']}, {machine['processors']} processors which others used too:",
        "such times say nothing by themselves, and of those that merely passed none is used.",
    )


def _run(name: str) -> list[str]:
    [run] = minute("idle", [name])
    busy = minute("open", [name])
    blocks = measured()["minutes"]["idle"][name]["blocks"]
    cells = [run.milliseconds, run.uses("postgres.trips")]
    if not name.startswith("poll_chain"):
        return [f"`{name}`", *map(number, cells), "", "", ""]
    return [f"`{name}`", *map(number, [*cells, _asked(run), blocks, *map(_asked, busy)])]


def _asked(run: Call) -> Decimal:
    return run.uses("node.calls") or run.uses("node.requests")


def _converted() -> Iterator[str]:
    share = Decimal(1024) / assume("convert", "megabytes_per_processor")
    yield from ("### From here to Lambda", "")
    yield from prose(
        f"A function of 1,024 MB has {share:.2f} of a processor (1,769 MB are one). Billed time is the processor",
        f"time that a call took here, times {number(assume('convert', 'processor'))} for Lambda's processor",
        "against this one, divided by that share; and for each round trip the wait that it is there rather than",
        "here:",
    )
    yield from table(
        ("a round trip to", "ms:"), ([words, number(assume("convert", name))] for words, name in WAITS)
    )
    yield from prose(
        f"A function that nobody called for {number(assume('shape', 'warm_minutes'))} minutes starts cold; where",
        f"calls never cease, {assume('shape', 'cold_share_busy') * 100:.0f} % do. Cold starts are billed. These,",
        "and what else is assumed, are lines of `infra/docs/cost/assumptions.toml`: change one and run `make",
        "docs`.",
    )


def _sensitivity() -> Iterator[str]:
    yield from ("### What if", "")
    columns: tuple[tuple[str, Callable[[], str]], ...] = (
        ("1,000 by ALIPAY", lambda: _thousand("ALIPAY")),
        ("1,000 by USDT_TRC20", lambda: _thousand("USDT_TRC20")),
        ("idle, a month", lambda: dollars(smallest_dollars())),
        ("calls at once at 10⁹", lambda: number(Design(Month("ALIPAY", Decimal(10**9))).concurrency)),
    )
    rows = [["as assumed", *(tell() for _, tell in columns)]]
    for group, name, value, words in SUPPOSITIONS:
        with supposing(group, name, value):
            rows.append([words, *(tell() for _, tell in columns)])
    yield from table((f"if, at {power(COMPARED)} a month,", *(f"{name}:" for name, _ in columns)), rows)


def _thousand(method: str) -> str:
    return dollars(Month(method, COMPARED).total() / COMPARED * 1000)
