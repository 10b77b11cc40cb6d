"""What gives way, at how many payments a month, by which number, and what to do before."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from infra.docs.cost.bill import Month, database_milliseconds
from infra.docs.cost.design import SCHEDULED, Design, connections_of, kept_gigabytes, relay_per_second
from infra.docs.cost.inputs import assume, measured, quota, table
from infra.docs.cost.templates import parameters
from infra.docs.cost.usage import chain_traffic, network, on_lambda, seconds, waits


@dataclass(frozen=True)
class Limit:
    """Met at so many `payments` a month, because of `number`."""

    what: str
    payments: Decimal
    number: str
    remedy: str

    @property
    def kind(self) -> str:
        """What it has in common with those of other chains and classes."""
        return re.split(r"`|db\.", self.what)[0]


def limits() -> list[Limit]:
    """The first to be met stands first. Of the database and the account: payments by `ALIPAY`."""
    return sorted([*_account(), *_database(), *_rails(), *_chains()], key=lambda it: it.payments)


def _account() -> Iterator[Limit]:
    design = Design(Month("ALIPAY", Decimal(10**7)))
    each, busy = design.requests / design.peak, design.busy_seconds
    throttle = Decimal(parameters()["ThrottlingRate"]["Default"])
    yield Limit(
        "the API's own throttle",
        monthly(throttle / each),
        f"{throttle:,} requests a second (`ThrottlingRate`), {each:.0f} a payment",
        "raise the parameter",
    )
    most = quota("api_per_second")
    yield Limit(
        "API Gateway's quota",
        monthly(most / each),
        f"{most:,} requests a second, {each:.0f} a payment",
        "ask AWS to raise it",
    )
    yield Limit(
        "Lambda in a new account",
        monthly(Decimal(10 - SCHEDULED) / busy),
        f"10 calls at once, {SCHEDULED} of them schedules; {busy:.2f} s of Lambda a payment",
        "ask AWS for 1,000 before the first payment",
    )
    most = quota("lambda_concurrency")
    yield Limit(
        "Lambda's quota",
        monthly((most - SCHEDULED) / busy),
        f"{most:,} calls at once, {busy:.2f} s of Lambda a payment",
        "ask AWS to raise it, and reserve a share for `create`",
    )


def _database() -> Iterator[Limit]:
    milliseconds = database_milliseconds()
    for name, processors, remedy in (
        ("t4g.micro", Decimal("0.2"), "the next class (`DatabaseInstanceClass`)"),
        ("r7g.16xlarge", Decimal(64), "a stack, with a database, for each part of the shops"),
    ):
        a_second = processors * 1000 / milliseconds * assume("database", "utilisation")
        because = f"{milliseconds:.1f} ms of a processor a payment; it has {processors:g} for long, half kept free"
        yield Limit(f"PostgreSQL on db.{name}", monthly(a_second), because, remedy)
    disk, months = quota("database_gigabytes"), assume("shape", "retention_months")
    yield Limit(
        "the disk of one PostgreSQL",
        disk / kept_gigabytes() / months,
        f"{disk:,} GB, {kept_gigabytes() * 10**6:.0f} KB a payment, kept for {months} months",
        "keep less, or a stack for each part of the shops",
    )
    design = Design(Month("ALIPAY", Decimal(10**7)))
    smallest = connections_of(Decimal(1))
    yield Limit(
        "connections to db.t4g.micro",
        monthly((smallest * assume("database", "connections_used") - SCHEDULED) / 2 / design.busy_seconds),
        f"{smallest} connections, two for each call at once",
        "RDS Proxy (`DatabaseProxy`), or a larger class",
    )
    yield Limit(
        "one relay",
        monthly(relay_per_second() * assume("shape", "relay_headroom")),
        f"{relay_per_second():,.0f} events a second on Lambda, half of it kept to catch up, one event a payment",
        "shards of the outbox by payment, a relay each",
    )


def _rails() -> Iterator[Limit]:
    creates = quota("card_creates_per_second")
    yield Limit(
        "Stripe's limit of an endpoint",
        monthly(creates),
        f"{creates:,} creations a second, one a payment",
        "ask Stripe six weeks ahead",
    )


def _chains() -> Iterator[Limit]:
    for chain, most in table("ceiling").items():
        yield Limit(
            f"`{chain}` itself",
            Decimal(most) * seconds(),
            f"some {most:,} transactions a second of all the world's payers",
            "other methods",
        )
        yield _poller(chain)


def _poller(chain: str) -> Limit:
    """One run follows a chain and books what it finds, a payment after the other."""
    facts = max(
        (entry["poll_chain"]["added"] for name, entry in measured()["methods"].items() if network(name) == chain),
        key=lambda each: each["traffic"].get("postgres.trips", Decimal(0)),
    )
    milliseconds = on_lambda(facts["cpu_ms"], Decimal(1024)) + waits(chain_traffic(facts["traffic"]))
    return Limit(
        f"the poller of `{chain}`",
        monthly(1000 / milliseconds),
        f"{milliseconds:.0f} ms for each payment that it books, one at a time",
        "a second stack with an xpub of its own",
    )


def monthly(a_second: Decimal) -> Decimal:
    """Payments a month of which the busiest hour brings so many a second."""
    return a_second / assume("shape", "peak") * seconds()
