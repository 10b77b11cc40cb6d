"""The template has each deployment migrate before it changes anything that reads the schema."""

from infra.local.server import ROOT
from infra.local.template import load_document

RESOURCES = load_document(ROOT / "template.yaml")["Resources"]
MIGRATION = RESOURCES["Migration"]["Properties"]


def test_every_other_function_waits_for_the_migration() -> None:
    functions = {name: each for name, each in RESOURCES.items() if each["Type"] == "AWS::Serverless::Function"}
    assert "Condition" not in RESOURCES["Migration"]
    waiting = {name for name, each in functions.items() if "Migration" in (each.get("DependsOn") or [])}
    assert waiting == set(functions) - {"MigrateFunction"}


def test_it_is_called_at_the_new_code_whenever_that_changed() -> None:
    assert MIGRATION["ServiceToken"] == {"Fn::GetAtt": ["MigrateFunction", "Arn"]}
    release = MIGRATION["Release"]["Fn::Sub"]
    for layer in ("MigrateLayer", "CoreLayer"):
        assert f"${{{layer}}}" in release
        assert RESOURCES[layer]["Type"] == "AWS::Serverless::LayerVersion"


def test_it_only_adds_and_only_where_functions_can_start() -> None:
    assert MIGRATION["Phase"] == {"Fn::If": ["MayStart", "pre", "none"]}


def test_it_answers_before_cloudformation_gives_up() -> None:
    assert MIGRATION["ServiceTimeout"] > RESOURCES["MigrateFunction"]["Properties"]["Timeout"]
