"""What `make measure-cost` notes of a call, in a worker of its own that runs a function which uses things."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.metering.names import folder
from infra.local.metering.notes import used
from infra.local.server import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPENDING = """
import http.client, json, sys

def lambda_handler(event, context):
    metric = {"Namespace": "paygate", "Dimensions": [["service"]], "Metrics": [{"Name": "Seen", "Unit": "Count"}]}
    print(json.dumps({"_aws": {"CloudWatchMetrics": [metric]}, "service": "paygate", "Seen": 1}))
    connection = http.client.HTTPConnection("127.0.0.1", event["port"])
    for call in range(event["times"]):
        connection.request("POST", "/", b'{"jsonrpc": "2.0"}', {"X-Amz-Target": "AmazonSQS.SendMessage"})
        connection.getresponse().read()
    return {"blocks": 3}
"""


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def noted(tmp_path: Path, *events: dict[str, Any] | None) -> list[dict[str, Any]]:
    """What a worker notes, which is given these events for one function."""
    (tmp_path / "spending.py").write_text(SPENDING)
    notes = tmp_path / "notes.jsonl"
    order = {"name": "SpendingFunction", "code": str(tmp_path), "handler": "spending.lambda_handler"}
    limits = {"memory_mb": 128, "timeout_seconds": 10}
    orders = "".join(json.dumps({**order, **limits, "event": event}) + "\n" for event in events)
    environment = {**os.environ, "METERED_TO": str(notes), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-m", "infra.local.metering.worker"],
        input=orders,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
        env=environment,
    )
    assert len(done.stdout.splitlines()) == len(events)
    return [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []


def test_round_trips_calls_bytes_and_metrics_are_counted_by_who_is_asked(tmp_path: Path, port: int) -> None:
    init, first, second = noted(
        tmp_path, {"port": port, "times": 1, "httpMethod": "GET"}, {"port": port, "times": 3, "Records": []}
    )
    assert (init["kind"], first["kind"], second["kind"]) == ("init", "api", "queue")
    assert (first["is_cold"], second["is_cold"]) == (True, False)
    assert init["traffic"] == {}
    for note, times in ((first, 1), (second, 3)):
        seen = note["traffic"][str(port)]
        assert {name: seen[name] for name in ("requests", "trips", "calls", "SendMessage")} == dict.fromkeys(
            ("requests", "trips", "calls", "SendMessage"), times
        )
        assert seen["sent"] > 100 * times
        assert note["metrics"] == ["Seen service=paygate"]
        assert note["log_bytes"] > 100
        assert note["peak_mb"] > 5
        assert note["blocks"] == 3


def test_what_is_only_imported_waits_for_its_first_call(tmp_path: Path) -> None:
    assert noted(tmp_path, None) == []


def test_a_payments_share_leaves_out_cold_calls_and_counts_nudges() -> None:
    def note(name: str, kind: str, cpu_ms: float, **more: Any) -> dict[str, Any]:
        common = {"wall_ms": 1, "log_bytes": 10, "metrics": [], "blocks": 0, "traffic": {}, "is_cold": False}
        return {"function": name, "kind": kind, "cpu_ms": cpu_ms, **common, **more}

    nudge, sent = {"1": {"SendMessage": 1}}, {"2": {"sent": 500}}
    told = [
        note("CreateFunction", "api", 900, is_cold=True),
        note("CreateFunction", "api", 4, traffic=nudge),
        note("RelayEventsFunction", "queue", 1),
        note("RelayEventsFunction", "schedule", 7, traffic=sent),
        note("PollChainFunction", "tron", 3, metrics=["NodeLatency network=tron"]),
    ]
    share = used(told, {1: "aws", 2: "kafka"}, "tron", 2)
    assert set(share) == {"create", "relay_events"}
    assert (share["create"]["invocations"], share["create"]["cpu_ms"]) == (1.0, 4)
    assert (share["relay_events"]["invocations"], share["relay_events"]["cpu_ms"]) == (0.5, 7)
    assert share["relay_events"]["traffic"] == {"kafka.sent": 500}


def test_functions_have_their_folders_names() -> None:
    assert (folder("PollChainFunction"), folder("CreateFunction")) == ("poll_chain", "create")
