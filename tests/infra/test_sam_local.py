"""What `make sam` makes of the built template, whom it calls, and what it leaves behind."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.local.environments import FunctionFailed
from infra.local.lambda_endpoint import ENDPOINT, LambdaEndpoint
from infra.local.sam_build import localised
from infra.local.server import Server, StartFailed
from infra.local.servers.aws import CREDENTIALS
from infra.local.template import Function

BUILT = """
Globals:
  Function:
    Environment: {Variables: {APP_ENV: production}}
    Layers: [!Ref CoreLayer, !If [IsArm64, !Ref DepsArm, !Ref DepsX86]]
Resources:
  CoreLayer: {Type: "AWS::Serverless::LayerVersion", Properties: {ContentUri: CoreLayer}}
  DepsArm: {Type: "AWS::Serverless::LayerVersion", Properties: {ContentUri: DepsArm}}
  DepsX86: {Type: "AWS::Serverless::LayerVersion", Properties: {ContentUri: DepsX86}}
  Create: {Type: "AWS::Serverless::Function", Properties: {CodeUri: Create, Handler: create.app.lambda_handler}}
  Migrate: {Type: "AWS::Serverless::Function", Properties: {CodeUri: Migrate, Layers: [!Ref CoreLayer]}}
"""


@pytest.fixture
def built(tmp_path: Path) -> Path:
    for layer in ("CoreLayer", "DepsArm", "DepsX86"):
        (tmp_path / layer).mkdir()
        (tmp_path / layer / "code.py").write_text(layer)
    (tmp_path / "template.yaml").write_text(BUILT)
    return tmp_path


def copied(built: Path) -> dict[str, Any]:
    return localised(built, ["AWS_ENDPOINT_URL", "APP_ENV"], built / "layers")


def test_functions_are_told_what_the_stack_sets(built: Path) -> None:
    variables = copied(built)["Globals"]["Function"]["Environment"]["Variables"]
    assert variables == {"APP_ENV": "production", "AWS_ENDPOINT_URL": ""}


def test_layers_are_named_by_what_is_in_them_and_stand_where_sam_looks(built: Path) -> None:
    first = copied(built)
    core, deps = first["Globals"]["Function"]["Layers"]
    assert first["Resources"]["Migrate"]["Properties"]["Layers"] == [core]
    assert [arn.split(":")[6].partition("-")[0] for arn in deps["Fn::If"][1:]] == ["DepsArm", "DepsX86"]
    (kept,) = (built / "layers").glob(f"{core.split(':')[6]}-1-*")
    assert (kept / "code.py").read_text() == "CoreLayer"
    assert copied(built) == first
    (built / "CoreLayer/code.py").write_text("changed")
    assert copied(built)["Globals"]["Function"]["Layers"][0] != core, "SAM would use the old image"


class Lambda(BaseHTTPRequestHandler):
    """Lambda's API as far as it is called: what the function is sent, it answers, or says what it raised."""

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        raised = event.get("raise")
        body = json.dumps({"errorType": raised} if raised else {"path": self.path, "event": event}).encode()
        self.send_response(404 if event.get("gone") else 200)
        if raised:
            self.send_header("X-Amz-Function-Error", "Unhandled")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[LambdaEndpoint]:
    server = HTTPServer(("127.0.0.1", 0), Lambda)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for name, value in {**CREDENTIALS, ENDPOINT: f"http://127.0.0.1:{server.server_port}"}.items():
        monkeypatch.setenv(name, value)
    yield LambdaEndpoint()
    server.shutdown()
    thread.join()
    server.server_close()


RELAY = Function("RelayEventsFunction", Path(), "relay_events.app.lambda_handler", 55, 128, (), (), ())


def test_a_function_is_called_by_its_name_and_its_answer_comes_back(endpoint: LambdaEndpoint) -> None:
    answer = endpoint.invoke(RELAY, {"network": "tron"})
    assert answer == {"path": "/2015-03-31/functions/RelayEventsFunction/invocations", "event": {"network": "tron"}}


FAILURES = [({"raise": "TimeoutError"}, "raised TimeoutError"), ({"gone": 1}, "404")]


@pytest.mark.parametrize(("event", "told"), FAILURES)
def test_a_function_that_fails_or_is_not_there_is_told(endpoint: LambdaEndpoint, event: Any, told: str) -> None:
    with pytest.raises(FunctionFailed, match=told):
        endpoint.invoke(RELAY, event)


class Sleeper(Server):
    name = "sleeper"

    def command(self) -> list[str]:
        return [sys.executable, "-c", "import time; time.sleep(60)"]

    def is_ready(self) -> bool:
        return True


def test_what_a_server_leaves_is_cleared_away_also_when_its_parent_is_killed(tmp_path: Path) -> None:
    left = tmp_path / "left"
    script = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from pathlib import Path
from tests.infra.test_sam_local import Sleeper
server = Sleeper(Path({str(tmp_path)!r}))
server.afterwards = ("sh", "-c", "touch {left}")
server.start()
print("up", flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "up\n"
    assert not left.exists()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    give_up = threading.Event()
    for _ in range(200):
        if left.exists():
            break
        give_up.wait(0.1)
    assert left.exists()


@pytest.mark.parametrize("missing", ["docker", "sam"])
def test_a_missing_tool_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from infra.local.docker import bridge_address
    from infra.local.sam_build import program

    monkeypatch.setitem(os.environ, "PATH", "/nowhere")
    monkeypatch.delenv("SAM", raising=False)
    with pytest.raises(StartFailed, match=missing if missing == "docker" else "SAM CLI"):
        (bridge_address if missing == "docker" else program)()
