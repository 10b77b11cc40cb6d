"""A server that has only its administrator becomes one that migrations can begin with, by the migrate function.

The administrator is what RDS's master is: no superuser, but it may make roles and databases and hand on rds_iam.
"""

from __future__ import annotations

import json
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.parameters import clear_caches

from infra.local.secret_store import own_secrets
from infra.local.servers.aws import Aws
from infra.local.servers.kafka import Kafka
from infra.local.servers.pooled import BINARIES, SWITCH
from infra.local.servers.postgres import FAST, Postgres
from migrations import upgrade
from migrations.prepare import prepare
from paygate.adapters.postgres.database import Database
from paygate.adapters.postgres.login import Login
from paygate.adapters.postgres.statements import sql
from paygate.domain.errors import Unavailable
from paygate.domain.events import TOPICS
from tests.unit.http_support import Context

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MASTER = "paygate_admin"


class Bare(Postgres):
    """Nobody is in it but its superuser, and it logs every statement."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, profile={**FAST, "log_statement": "all"})
        if os.environ.get(SWITCH) == "pooled":
            self._bin, self.locale_options = BINARIES, ("--locale=C.UTF-8",)

    def is_ready(self) -> bool:
        import pg8000.exceptions

        try:
            with self.admin():
                return True
        except (pg8000.exceptions.InterfaceError, pg8000.exceptions.DatabaseError):
            return False


class Rds:
    """What a test knows of the server: its address, and its master's name and password."""

    def __init__(self, server: Bare) -> None:
        self.server = server
        self.password = secrets.token_urlsafe(24)
        with server.admin() as admin:
            admin.run(f"CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB PASSWORD '{self.password}'")
            admin.run("CREATE ROLE rds_iam")
            admin.run(f"GRANT rds_iam TO {MASTER} WITH ADMIN OPTION")

    def url(self, role: str, password: str = "") -> str:
        return f"postgresql://{role}:{password}@127.0.0.1:{self.server.port}/paygate"

    def prepare(self, owner: Login, application: Login) -> None:
        prepare(owner, application, MASTER, self.password)

    def asked(self, statement: str) -> Any:
        with self.server.admin() as admin:
            return admin.run(statement)


@pytest.fixture
def rds(tmp_path: Path) -> Iterator[Rds]:
    with Bare(tmp_path / "postgres") as server:
        yield Rds(server)


def logins(rds: Rds) -> tuple[Login, Login]:
    owner, application = (secrets.token_urlsafe(12) for _ in range(2))
    return Login(rds.url("paygate_owner", owner)), Login(rds.url("paygate", application))


def can_come_in(login: Login) -> bool:
    with closing(Database(login)) as database:
        try:
            return bool(database.once(sql("ping")))
        except Unavailable:
            return False


def test_migrations_can_begin_and_the_application_can_work(rds: Rds) -> None:
    owner, application = logins(rds)
    rds.prepare(owner, application)
    upgrade(owner)
    assert can_come_in(application)
    assert rds.asked("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'paygate'") == [
        ["paygate_owner"]
    ]
    (limits,) = rds.asked("SELECT rolconfig FROM pg_roles WHERE rolname = 'paygate'")
    assert sorted(limits[0]) == [
        "idle_in_transaction_session_timeout=15s",
        "lock_timeout=5s",
        "statement_timeout=10s",
    ]


def test_the_roles_are_no_more_than_they_are_by_hand(rds: Rds) -> None:
    rds.prepare(*logins(rds))
    powers = "rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
    assert rds.asked(f"SELECT bool_or({powers}) FROM pg_roles WHERE rolname IN ('paygate', 'paygate_owner')") == [
        [False]
    ]
    assert rds.asked(f"SELECT pg_has_role('{MASTER}', 'paygate_owner', 'USAGE')") == [[False]]
    assert rds.asked("SELECT pg_has_role('paygate', 'paygate_owner', 'MEMBER')") == [[False]]


def test_it_is_repeated_without_harm_and_sets_passwords_again(rds: Rds) -> None:
    owner, application = logins(rds)
    rds.prepare(owner, application)
    revision = upgrade(owner)
    rds.prepare(owner, application)
    assert can_come_in(application)
    new = Login(rds.url("paygate", "a-rotated-password"))
    rds.prepare(owner, new)
    assert can_come_in(new)
    assert not can_come_in(application)
    assert upgrade(owner) == revision


def test_two_at_once_do_not_trip_over_each_other(rds: Rds) -> None:
    owner, application = logins(rds)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(rds.prepare, owner, application) for _ in range(4)]:
            done.result()
    assert can_come_in(application)


def test_no_password_stands_in_the_servers_log(rds: Rds) -> None:
    owner, application = logins(rds)
    rds.prepare(owner, application)
    log = rds.server.log.read_text()
    assert "ALTER ROLE paygate_owner PASSWORD" in log, "statements are logged, or this shows nothing"
    assert not [login for login in (owner, application) if login.arguments()["password"] in log]


def test_by_iam_roles_have_rds_iam_and_no_password(rds: Rds) -> None:
    owner, application = (Login(rds.url(role), token=lambda *_: "a token") for role in ("paygate_owner", "paygate"))
    rds.prepare(owner, application)
    members = "SELECT member::regrole::text FROM pg_auth_members WHERE roleid = 'rds_iam'::regrole ORDER BY 1"
    assert rds.asked(members) == [["paygate"], [MASTER], ["paygate_owner"]]
    assert rds.asked("SELECT count(rolpassword) FROM pg_authid WHERE rolname IN ('paygate', 'paygate_owner')") == [
        [0]
    ]
    rds.prepare(*logins(rds))
    assert rds.asked(members) == [[MASTER]], "with rds_iam RDS takes no password"


# ---------------------------------------------------------------- through the function


def run_migrate(env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    from migrate.app import lambda_handler

    clear_caches()  # whoever asked another Secrets Manager in this process before keeps its client
    for name in ("DATABASE_URL", "MIGRATE_DATABASE_URL", "SECRETS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    try:
        return lambda_handler({}, Context())
    finally:
        clear_caches()


@pytest.mark.filterwarnings("ignore:settings:UserWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # kafka-python's sockets
def test_migrate_makes_all_that_is_missing_and_then_nothing(
    rds: Rds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, application = logins(rds)
    with Aws(tmp_path / "aws") as aws, Kafka(tmp_path / "kafka") as kafka:
        made = aws.client("secretsmanager").create_secret(
            Name="rds!db-1", SecretString=json.dumps({"username": MASTER, "password": rds.password})
        )
        env = {
            **aws.env,
            **kafka.env,
            **own_secrets(tmp_path),
            "APP_ENV": "development",
            "KAFKA_NEW_TOPIC_PARTITIONS": "3",
            "DATABASE_URL": application.url,
            "MIGRATE_DATABASE_URL": owner.url,
            "DATABASE_ADMIN_SECRET": made["ARN"],
        }
        first = run_migrate(env, monkeypatch)
        second = run_migrate(env, monkeypatch)
    assert set(first["new_topics"]) == {topic for topics in TOPICS.values() for topic in topics}
    assert second == {**first, "new_topics": []}
    assert can_come_in(application)
