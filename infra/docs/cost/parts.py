"""What costs by the month whether anybody pays or not, as the templates have it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from infra.docs.cost.inputs import assume, measured, price, table
from infra.docs.cost.templates import Resource, parameters, resources
from infra.docs.cost.usage import GIGABYTE, minute, minutes

Json = dict[str, Any]
SCHEDULES = ("relay_events", "resolve", "expire")


@dataclass(frozen=True)
class Part:
    """`count` of something, in dollars a month all together."""

    name: str
    count: Decimal
    dollars: Decimal


def smallest() -> dict[str, str]:
    """The parameters of the smallest deployment that is safe, as far as the template knows them."""
    return {name: value for name, value in table("smallest").items() if name in parameters()}


def parts(chosen: Mapping[str, str]) -> list[Part]:
    made = resources(chosen)
    counted = [Part(name, count, count * each) for name, count, each in _by_resource(made) if count]
    return [*counted, *_by_schedule(made), _secrets(), _metrics()]


def _by_resource(made: list[Resource]) -> Iterator[tuple[str, Decimal, Decimal]]:
    hours = assume("shape", "hours")

    def count(kind: str, number: Callable[[Json], Any] = lambda _: 1) -> Decimal:
        return sum((Decimal(number(each.properties)) for each in made if each.kind == kind), Decimal(0))

    nat = (price("nat_hour") + price("address_hour")) * hours
    yield "NAT gateway with its address", count("AWS::EC2::NatGateway"), nat
    yield "interface endpoint in a zone", count("AWS::EC2::VPCEndpoint", _zones), price("endpoint_hour") * hours
    yield from _database(made)
    proxied = count("AWS::RDS::DBProxy")
    at_least = Decimal(8 if count("AWS::RDS::DBCluster") else 2)
    yield "RDS Proxy", proxied, at_least * price("proxy_vcpu_hour") * hours
    node = price("valkey_t4g_micro_hour") * hours
    yield "Valkey node (cache.t4g.micro)", count("AWS::ElastiCache::ReplicationGroup", _nodes), node
    partitions = assume("parts", "kafka_partitions") * price("msk_partition_hour") * hours
    yield "MSK Serverless", count("AWS::MSK::ServerlessCluster"), price("msk_hour") * hours + partitions
    yield "KMS key", count("AWS::KMS::Key"), price("key_month")
    yield "WAF web ACL", count("AWS::WAFv2::WebACL"), price("web_acl_month")
    yield "WAF rule", count("AWS::WAFv2::WebACL", lambda it: len(it.get("Rules", []))), price("web_rule_month")
    yield "alarm", count("AWS::CloudWatch::Alarm", _watched), price("alarm_month")
    yield "dashboard", count("AWS::CloudWatch::Dashboard"), price("dashboard_month")


def _database(made: list[Resource]) -> Iterator[tuple[str, Decimal, Decimal]]:
    hours = assume("shape", "hours")
    for each in made:
        found = each.properties
        if each.kind == "AWS::RDS::DBInstance" and found["DBInstanceClass"] != "db.serverless":
            size = found["DBInstanceClass"].removeprefix("db.").replace(".", "_")
            dollars = price(f"rds_{size}_hour") * hours
            dollars += Decimal(found["AllocatedStorage"]) * price("rds_storage_gb_month")
            zones = 2 if str(found.get("MultiAZ", False)).lower() == "true" else 1
            yield (
                f"PostgreSQL, {found['DBInstanceClass']} with {found['AllocatedStorage']} GB",
                Decimal(zones),
                dollars,
            )
    writers = sum(each.properties.get("DBInstanceClass") == "db.serverless" for each in made)
    for each in made:
        if each.kind == "AWS::RDS::DBCluster":
            units = Decimal(each.properties["ServerlessV2ScalingConfiguration"]["MinCapacity"])
            yield (
                f"Aurora Serverless v2 at {units} units",
                Decimal(writers),
                units * price("aurora_acu_hour") * hours,
            )


def _by_schedule(made: list[Resource]) -> Iterator[Part]:
    """Three functions that look each minute, whatever is switched on; pollers cost by their chains."""
    runs = minute("idle", SCHEDULES)
    yield Part(
        "functions that look each minute", Decimal(len(runs)), sum((running(each) for each in runs), Decimal(0))
    )
    polled = sum(
        "SQS" in (event["Type"] for event in each.properties.get("Events", {}).values())
        for each in made
        if each.kind == "AWS::Serverless::Function"
    )
    receives = assume("convert", "empty_receives_per_queue") * price("sqs_request")
    yield Part("queue that Lambda looks at", Decimal(polled), polled * receives)


def running(each: Any) -> Decimal:
    """A month of a function that a schedule calls every minute: time, calls, logs and traces."""
    logs = (each.log_bytes + assume("convert", "runtime_log_bytes")) / GIGABYTE
    one = each.gb_seconds * price("lambda_gb_second") + price("lambda_request") + price("schedule_invocation")
    one += logs * log_price() + price("trace")
    return one * minutes()


def log_price() -> Decimal:
    """A GB from being written until it is forgotten."""
    kept = Decimal(parameters()["LogRetentionDays"]["Default"]) / assume("shape", "days")
    return price("log_gb") + kept * assume("convert", "log_compression") * price("log_gb_month")


def chain(network: str) -> Part:
    """A chain that is followed while nothing is open: its poller with its metrics. Its blocks come through NAT."""
    [run] = minute("idle", [f"poll_chain {network}"])
    told = sum(f"network={network} " in f"{metric} " for metric in measured()["minutes"]["idle_metrics"])
    return Part(f"`{network}`", Decimal(1), running(run) + told * price("metric_month"))


def _secrets() -> Part:
    count = assume("parts", "secrets")
    return Part("secret", count, count * price("secret_month"))


def _metrics() -> Part:
    """Metrics cost by the hours in which they are told: idle, those of the schedules."""
    told = [name for name in measured()["minutes"]["idle_metrics"] if "network=" not in name]
    return Part("custom metric that idle functions tell", Decimal(len(told)), len(told) * price("metric_month"))


def _zones(endpoint: Json) -> int:
    return len(endpoint.get("SubnetIds", [])) if endpoint.get("VpcEndpointType") == "Interface" else 0


def _nodes(group: Json) -> int:
    return int(group["NumNodeGroups"]) * (1 + int(group["ReplicasPerNodeGroup"]))


def _watched(alarm: Json) -> int:
    """Alarms are billed by the metrics that they watch."""
    return sum("MetricStat" in each for each in alarm.get("Metrics", [])) or 1
