"""Execution environments for functions: processes that are reused, as Lambda's are, and killed on time-out.

Functions keep connections and log state in globals and count on one invocation at a time, so threads in
one process would not do.
"""

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from infra.local.template import Function

IMPORT_SECONDS = 30
WORKER = os.environ.get("LOCAL_WORKER", "infra.local.worker")


class FunctionFailed(Exception):
    """The function raised, ended its process or ran out of time; its trace is on standard error."""


class Throttled(Exception):
    """All environments stayed busy."""


class Environments:
    """At most `limit` processes, started as they are needed; each can run every function."""

    def __init__(self, limit: int, patience_seconds: float = 20) -> None:
        self._slots = threading.BoundedSemaphore(limit)
        self._patience = patience_seconds
        self._idle: list[_Environment] = []
        self._lock = threading.Lock()

    def warm(self, functions: Iterable[Function], count: int) -> None:
        """Start `count` processes and import the functions, so that first requests need not wait."""
        for environment in [_Environment() for _ in range(count)]:
            for function in functions:
                environment.send(function, None)
            self._idle.append(environment)

    def invoke(self, function: Function, event: dict[str, Any]) -> Any:
        if not self._slots.acquire(timeout=self._patience):
            raise Throttled
        try:
            environment = self._take(function.name)
            result = environment.invoke(function, event)
            with self._lock:
                self._idle.append(environment)
        finally:
            self._slots.release()
        if "error" in result:
            raise FunctionFailed(f"{function.name} raised {result['error']}")
        return result["result"]

    def _take(self, name: str) -> "_Environment":
        """One that ran this function before, if one is free: what a function imports is slow and large."""
        with self._lock:
            self._idle = [each for each in self._idle if each.is_alive]
            known = [each for each in self._idle if name in each.names]
            for environment in (known or self._idle)[-1:]:
                self._idle.remove(environment)
                return environment
        return _Environment()


class _Environment:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.names: set[str] = set()
        """Of the functions that it was sent."""
        self._unread = 0
        self._received = b""

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, function: Function, event: dict[str, Any] | None) -> None:
        """An event of None only imports the function."""
        self.names.add(function.name)
        order = {**asdict(function), "code": str(function.code), "event": event}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        self._unread += 1

    def invoke(self, function: Function, event: dict[str, Any]) -> dict[str, Any]:
        try:
            while self._unread:
                self._receive(time.monotonic() + IMPORT_SECONDS)
            self.send(function, event)
            return self._receive(time.monotonic() + function.timeout_seconds)
        except TimeoutError:
            self._process.kill()
            reason = f"timed out after {function.timeout_seconds} s"
        except (EOFError, BrokenPipeError):
            reason = f"ended its process with status {self._process.wait()}"
        self._process.wait()
        print(f"{function.name} {reason}.", file=sys.stderr)
        raise FunctionFailed(f"{function.name} {reason}")

    def _receive(self, deadline: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        while b"\n" not in self._received:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._process.stdout], [], [], left)[0]:
                raise TimeoutError
            chunk = os.read(self._process.stdout.fileno(), 1 << 20)
            if not chunk:
                raise EOFError
            self._received += chunk
        line, _, self._received = self._received.partition(b"\n")
        self._unread -= 1
        answer: dict[str, Any] = json.loads(line)
        return answer
