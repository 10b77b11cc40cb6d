"""The former release's own code, out of git, as processes of its own over the present servers."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.server import ROOT
from infra.local.servers.programs import Gateway
from infra.local.template import read_template
from tests.support.function_process import FunctionProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


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
    def function(self, name: str) -> Iterator[FunctionProcess]:
        """A process that runs one of its functions."""
        worker = FunctionProcess(self._functions[name], self.environment)
        try:
            yield worker
        finally:
            worker.close()

    def run(self, name: str) -> dict[str, Any]:
        """One run of a scheduled function; its report."""
        with self.function(name) as worker:
            return worker.call({})


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
