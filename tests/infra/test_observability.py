"""The alarms and the dashboard: they listen to what is told, ring when they should, and each is explained."""

from __future__ import annotations

import ast
import json
import re
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest

from infra.docs import alarms as page
from infra.docs import metrics as counted
from infra.docs.alarms import OWN, TEMPLATE, alarms
from infra.local.server import ROOT
from infra.local.template import load_document
from paygate.metrics import DIMENSIONS, METRICS
from paygate.strategies import registry
from tests.support.alarms import rings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.docs.alarms import Alarm

CORE = ROOT / "layers" / "core" / "python" / "paygate"
ALARMS = alarms()
ROOT_TEMPLATE = load_document(ROOT / "template.yaml")
NESTED = ROOT_TEMPLATE["Resources"]["Observability"]["Properties"]
ROLL_BACK = {"ApiErrorsAlarm", "FunctionErrorsAlarm", "SettlementRateAlarm", "OutboxAgeAlarm"}
# By which dimensions AWS publishes each metric: the developer guides of API Gateway ("Amazon API Gateway dimensions
# and metrics"), Lambda ("Types of metrics for Lambda functions") and SQS ("Available CloudWatch metrics").
PUBLISHED: dict[tuple[str, str], list[set[str]]] = {
    **{("AWS/ApiGateway", name): [{"ApiName"}, {"ApiName", "Stage"}]
       for name in ("5XXError", "4XXError", "Count", "Latency")},
    **{("AWS/Lambda", name): [set(), {"FunctionName"}] for name in ("Errors", "ConcurrentExecutions", "Throttles")},
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): [{"QueueName"}],
}  # fmt: skip
each_alarm = pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS)


def exists(namespace: str, name: str, dimensions: set[str]) -> bool:
    if namespace == OWN:
        sets = METRICS[name].sets if name in METRICS else ()
        return dimensions in [{"service", *names} for names in sets]
    return dimensions in PUBLISHED.get((namespace, name), [])


# ---------------------------------------------------------------- alarms


@each_alarm
def test_an_alarm_listens_to_what_somebody_tells(alarm: Alarm) -> None:
    for metric in alarm.metrics:
        assert exists(metric.namespace, metric.name, set(metric.dimensions)), metric
    assert len(alarm.metrics) <= 10, "CloudWatch takes no more in an alarm"
    assert (len(alarm.metrics) > 1) <= (alarm.expression is not None)


@each_alarm
def test_an_alarm_tells_the_topic_and_says_why_missing_data_is_what_it_is(alarm: Alarm) -> None:
    told = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert alarm.properties["AlarmActions"] == told
    text = (ROOT / NESTED["TemplateURL"]).read_text(encoding="utf-8")
    block = re.search(rf"^  {alarm.name}:\n((?:    .*\n)+)", text, re.MULTILINE)
    assert block is not None
    assert re.search(r"TreatMissingData: (breaching|notBreaching) # \w+", block[1])


@each_alarm
def test_an_alarm_rings_beyond_its_threshold_and_not_at_rest(alarm: Alarm) -> None:
    bad = {
        "ApiErrorsAlarm": {"errors": [1.0] * 3, "requests": [1.0] * 50},
        "FunctionErrorsAlarm": {"poll": [3.0]},
        "ConcurrencyAlarm": {"running": [9.0]},
        "SettlementRateAlarm": {"created": [10.0]},
        "FailureRateAlarm": {"created": [10.0], "failed": [10.0]},
        "PaymentsCreatedAlarm": {"": [-1.0]},
    }
    quiet = {
        "ApiErrorsAlarm": {"errors": [1.0] * 2, "requests": [1.0] * 2},
        "FunctionErrorsAlarm": {"poll": [0.0], "relay": [1.0], "resolve": [1.0]},
        "ConcurrencyAlarm": {"running": [8.0]},
        "SettlementRateAlarm": {"created": [9.0]},
        "FailureRateAlarm": {"created": [9.0], "failed": [9.0]},
        "PaymentsCreatedAlarm": {"": [0.0]},
    }
    assert rings(alarm, bad.get(alarm.name, {"": [alarm.threshold + 1]}))
    assert not rings(alarm, quiet.get(alarm.name, {"": [0.0]}))
    assert rings(alarm, {}) is (alarm.properties["TreatMissingData"] == "breaching")


def test_what_schedules_tell_each_minute_is_missed_when_they_stop() -> None:
    breaching = {name for name, alarm in ALARMS.items() if rings(alarm, {})}
    assert breaching == {"OutboxAgeAlarm", "UnknownPaymentsAlarm", "PaymentsCreatedAlarm"}


def test_each_rail_that_is_called_has_its_alarms() -> None:
    rails = {method.rail for method in registry.METHODS if method.pace == "instant"}
    for name in ("RailErrors", "RailLatency"):
        watched = [m.dimensions["rail"] for a in ALARMS.values() for m in a.metrics if m.name == name]
        assert sorted(watched) == sorted(rails)


def test_what_releases_roll_back_on_is_put_out_by_name() -> None:
    assert {name: output["Value"] for name, output in TEMPLATE["Outputs"].items()} == {
        name: {"Ref": name} for name in ROLL_BACK
    }
    assert not {name for name in ROLL_BACK if ALARMS[name].condition}, "a release would wait for what is not there"


def test_the_stack_waits_for_no_version_or_alias() -> None:
    """Which wait for its alarms: the two would wait for each other."""
    given = NESTED["Parameters"]
    assert given.keys() <= TEMPLATE["Parameters"].keys()
    required = {name for name, parameter in TEMPLATE["Parameters"].items() if "Default" not in parameter}
    assert required <= given.keys()
    assert not re.search(r"\.(Alias|Version|Arn)\b", json.dumps(given))
    functions = {name for name in given if name.endswith("Function")}
    assert {name: given[name] for name in functions} == {name: {"Ref": name} for name in functions}


def test_the_api_is_called_what_its_alarm_listens_for() -> None:
    api = ROOT_TEMPLATE["Resources"]["Api"]["Properties"]
    given = NESTED["Parameters"]
    assert (given["ApiName"], given["ApiStage"]) == (api["Name"], api["StageName"])


def test_limits_that_the_root_passes_on_are_the_same_in_both() -> None:
    for name, value in NESTED["Parameters"].items():
        if value == {"Ref": name} and TEMPLATE["Parameters"][name]["Type"] == "Number":
            assert ROOT_TEMPLATE["Parameters"][name] == TEMPLATE["Parameters"][name]


# ---------------------------------------------------------------- the dashboard


def widgets() -> list[dict[str, Any]]:
    body = TEMPLATE["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    known = {*TEMPLATE["Parameters"], "AWS::Region"}
    assert set(re.findall(r"\$\{([^}]+)\}", body)) <= known
    found: list[dict[str, Any]] = json.loads(body.replace("${ConcurrencyLimit}", "10"))["widgets"]
    return found


def shown() -> Iterator[tuple[str, str, set[str]]]:
    """Namespace, name and dimensions of all that the dashboard shows."""
    for widget in widgets():
        for metric in widget["properties"].get("metrics", []):
            plain = [part for part in metric if not isinstance(part, dict)]
            if plain:
                namespace, name, *dimensions = plain
                yield namespace, name, set(dimensions[::2])
            for search in re.findall(r"SEARCH\('(.*?)', ", json.dumps(metric).replace('\\"', '"')):
                schema = re.fullmatch(r'\{(\w+),([\w,]+)\} MetricName="(\w+)" service="paygate"', search)
                assert schema is not None, search
                yield schema[1], schema[3], set(schema[2].split(","))


def test_the_dashboard_shows_what_somebody_tells() -> None:
    everything = list(shown())
    assert len(everything) > 30
    for namespace, name, dimensions in everything:
        assert exists(namespace, name, dimensions), (namespace, name, dimensions)


def test_the_dashboard_shows_all_that_alarms_watch() -> None:
    """Though not by the same dimensions: it shows methods, rails and networks one by one."""
    seen = {(namespace, name) for namespace, name, _ in shown()}
    assert {(metric.namespace, metric.name) for alarm in ALARMS.values() for metric in alarm.metrics} <= seen


def test_widgets_lie_side_by_side_and_have_a_title() -> None:
    placed = widgets()
    for widget in placed:
        assert 0 <= widget["x"] <= widget["x"] + widget["width"] <= 24
        assert widget["type"] == "text" or widget["properties"]["title"]
    titles = [widget["properties"].get("title") for widget in placed if widget["type"] == "metric"]
    assert len(set(titles)) == len(titles)
    for one, other in combinations(placed, 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        above = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or above, (one, other)
    area = sum(widget["width"] * widget["height"] for widget in placed)
    assert area == 24 * max(widget["y"] + widget["height"] for widget in placed), "no hole either"


# ---------------------------------------------------------------- what is told


def calls() -> Iterator[tuple[str, str, set[str]]]:
    """Each call of a meter in the core: how, of what, by which dimensions."""
    for path in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            owner = ast.unparse(node.func.value)
            if owner.endswith("meter") and node.func.attr in ("count", "measure", "gauge", "alarm"):
                name = node.args[0]
                names = [name.value] if isinstance(name, ast.Constant) else _named(ast.unparse(name))
                for each in names:
                    yield node.func.attr, each, {keyword.arg or "**" for keyword in node.keywords}


def _named(expression: str) -> list[str]:
    """The one place where a table names the metric."""
    from paygate.services.tell import _REFUNDS

    assert expression == "_REFUNDS[state]"
    return list(_REFUNDS.values())


def test_every_metric_is_told_as_the_table_says_and_the_table_names_no_other() -> None:
    found = list(calls())
    assert {name for _, name, _ in found} == METRICS.keys()
    for how, name, dimensions in found:
        metric = METRICS[name]
        if how == "alarm":  # what it is called with are facts of the line, not dimensions
            assert metric.sets == ((),)
            continue
        wanted = {dimension for names in metric.sets for dimension in names} - {"pace"}
        assert dimensions == wanted, name
        assert metric.unit == "Milliseconds" if how == "measure" else metric.unit in ("Count", "None")


def test_dimensions_are_on_the_list_and_take_few_values() -> None:
    """An id would be one metric a payment, each on the bill."""
    allowed = {"service", "method", "pace", "rail", "network", "asset", "currency", "source", "reason"}
    assert allowed == DIMENSIONS
    assert {dimension for metric in METRICS.values() for names in metric.sets for dimension in names} < allowed
    values = counted.values(counted.ALL)
    assert values.keys() | {"service"} == allowed
    assert max(map(len, values.values())) < 30
    assert METRICS.keys() > counted.RARE


# ---------------------------------------------------------------- the page


def test_the_page_has_the_tables_that_the_template_makes() -> None:
    assert page.TARGET.read_text(encoding="utf-8") == page.render(), "run `make docs`"


@each_alarm
def test_the_page_says_what_to_do(alarm: Alarm) -> None:
    text = page.TARGET.read_text(encoding="utf-8")
    section = re.search(rf"^### {alarm.name}\n\n(.+?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    assert len(section[1].split()) > 15


def test_the_page_explains_no_alarm_that_is_gone() -> None:
    text = page.TARGET.read_text(encoding="utf-8")
    assert re.findall(r"^### (\w+)$", text, re.MULTILINE) == list(ALARMS)
