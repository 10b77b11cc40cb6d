"""The former release's own code, out of git, as processes of its own over the present servers."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.server import ROOT
from infra.local.servers.programs import Gateway
from infra.local.template import read_template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from infra.local.template import Function

NAMED_IN = ROOT / "tests" / "integration" / "former_release.txt"
CODE = ("layers/core/python", "functions", "template.yaml")


class FormerRelease:
    """Its code below `directory`; `settings` are the functions' environment."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self._directory = directory
        template = directory / "template.yaml"
        self._functions = {each.handler.partition(".")[0]: each for each in read_template(template).functions}
        code = os.pathsep.join([*(str(directory / folder) for folder in CODE[:2]), str(ROOT)])
        self.environment = {**settings, "TEMPLATE": str(template), "PYTHONPATH": code}

    def gateway(self, directory: Path) -> Gateway:
        """Its API: the same server that serves the present code, over its own routes and functions."""
        return Gateway(directory, settings=self.environment)

    @contextmanager
    def function(self, name: str) -> Iterator[Worker]:
        """A process that runs one of its functions."""
        worker = Worker(self._functions[name], self.environment)
        try:
            yield worker
        finally:
            worker.close()

    def run(self, name: str) -> dict[str, Any]:
        """One run of a scheduled function; its report."""
        with self.function(name) as worker:
            return worker.call({})


class Worker:
    def __init__(self, function: Function, environment: Mapping[str, str]) -> None:
        self._function = function
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
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


def commit() -> str:
    """The former release's hash."""
    lines = NAMED_IN.read_text().splitlines()
    (named,) = [line for line in lines if line and not line.startswith("#")]
    return named


def unpack(directory: Path) -> Path:
    """Its code below `directory`. Skips where there is no history to take it from, except in CI, where it fails."""
    named = commit()
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", named, *CODE],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if archive.returncode:
        reason = f"git does not have the former release {named[:7]}: {archive.stderr.decode().strip()}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(directory, filter="data")
    return directory
