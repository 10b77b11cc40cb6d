"""`sam local` in the place of our own gateway and workers: functions run in containers, as `sam build` made them.

`start-api` serves the routes and `start-lambda` the rest, which the scheduler calls. Neither has anything to finish
when it ends, so it is killed, and its containers are removed.
"""

import json
import os
import platform
import re
import signal
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import requests
import yaml

from infra.local.docker import remove_containers
from infra.local.lambda_endpoint import ENDPOINT
from infra.local.sam_build import localised, program
from infra.local.secret_store import write_private
from infra.local.server import StartFailed
from infra.local.servers.aws import CREDENTIALS
from infra.local.servers.programs import NO_PROXY, Program, Scheduler
from infra.local.template import Function

WARMED_AT_ONCE = 2
MACHINES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


class SamLocal(Program):
    """Each function has one container, which is kept; those of `functions` are cleared away at the end."""

    start_seconds = 180.0
    stop_signal = signal.SIGKILL
    inherited = (*Program.inherited, "DOCKER_HOST", "DOCKER_CONFIG", "XDG_RUNTIME_DIR")
    subcommand = ""
    warm: Sequence[str] = ("--warm-containers", "EAGER")

    def __init__(
        self, directory: Path, port: int | None = None, *, built: Path, functions: Iterable[Function]
    ) -> None:
        super().__init__(directory, port)
        self._built = built
        self._functions = tuple(functions)

    def command(self) -> list[str]:
        where = ["--template", str(self._template), "--host", self.host, "--port", str(self.port)]
        how = [*self.warm, "--skip-pull-image", "--no-watch"]
        how += ["--layer-cache-basedir", str(self._layers)]
        machine = f"Architecture={MACHINES[platform.machine()]}"
        what = ["--env-vars", str(self._variables), "--parameter-overrides", machine]
        return [program(), "local", self.subcommand, *self.arguments, *where, *how, *what]

    @property
    def arguments(self) -> list[str]:
        return []

    def environment(self) -> Mapping[str, str]:
        """AWS's keys are handed on to the functions."""
        shell = {name: os.environ[name] for name in self.inherited if name in os.environ}
        return {**shell, **NO_PROXY, **CREDENTIALS, "SAM_CLI_TELEMETRY": "0", "PYTHONUNBUFFERED": "1"}

    def prepare(self) -> None:
        """An earlier one that was killed together with its guard has left its containers."""
        remove_containers(self._folders)
        self._template = self._built / f"template.{self.name}.yaml"
        self._template.write_text(yaml.safe_dump(self.template()), encoding="utf-8")
        self._variables = self.directory / "variables.json"
        write_private(self._variables, json.dumps({"Parameters": self._handed_on}))

    def template(self) -> dict[str, Any]:
        return localised(self._built, self._handed_on, self._layers)

    @property
    def _handed_on(self) -> dict[str, str]:
        return {name: value for name, value in self.settings.items() if name not in CREDENTIALS}

    @property
    def afterwards(self) -> Sequence[str]:  # type: ignore[override]
        return (sys.executable, "-m", "infra.local.docker", *map(str, self._folders))

    @property
    def _layers(self) -> Path:
        return self.directory / "layers"

    @property
    def _folders(self) -> list[Path]:
        return [self._built / function.name for function in self._functions]


class SamApi(SamLocal):
    """Up once every function has answered: on a busy machine several that start at once run out of their time."""

    name = "gateway"
    subcommand = "start-api"

    def start(self) -> Self:
        super().start()
        give_up_at = time.monotonic() + self.start_seconds
        with ThreadPoolExecutor(WARMED_AT_ONCE) as pool:
            started = pool.map(lambda function: self._warm(function, give_up_at), self._functions)
            silent = [function.name for function, is_up in zip(self._functions, started, strict=True) if not is_up]
        if silent:
            raise StartFailed(f"{', '.join(silent)} did not start.\n{self.log_tail()}")
        return self

    def _warm(self, function: Function, give_up_at: float) -> bool:
        """Whether it answered a stranger, who is refused. One without a route is left alone."""
        for route in function.routes[:1]:
            url = self.url + re.sub(r"\{\w+\}", "none", route.path)
            while not self._answers(route.method, url):
                if time.monotonic() > give_up_at:
                    return False
        return True

    def _answers(self, method: str, url: str) -> bool:
        answer = requests.request(method, url, timeout=self.start_seconds)
        return answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR


class SamLambda(SamLocal):
    name = "lambda"
    subcommand = "start-lambda"

    @property
    def arguments(self) -> list[str]:
        return [function.name for function in self._functions]


class SamScheduler(Scheduler):
    """Calls the functions of `lambdas`, which it starts and stops."""

    def __init__(self, directory: Path, lambdas: SamLambda) -> None:
        super().__init__(directory)
        self._lambdas = lambdas

    def prepare(self) -> None:
        self._lambdas.settings = self.settings
        self._lambdas.start()

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), ENDPOINT: self._lambdas.url}

    @property
    def is_running(self) -> bool:
        return super().is_running and self._lambdas.is_running

    def stop(self) -> None:
        super().stop()
        self._lambdas.stop()

    def kill(self) -> None:
        super().kill()
        self._lambdas.kill()
