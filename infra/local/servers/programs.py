"""The stack's own programs: sandbox, gateway and scheduler, each a process of ours."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import requests

from infra.local.server import ROOT, Server

CODE = (ROOT / "layers/core/python", ROOT / "layers/migrate/python", ROOT / "functions", ROOT)
HTTP_PORT = 80  # clients of rails may stumble over a default port that is spelt out
# Rails are on loopback; whatever proxy the shell knows must not see their traffic.
NO_PROXY = {"NO_PROXY": "*", "no_proxy": "*"}


class Program(Server):
    """`settings` completes the environment; DATABASE_URL and the like of the shell are not seen."""

    module = ""
    inherited: ClassVar = ("PATH", "HOME", "LANG", "TMPDIR", "TZ", "LOG_LEVEL", "SSL_CERT_FILE")

    def __init__(
        self, directory: Path, port: int | None = None, *, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(directory, port)
        self.settings = dict(settings or {})

    def command(self) -> list[str]:
        return [sys.executable, "-m", self.module]

    def environment(self) -> Mapping[str, str]:
        shell = {name: os.environ[name] for name in self.inherited if name in os.environ}
        path = {"PYTHONPATH": os.pathsep.join(map(str, CODE)), "PYTHONUNBUFFERED": "1"}
        return {**shell, **NO_PROXY, **path, **self.settings, "PORT": str(self.port)}

    @property
    def url(self) -> str:
        return f"http://{self.host}" if self.port == HTTP_PORT else f"http://{self.host}:{self.port}"


class Gateway(Program):
    """The API; `settings` are the functions' environment."""

    name = "gateway"
    module = "infra.local.gateway"


class Scheduler(Program):
    name = "scheduler"
    module = "infra.local.scheduler"

    def is_ready(self) -> bool:
        """It listens to nobody."""
        return self.is_running


class Sandbox(Program):
    """Every rail's simulator; `time_scale` 0.01 turns its minutes into 0.6 seconds."""

    name = "sandbox"
    module = "infra.sandbox"
    port_setting = "SANDBOX_PORT"
    time_scale = 1.0

    @property
    def state(self) -> Path:
        return self.directory / "state"

    def command(self) -> list[str]:
        options = ["--host", self.host, "--port", str(self.port), "--state", str(self.state)]
        return [*super().command(), *options, "--time-scale", str(self.time_scale)]

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=1).ok
        except requests.RequestException:
            return False
