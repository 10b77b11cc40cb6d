"""A stack's servers may be somebody else's: they are used, and left as they were found."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.ports import free_port
from infra.local.server import StartFailed
from infra.local.servers import standing
from infra.local.servers.kafka import Kafka
from infra.local.servers.localstack import make_localstack
from infra.local.servers.postgres import ADMIN, APP, DATABASE, FAST, OWNER, Postgres
from infra.local.servers.redis import Redis
from infra.local.servers.standing import StandingKafka, StandingPostgres, StandingRedis

NAMES = "SELECT datname FROM pg_database UNION ALL SELECT rolname FROM pg_roles"


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    directory = tmp_path_factory.mktemp("somebodys")
    directory.parent.chmod(0o755)
    directory.chmod(0o755)
    with Postgres(directory / "postgres", profile=FAST) as server:
        server.drop_database(DATABASE)
        with server.admin() as admin:
            admin.run(f"DROP ROLE {OWNER}, {APP}")
        yield server


def names(server: Postgres) -> list[str]:
    with server.admin() as admin:
        return sorted(name for (name,) in admin.run(NAMES))


def test_postgresql_gets_our_database_and_loses_it_at_the_end(postgres: Postgres, tmp_path: Path) -> None:
    before = names(postgres)
    guest = StandingPostgres(tmp_path, postgres.url(ADMIN, "postgres"))
    with guest:
        assert {DATABASE, OWNER, APP} <= set(names(postgres))
        with pytest.raises(StartFailed, match="already"):
            StandingPostgres(tmp_path, postgres.url(ADMIN, "postgres")).start()
        assert {DATABASE, OWNER, APP} <= set(names(postgres)), "one that was refused has taken nothing away"
    assert names(postgres) == before
    assert postgres.is_running


def test_redis_and_kafka_are_used_where_they_are(tmp_path: Path) -> None:
    with Redis(tmp_path / "redis") as redis, Kafka(tmp_path / "kafka") as kafka:
        with StandingRedis(tmp_path, redis.url) as guest:
            assert guest.env == redis.env
        with StandingKafka(tmp_path, kafka.bootstrap_servers) as broker:
            assert broker.env == kafka.env
        assert redis.is_running
        assert redis.is_ready()
        assert kafka.is_ready()


def test_one_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "PATIENCE_SECONDS", 0.1)
    nowhere = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("LOCALSTACK", f"http://{nowhere}")
    for server in (
        StandingPostgres(tmp_path, f"postgresql://postgres:x@{nowhere}"),
        StandingRedis(tmp_path, f"redis://{nowhere}/0"),
        StandingKafka(tmp_path, nowhere),
        make_localstack(tmp_path),
    ):
        with pytest.raises(StartFailed, match=f"no {server.name} where"):
            server.start()
