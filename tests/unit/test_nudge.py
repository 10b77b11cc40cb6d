"""Waking the relay is best effort: it never fails a payment, and it never floods the queue."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from paygate.adapters.sqs.nudge import WINDOW_SECONDS, ProcessGate, SqsNudge, no_nudge

if TYPE_CHECKING:
    from collections.abc import Iterator


class FakeTime:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Queue(HTTPServer):
    """Takes what SQS takes, and answers as it is told."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Queue

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        body = b'{"MessageId": "m", "MD5OfMessageBody": "fffaa1d14a3cb4bc5fd4a1dd2a3a5bd9"}'
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def queue() -> Iterator[Queue]:
    with Queue() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_gate_lets_one_through_per_window() -> None:
    time = FakeTime()
    gate = ProcessGate(time)
    assert [gate(), gate()] == [True, False]
    time.now += WINDOW_SECONDS - 0.01
    assert not gate()
    time.now += 0.02
    assert [gate(), gate()] == [True, False]


def test_a_window_sends_one_delayed_message(queue: Queue) -> None:
    nudge = SqsNudge(f"{queue.url}/0/relay", ProcessGate(), queue.url)
    for _ in range(5):
        nudge()
    [body] = queue.bodies
    assert "DelaySeconds" in body


def test_a_queue_that_refuses_fails_nobody(queue: Queue) -> None:
    queue.status = 500
    SqsNudge(f"{queue.url}/0/relay", ProcessGate(), queue.url)()
    assert len(queue.bodies) == 1, "and is asked once only"


def test_a_queue_that_is_gone_fails_nobody() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        SqsNudge(f"{url}/0/relay", ProcessGate(), url)()


def test_no_queue_no_nudge() -> None:
    no_nudge()
