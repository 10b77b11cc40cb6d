"""An installed PostgreSQL with PgBouncer in transaction mode before it, in the embedded one's place.

PAYGATE_TEST_DATABASE=pooled asks for it. It is the far end of what is supported (PostgreSQL 15, Debian's)
and shows whatever counts on a session: every transaction may meet another backend.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pg8000.native

from infra.local.server import Server, StartFailed
from infra.local.servers.postgres import APP, DATABASE, DURABLE, OWNER, Postgres

SWITCH = "PAYGATE_TEST_DATABASE"
BINARIES = Path("/usr/lib/postgresql/15/bin")


def make_postgres(directory: Path, port: int | None = None, *, profile: Mapping[str, str] = DURABLE) -> Postgres:
    """The embedded server, or what the environment asks for."""
    wanted = os.environ.get(SWITCH, "embedded")
    kinds = {"embedded": Postgres, "pooled": PooledPostgres}
    if wanted not in kinds:
        raise StartFailed(f"{SWITCH} is one of {', '.join(kinds)}.")
    return kinds[wanted](directory, port, profile=profile)


class PgBouncer(Server):
    """A pool as small as it may be, so that transactions change backends all the time."""

    name = "pgbouncer"
    start_seconds = 10.0

    def __init__(self, directory: Path, database: Postgres) -> None:
        super().__init__(directory)
        self._database = database
        self.user = database.user

    def command(self) -> list[str]:
        binary = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if binary is None:
            raise StartFailed("PgBouncer is not installed (on Debian: apt-get install pgbouncer).")
        return [*self._database.prefix, binary, "--quiet", str(self.directory / "pgbouncer.ini")]

    def prepare(self) -> None:
        users = "".join(f'"{role}" "{self._database.password(role)}"\n' for role in (OWNER, APP))
        self._write("users.txt", users)
        self._write(
            "pgbouncer.ini",
            f"[databases]\n* = host={self._database.host} port={self._database.port}\n"
            f"[pgbouncer]\nlisten_addr = {self.host}\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {self.directory / 'users.txt'}\n"
            "pool_mode = transaction\ndefault_pool_size = 20\nserver_round_robin = 1\nmax_client_conn = 500\n"
            "server_login_retry = 0.2\nlog_connections = 0\nlog_disconnections = 0\n",
        )

    def is_ready(self) -> bool:
        try:
            pg8000.native.Connection(
                APP, password=self._database.password(APP), host=self.host, port=self.port, database=DATABASE
            ).close()
        except pg8000.exceptions.InterfaceError:
            return False
        return True

    def _write(self, name: str, text: str) -> None:
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(text)
        if self.user is not None:
            os.chown(self.directory, *self.user)
            os.chown(path, *self.user)


class PooledPostgres(Postgres):
    """The application's role goes through the pooler; migrations and the superuser go straight."""

    locale_options = ("--locale=C.UTF-8",)

    def __init__(self, directory: Path, port: int | None = None, *, profile: Mapping[str, str] = DURABLE) -> None:
        super().__init__(directory, port, profile=profile)
        self._bin = BINARIES
        self._pooler: PgBouncer | None = None

    def prepare(self) -> None:
        if not (BINARIES / "postgres").exists():
            raise StartFailed(f"No PostgreSQL in {BINARIES} (on Debian: apt-get install postgresql-15).")
        super().prepare()

    def is_ready(self) -> bool:
        if not super().is_ready():
            return False
        if self._pooler is None:
            self._pooler = PgBouncer(self.directory / "pgbouncer", self)
            self._pooler.host = self.host
        self._pooler.start()
        return True

    def stop(self) -> None:
        if self._pooler is not None:
            self._pooler.stop()
        super().stop()

    def url(self, role: str = APP, database: str = DATABASE) -> str:
        if role != APP or self._pooler is None:
            return super().url(role, database)
        return f"postgresql://{role}:{self.password(role)}@{self.host}:{self._pooler.port}/{database}"
