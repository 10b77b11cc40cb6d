"""An emulator of AWS that runs what is deployed to it: ministack, or what answers at AWS_ENDPOINT_URL."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import requests

from infra.local.deploy.tools import ministack
from infra.local.server import StartFailed
from infra.local.servers.aws import Aws
from infra.local.servers.programs import NO_PROXY

HEALTH = "/_localstack/health"
ROOT_USER = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "000000000000",  # emulators take an account's number for its root user
    "AWS_SECRET_ACCESS_KEY": "local",
}


MEMORY, ROOM = Path("/dev/shm"), 4 << 30  # noqa: S108 (a directory that nobody else may read is made there)


class Ministack(Aws):
    """Functions are processes of this machine, and may do what their roles allow and nothing else (AUTH)."""

    name = "ministack"
    credentials: ClassVar[Mapping[str, str]] = ROOT_USER

    def command(self) -> list[str]:
        return [str(ministack())]

    def environment(self) -> Mapping[str, str]:
        shell = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        own = {
            "BIND_HOST": self.host,
            "GATEWAY_PORT": str(self.port),
            "TMPDIR": str(self.scratch),
            "AUTH": "true",
            "IOT_MTLS_ENABLED": "0",
        }
        return {**shell, **NO_PROXY, **self.credentials, **own}

    def prepare(self) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(mode=0o700, parents=True)

    def is_ready(self) -> bool:
        return is_healthy(self.url)

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self.scratch, ignore_errors=True)

    @property
    def scratch(self) -> Path:
        """Where it unpacks all layers for each function, thousands of files that it leaves behind: in memory, where
        that is roomy, for on a disk it takes longer than all the rest.
        """
        if not is_roomy(MEMORY):
            return self.directory / "scratch"
        return MEMORY / f"paygate-{hashlib.sha256(bytes(self.directory)).hexdigest()[:16]}"


class RunningEmulator(Aws):
    """Somebody else's, at `url`: it is neither started nor stopped here."""

    credentials: ClassVar[Mapping[str, str]] = ROOT_USER

    def __init__(self, directory: Path, url: str) -> None:
        super().__init__(directory)
        self._url = url.rstrip("/")

    def start(self) -> Self:
        if not is_healthy(self.url):
            raise StartFailed(f"Nothing that is healthy answers at {self.url}{HEALTH}.")
        return self

    @property
    def is_running(self) -> bool:
        return is_healthy(self.url)

    @property
    def url(self) -> str:
        return self._url


def is_healthy(url: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(url + HEALTH, timeout=5).ok
        except requests.RequestException:
            return False


def is_roomy(place: Path) -> bool:
    """Whether functions fit there, and their libraries may be loaded from there."""
    if not place.is_dir():
        return False
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC
