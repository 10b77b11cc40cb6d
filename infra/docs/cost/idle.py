"""The section about the idle bill: what is always on in the smallest deployment, and with or without each part."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from infra.docs.cost.inputs import assume, price, quota
from infra.docs.cost.parts import Part, chain, parts, smallest
from infra.docs.cost.templates import parameters
from infra.docs.cost.text import dollars, number, prose, table
from infra.docs.cost.usage import chain_gigabytes, questions

CHAINS = ("ethereum", "bsc", "tron", "bitcoin")
OTHERWISE: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("no network: yours, with its own NAT", {"CreateNetwork": "no"}),
    ("a NAT gateway in each zone", {"NatGateways": "one-per-zone"}),
    ("interface endpoints in two zones", {"InterfaceEndpoints": "yes"}),
    ("no database: yours", {"CreateDatabase": "none"}),
    ("a standby database in another zone", {"DatabaseStandby": "yes"}),
    ("Aurora Serverless v2 instead of an instance", {"CreateDatabase": "aurora"}),
    ("Aurora with a standby", {"CreateDatabase": "aurora", "DatabaseStandby": "yes"}),
    ("RDS Proxy", {"DatabaseProxy": "yes"}),
    ("no Valkey: yours", {"CreateRedis": "none"}),
    ("a Valkey cluster of two shards, each with a replica", {"CreateRedis": "cluster"}),
    (f"MSK Serverless, and {price('msk_in_gb')} a GB of events", {"CreateKafka": "msk-serverless"}),
    (f"a WAF, and {price('web_request') * 10**6:.2f} a million requests", {"Firewall": "ENABLED"}),
)
"""Other values of parameters; those that the template does not know are left out."""


def smallest_dollars() -> Decimal:
    return _sum(parts(smallest()))


def without_database() -> Decimal:
    """The smallest deployment but for PostgreSQL, which `design.py` sizes."""
    return _sum([part for part in parts(smallest()) if not part.name.startswith(("PostgreSQL", "Aurora"))])


def section() -> Iterator[str]:
    yield from ("## The idle bill", "")
    yield from prose("The smallest deployment that is safe, a month with no payment and no chain:")
    found = parts(smallest())
    rows = [[part.name, number(part.count), dollars(part.dollars)] for part in found]
    yield from table(("part", "how many:", "a month:"), [*rows, ["**sum**", "", f"**{dollars(_sum(found))}**"]])
    yield from prose(
        "Safe is: nothing public but the API, everything encrypted, a database that can be taken back to any",
        "second of the last 35 days, and every alarm. It is not: two of anything. When a zone fails, payments",
        "stop until it is back or the database is restored in another. Counted from the templates, with these",
        f"parameters and the defaults of all others: `{_chosen()}`.",
    )
    yield from prose("With and without each part:")
    yield from table(("with", "adds:", "then a month:"), _otherwise())
    yield from prose("Each chain that is configured adds its poller, and its blocks through NAT:")
    yield from _chains()


def _chosen() -> str:
    return " ".join(f"{name}={value}" for name, value in smallest().items())


def _otherwise() -> Iterator[list[str]]:
    for words, changed in OTHERWISE:
        if changed.keys() <= parameters().keys():
            then = _sum(parts({**smallest(), **changed}))
            more = then - smallest_dollars()
            yield [words, f"{'-' if more < 0 else '+'}{dollars(abs(more))}", dollars(then)]


def _chains() -> Iterator[str]:
    rows = []
    for name in CHAINS:
        quiet, busy = questions("idle", name), questions("open", name)
        through_nat = chain_gigabytes(name) * price("nat_gb")
        poller = chain(name).dollars
        days = assume("shape", "days")
        rows.append([f"`{name}`", dollars(poller), dollars(through_nat), number(quiet / days), number(busy / days)])
    head = ["chain", "poller:", "blocks through NAT:", "questions a day, nothing open:", "one always open:"]
    yield from table(head, rows)
    free = quota("tron_questions_per_day")
    yield from prose(
        f"A chain on which a payment is always open costs {dollars(_always_open())} dollars a month: a function",
        "of 1 GB that stays for 55 seconds of each minute. The sizes of blocks are assumptions, and a node that",
        f"compresses makes them a fraction. RPC providers come on top. TronGrid answers {free:,} questions a day",
        f"for nothing; where that does not do, count {dollars(price('tron_plan_month'))} a month. Paid plans for",
        f"Ethereum and BSC, both at one provider, begin at about {dollars(price('rpc_growth_month'))} a month;",
        "free ones may do while little is open. Bitcoin's node is your own: a pruned one on a t4g.medium with 40",
        f"GB of disk is {dollars(_bitcoin_node())} a month.",
    )


def _always_open() -> Decimal:
    return assume("shape", "days") * 1440 * 55 * price("lambda_gb_second")


def _bitcoin_node() -> Decimal:
    return price("ec2_t4g_medium_hour") * assume("shape", "hours") + 40 * price("ebs_gb_month")


def _sum(found: list[Part]) -> Decimal:
    return sum((part.dollars for part in found), Decimal(0))
