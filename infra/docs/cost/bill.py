"""A month's bill of payments by one method, without what costs the same whether anybody pays or not."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from infra.docs.cost.inputs import assume, measured, price, quota
from infra.docs.cost.parts import log_price
from infra.docs.cost.usage import (
    GIGABYTE,
    Call,
    asks,
    cold_milliseconds,
    following,
    minute,
    minutes,
    network,
    payment,
    rail_of,
    seconds,
)

NUDGE_SECONDS = Decimal("0.9")
"""Writers wake the relay once in as long, however many they are (ADR 0008)."""

FOLLOW_SECONDS = Decimal(55)
"""How long a poller stays while a payment is open: CHAIN_FOLLOW_SECONDS."""

TIERS = {
    "lambda": [(Decimal(7_500_000_000), "lambda_gb_second"), (Decimal("Infinity"), "lambda_gb_second_next")],
    "api": [
        (Decimal(333_000_000), "api_request"),
        (Decimal(667_000_000), "api_request_next"),
        (Decimal("Infinity"), "api_request_most"),
    ],
}


@dataclass(frozen=True)
class Month:
    """So many payments a month by one method; dollars by what they are paid for."""

    method: str
    payments: Decimal

    @property
    def calls(self) -> list[Call]:
        return [self._at_volume(each) for each in payment(self.method)]

    @property
    def requests(self) -> Decimal:
        """To the API: from the shop and from the rail."""
        return (
            sum((each.count for each in self.calls if each.function != "relay_events"), Decimal(0)) * self.payments
        )

    def lines(self) -> dict[str, Decimal]:
        return {
            "Lambda": self._lambda(),
            "API Gateway": tiered("api", self.requests),
            "logs and traces": self._logs() + self._traces(),
            "metrics": self._metrics(),
            "queue": self._queue(),
            "following the chain": self._following(),
            "NAT and the internet": self._bytes_moved(),
        }

    def total(self) -> Decimal:
        return sum(self.lines().values(), Decimal(0))

    def cold_share(self, call: Call) -> Decimal:
        """Of a function's calls: none came in the minutes before, or one more than ever was needed at once."""
        a_minute = self.payments * call.count / minutes()
        return max(assume("shape", "cold_share_busy"), (-a_minute * assume("shape", "warm_minutes")).exp())

    def open_share(self) -> Decimal:
        """Of the month's minutes, those in which a payment is open, if payers come at random."""
        chain = network(self.method)
        if chain is None:
            return Decimal(0)
        return 1 - (-self.payments * assume("open", chain) / minutes()).exp()

    def gb_seconds(self) -> Decimal:
        """Of what payments call. The relay looks each minute whatever comes, and so is never cold."""
        used = Decimal(0)
        for each in self.calls:
            cold = Decimal(0)
            if each.function != "relay_events":
                cold = self.cold_share(each) * cold_milliseconds(each.function)
            used += each.count * self.payments * each.gb_seconds * (each.milliseconds + cold) / each.milliseconds
        return used + self._asking()

    def _at_volume(self, call: Call) -> Call:
        """The relay is woken at most so often, and a bank's statement comes once a day."""
        match call.function:
            case "relay_events":
                most = seconds() / NUDGE_SECONDS
            case "statements":
                most = assume("shape", "days")
            case _:
                return call
        fewer = min(call.count, most / self.payments)
        return Call(call.function, fewer, call.milliseconds, call.memory_mb, call.log_bytes, call.traffic)

    def _asking(self) -> Decimal:
        """GB-seconds of `resolve` that wait for a rail's word about payments that are not paid yet."""
        [run] = minute("idle", ["resolve"])
        waits = asks(self.method) * assume("convert", "rail_ms") / 1000
        return waits * run.memory_mb / 1024 * self.payments

    def _lambda(self) -> Decimal:
        calls = sum((each.count for each in self.calls), Decimal(0)) * self.payments
        return tiered("lambda", self.gb_seconds()) + calls * price("lambda_request")

    def _logs(self) -> Decimal:
        told = [(each.count, each.log_bytes + assume("convert", "runtime_log_bytes")) for each in self.calls]
        found = following(self.method)
        if found is not None:
            told.append((Decimal(1), self._beside(found)))
        written = sum((count * size for count, size in told), Decimal(0)) * self.payments
        return written / GIGABYTE * log_price()

    def _beside(self, found: Call) -> Decimal:
        """Bytes of log that a payment's own blocks add to those of a run that finds nothing."""
        [idle] = minute("idle", [f"poll_chain {network(self.method)}"])
        return max(Decimal(0), found.log_bytes - idle.log_bytes)

    def _traces(self) -> Decimal:
        """Each function and the API record the first call of each second, and one of twenty beyond."""
        return sum((sampled(each.count * self.payments) for each in self.calls), Decimal(0)) * price("trace")

    def _metrics(self) -> Decimal:
        """Those that carry the method's or the rail's name, in the hours in which a payment comes."""
        names = (f"method={self.method} ", f"rail={rail_of(self.method)} ")
        told = sum(any(name in f"{metric} " for name in names) for metric in measured()["metrics"])
        hours = 1 - (-self.payments / assume("shape", "hours")).exp()
        return told * hours * price("metric_month")

    def _queue(self) -> Decimal:
        """A nudge is sent, received and deleted."""
        nudges = sum((each.count for each in self.calls if each.function == "relay_events"), Decimal(0))
        return 3 * nudges * self.payments * price("sqs_request")

    def _following(self) -> Decimal:
        """What a chain's poller costs more in minutes in which a payment is open."""
        chain = network(self.method)
        if chain is None:
            return Decimal(0)
        [idle], [busy] = (minute(state, [f"poll_chain {chain}"]) for state in ("idle", "open"))
        stays = FOLLOW_SECONDS * busy.memory_mb / 1024 - idle.gb_seconds
        logs = (busy.log_bytes - idle.log_bytes) / GIGABYTE * log_price()
        return self.open_share() * minutes() * (stays * price("lambda_gb_second") + logs)

    def _bytes_moved(self) -> Decimal:
        answers = self.requests * assume("payment", "answer_kilobytes") / 10**6 * price("data_out_gb")
        overhead = assume("payment", "call_overhead_bytes")
        to_rails = Decimal(0)
        for each in self.calls:
            asked = each.uses("rail.requests")
            to_rails += each.count * (each.uses("rail.sent", "rail.received") + asked * overhead)
        to_rails += asks(self.method) * overhead
        return answers + to_rails * self.payments / GIGABYTE * (price("nat_gb") + price("data_out_gb") / 2)


def tiered(what: str, amount: Decimal) -> Decimal:
    dollars, left = Decimal(0), amount
    for size, name in TIERS[what]:
        taken = min(left, size)
        dollars, left = dollars + taken * price(name), left - taken
    return dollars


def sampled(calls: Decimal) -> Decimal:
    first = min(calls, seconds() * quota("sampled_per_second"))
    return first + (calls - first) / 20


def database_milliseconds() -> Decimal:
    """Of a processor of PostgreSQL's, for a payment."""
    found: Decimal = measured()["database"]["cpu_ms"]
    return found * assume("convert", "processor")


def volumes() -> Iterator[Decimal]:
    yield from (Decimal(10) ** power for power in (3, 5, 7, 9))
