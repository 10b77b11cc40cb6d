"""The whole template as `make deploy-local` deploys it, and what comes of payments there.

`.ci/run` builds and asks; by hand, after `make deploy-local` has run once:
`.venv/bin/python -m pytest -m built -s tests/infra/test_deployed.py`, with PYTHONPATH as the Makefile has it.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pg8000.native
import pytest
import requests
from botocore.exceptions import ClientError

from infra.local.deploy.__main__ import DEPLOY_DIRECTORY, RESULT
from infra.local.deploy.release import STACK
from infra.local.server import ROOT
from infra.local.template import read_template
from tests.support.notification import notifications
from tests.support.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

pytestmark = [pytest.mark.built, pytest.mark.timeout(600)]
DEPLOYED_SECONDS, SCHEDULE_SECONDS = 400, 90
PUBLIC = {"/webhooks/{rail}", "/return/{paymentId}"}
OUTCOME = "SELECT outcome FROM callback_inbox JOIN callback_outcomes ON callback_id = id WHERE body = :body"


@dataclass(frozen=True)
class Deployed:
    """`env` is what `make deploy-local` writes down, `rows` what it showed."""

    env: Mapping[str, str]
    rows: list[dict[str, Any]]

    def client(self, service: str, **credentials: str) -> Any:
        """AWS's API as its root, or whoever the credentials are of."""
        names = ("aws_access_key_id", "aws_secret_access_key")
        own = {name: self.env[name.upper()] for name in names}
        region, url = self.env["AWS_REGION"], self.env["AWS_ENDPOINT_URL"]
        return boto3.client(service, region_name=region, endpoint_url=url, **{**own, **credentials})

    def resource(self, name: str) -> str:
        found = self.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=name)
        return found["StackResourceDetail"]["PhysicalResourceId"]

    def role_of(self, function: str) -> Callable[[str], Any]:
        """Makes clients with the rights of a function's role."""
        role = self.client("lambda").get_function_configuration(FunctionName=self.resource(function))["Role"]
        lent = self.client("sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
        names = {"AccessKeyId": "aws_access_key_id", "SecretAccessKey": "aws_secret_access_key"}
        credentials = {own: lent[name] for name, own in {**names, "SessionToken": "aws_session_token"}.items()}
        return lambda service: self.client(service, **credentials)


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    RESULT.unlink(missing_ok=True)
    command = subprocess.Popen(["make", "deploy-local", "ARGS=--keep"], cwd=ROOT)
    try:
        give_up_at = time.monotonic() + DEPLOYED_SECONDS
        while not RESULT.exists():
            assert command.poll() is None, "make deploy-local ended"
            assert time.monotonic() < give_up_at, "make deploy-local takes too long"
            time.sleep(0.5)
        lines = shlex.split((DEPLOY_DIRECTORY / "env").read_text())
        yield Deployed(dict(line.split("=", 1) for line in lines), json.loads(RESULT.read_text()))
    finally:
        command.terminate()  # make hands it on
        command.wait(60)


def test_payments_go_from_the_deployed_api_to_an_event(deployed: Deployed) -> None:
    by_method = {row["method"]: row for row in deployed.rows}
    assert list(by_method) == ["ALIPAY", "WECHAT_PAY", "UNIONPAY", "CREDIT_CARD", "BANK_TRANSFER"]
    for row in deployed.rows:
        assert row["ok"], row
        assert row["states"][-2:] == ["SETTLED", "PARTIALLY_REFUNDED"]
        assert (row["topic"], row["offset"] >= 0) == ("payments.settled", True)


@pytest.mark.parametrize("charset", ["GBK", "utf-8"])
def test_bytes_of_a_callback_reach_the_function_unchanged(deployed: Deployed, charset: str) -> None:
    """Raw, two or three bytes a character, not percent-encoded: as text, GBK would be damaged on the way."""
    shop = Shop(deployed.env["API_URL"], deployed.env["API_KEY"])
    payment = shop.created(channel="WEB")
    notified = notifications(deployed.env["API_URL"], DEPLOY_DIRECTORY / "sandbox" / "state")
    body, raw = notified.body(payment, charset=charset, subject="茶"), "茶".encode(charset)
    encoded = "".join(f"%{byte:02X}" for byte in raw).encode()
    assert encoded in body
    body = body.replace(encoded, raw)
    answer = notified.post(body, headers={"Content-Type": f"application/x-www-form-urlencoded; charset={charset}"})
    assert (answer.status_code, answer.text) == (200, "success")
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"
    assert outcomes(deployed, body) == ["settled"], "the bytes were not kept as they came"


def test_an_upload_is_announced_and_taken_over_tls_alone(deployed: Deployed) -> None:
    """The emulator is spoken to without TLS, and the bucket's policy refuses that."""
    form = Shop(deployed.env["API_URL"], deployed.env["API_KEY"]).call("POST", "/bank-statements/uploads", json={})
    assert form.status_code == 201, form.text
    to = form.json()
    sent = requests.post(to["url"], data=to["fields"], files={"file": b"<Document/>"}, timeout=30)
    assert (sent.status_code, "AccessDenied" in sent.text) == (403, True)


def test_schedules_run_what_they_are_deployed_for(deployed: Deployed) -> None:
    """Without a nudge: nobody sends `expire` and `resolve` any."""
    logs = deployed.client("logs")
    waiting, give_up_at = {"expire", "resolve", "relay_events", "poll_chain"}, time.monotonic() + SCHEDULE_SECONDS
    while waiting:
        waiting = {name for name in waiting if not ran(logs, name)}
        assert time.monotonic() < give_up_at, f"no schedule ran {waiting}"
        time.sleep(1)


@pytest.mark.parametrize("queue", ["RelayDeadLetters", "StatementDeadLetters", "ScheduleDeadLetters"])
def test_nothing_failed_for_good(deployed: Deployed, queue: str) -> None:
    attributes = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = deployed.client("sqs").get_queue_attributes(
        QueueUrl=deployed.resource(queue), AttributeNames=attributes
    )
    assert found["Attributes"] == dict.fromkeys(attributes, "0")


def test_a_function_may_do_what_its_role_allows_and_no_more(deployed: Deployed) -> None:
    """Here the emulator checks roles, so the payments above show that they allow enough."""
    as_health = deployed.role_of("HealthFunction")
    settings = as_health("secretsmanager").get_secret_value(SecretId="paygate/local/core")
    assert "DATABASE_URL" in json.loads(settings["SecretString"])
    for forbidden in (
        lambda: as_health("secretsmanager").get_secret_value(SecretId="paygate-owner/local"),
        lambda: as_health("sqs").send_message(QueueUrl=deployed.resource("RelayQueue"), MessageBody="{}"),
    ):
        with pytest.raises(ClientError) as refused:
            forbidden()
        assert "AccessDenied" in refused.value.response["Error"]["Code"]


ROUTES = [
    (route.method, route.path)
    for function in read_template(ROOT / "template.yaml").functions
    for route in function.routes[:1]
]
"""One of each function of the API: with its layers it loads, or it does not."""


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_function_of_the_api_answers(deployed: Deployed, method: str, path: str) -> None:
    url = deployed.env["API_URL"] + re.sub(r"{\w+}", "unknown", path)
    answer = requests.request(method, url, timeout=30)
    if path == "/health":
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    elif path in PUBLIC:
        assert 400 <= answer.status_code < 500, answer.text
    else:
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def ran(logs: Any, name: str) -> bool:
    group = f"/aws/lambda/{STACK}/{name}"
    return bool(logs.filter_log_events(logGroupName=group, limit=1)["events"])


def outcomes(deployed: Deployed, body: bytes) -> list[str]:
    owner = urlsplit(deployed.env["MIGRATE_DATABASE_URL"])
    with pg8000.native.Connection(
        owner.username or "",
        password=owner.password,
        host=owner.hostname or "",
        port=owner.port or 0,
        database=owner.path[1:],
    ) as session:
        return [row[0] for row in session.run(OUTCOME, body=body)]
