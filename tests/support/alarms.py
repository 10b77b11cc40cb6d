"""What the code tells in EMF, and whether an alarm of the template would ring at it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from infra.docs.alarms import Alarm


def rings(alarm: Alarm, values: Mapping[str, Sequence[float]]) -> bool:
    """Whether these values, by the metrics' ids, all of one period, are beyond the threshold."""
    stats = {each.id: _statistic(each.statistic, values.get(each.id, ())) for each in alarm.metrics}
    [found] = [_calculated(alarm.expression, stats)] if alarm.expression else stats.values()
    if found is None:
        return bool(alarm.properties["TreatMissingData"] == "breaching")
    beyond = {">": found > alarm.threshold, "≥": found >= alarm.threshold, "<": found < alarm.threshold}
    return beyond[alarm.comparison]


def _statistic(name: str, values: Sequence[float]) -> float | None:
    if not values:
        return None
    if name.startswith("p"):
        return sorted(values)[math.ceil(len(values) * int(name[1:]) / 100) - 1]
    return {"Sum": math.fsum, "Maximum": max, "Average": fmean}[name](values)


def _calculated(expression: str, stats: Mapping[str, float | None]) -> float | None:
    """CloudWatch's functions, of single values; None where a value is missing."""

    def fill(value: float | list[float | None] | None, instead: float) -> float | list[float]:
        if isinstance(value, list):
            return [instead if each is None else each for each in value]
        return instead if value is None else value

    names = {
        "IF": lambda condition, yes, no: yes if condition else no,
        "FILL": fill,
        "METRICS": lambda: list(stats.values()),
        "SUM": sum,
    }
    try:
        return float(eval(expression, {"__builtins__": {}, **names}, dict(stats)))  # our own template
    except (TypeError, ZeroDivisionError):
        return None


@dataclass(frozen=True)
class Told:
    """One metric of an EMF line, as CloudWatch keeps it: once for each set of dimensions."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    values: Sequence[float]


def told(lines: Iterable[str]) -> Iterator[Told]:
    """Raises where a line is not what CloudWatch reads."""
    for text in lines:
        if '"_aws"' not in text:
            continue
        line = json.loads(text)
        assert isinstance(line["_aws"]["Timestamp"], int)
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for metric in directive["Metrics"]:
                for names in directive["Dimensions"]:
                    dimensions = {name: line[name] for name in names}
                    yield Told(directive["Namespace"], metric["Name"], dimensions, line[metric["Name"]])
