"""The tables in `docs/alarms.md`, from the template and the table of metrics: `python -m infra.docs.alarms`.

What to do about an alarm is written by hand in the same file, and stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.docs import metrics
from infra.local.server import ROOT
from infra.local.template import load_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TARGET = ROOT / "docs" / "alarms.md"
TEMPLATE: dict[str, Any] = load_document(ROOT / "infra" / "stacks" / "observability.yaml")
OWN = "paygate"
COMPARISONS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
}


@dataclass(frozen=True)
class Heard:
    """A metric as an alarm names it: exactly these dimensions."""

    id: str
    namespace: str
    name: str
    dimensions: Mapping[str, Any]
    statistic: str
    period: int


@dataclass(frozen=True)
class Alarm:
    """`expression` and `threshold` with the parameters' defaults; `parameters` are those of the threshold."""

    name: str
    metrics: Sequence[Heard]
    expression: str | None
    threshold: float
    properties: Mapping[str, Any]
    condition: str | None

    @property
    def is_own(self) -> bool:
        return all(metric.namespace == OWN for metric in self.metrics)

    @property
    def comparison(self) -> str:
        return COMPARISONS[self.properties["ComparisonOperator"]]


def alarms() -> dict[str, Alarm]:
    return {
        name: _alarm(name, resource["Properties"], resource.get("Condition"))
        for name, resource in TEMPLATE["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def _alarm(name: str, properties: Mapping[str, Any], condition: str | None) -> Alarm:
    queries = properties.get("Metrics", [])
    stats = [query["MetricStat"] | {"Id": query["Id"]} for query in queries if "MetricStat" in query]
    if not queries:
        statistic = properties.get("Statistic") or properties["ExtendedStatistic"]
        stats = [{"Metric": properties, "Stat": statistic, "Period": properties["Period"]}]
    [expression] = [query["Expression"] for query in queries if "Expression" in query] or [None]
    heard = tuple(_heard(stat) for stat in stats)
    return Alarm(name, heard, _plain(expression), float(_plain(properties["Threshold"])), properties, condition)


def _heard(stat: Mapping[str, Any]) -> Heard:
    metric = stat["Metric"]
    dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions", [])}
    place = (stat.get("Id", ""), metric["Namespace"], metric["MetricName"])
    return Heard(*place, dimensions, stat["Stat"], stat["Period"])


def _plain(value: Any) -> Any:
    """With the defaults of parameters put in."""
    parameters = {name: parameter.get("Default") for name, parameter in TEMPLATE["Parameters"].items()}
    if isinstance(value, dict) and "Ref" in value:
        return parameters[value["Ref"]]
    if isinstance(value, dict) and "Fn::Sub" in value:
        return re.sub(r"\$\{(\w+)\}", lambda found: str(parameters[found[1]]), value["Fn::Sub"])
    return value


# ---------------------------------------------------------------- the tables


def render() -> str:
    """The page with its tables as they should be."""
    text = TARGET.read_text(encoding="utf-8")
    for name, table in {"alarms": _alarm_table(), "metrics": _metric_table(), "counts": _count_table()}.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = before + begin + "\n".join(table) + "\n" + end + after
    return text


def _alarm_table() -> Iterator[str]:
    yield "| alarm | means | goes when | is set by |"
    yield "|---|---|---|---|"
    for alarm in alarms().values():
        means = alarm.properties["AlarmDescription"]
        yield f"| [{alarm.name}](#{alarm.name.lower()}) | {means} | {_goes_when(alarm)} | {_set_by(alarm)} |"


def _goes_when(alarm: Alarm) -> str:
    [metric, *_] = alarm.metrics
    what = alarm.expression or f"{metric.statistic} of {metric.name}"
    goes = f"`{what}` {alarm.comparison} {alarm.threshold:,.10g}"
    periods, minutes = alarm.properties["EvaluationPeriods"], metric.period // 60
    points = alarm.properties.get("DatapointsToAlarm", periods)
    how_often = f"{points} of {periods}" if points != periods else f"{periods}"
    goes += f", {how_often} periods of {minutes} min" if periods > 1 else f", in {minutes} min"
    return goes + (", or nothing is told" if alarm.properties["TreatMissingData"] == "breaching" else "")


def _set_by(alarm: Alarm) -> str:
    said = f"{alarm.properties['Threshold']} {alarm.properties.get('Metrics', '')}"
    found = re.findall(r"'Ref': '(\w+)'|\$\{(\w+)\}", said)
    names = dict.fromkeys(one or other for one, other in found)
    limits = [name for name in names if TEMPLATE["Parameters"].get(name, {}).get("Type") == "Number"]
    return ", ".join(f"`{name}`" for name in limits)


def _metric_table() -> Iterator[str]:
    yield "| metric | tells | unit | by |"
    yield "|---|---|---|---|"
    for name, metric in metrics.METRICS.items():
        by = ", ".join("all" if not names else " and ".join(names) for names in metric.sets)
        yield f"| `{name}` | {metric.meaning} | {metric.unit} | {by} |"


def _count_table() -> Iterator[str]:
    yield "| methods | custom metrics told all the time | at most | alarms | metrics that alarms watch |"
    yield "|---|---|---|---|---|"
    watched = [alarm for alarm in alarms().values() if alarm.condition is None]
    tail = f"{len(watched)} | {sum(len(alarm.metrics) for alarm in watched)}"
    for label, methods in metrics.EXAMPLES.items():
        yield f"| {label} | {metrics.steady(methods)} | {metrics.most(methods)} | {tail} |"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
