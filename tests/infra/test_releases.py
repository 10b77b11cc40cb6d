"""How a release reaches callers, and what is on only where a parameter says so."""

from functools import cache
from typing import Any

import pytest

from infra.checks.expand import VARIANTS, expand
from infra.local.server import ROOT
from infra.local.template import load_document

TEMPLATE = load_document(ROOT / "template.yaml")
PARAMETERS = TEMPLATE["Parameters"]
FUNCTIONS = {
    name: each["Properties"]
    for name, each in TEMPLATE["Resources"].items()
    if each["Type"] == "AWS::Serverless::Function"
}
OF_THE_API = {
    name for name, each in FUNCTIONS.items() if any(e["Type"] == "Api" for e in each.get("Events", {}).values())
}


@cache
def resources(variant: str) -> dict[str, Any]:
    found: dict[str, Any] = expand(VARIANTS[variant])["Resources"]
    return found


def of_type(variant: str, kind: str) -> dict[str, Any]:
    return {name: each for name, each in resources(variant).items() if each["Type"] == kind}


def test_by_default_nothing_of_codedeploy_is_needed() -> None:
    assert not [name for name, each in resources("default").items() if "CodeDeploy" in each["Type"]]
    assert not [name for name, each in of_type("default", "AWS::Lambda::Alias").items() if "UpdatePolicy" in each]


def test_gradual_releases_move_every_alias_but_migrates() -> None:
    aliases = of_type("everything", "AWS::Lambda::Alias")
    moved = {name.removesuffix("Aliaslive") for name, each in aliases.items() if "UpdatePolicy" in each}
    assert moved == set(FUNCTIONS) - {"MigrateFunction"}


def test_a_release_goes_back_when_an_alarm_rings() -> None:
    groups = of_type("everything", "AWS::CodeDeploy::DeploymentGroup")
    assert len(groups) == len(FUNCTIONS) - 1
    condition, alarms, _ = TEMPLATE["Globals"]["Function"]["DeploymentPreference"]["Alarms"]["Fn::If"]
    assert (condition, len(alarms)) == ("HasAlarms", 4)
    for name, each in groups.items():
        properties = each["Properties"]
        assert properties["AutoRollbackConfiguration"]["Enabled"] is True
        assert "DEPLOYMENT_STOP_ON_ALARM" in properties["AutoRollbackConfiguration"]["Events"]
        given, configured, _ = properties["AlarmConfiguration"]["Fn::If"]
        assert (given, [alarm["Name"] for alarm in configured["Alarms"]]) == (condition, alarms)
        assert each.get("Condition") == TEMPLATE["Resources"][name.removesuffix("DeploymentGroup")].get("Condition")
        assert properties["ServiceRoleArn"] == {"Fn::GetAtt": ["ReleaseRole", "Arn"]}


def test_production_releases_gradually_and_stands_behind_a_firewall() -> None:
    settings = (ROOT / "samconfig.toml").read_text(encoding="utf-8")
    _, prod = settings.split("[prod.deploy.parameters]")
    assert '"GradualReleases=true"' in prod
    assert '"Firewall=ENABLED"' in prod
    assert "GradualReleases" not in settings.partition("[prod.")[0], "elsewhere waiting is not worth it"


def test_snapshots_are_off_and_only_for_functions_that_somebody_waits_for() -> None:
    assert PARAMETERS["SnapStart"]["Default"] == "None"
    assert "charges" in PARAMETERS["SnapStart"]["Description"]
    assert {name for name, each in FUNCTIONS.items() if "SnapStart" in each} == OF_THE_API
    assert "SnapStart" not in TEMPLATE["Globals"]["Function"]
    for name in OF_THE_API:
        assert FUNCTIONS[name]["SnapStart"] == {"ApplyOn": {"Ref": "SnapStart"}}
        assert "EphemeralStorage" not in FUNCTIONS[name], "Lambda takes no snapshot with more than 512 MB of it"


@pytest.mark.parametrize("name", ["Create", "Webhook"])
def test_concurrency_is_reserved_only_where_it_is_asked_for(name: str) -> None:
    """A new account may have ten executions in all, and Lambda lets nobody reserve the last hundred."""
    parameter = f"{name}ReservedConcurrency"
    assert PARAMETERS[parameter]["Default"] == ""
    reserved = FUNCTIONS[f"{name}Function"]["ReservedConcurrentExecutions"]
    assert reserved == {"Fn::If": [f"Reserves{name}", {"Ref": parameter}, {"Ref": "AWS::NoValue"}]}
    others = {other for other, each in FUNCTIONS.items() if "ReservedConcurrentExecutions" in each}
    assert others == {"CreateFunction", "WebhookFunction"}
