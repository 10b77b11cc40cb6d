"""How large the parts must be for so many payments a month, and which limit is met first."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from infra.docs.cost.bill import Month, database_milliseconds
from infra.docs.cost.inputs import assume, measured, price, quota
from infra.docs.cost.usage import GIGABYTE, call, seconds

EVENTS = 2
"""Records in Kafka for a payment that settles: `payments.settled` and `payments.events`."""


@dataclass(frozen=True)
class Size:
    """A class of RDS, with the processors that it may use for long (burstable ones: their baseline)."""

    name: str
    processors: Decimal
    memory_gib: int
    price: str
    times: int = 1

    @property
    def hourly(self) -> Decimal:
        return price(self.price) * self.times


SIZES = (
    Size("db.t4g.micro", Decimal("0.2"), 1, "rds_t4g_micro_hour"),
    Size("db.t4g.medium", Decimal("0.4"), 4, "rds_t4g_medium_hour"),
    *(
        Size(f"db.r7g.{name}", Decimal(2 * times), 16 * times, "rds_r7g_large_hour", times)
        for name, times in (("large", 1), ("xlarge", 2), ("2xlarge", 4), ("4xlarge", 8), ("8xlarge", 16))
    ),
    Size("db.r7g.16xlarge", Decimal(64), 512, "rds_r7g_large_hour", 32),
)
LEAST_GIGABYTES = Decimal(20)
"""What RDS takes at least of gp3."""


@dataclass(frozen=True)
class Database:
    size: str
    processors: Decimal
    memory_gib: int
    instances: int
    zones: int
    gigabytes: Decimal
    dollars: Decimal


@dataclass(frozen=True)
class Design:
    month: Month

    @property
    def peak(self) -> Decimal:
        """Payments a second in the busiest hour."""
        return self.month.payments / seconds() * assume("shape", "peak")

    @property
    def requests(self) -> Decimal:
        return self.month.requests / self.month.payments * self.peak

    @property
    def busy_seconds(self) -> Decimal:
        """Of Lambda, for a payment whose functions are warm."""
        return sum((each.count * each.milliseconds for each in self.month.calls), Decimal(0)) / 1000

    @property
    def concurrency(self) -> Decimal:
        """Calls that run at once at the peak; each has its connection to PostgreSQL."""
        return up(self.busy_seconds * self.peak)

    @property
    def connections(self) -> Decimal:
        """Environments at the peak, twice over: a frozen one keeps its connection. And those of the schedules."""
        return 2 * self.concurrency + SCHEDULED

    @property
    def events(self) -> Decimal:
        return EVENTS * self.peak

    @property
    def processors(self) -> Decimal:
        return self.peak * database_milliseconds() / 1000 / assume("database", "utilisation")

    @property
    def database(self) -> Database:
        """One that is large enough; else as many of the largest as it takes."""
        zones = 2 if self.month.payments >= assume("database", "two_zones_from") else 1
        most = quota("database_gigabytes")
        gigabytes = max(LEAST_GIGABYTES, self.rows * kept_gigabytes())
        enough = (each for each in SIZES if each.processors >= self.processors)
        size = next(enough, SIZES[-1])
        instances = max(1, *(int(up(part)) for part in (self.processors / size.processors, gigabytes / most)))
        dollars = size.hourly * instances * assume("shape", "hours") + gigabytes * price("rds_storage_gb_month")
        return Database(size.name, size.processors, size.memory_gib, instances, zones, gigabytes, dollars * zones)

    @property
    def needs_proxy(self) -> bool:
        most = connections_of(Decimal(self.database.memory_gib)) * self.database.instances
        return self.connections > most * assume("database", "connections_used")

    @property
    def needs_replicas(self) -> bool:
        """Where one instance no longer does, reading what is settled may go elsewhere."""
        return self.database.instances > 1

    @property
    def proxy_dollars(self) -> Decimal:
        if not self.needs_proxy:
            return Decimal(0)
        behind = max(Decimal(2), self.database.processors * self.database.instances)
        return behind * price("proxy_vcpu_hour") * assume("shape", "hours")

    @property
    def outbox_shards(self) -> Decimal:
        return max(Decimal(1), up(self.peak / (relay_per_second() * assume("shape", "relay_headroom"))))

    @property
    def kafka_partitions(self) -> Decimal:
        """Of each topic; two numbers of this page hang on how fast its readers are."""
        return max(Decimal(6), up(self.peak / assume("payment", "events_a_second_and_reader")))

    @property
    def rows(self) -> Decimal:
        return self.month.payments * assume("shape", "retention_months")


SCHEDULED = 8
"""Calls that schedules may have under way: relay, resolve, expire, signing and four chains."""


def connections_of(gibibytes: Decimal) -> Decimal:
    """`max_connections` of a PostgreSQL with so much memory, as RDS sets it."""
    return min(MOST_CONNECTIONS, (gibibytes * 2**30 / quota("database_bytes_per_connection")).quantize(Decimal(1)))


MOST_CONNECTIONS = Decimal(5000)


def kept_gigabytes() -> Decimal:
    """Of a payment in PostgreSQL, with indexes and room for vacuum."""
    found: Decimal = measured()["database"]["bytes"]
    return found * assume("database", "room") / GIGABYTE


def relay_per_second() -> Decimal:
    """Events that one relay on Lambda sends, when it finds many."""
    facts = measured()["database"]["relay"]
    run = call("relay_events", facts, Decimal(1))
    sent: Decimal = facts["events"] / facts["runs"]
    return sent / run.milliseconds * 1000


def up(number: Decimal) -> Decimal:
    return number.to_integral_value(ROUND_CEILING)
