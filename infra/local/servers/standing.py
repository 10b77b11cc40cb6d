"""Servers that somebody else runs, such as those of `compose.yaml`: they are neither started nor stopped here."""

import secrets
import time
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

import redis

from infra.local.ports import is_open
from infra.local.server import Server, StartFailed
from infra.local.servers.kafka import Kafka
from infra.local.servers.postgres import ADMIN, APP, DATABASE, OWNER, Postgres
from infra.local.servers.redis import Redis

PATIENCE_SECONDS = 30.0


class Standing(Server):
    @property
    def is_running(self) -> bool:
        return True

    def start(self) -> Self:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not self.is_ready():
            if time.monotonic() > give_up_at:
                raise StartFailed(f"There is no {self.name} where one was said to be.")
            time.sleep(0.2)
        return self

    def stop(self) -> None:
        """It is not ours."""

    def kill(self) -> None:
        """It is not ours."""


class StandingPostgres(Standing, Postgres):
    """`url` is that of the superuser `postgres`. Our database and roles are made, and are gone at the end.

    A server that holds any of them is refused: it may be one that somebody needs.
    """

    def __init__(self, directory: Path, url: str) -> None:
        parts = urlsplit(url)
        super().__init__(directory, parts.port or 5432)
        self.host = parts.hostname or self.host
        self._passwords = {role: secrets.token_urlsafe(24) for role in (OWNER, APP)}
        self._passwords[ADMIN] = unquote(parts.password or "")
        self._is_ours = False

    def start(self) -> Self:
        super().start()
        self._refuse_what_is_used()
        self._is_ours = True
        with self.admin() as admin:
            self._create_roles(admin)
        self.create_database(DATABASE)
        return self

    def is_ready(self) -> bool:
        return is_open(self.port, self.host)

    def stop(self) -> None:
        if self._is_ours:
            self._is_ours = False
            self.drop_database(DATABASE)
            with self.admin() as admin:
                admin.run(f"DROP ROLE {OWNER}, {APP}")

    def kill(self) -> None:
        self.stop()

    def _refuse_what_is_used(self) -> None:
        with self.admin() as admin:
            used = admin.run("SELECT 1 FROM pg_database WHERE datname = :name", name=DATABASE)
            used += admin.run("SELECT 1 FROM pg_roles WHERE rolname IN (:owner, :app)", owner=OWNER, app=APP)
        if used:
            where = f"{self.host}:{self.port}"
            raise StartFailed(f"The PostgreSQL at {where} knows a `{DATABASE}` already: take an empty one.")


class StandingRedis(Standing, Redis):
    def __init__(self, directory: Path, url: str) -> None:
        super().__init__(directory)
        self._url = url

    def is_ready(self) -> bool:
        try:
            return super().is_ready()
        except redis.TimeoutError:
            return False

    @property
    def url(self) -> str:
        return self._url


class StandingKafka(Standing, Kafka):
    def __init__(self, directory: Path, address: str) -> None:
        host, _, port = address.rpartition(":")
        super().__init__(directory, int(port))
        self.host = host
