"""What holds for every resource of a kind: in the root after its transform, and in each nested stack."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.checks.expand import VARIANTS, expand
from infra.local.server import ROOT
from infra.local.template import load_document

STACKS = sorted((ROOT / "infra" / "stacks").glob("*.yaml"))
KEPT = ("Retain", "Snapshot", "RetainExceptOnCreate")


def templates() -> Iterator[tuple[str, dict[str, Any]]]:
    for variant, parameters in VARIANTS.items():
        yield f"template.yaml, {variant}", expand(parameters)
    for path in STACKS:
        yield path.name, load_document(path)


TEMPLATES = dict(templates())


def is_public(rule: dict[str, Any]) -> bool:
    return rule.get("CidrIp") == "0.0.0.0/0" or rule.get("CidrIpv6") == "::/0"


def is_kept(resource: dict[str, Any]) -> bool:
    return resource.get("DeletionPolicy") in KEPT and resource.get("UpdateReplacePolicy") in KEPT


def properties(*names: str) -> Callable[[dict[str, Any]], bool]:
    return lambda resource: all(resource["Properties"].get(name) for name in names)


# Each kind's rules, as a sentence and what must hold.
RULES: dict[str, dict[str, Callable[[dict[str, Any]], bool]]] = {
    "AWS::Lambda::Function": {
        "is traced": lambda r: r["Properties"]["TracingConfig"]["Mode"] == "Active",
        "logs to a group that is ours": lambda r: "Ref" in r["Properties"]["LoggingConfig"]["LogGroup"],
        "says what it is for": properties("Description"),
    },
    "AWS::Lambda::Alias": {"follows a version": lambda r: "Fn::GetAtt" in r["Properties"]["FunctionVersion"]},
    "AWS::Logs::LogGroup": {"forgets": properties("RetentionInDays")},
    "AWS::SQS::Queue": {
        "is encrypted": lambda r: bool({"SqsManagedSseEnabled", "KmsMasterKeyId"} & r["Properties"].keys()),
        "keeps messages for a stated time": properties("MessageRetentionPeriod"),
    },
    "AWS::S3::Bucket": {
        "is kept": is_kept,
        "is encrypted": properties("BucketEncryption"),
        "is nobody else's": lambda r: all(r["Properties"]["PublicAccessBlockConfiguration"].values()),
    },
    "AWS::CloudWatch::Alarm": {
        "says what to think of": properties("AlarmDescription"),
        "says what silence means": properties("TreatMissingData"),
        "tells somebody": properties("AlarmActions"),
    },
    "AWS::ApiGateway::Stage": {
        "is traced": properties("TracingEnabled"),
        "is bounded": properties("MethodSettings"),
    },
    "AWS::EC2::SecurityGroup": {
        "lets nobody in from everywhere": lambda r: (
            not any(map(is_public, r["Properties"].get("SecurityGroupIngress", [])))
        ),
        "says what it is for": properties("GroupDescription"),
    },
    "AWS::EC2::SecurityGroupIngress": {"lets nobody in from everywhere": lambda r: not is_public(r["Properties"])},
    "AWS::EC2::Subnet": {"gives out no public addresses": lambda r: not r["Properties"].get("MapPublicIpOnLaunch")},
    "AWS::RDS::DBInstance": {"is not public": lambda r: r["Properties"].get("PubliclyAccessible") is False},
    "AWS::RDS::DBCluster": {"is encrypted": properties("StorageEncrypted")},
    "AWS::KMS::Key": {"turns": properties("EnableKeyRotation"), "is kept": is_kept},
    "AWS::Scheduler::Schedule": {
        "is never late": lambda r: r["Properties"]["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == 60,
    },
}


def resources_of(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, template in TEMPLATES.items():
        for name, resource in template["Resources"].items():
            if resource["Type"] == kind:
                yield f"{where}: {name}", resource


@pytest.mark.parametrize(("kind", "rule"), [(kind, rule) for kind, rules in RULES.items() for rule in rules])
def test_each(kind: str, rule: str) -> None:
    breaking = [name for name, resource in resources_of(kind) if not RULES[kind][rule](resource)]
    assert breaking == [], f"{kind} {rule}"


def test_the_rules_have_something_to_hold_to() -> None:
    for kind in ("AWS::Lambda::Function", "AWS::SQS::Queue", "AWS::CloudWatch::Alarm", "AWS::S3::Bucket"):
        assert list(resources_of(kind)), kind


def test_no_stack_is_left_out_and_none_is_missing() -> None:
    resources = load_document(ROOT / "template.yaml")["Resources"].values()
    nested = {
        each["Properties"]["TemplateURL"] for each in resources if each["Type"] == "AWS::CloudFormation::Stack"
    }
    assert nested == {str(path.relative_to(ROOT)) for path in STACKS}


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_a_stack_says_what_it_is_and_names_no_partition(path: Any) -> None:
    assert load_document(path)["Description"]
    assert "arn:aws" not in path.read_text(encoding="utf-8")
    assert "amazonaws.com/" not in path.read_text(encoding="utf-8"), "AWS::URLSuffix says it for every partition"
