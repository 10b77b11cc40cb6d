"""One server of the local stack: a process behind a guard that dies with us."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import psutil

from infra.local.ports import HOST, PortTaken, free_port, is_free, is_open

ROOT = Path(__file__).resolve().parents[2]
GUARD = Path(__file__).with_name("guard.py")
START_ATTEMPTS = 3


class StartFailed(Exception):
    """A server did not come up; the message ends with the last lines of its log."""


class Server:
    """Start, stop and disturb one server. Its port stays the same over restarts.

    `directory` keeps its data and its log; `port` None or 0 takes a free one.
    """

    name = "server"
    host = HOST
    """The address that it listens on, and by which others reach it."""
    port_setting = "PORT"
    start_seconds = 30.0
    stop_signal = signal.SIGTERM
    death_signal = signal.SIGKILL
    user: tuple[int, int] | None = None
    forget: Path | None = None
    """A file that is removed whenever the server ends, also when its parent could not do it."""
    afterwards: Sequence[str] = ()
    """A command that clears away, likewise, what is no child of the server's: its containers."""

    def __init__(self, directory: Path, port: int | None = None) -> None:
        self.directory = directory.resolve()
        self.port = port or free_port()
        self.is_port_fixed = bool(port)
        self._guard: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        return os.environ

    def prepare(self) -> None:
        """Make what must exist before the process starts."""

    def is_ready(self) -> bool:
        return is_open(self.port, self.host)

    @property
    def log(self) -> Path:
        return self.directory / f"{self.name}.log"

    @property
    def is_running(self) -> bool:
        return self._guard is not None and self._guard.poll() is None

    def start(self) -> Self:
        if self.is_running:
            return self
        self.require_port()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.prepare()
        for _ in range(START_ATTEMPTS):
            if self._try_start():
                self.is_port_fixed = True
                return self
            if self.is_port_fixed or is_free(self.port, self.host):
                break
            self.port = free_port()
        raise StartFailed(f"{self.name} did not start.\n{self.log_tail()}")

    def require_port(self, patience_seconds: float = 0) -> None:
        """Raises PortTaken when the port was chosen by somebody and is not free."""
        give_up_at = time.monotonic() + patience_seconds
        while self.is_port_fixed and not is_free(self.port, self.host):
            if time.monotonic() > give_up_at:
                raise PortTaken(self.port, self.port_setting, self.host)
            time.sleep(0.05)

    def stop(self) -> None:
        """Let it finish in good order."""
        guard, self._guard = self._guard, None
        if guard is None:
            return
        assert guard.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            guard.stdin.close()
        guard.wait()

    def kill(self) -> None:
        """SIGKILL to every process of the server at once, as when the machine stops."""
        for process in list(self._processes()):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if self._guard is not None:
            self._guard.wait()
        self.stop()

    def pause(self) -> None:
        """Hang: sockets stay open and nothing answers."""
        for process in self._processes():
            with contextlib.suppress(psutil.NoSuchProcess):  # servers have helpers that come and go
                process.suspend()

    def resume(self) -> None:
        for process in self._processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def log_tail(self, lines: int = 15) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join([f"The end of {self.log}:", *text.splitlines()[-lines:]])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _try_start(self) -> bool:
        self._spawn()
        give_up_at = time.monotonic() + self.start_seconds
        while self.is_running and time.monotonic() < give_up_at:
            if self.is_ready():
                return True
            time.sleep(0.02)
        self.stop()
        return False

    def _spawn(self) -> None:
        user, group = self.user or (None, None)
        order = {
            "command": self.command(),
            "cwd": str(ROOT),
            "user": user,
            "group": group,
            "lock": str(self.directory / f"{self.name}.lock"),
            "stop_signal": int(self.stop_signal),
            "death_signal": int(self.death_signal),
            "forget": str(self.forget) if self.forget else None,
            "afterwards": list(self.afterwards),
        }
        with self.log.open("ab") as log:
            self._guard = subprocess.Popen(
                [sys.executable, str(GUARD), json.dumps(order)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=dict(self.environment()),
                start_new_session=True,
            )

    def _processes(self) -> Iterator[psutil.Process]:
        if self._guard is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            yield from psutil.Process(self._guard.pid).children(recursive=True)
