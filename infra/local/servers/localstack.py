"""LocalStack in moto's place, as LOCALSTACK says.

A URL names one that runs already, anything else is the command that starts one. Without it, the image that
`infra/local/compose.yaml` names is started.
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

from infra.local.compose import image
from infra.local.servers.aws import CREDENTIALS, Aws
from infra.local.servers.standing import Standing

SETTING = "LOCALSTACK"
INSIDE = 4566


def make_localstack(directory: Path) -> Aws:
    named = os.environ.get(SETTING, "")
    if named.startswith(("http://", "https://")):
        return StandingLocalStack(directory, named)
    return LocalStack(directory, shlex.split(named)) if named else LocalStackImage(directory)


class LocalStack(Aws):
    name = "localstack"
    start_seconds = 300.0  # a first start may have to install it

    def __init__(self, directory: Path, command: Sequence[str] = ()) -> None:
        super().__init__(directory)
        self._command = command

    def command(self) -> list[str]:
        return list(self._command)

    def environment(self) -> Mapping[str, str]:
        where = f"{self.host}:{self.port}"
        return {**os.environ, **CREDENTIALS, "GATEWAY_LISTEN": where, "LOCALSTACK_HOST": where}

    def is_ready(self) -> bool:
        return is_healthy(self.url)


class LocalStackImage(LocalStack):
    def command(self) -> list[str]:
        door = f"{self.host}:{self.port}"
        run = ["docker", "run", "--rm", "--name", self.container, "--publish", f"{door}:{INSIDE}"]
        return [*run, "--env", f"LOCALSTACK_HOST={door}", image("localstack")]

    @property
    def container(self) -> str:
        return f"paygate-localstack-{self.port}"

    @property
    def afterwards(self) -> Sequence[str]:  # type: ignore[override]
        return ("docker", "rm", "--force", self.container)


def is_healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/_localstack/health", timeout=2).ok
    except requests.RequestException:
        return False


class StandingLocalStack(Standing, Aws):
    name = "localstack"

    def __init__(self, directory: Path, url: str) -> None:
        super().__init__(directory)
        self._url = url.rstrip("/")

    def is_ready(self) -> bool:
        return is_healthy(self.url)

    @property
    def url(self) -> str:
        return self._url
