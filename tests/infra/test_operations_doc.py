"""What docs/operations.md tells somebody to type exists: tasks and their fields, functions, targets, parameters,
settings, outputs, and calls of the AWS CLI with their options.
"""

import json
import re
import shlex
from collections.abc import Iterator

import botocore.session
import pytest
from botocore import xform_name

from infra.local.server import ROOT
from infra.local.template import load_document
from operate.app import TASKS
from paygate.config import SETTINGS
from paygate.strategies import registry

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
TEMPLATE = load_document(ROOT / "template.yaml")
OPERATE = (ROOT / "functions" / "operate" / "app.py").read_text(encoding="utf-8")
WAITERS = {("rds", "db-instance-available")}


def commands() -> Iterator[str]:
    """The lines of all blocks of shell."""
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE):
        yield from (line.strip() for line in block.splitlines() if line.strip())


LINES = list(commands())
AWS = [line[line.index("aws ") :] for line in LINES if re.search(r"(^|\(|do )aws ", line)]


def invoked() -> Iterator[tuple[str, dict[str, object]]]:
    for line in LINES:
        if line.startswith("sam remote invoke"):
            words = shlex.split(line)
            event = words[words.index("--event") + 1] if "--event" in words else "{}"
            yield words[3], json.loads(event)


def test_functions_that_are_invoked_exist_and_know_what_they_are_told() -> None:
    told = list(invoked())
    assert len(told) >= 15
    for function, event in told:
        assert TEMPLATE["Resources"][function]["Type"] == "AWS::Serverless::Function"
        if function == "MigrateFunction":
            assert event in ({}, {"phase": "pre"}, {"phase": "post"})
            continue
        assert event["task"] in TASKS
        for name in event:
            assert f'"{name}"' in OPERATE, f"{event['task']} takes no {name}"


def test_every_task_is_on_the_page() -> None:
    assert {event.get("task") for function, event in invoked() if function == "OperateFunction"} == set(TASKS)


def test_the_page_tells_of_the_aws_cli() -> None:
    assert len(AWS) >= 12


def test_targets_of_make_exist() -> None:
    targets = set(re.findall(r"^([a-z.-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z.-]+)", PAGE))
    assert named
    assert named <= targets


def test_parameters_and_outputs_exist() -> None:
    named = {*re.findall(r"`([A-Z][A-Za-z]+)(?:=[^`]*)?`", PAGE)}
    named = {name for name in named if re.search(r"[a-z]", name)}
    known = {*TEMPLATE["Parameters"], *TEMPLATE["Outputs"], *TEMPLATE["Resources"]}
    assert {"PublicBaseUrl", "SettingsVersion", "AlarmTopicArn", "StatementBucket", "ScheduleDeadLetters"} <= named
    assert named - known == {"DbiResourceId"}, "what RDS calls it"


def test_settings_exist() -> None:
    rails = {name for method in registry.METHODS for name in registry.load(settings_names(method))}
    known = {setting.name for setting in SETTINGS} | rails | {method.name for method in registry.METHODS}
    kinds = {"REFUND_HELD", "UNKNOWN_ORDER", "DISABLED"}
    named = {name for name in re.findall(r"`([A-Z][A-Z0-9_]{5,})`", PAGE) if not name.endswith("_XPUB")}
    assert {"ENCRYPTION_KEY", "METHODS_OFF", "API_KEY_PEPPER"} <= named
    assert named - known <= kinds


def settings_names(method: registry.Method) -> str:
    return method.settings.partition(":")[0] + ":NAMES"


@pytest.mark.parametrize("line", AWS, ids=lambda line: " ".join(line.split()[1:3]))
def test_calls_of_the_aws_cli_exist_with_their_options(line: str) -> None:
    words = shlex.split(line.partition(")")[0] if "$(" not in line and line.count(")") > line.count("(") else line)
    _, service, operation, *rest = words
    session = botocore.session.get_session()
    if operation == "wait":
        assert (service, rest[0]) in WAITERS
        operation = "describe-db-instances"
    model = session.get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in names
    members = model.operation_model(names[operation]).input_shape.members  # type: ignore[union-attr]
    options = {xform_name(name, "-") for name in members} | {"query", "output"}
    for option in (word.removeprefix("--") for word in rest if word.startswith("--")):
        assert option in options, f"{service} {operation} takes no {option}"


def test_links_lead_somewhere() -> None:
    titles = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    headings = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        file, _, anchor = target.partition("#")
        if not file:
            assert anchor in headings, target
        else:
            assert (ROOT / "docs" / file).resolve().exists(), target
