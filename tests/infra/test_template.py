"""House rules of `template.yaml`: what every function, queue and permission must have."""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.server import ROOT
from infra.local.template import load_document

TEMPLATE = load_document(ROOT / "template.yaml")
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
GLOBALS: dict[str, Any] = TEMPLATE["Globals"]["Function"]

# Who commits payments, refunds or events tells the relay; who only reads cannot.
WRITERS = {
    "create",
    "refund",
    "cancel",
    "capture",
    "claims",
    "webhook",
    "payer_return",
    "status",
    "resolve",
    "expire",
    "poll_chain",
}
STATEMENTS = {"statements", "transfers", "import_statement"}
WRITERS |= STATEMENTS
READERS = {"batch", "orders", "health", "relay_events", "payouts"}
SIGNER = "sign_refund"
ON_SCHEDULE = {"relay_events", "resolve", "expire", "poll_chain", SIGNER}
NETWORKS = {"ethereum", "bsc", "tron", "bitcoin"}
BY_HAND = {"migrate", "operate"}
ASYNC = ON_SCHEDULE | BY_HAND
API_SECONDS = 15


def of_type(kind: str) -> dict[str, Any]:
    return {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == kind}


FUNCTIONS = {
    p["Handler"].partition(".")[0]: {**GLOBALS, **p} for p in of_type("AWS::Serverless::Function").values()
}
each_function = pytest.mark.parametrize("name", sorted(FUNCTIONS))


def alarms() -> dict[str, Any]:
    nested = load_document(ROOT / RESOURCES["Observability"]["Properties"]["TemplateURL"])["Resources"]
    return {name: r["Properties"] for name, r in nested.items() if r["Type"] == "AWS::CloudWatch::Alarm"}


def events(name: str, kind: str) -> list[dict[str, Any]]:
    found = FUNCTIONS[name].get("Events", {}).values()
    return [event["Properties"] for event in found if event["Type"] == kind]


def role(name: str) -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES[FUNCTIONS[name]["Role"]["Fn::GetAtt"][0]]
    return found


def policies(name: str) -> set[str]:
    return {policy["Ref"] for policy in role(name)["Properties"]["ManagedPolicyArns"]}


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, policy in of_type("AWS::IAM::ManagedPolicy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            yield name, statement["Fn::If"][1] if "Fn::If" in statement else statement


def actions(statement: dict[str, Any]) -> set[str]:
    action = statement["Action"]
    return {action} if isinstance(action, str) else set(action)


def test_the_template_and_the_folders_hold_the_same_functions() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert set(FUNCTIONS) == folders
    assert set(FUNCTIONS) == WRITERS | READERS | BY_HAND | {SIGNER}


@each_function
def test_the_handler_exists(name: str) -> None:
    assert FUNCTIONS[name]["Handler"] == f"{name}.app.lambda_handler"
    tree = ast.parse((ROOT / "functions" / name / "app.py").read_text(encoding="utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert "lambda_handler" in defined | assigned


@each_function
def test_runs_on_the_runtime_the_layers_are_compiled_for(name: str) -> None:
    function = FUNCTIONS[name]
    assert function["Runtime"] == "python3.13"
    assert function["CodeUri"] == "functions/"
    assert function["Architectures"] == [{"Ref": "Architecture"}]
    assert TEMPLATE["Parameters"]["Architecture"]["Default"] == "arm64"


@each_function
def test_a_new_version_is_published_for_any_change(name: str) -> None:
    assert FUNCTIONS[name]["AutoPublishAlias"] == "live"
    assert FUNCTIONS[name]["AutoPublishAliasAllProperties"] is True


def test_a_layers_change_publishes_a_version() -> None:
    layers = of_type("AWS::Serverless::LayerVersion")
    assert len(layers) == 6
    assert all(layer["PublishLambdaVersion"] is True for layer in layers.values())


@each_function
def test_answers_before_api_gateway_gives_up(name: str) -> None:
    if events(name, "Api"):
        assert FUNCTIONS[name]["Timeout"] <= API_SECONDS
    if name in ON_SCHEDULE:
        assert FUNCTIONS[name]["Timeout"] < 60, "the next minute's run should find this one gone"


@each_function
def test_logs_are_kept_for_as_long_as_was_asked(name: str) -> None:
    group = RESOURCES[FUNCTIONS[name]["LoggingConfig"]["LogGroup"]["Ref"]]
    assert group["Type"] == "AWS::Logs::LogGroup"
    assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert group["Properties"]["LogGroupName"]["Fn::Sub"].endswith(f"/{name}")


@pytest.mark.parametrize("name", sorted(ASYNC))
def test_what_is_called_without_waiting_is_not_retried_and_its_failures_are_kept(name: str) -> None:
    config = FUNCTIONS[name]["EventInvokeConfig"]
    assert config["MaximumRetryAttempts"] == 0
    assert config["MaximumEventAgeInSeconds"] == 60
    target = config["DestinationConfig"]["OnFailure"]["Destination"]
    assert RESOURCES[target["Fn::GetAtt"][0]]["Type"] == "AWS::SQS::Queue"


def test_schedules_are_every_minute_and_never_late() -> None:
    assert {name for name in FUNCTIONS if events(name, "ScheduleV2")} == ON_SCHEDULE
    for name in ON_SCHEDULE:
        assert len(events(name, "ScheduleV2")) == (len(NETWORKS) if name == "poll_chain" else 1)
    for schedule in (schedule for name in ON_SCHEDULE for schedule in events(name, "ScheduleV2")):
        assert schedule["ScheduleExpression"] == "rate(1 minute)"
        assert schedule["RetryPolicy"] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
        assert schedule["OmitName"] is True, "a second stack in the account would want the same name"
        assert RESOURCES[schedule["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]]["Type"] == "AWS::SQS::Queue"


def test_each_chain_has_a_schedule_that_can_be_turned_off() -> None:
    schedules = events("poll_chain", "ScheduleV2")
    assert {json.loads(schedule["Input"])["network"] for schedule in schedules} == NETWORKS
    for schedule in schedules:
        assert TEMPLATE["Parameters"][schedule["State"]["Ref"]]["AllowedValues"] == ["ENABLED", "DISABLED"]


def test_a_nudge_wakes_the_relay_within_a_second() -> None:
    (nudge,) = events("relay_events", "SQS")
    assert nudge["Queue"] == {"Fn::GetAtt": ["RelayQueue", "Arn"]}
    assert nudge["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert nudge["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert GLOBALS["Environment"]["Variables"]["RELAY_QUEUE_URL"] == {"Ref": "RelayQueue"}
    patience = RESOURCES["RelayQueue"]["Properties"]["VisibilityTimeout"]
    assert patience >= 6 * FUNCTIONS["relay_events"]["Timeout"]


def test_every_alarm_that_the_code_raises_is_heard() -> None:
    sources = (ROOT / "layers" / "core" / "python" / "paygate").rglob("*.py")
    raised = {name for source in sources for name in re.findall(r'\.alarm\(\s*"(\w+)"', source.read_text())}
    heard = {alarm.get("MetricName") for alarm in alarms().values()}
    assert len(raised) >= 5
    assert raised <= heard


def test_every_queue_is_encrypted_and_every_dead_letter_queue_has_an_alarm() -> None:
    queues = of_type("AWS::SQS::Queue")
    by_sqs = {"Fn::If": ["MakesKey", {"Ref": "AWS::NoValue"}, True]}  # or by the one key: test_stacks.py
    assert all(queue["SqsManagedSseEnabled"] == by_sqs for queue in queues.values())
    redriven = {
        q["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] for q in queues.values() if "RedrivePolicy" in q
    }
    targets = {
        FUNCTIONS[name]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
        for name in ASYNC
    }
    given = RESOURCES["Observability"]["Properties"]["Parameters"]
    watched = {
        given[alarm["Dimensions"][0]["Value"]["Ref"]]["Fn::GetAtt"][0]
        for alarm in alarms().values()
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
    }
    assert redriven | targets == watched
    assert set(queues) - watched == {"RelayQueue", "StatementQueue"}


@each_function
def test_every_function_has_a_role_of_its_own(name: str) -> None:
    """SAM's own would attach AWS's policies, which allow their actions on everything."""
    assert "Policies" not in FUNCTIONS[name], "SAM ignores them where there is a role"
    assert FUNCTIONS[name]["Role"]["Fn::GetAtt"][1] == "Arn"
    assert sum(FUNCTIONS[other]["Role"] == FUNCTIONS[name]["Role"] for other in FUNCTIONS) == 1
    (trusted,) = role(name)["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_every_function_may_read_its_settings_and_only_writers_may_nudge() -> None:
    for name in FUNCTIONS:
        expected = {"RunFunctions", "ReadSecrets"}
        expected |= {"NudgeRelay"} if name in WRITERS else set()
        expected |= {"KeepFailures"} if name in ASYNC else set()
        expected |= {"TakeNudges"} if name == "relay_events" else set()
        expected |= {"ReadMigrationSecret"} if name in BY_HAND else set()
        expected |= {"AnnounceStatements"} if name == "statements" else set()
        expected |= {"SignWithKey"} if name == SIGNER else set()
        expected |= {"ReadStatements"} if name == "import_statement" else set()
        assert policies(name) == expected, name


def test_only_one_function_can_sign_with_one_key_and_only_digests() -> None:
    signing = {name for name, statement in statements() if "kms:Sign" in actions(statement)}
    assert signing == {"SignWithKey"}
    assert {name for name in FUNCTIONS if policies(name) & signing} == {SIGNER}
    for name, statement in statements():
        if name == "SignWithKey":
            assert statement["Resource"] == {"Ref": "SigningKeyArn"}
    (sign,) = (each for _, each in statements() if actions(each) == {"kms:Sign"})
    assert sign["Condition"] == {
        "StringEquals": {"kms:MessageType": "DIGEST", "kms:SigningAlgorithm": "ECDSA_SHA_256"}
    }
    assert "kms:*" not in (ROOT / "template.yaml").read_text(encoding="utf-8")


def test_nothing_can_sign_unless_a_key_is_given() -> None:
    assert TEMPLATE["Parameters"]["SigningKeyArn"]["Default"] == ""
    given = {"Fn::Not": [{"Fn::Equals": [{"Ref": "SigningKeyArn"}, ""]}]}
    assert TEMPLATE["Conditions"]["SignsRefunds"] == given
    for name in ("SignRefundFunction", "SignRefundLog", "SignRefundFunctionRole", "SignWithKey"):
        assert RESOURCES[name]["Condition"] == "SignsRefunds"
    told = {name for name, function in FUNCTIONS.items() if "SigningKeyArn" in json.dumps(function)}
    assert told == {SIGNER}, "the other functions know no key"
    allowed = re.compile(TEMPLATE["Parameters"]["SigningKeyArn"]["AllowedPattern"])
    assert allowed.fullmatch("arn:aws-cn:kms:cn-north-1:123456789012:key/1a-2b")
    assert not allowed.fullmatch("arn:aws:kms:eu-west-1:123456789012:alias/refunds")


def test_only_what_is_called_by_hand_reads_the_schema_owners_password() -> None:
    parameters = TEMPLATE["Parameters"]
    pattern = parameters["SecretPattern"]["Default"].removesuffix("*")
    assert not parameters["MigrationSecretName"]["Default"].startswith(pattern)
    assert parameters["MigrationSecretPattern"]["Default"] == f"{parameters['MigrationSecretName']['Default']}-*"


def test_no_arn_names_a_partition() -> None:
    assert "arn:aws" not in (ROOT / "template.yaml").read_text(encoding="utf-8")


def test_functions_are_told_nothing_secret() -> None:
    """What stands in the environment shows in the console; passwords come from Secrets Manager alone."""
    assert set(GLOBALS["Environment"]["Variables"]) == {
        "APP_ENV",
        "LOG_LEVEL",
        "SECRETS",
        "SETTINGS_VERSION",
        "RELAY_QUEUE_URL",
        "PUBLIC_BASE_URL",
        "KAFKA_BOOTSTRAP_SERVERS",
        "KAFKA_SECURITY_PROTOCOL",
        "KAFKA_SASL_MECHANISM",
        "REDIS_URL",
        "REDIS_AUTH",
        "REDIS_CACHE_NAME",
        "REDIS_CLUSTER",
        "DATABASE_URL",  # only of a database that is made here, and without a password
        "DATABASE_AUTH",
        "POWERTOOLS_SERVICE_NAME",
        "POWERTOOLS_METRICS_NAMESPACE",
    }
    assert GLOBALS["Environment"]["Variables"]["APP_ENV"] == {"Ref": "AppEnv"}
    assert TEMPLATE["Parameters"]["AppEnv"]["Default"] == "production"


def test_callbacks_arrive_as_the_bytes_that_were_signed() -> None:
    binary = set(RESOURCES["Api"]["Properties"]["BinaryMediaTypes"])
    assert {"application/x-www-form-urlencoded", "text/xml", "application/xml", "text/plain"} <= binary


def test_statement_files_arrive_as_the_bytes_that_the_bank_wrote() -> None:
    from paygate.http.statements import MEDIA_TYPES

    assert set(MEDIA_TYPES) <= set(RESOURCES["Api"]["Properties"]["BinaryMediaTypes"])


def test_only_forms_that_we_signed_write_to_the_bucket_and_only_over_tls() -> None:
    bucket = RESOURCES["StatementBucket"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")
    properties = bucket["Properties"]
    assert all(properties["PublicAccessBlockConfiguration"].values())
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    (denied,) = RESOURCES["StatementBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Action"]) == ("Deny", "s3:*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_an_upload_is_tried_five_times_by_somebody_with_time() -> None:
    (uploaded,) = events("import_statement", "SQS")
    assert uploaded["Queue"] == {"Fn::GetAtt": ["StatementQueue", "Arn"]}
    assert (uploaded["BatchSize"], uploaded["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])
    queue = RESOURCES["StatementQueue"]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * FUNCTIONS["import_statement"]["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    for name in ("statements", "import_statement"):
        variables = FUNCTIONS[name]["Environment"]["Variables"]
        assert variables["STATEMENT_BUCKET"] == {"Ref": "StatementBucket"}
        assert variables["STATEMENT_QUEUE_URL"] == {"Ref": "StatementQueue"}
