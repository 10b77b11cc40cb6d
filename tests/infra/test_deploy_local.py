"""What `make deploy-local` rests on, without deploying: where to, with what, and that production stays so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.local.deploy import tools
from infra.local.deploy.emulator import Ministack, RunningEmulator
from infra.local.deploy.release import API_ID
from infra.local.deploy.stack import DeployedStack
from infra.local.server import ROOT, StartFailed
from infra.local.template import load_document

TEMPLATE = load_document(ROOT / "template.yaml")


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeployedStack:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return DeployedStack(tmp_path, durable=False)


def test_only_the_environment_called_local_may_be_less_than_production() -> None:
    parameter = TEMPLATE["Parameters"]["AppEnv"]
    assert (parameter["Default"], set(parameter["AllowedValues"])) == ("production", {"production", "development"})
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["APP_ENV"] == {"Ref": "AppEnv"}
    rule = TEMPLATE["Rules"]["OnlyLocalIsDevelopment"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "AppEnv"}, "development"]}
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "Environment"}, "local"]}


def test_releases_are_gradual_only_where_alarms_can_turn_them_back() -> None:
    rule = TEMPLATE["Rules"]["AlarmsStopGradualReleases"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "GradualReleases"}, "true"]}
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "Alarms"}, "ENABLED"]}
    assert TEMPLATE["Parameters"]["Alarms"]["Default"] == "ENABLED"
    assert TEMPLATE["Resources"]["Observability"]["Condition"] == "HasAlarms"


def test_nothing_but_the_local_deployment_asks_for_less() -> None:
    assert "AppEnv" not in (ROOT / "samconfig.toml").read_text(encoding="utf-8")


def test_every_parameter_that_is_passed_is_one_of_the_templates(stack: DeployedStack) -> None:
    passed = stack.parameters()
    assert set(passed) <= set(TEMPLATE["Parameters"])
    assert passed["Environment"] == "local"
    for name, value in passed.items():
        parameter = TEMPLATE["Parameters"][name]
        assert value in parameter.get("AllowedValues", [value])
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), value)


def test_rails_are_told_the_address_that_emulators_serve(stack: DeployedStack) -> None:
    expected = f"{stack.aws.url}/restapis/{API_ID}/v1/_user_request_"
    assert (stack.gateway.url, stack.parameters()["PublicBaseUrl"]) == (expected, expected)


def test_an_emulator_that_runs_is_used_and_must_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9/")  # the discard port: nobody listens
    aws = DeployedStack(tmp_path).aws
    assert isinstance(aws, RunningEmulator)
    assert aws.url == "http://127.0.0.1:9"
    with pytest.raises(StartFailed, match="healthy"):
        aws.start()


def test_ours_listens_on_loopback_and_checks_roles(stack: DeployedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reaches it can run code here."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody:secret@db.example/paygate")
    assert isinstance(stack.aws, Ministack)
    environment = stack.aws.environment()
    assert (environment["BIND_HOST"], environment["AUTH"]) == ("127.0.0.1", "true")
    assert Path(environment["TMPDIR"]) == stack.aws.scratch
    assert "DATABASE_URL" not in environment, "functions inherit the emulator's environment"


def test_what_functions_unpack_is_gone_with_the_emulator(stack: DeployedStack) -> None:
    assert isinstance(stack.aws, Ministack)
    stack.aws.prepare()
    (stack.aws.scratch / "layer_0").mkdir()
    assert stack.aws.scratch.stat().st_mode & 0o777 == 0o700
    stack.aws.stop()
    assert not stack.aws.scratch.exists()


def test_a_missing_tool_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAM", str(tmp_path / "sam"))
    with pytest.raises(StartFailed, match="make deploy-local installs it"):
        tools.sam()


def test_layers_are_built_for_the_python_that_the_emulator_runs_functions_on() -> None:
    runtime = TEMPLATE["Globals"]["Function"]["Runtime"]
    rule = (ROOT / "Makefile").read_text(encoding="utf-8").partition("$(TOOLS)/ministack/.ready: ")[2]
    assert f"ministack $< {runtime.removeprefix('python')}\n" in rule


def test_tools_are_pinned_with_hashes() -> None:
    text = (ROOT / "infra/local/deploy/requirements.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9-]+)==\S+.* \\$", text, re.MULTILINE)
    assert {"ministack", "aws-sam-translator"} <= set(pinned)
    assert len(re.findall(r"^    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)) >= len(pinned)
