"""One function in a process of its own, as Lambda runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

from infra.local.server import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.local.template import Function


class FunctionProcess:
    """`log` takes what it writes, and is standard error by default."""

    def __init__(self, function: Function, environment: Mapping[str, str], log: IO[str] | None = None) -> None:
        self._function = function
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=ROOT,
            env={**{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}, **environment},
        )

    def call(self, event: dict[str, Any]) -> dict[str, Any]:
        order = {**asdict(self._function), "code": str(self._function.code), "event": event}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer
        return answer["result"]

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
