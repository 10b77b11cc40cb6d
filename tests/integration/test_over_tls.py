"""PostgreSQL, Redis and Kafka over TLS, with passwords and with tokens, by certificates of an authority of ours.

The embedded servers speak no TLS, so something that does stands before them; where PostgreSQL 15 is installed (the
pooled run) it speaks TLS itself.
"""

from __future__ import annotations

import logging
import os
import secrets
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from kafka.errors import KafkaError

from infra.local.ports import HOST
from infra.local.servers.kafka import Kafka
from infra.local.servers.pooled import BINARIES, SWITCH
from infra.local.servers.postgres import APP, FAST, OWNER, Postgres
from infra.local.servers.redis import Redis
from migrations import upgrade
from paygate.adapters.kafka.settings import KafkaSettings
from paygate.adapters.kafka.stream import KafkaStream
from paygate.adapters.kafka.topics import create_topics, list_topics
from paygate.adapters.postgres.database import Database
from paygate.adapters.postgres.login import Login
from paygate.adapters.postgres.statements import Statement, sql
from paygate.adapters.redis.client import RedisClient
from paygate.domain.errors import Unavailable
from paygate.ports import QueuedEvent
from tests.support.front import front
from tests.support.sasl import Doorkeeper
from tests.support.tls import Authority, authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOPIC = "payments.events"
IS_TLS = Statement(
    "is_tls", "SELECT coalesce(bool_or(ssl), false) FROM pg_stat_ssl WHERE pid = pg_backend_pid()", lambda _: ()
)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls") / "ours", "the one that clients trust")


@pytest.fixture(scope="module")
def ca(ours: Authority) -> str:
    return ours.certificate.read_text()


@pytest.fixture(autouse=True)
def quiet_kafka(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="kafka")  # kept records keep its dead sockets


# ---------------------------------------------------------------- PostgreSQL


class TlsPostgres(Postgres):
    """An installed PostgreSQL 15 that takes connections over TLS only."""

    locale_options = ("--locale=C.UTF-8",)

    def __init__(self, directory: Path, pair: bytes) -> None:
        super().__init__(directory, profile=FAST)
        self._bin, self._pair = BINARIES, pair

    def prepare(self) -> None:
        super().prepare()
        path = self.directory / "pair.pem"
        path.touch(mode=0o600)
        path.write_bytes(self._pair)
        if self.user is not None:
            os.chown(path, *self.user)

    def command(self) -> list[str]:
        pair = self.directory / "pair.pem"
        return [*super().command(), "-c", "ssl=on", "-c", f"ssl_cert_file={pair}", "-c", f"ssl_key_file={pair}"]


@dataclass(frozen=True)
class OverTls:
    server: Postgres
    port: int
    is_its_own: bool

    def url(self, role: str, password: str | None = None) -> str:
        word = self.server.password(role) if password is None else password
        return f"postgresql://{role}:{word}@{HOST}:{self.port}/paygate?sslmode=verify-full"


@pytest.fixture(scope="module")
def postgres(ours: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OverTls]:
    directory = tmp_path_factory.mktemp("postgres")
    if os.environ.get(SWITCH) == "pooled":
        with TlsPostgres(directory, ours.pair()) as server:
            yield OverTls(server, server.port, is_its_own=True)
        return
    with Postgres(directory, profile=FAST) as server, front(ours.server(), is_postgres=True) as before:
        before.upstream = server.port
        yield OverTls(server, before.port, is_its_own=False)
        assert before.connections > 0


def test_postgresql_takes_the_password_over_tls(postgres: OverTls, ca: str) -> None:
    with closing(Database(Login(postgres.url(APP), ca))) as database, database.transaction() as run:
        assert run(IS_TLS) == [[postgres.is_its_own]]


def test_postgresql_refuses_another_password(postgres: OverTls, ca: str) -> None:
    with closing(Database(Login(postgres.url(APP, "another"), ca))) as database, pytest.raises(Unavailable):
        database.once(sql("ping"))


def test_without_its_authority_postgresql_is_not_believed(postgres: OverTls) -> None:
    with closing(Database(Login(postgres.url(APP)))) as database, pytest.raises(Unavailable):
        database.once(sql("ping"))


def test_migrations_come_over_tls(postgres: OverTls, ca: str) -> None:
    assert upgrade(Login(postgres.url(OWNER), ca)).startswith("00")


def test_each_new_connection_to_postgresql_asks_for_a_token(postgres: OverTls, ca: str) -> None:
    """As with RDS, a token that was good is not good for long: here it is the password, which changes."""
    asked: list[tuple[str, int, str]] = []

    def token(host: str, port: int, user: str) -> str:
        asked.append((host, port, user))
        word = secrets.token_urlsafe(600)  # as long as RDS's
        with postgres.server.admin() as admin:
            admin.run(f"ALTER ROLE passing PASSWORD '{word}'")
        return word

    with postgres.server.admin() as admin:
        admin.run("CREATE ROLE passing LOGIN")
    database = Database(Login(postgres.url("passing", ""), ca, token))
    for _ in range(2):
        assert database.once(sql("ping"))
        assert database.once(sql("ping"))
        database.close()
    assert asked == [(HOST, postgres.port, "passing")] * 2


# ---------------------------------------------------------------- Redis


@dataclass(frozen=True)
class RedisOverTls:
    server: Redis
    port: int
    trusted: Path

    def url(self, user: str, password: str) -> str:
        return f"rediss://{user}:{password}@{HOST}:{self.port}/0?ssl_ca_certs={self.trusted}"

    @property
    def password(self) -> str:
        return self.server.url.partition("://:")[2].partition("@")[0]


@pytest.fixture(scope="module")
def redis(ours: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisOverTls]:
    with Redis(tmp_path_factory.mktemp("redis")) as server, front(ours.server()) as before:
        before.upstream = server.port
        yield RedisOverTls(server, before.port, ours.certificate)
        assert before.connections > 0


def test_redis_takes_the_password_over_tls(redis: RedisOverTls) -> None:
    assert RedisClient(redis.url("", redis.password)).is_reached()
    assert not RedisClient(redis.url("", "another")).is_reached()


def test_each_new_connection_to_redis_asks_for_a_token(redis: RedisOverTls) -> None:
    asked: list[str] = []

    def token(user: str) -> str:
        asked.append(user)
        word = secrets.token_urlsafe(600)
        with redis.server.client() as admin:
            admin.execute_command("ACL", "SETUSER", user, "reset", "on", f">{word}", "+@all")
        return word

    client = RedisClient(redis.url("passing", ""), token=token)
    assert client.is_reached()
    assert client.is_reached()
    client._hang_up()
    assert client.is_reached()
    assert asked == ["passing", "passing"]


# ---------------------------------------------------------------- Kafka


class Behind(Kafka):
    """A broker that says to be where something else stands before it."""

    def __init__(self, directory: Path, advertised_port: int) -> None:
        super().__init__(directory)
        self._advertised_port = advertised_port

    def command(self) -> list[str]:
        place = "--advertised-listener-url"
        command = super().command()
        command[command.index(place) + 1] = f"tcp://{HOST}:{self._advertised_port}"
        return command


@dataclass(frozen=True)
class KafkaOverTls:
    port: int
    door: Doorkeeper
    ca: str

    def settings(self, mechanism: str, password: str | None = None, token: str | None = None) -> KafkaSettings:
        return KafkaSettings(
            f"{HOST}:{self.port}",
            "SASL_SSL",
            mechanism,
            "paygate",
            password or self.door.users["paygate"],
            new_topic_partitions=3,
            token=(lambda: token) if token else None,
            authority=self.ca,
        )


@pytest.fixture(scope="module")
def kafka(ours: Authority, ca: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaOverTls]:
    door = Doorkeeper({"paygate": secrets.token_urlsafe(24)})
    with (
        front(ours.server(), admit=door) as before,
        Behind(tmp_path_factory.mktemp("kafka"), before.port) as broker,
    ):
        before.upstream = broker.port
        yield KafkaOverTls(before.port, door, ca)


def send(settings: KafkaSettings) -> str:
    event = QueuedEvent(
        f"PAY_{secrets.token_hex(8)}", 1, secrets.token_hex(8), "payment.settled", [TOPIC], "{}", "r"
    )
    with closing(KafkaStream(settings)) as stream:
        delivery = stream.start([event]).finish(10)
    assert delivery.sent == [event]
    return event.payment_id


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_kafka_takes_the_password_over_tls(mechanism: str, kafka: KafkaOverTls) -> None:
    before = len(kafka.door.admitted)
    send(kafka.settings(mechanism))
    assert set(kafka.door.admitted[before:]) == {mechanism}
    assert TOPIC in list_topics(kafka.settings(mechanism))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # kafka-python's sockets
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_kafka_refuses_another_password(mechanism: str, kafka: KafkaOverTls) -> None:
    before = len(kafka.door.admitted)
    with pytest.raises(KafkaError):
        list_topics(kafka.settings(mechanism, "another"))
    assert kafka.door.admitted[before:] == []


def test_kafka_is_told_a_token_on_every_connection(kafka: KafkaOverTls) -> None:
    kafka.door.takes_tokens = True
    send(kafka.settings("AWS_MSK_IAM", token="a-token-of-this-role"))
    assert len(kafka.door.tokens) >= 2
    assert set(kafka.door.tokens) == {"a-token-of-this-role"}


def test_topics_are_made_with_as_many_replicas_as_the_broker_thinks_right(kafka: KafkaOverTls) -> None:
    settings = kafka.settings("SCRAM-SHA-512")
    assert create_topics(settings, ["made.once"]) == ["made.once"]
    assert create_topics(settings, ["made.once"]) == []
