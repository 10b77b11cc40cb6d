"""Processes that follow a chain as the function does, to be killed: forked, so that one costs a moment.

with pollers(env, "ethereum") as door:   env as the application reads it
    door.send(2, 1.0)                    two of them, for a second each
    door.await_end()                     how they ended, by process id; -9 is killed
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
PATHS = ("layers/core/python", "functions", ".")


# ---------------------------------------------------------------- the processes


@dataclass
class Pollers:
    process: subprocess.Popen[str]

    network: str

    def send(self, count: int, seconds: float) -> list[int]:
        """Their process ids."""
        return list(self._ask({"count": count, "network": self.network, "seconds": seconds}))

    def await_end(self) -> dict[int, int]:
        return {int(pid): ended for pid, ended in self._ask({}).items()}

    def _ask(self, asked: Mapping[str, Any]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextmanager
def pollers(env: Mapping[str, str], network: str) -> Iterator[Pollers]:
    paths = os.pathsep.join(str(ROOT / path) for path in PATHS)
    command = [sys.executable, "-m", "tests.support.poller_process"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **env, "PYTHONPATH": paths, "POLLED": network},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield Pollers(process, network)
        finally:
            process.kill()


def _serve() -> None:
    _run({"network": os.environ["POLLED"], "seconds": 0})  # once, so that all code is loaded when others are made
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    started: list[int] = []
    for line in sys.stdin:
        asked = json.loads(line)
        if asked:
            started = [pid for _ in range(asked["count"]) if (pid := os.fork()) or _follow(asked)]
            answer: Any = started
        else:
            answer = {pid: os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in started}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _follow(asked: Mapping[str, Any]) -> int:
    try:
        _run(asked)
    finally:
        os._exit(0)


def _run(asked: Mapping[str, Any]) -> None:
    """An application of its own; the answers' pipe is not for what it writes."""
    from paygate import bootstrap
    from paygate.config import read_settings

    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):  # noqa: PTH123
        built = bootstrap.build(read_settings(os.environ))
        built.poll_chain(asked["network"], asked["seconds"])
        built.database.close()


# ---------------------------------------------------------------- the way to PostgreSQL


@dataclass
class Passage:
    """A way to PostgreSQL that kills who uses it, when message `at` was answered there and the answer has not come
    back: who dies so at COMMIT has committed and never heard of it.
    """

    target: str
    victim: int | None = None
    at: int = 0
    count: int = 0
    port: int = 0
    _known: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        parts = urlsplit(self.target)
        return parts._replace(netloc=f"{parts.netloc.rsplit(':', 1)[0]}:{self.port}").geturl()

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def aim(self, at: int) -> None:
        """Before the process is started; `name` it then. 0 kills nobody."""
        self.victim, self.at, self.count = None, at, 0
        self._known.clear()

    def name(self, victim: int) -> None:
        self.victim = victim
        self._known.set()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            parts = urlsplit(self.target)
            server = socket.create_connection((parts.hostname or "", parts.port or 0))
            pair = _Pair(self, client, server)
            threading.Thread(target=pair.ask, daemon=True).start()
            threading.Thread(target=pair.answer, daemon=True).start()

    def is_aimed_at(self) -> bool:
        """Whether this message is the one."""
        with self._lock:
            self.count += 1
            return self.count == self.at

    def kill(self) -> None:
        self._known.wait(10)
        if self.victim is not None:
            os.kill(self.victim, signal.SIGKILL)


@dataclass
class _Pair:
    passage: Passage
    client: socket.socket
    server: socket.socket
    is_last: bool = False

    def ask(self) -> None:
        with suppress(OSError):
            while data := self.client.recv(1 << 20):
                self.is_last = self.passage.is_aimed_at()
                self.server.sendall(data)
        self.close()

    def answer(self) -> None:
        with suppress(OSError):
            while data := self.server.recv(1 << 20):
                if self.is_last:
                    self.passage.kill()
                    break
                self.client.sendall(data)
        self.close()

    def close(self) -> None:
        for each in (self.client, self.server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


if __name__ == "__main__":
    _serve()
