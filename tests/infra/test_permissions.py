"""What the deployed functions may do is what their code does, read from the template as CloudFormation gets it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from infra.checks.expand import VARIANTS, expand
from infra.local.server import ROOT
from infra.local.template import load_document
from tests.support.aws_calls import CORE, AwsCall, adapters_of, modules_with_clients, reached_by

TEMPLATE = load_document(ROOT / "template.yaml")
FUNCTIONS = {
    resource["Properties"]["Handler"].partition(".")[0]: resource["Properties"]
    for resource in TEMPLATE["Resources"].values()
    if resource["Type"] == "AWS::Serverless::Function"
}
each_function = pytest.mark.parametrize("function", sorted(FUNCTIONS))
each_variant = pytest.mark.parametrize("variant", sorted(VARIANTS))

# What Lambda does in every function's name: not the code's own.
RUNNING = {
    *("logs:CreateLogStream", "logs:PutLogEvents"),
    *("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
    *("ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"),
    *("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"),
}
# `config.py`, for all of them: Secrets Manager decrypts in the caller's name.
SETTINGS = {"secretsmanager:GetSecretValue", "kms:Decrypt"}
TAKING = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
# Servers that take a role for a password: everybody's, and Kafka's for those who write to it or make its topics.
CONNECTING = {"rds-db:connect", "elasticache:Connect"}
WRITING = {"Connect", "DescribeTopic", "WriteData", "WriteDataIdempotently"}
MAKING = {"Connect", "CreateTopic", "DescribeTopic"}
# Reached in the sources, and not when it runs.
NEVER = {
    # It has time, and so hands no statement on to itself: `approved(…, has_time=True)`.
    "import_statement": {AwsCall("sqs:SendMessage", "StatementQueue")},
}
# Service Authorization Reference: actions without resource types, which only "*" allows.
WITHOUT_RESOURCES = {
    *("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
    *("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"),
}


@cache
def resources(variant: str) -> dict[str, Any]:
    found: dict[str, Any] = expand(VARIANTS[variant])["Resources"]
    return found


def own_statements(policy: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for statement in policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]:
        yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def statements(variant: str, logical_id: str) -> Iterator[dict[str, Any]]:
    """Of one role: its own, those of the policies that it refers to, and of those that refer to it."""
    role = resources(variant)[logical_id]["Properties"]
    for policy in role.get("Policies", []):
        yield from own_statements(policy["PolicyDocument"])
    referred = [policy["Ref"] for policy in role.get("ManagedPolicyArns", [])]
    for name, each in resources(variant).items():
        if each["Type"] == "AWS::IAM::ManagedPolicy":
            policy = each["Properties"]
            if name in referred or {"Ref": logical_id} in policy.get("Roles", []):
                yield from own_statements(policy["PolicyDocument"])


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def target(resource: Any) -> str:
    """The logical id or parameter that a statement's resource names."""
    if isinstance(resource, list):
        return ",".join(map(target, resource))
    if "Fn::If" in resource or "Fn::Split" in resource:
        return target(next(iter(resource.values()))[1])
    if "Ref" in resource:
        return str(resource["Ref"])
    if "Fn::GetAtt" in resource:
        return str(resource["Fn::GetAtt"][0])
    return str(resource["Fn::Sub"]).partition(".Arn")[0].removeprefix("${")


def allowed(function: str) -> set[tuple[str, str]]:
    role = FUNCTIONS[function]["Role"]["Fn::GetAtt"][0]
    return {
        (action, target(statement["Resource"]))
        for statement in statements("default", role)
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        if action not in RUNNING
    }


def variables(function: str) -> dict[str, str]:
    """The function's environment; addresses are made up, and end with the name of what is there."""
    own = FUNCTIONS[function].get("Environment", {}).get("Variables", {})
    there = {**TEMPLATE["Globals"]["Function"]["Environment"]["Variables"], **own}
    shapes = {
        "_URL": "https://queues.test/{}",
        "_ARN": "arn:aws:kms:eu-west-1:111122223333:key/{}",
        "_BUCKET": "{}",
    }
    return {
        name: shape.format(value["Ref"])
        for name, value in there.items()
        for ending, shape in shapes.items()
        if name.endswith(ending) and isinstance(value, dict) and "Ref" in value
    }


@each_function
def test_a_function_may_do_what_its_code_does_and_no_more(function: str) -> None:
    calls = reached_by(function, variables(function)) - NEVER.get(function, set())
    expected = {(call.action, call.target) for call in calls}
    for event in FUNCTIONS[function].get("Events", {}).values():
        if event["Type"] == "SQS":
            expected |= {(action, target(event["Properties"]["Queue"])) for action in TAKING}
    if "EventInvokeConfig" in FUNCTIONS[function]:
        on_failure = FUNCTIONS[function]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
        expected.add(("sqs:SendMessage", target(on_failure["Destination"])))
    every = allowed(function)
    assert {each for each in every if each[0] not in SETTINGS | CONNECTING and "kafka" not in each[0]} == expected
    assert {action for action, _ in every} >= SETTINGS | CONNECTING


@each_function
def test_only_who_writes_to_kafka_may(function: str) -> None:
    writes = "paygate.adapters.kafka.stream" in adapters_of(function, variables(function))
    expected = WRITING if writes else MAKING if function == "migrate" else set()
    assert {action for action, _ in allowed(function) if "kafka" in action} == {
        f"kafka-cluster:{one}" for one in expected
    }


def test_only_migrate_and_operate_own_the_schema() -> None:
    owning = {name for name in FUNCTIONS if any("Owner" in where for _, where in allowed(name))}
    assert owning == {"migrate", "operate"}


def test_what_is_never_called_is_reached_all_the_same() -> None:
    for function, calls in NEVER.items():
        assert calls <= reached_by(function, variables(function)), "then the exception is not needed any more"


def test_the_sources_hold_no_client_of_aws_that_is_not_looked_at() -> None:
    known = {"config.py", "adapters/kms/key.py", "adapters/s3/uploads.py", "adapters/sqs/nudge.py"}
    known |= {"adapters/sqs/statements.py", "snapshots.py"}  # the last makes none
    known |= {"adapters/iam/tokens.py"}  # it signs, and calls nothing
    assert {str(path.relative_to(CORE)) for path in modules_with_clients()} == known


@each_variant
def test_everything_is_allowed_only_where_the_action_knows_no_resource(variant: str) -> None:
    """Of every role and policy that the transform leaves, SAM's own among them."""
    seen = 0
    for logical_id, resource in resources(variant).items():
        properties = resource["Properties"]
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        documents += [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
        for statement in (each for document in documents for each in own_statements(document)):
            seen += 1
            actions = set(listed(statement["Action"]))
            if statement["Effect"] == "Deny":
                continue
            assert not {action for action in actions if "*" in action}, logical_id
            if "*" in listed(statement["Resource"]):
                assert actions <= WITHOUT_RESOURCES, logical_id
            assert statement.get("Principal") != "*", logical_id
    assert seen > 20


@each_variant
def test_no_role_takes_a_policy_that_is_not_in_the_template(variant: str) -> None:
    roles = {name: each for name, each in resources(variant).items() if each["Type"] == "AWS::IAM::Role"}
    assert len(roles) > len(FUNCTIONS)
    for name, role in roles.items():
        for policy in role["Properties"].get("ManagedPolicyArns", []):
            assert resources(variant)[policy["Ref"]]["Type"] == "AWS::IAM::ManagedPolicy", name


@each_variant
def test_functions_are_called_by_those_who_should(variant: str) -> None:
    """API Gateway by its own methods of this one API; schedules by roles that may call one function."""
    permissions = [
        each["Properties"] for each in resources(variant).values() if each["Type"] == "AWS::Lambda::Permission"
    ]
    assert permissions
    for permission in permissions:
        assert permission["Principal"] == "apigateway.amazonaws.com"
        _, parts = permission["SourceArn"]["Fn::Sub"]
        assert parts["__ApiId__"] == {"Ref": "Api"}
    for name, each in resources(variant).items():
        if each["Type"] == "AWS::Scheduler::Schedule":
            role = each["Properties"]["Target"]["RoleArn"]["Fn::GetAtt"][0]
            called = [
                s["Resource"] for s in statements(variant, role) if "lambda:InvokeFunction" in listed(s["Action"])
            ]
            assert called == [each["Properties"]["Target"]["Arn"]], name
