"""The migration as CloudFormation asks for it, at the handler, answered to a URL on loopback."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.ports import free_port
from infra.local.servers.postgres import DATABASE
from infra.local.worker import Context
from migrate.app import lambda_handler
from migrations import upgrade
from paygate.scheduled import RunFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack


@dataclass
class CloudFormation:
    """What was PUT, and how many of the first ones are refused."""

    port: int = 0
    refuses: int = 0
    answers: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def request(self, kind: str = "Create", **more: Any) -> dict[str, Any]:
        return {
            "RequestType": kind,
            "RequestId": "7d5c2a-1",
            "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/paygate/1",
            "LogicalResourceId": "Migration",
            "ResourceType": "Custom::Migration",
            "ResponseURL": f"http://127.0.0.1:{self.port}/answer?X-Amz-Signature=abc",
            "ResourceProperties": {"Phase": "pre", "Release": "1"},
            **more,
        }

    @property
    def answer(self) -> dict[str, Any]:
        (only,) = self.answers
        return only


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    asked = CloudFormation()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_refused = asked.refuses > 0
            asked.refuses -= is_refused
            if not is_refused:
                asked.headers.append({name.lower(): value for name, value in self.headers.items()})
                asked.answers.append(json.loads(body))
            self.send_response(503 if is_refused else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    asked.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def environment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in stack.env.items():
        monkeypatch.setenv(name, value)


def call(event: dict[str, Any], seconds: int = 60) -> dict[str, Any]:
    return lambda_handler(event, Context("MigrateFunction", 512, seconds))  # type: ignore[arg-type]


def newest(stack: Stack) -> str:
    return upgrade(stack.postgres.env["MIGRATE_DATABASE_URL"])


def test_it_answers_with_the_revision_that_stands(stack: Stack, cloudformation: CloudFormation) -> None:
    assert call(cloudformation.request())["revision"] == newest(stack)
    answer = cloudformation.answer
    assert answer["Status"] == "SUCCESS"
    assert answer["Data"] == {"Revision": newest(stack)}
    assert answer["RequestId"] == "7d5c2a-1"
    assert answer["LogicalResourceId"] == "Migration"
    assert answer["StackId"].endswith("stack/paygate/1")
    assert not cloudformation.headers[0].get("content-type"), "the URL was signed without one"


def test_an_update_keeps_the_resource_so_that_nothing_is_deleted(cloudformation: CloudFormation) -> None:
    call(cloudformation.request())
    made = cloudformation.answer["PhysicalResourceId"]
    call(cloudformation.request("Update", PhysicalResourceId=made, OldResourceProperties={"Release": "0"}))
    assert [each["PhysicalResourceId"] for each in cloudformation.answers] == [made, made]


def test_a_request_that_comes_twice_is_answered_twice(cloudformation: CloudFormation) -> None:
    call(cloudformation.request())
    call(cloudformation.request())
    one, other = cloudformation.answers
    assert one == other


def test_deleting_leaves_the_schema_and_needs_no_settings(
    stack: Stack, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("SECRETS", "")
    monkeypatch.delenv("MIGRATE_DATABASE_URL")
    call(cloudformation.request("Delete", PhysicalResourceId="paygate-schema"))
    assert (cloudformation.answer["Status"], cloudformation.answer["PhysicalResourceId"]) == (
        "SUCCESS",
        "paygate-schema",
    )
    with stack.postgres.admin(DATABASE) as admin:
        assert admin.run("SELECT count(*) >= 0 FROM payments") == [[True]]


def test_a_first_deployment_that_no_function_can_start_in_migrates_nothing(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("SECRETS", "")
    monkeypatch.delenv("MIGRATE_DATABASE_URL")
    call(cloudformation.request(ResourceProperties={"Phase": "none", "Release": "1"}))
    assert cloudformation.answer["Status"] == "SUCCESS"
    assert cloudformation.answer["Data"] == {}


def test_settings_that_cannot_work_are_named_and_their_values_are_not(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_ENV", "production")
    monkeypatch.setenv("ENCRYPTION_KEY", "hunter2-is-not-a-key")
    with pytest.raises(RunFailed):
        call(cloudformation.request())
    assert cloudformation.answer["Status"] == "FAILED"
    assert "ENCRYPTION_KEY must be keys" in cloudformation.answer["Reason"]
    assert "hunter2" not in json.dumps(cloudformation.answer)


def test_a_database_that_refuses_is_told_without_its_password(
    stack: Stack, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "MIGRATE_DATABASE_URL", f"postgresql://nobody:hunter2@127.0.0.1:{stack.postgres.port}/paygate"
    )
    monkeypatch.setenv("AWS_LAMBDA_LOG_STREAM_NAME", "2030/01/01/[$LATEST]1a2b")
    with pytest.raises(RunFailed):
        call(cloudformation.request())
    assert cloudformation.answer["Status"] == "FAILED"
    assert cloudformation.answer["Reason"].endswith("see the log 2030/01/01/[$LATEST]1a2b")
    assert "hunter2" not in json.dumps(cloudformation.answer)


def test_what_takes_too_long_is_told_in_time_and_once(stack: Stack, cloudformation: CloudFormation) -> None:
    with locked(stack) as release:
        caller = threading.Thread(target=call, args=(cloudformation.request(), 4))
        caller.start()
        caller.join(2.5)
        assert caller.is_alive()
        assert cloudformation.answer["Status"] == "FAILED"
        assert "longer than the function may run" in cloudformation.answer["Reason"]
        release()
        caller.join(20)
    assert len(cloudformation.answers) == 1


def test_an_answer_that_is_not_taken_is_given_again(cloudformation: CloudFormation) -> None:
    cloudformation.refuses = 2
    call(cloudformation.request())
    assert cloudformation.answer["Status"] == "SUCCESS"


def test_nobody_there_to_be_answered_is_a_failure(cloudformation: CloudFormation) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/answer"
    with pytest.raises(RunFailed, match="OSError"):
        call(cloudformation.request(ResponseURL=nowhere))


def test_by_hand_it_takes_the_phase(stack: Stack) -> None:
    assert call({})["revision"] == call({"phase": "pre"})["revision"] == newest(stack)
    assert call({"phase": "post"})["revision"] >= newest(stack)
    with pytest.raises(RunFailed, match="ValueError"):
        call({"phase": "later"})


@contextmanager
def locked(stack: Stack) -> Iterator[Any]:
    """Another migration is under way on the same database until `release` is called."""
    with stack.postgres.admin(DATABASE) as admin:
        admin.run("BEGIN")
        admin.run("SELECT pg_advisory_xact_lock(7291001)")
        yield lambda: admin.run("ROLLBACK")
