"""Embedded servers live as long as whoever started them, keep their data, and can be disturbed."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pg8000.native
import psutil
import pytest
import redis
from kafka import KafkaConsumer, KafkaProducer

from infra.local.ports import HOST, PortTaken, free_port
from infra.local.server import ROOT, Server, StartFailed
from infra.local.servers.aws import Aws
from infra.local.servers.kafka import Kafka
from infra.local.servers.postgres import APP, FAST, OWNER, Postgres
from infra.local.servers.redis import Redis

STARTER = """
import os, signal, sys
from pathlib import Path
import psutil
from infra.local.servers.postgres import Postgres
from infra.local.servers.redis import Redis

postgres = Postgres(Path(sys.argv[1]) / "postgres").start()
redis = Redis(Path(sys.argv[1]) / "redis").start()
with postgres.admin("paygate") as admin:
    admin.run("CREATE TABLE kept AS SELECT 42 AS answer")
redis.client().set("kept", "42")
if "pause" in sys.argv:
    postgres.pause(), redis.pause()
print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with Postgres(tmp_path_factory.mktemp("postgres"), profile=FAST) as server:
        yield server


@pytest.mark.parametrize("state", ["serving", "pause"])
def test_servers_end_with_a_killed_parent_and_start_again_with_their_data(tmp_path: Path, state: str) -> None:
    starter = [sys.executable, "-c", STARTER, str(tmp_path), state]
    parent = subprocess.run(starter, capture_output=True, text=True, check=False, cwd=ROOT)
    pids = [int(pid) for pid in parent.stdout.split()]
    assert len(pids) > 4, parent.stderr
    # The successor does not wait for the end of its predecessors: the servers see to that.
    with Postgres(tmp_path / "postgres") as postgres, Redis(tmp_path / "redis") as kept:
        with postgres.admin("paygate") as admin:
            assert admin.run("SELECT answer FROM kept") == [[42]]
        with kept.client() as client:
            assert client.get("kept") == b"42"
    eventually_gone(pids)


@pytest.mark.parametrize("kind", [Postgres, Redis, Kafka, Aws])
def test_a_server_can_be_hung_woken_killed_and_restarted_on_its_port(kind: type[Server], tmp_path: Path) -> None:
    with kind(tmp_path) as server:
        port = server.port
        server.pause()
        server.resume()
        assert server.is_ready()
        server.kill()
        assert not server.is_running
        server.start()
        assert server.port == port
        assert server.is_ready()


def test_a_hung_server_keeps_its_sockets_and_answers_nothing(tmp_path: Path) -> None:
    with Redis(tmp_path) as server, server.client() as client:
        hurried = redis.Redis.from_url(server.url, socket_timeout=0.2, socket_connect_timeout=0.2)
        client.ping()
        server.pause()
        with pytest.raises(redis.TimeoutError), hurried:
            hurried.ping()
        server.resume()
        assert client.ping()


def test_a_taken_port_is_named_with_the_setting_that_changes_it(tmp_path: Path) -> None:
    with Kafka(tmp_path / "first") as first, pytest.raises(PortTaken, match=f"{first.port} .*PORT="):
        Kafka(tmp_path / "second", first.port).start()


def test_a_server_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path, postgres: Postgres) -> None:
    class Broken(Postgres):
        def command(self) -> list[str]:
            return [*super().command(), "-c", "no_such_setting=1"]

    with pytest.raises(StartFailed, match="no_such_setting"):
        Broken(tmp_path, profile=FAST).start()
    assert postgres.is_ready()


def test_postgres_has_an_owner_and_an_application_role_with_limits(postgres: Postgres) -> None:
    with connect(postgres, OWNER) as owner, connect(postgres, APP) as app:
        owner.run("CREATE TABLE owned ()")
        assert app.run("SHOW statement_timeout") == [["10s"]]
        with pytest.raises(pg8000.exceptions.DatabaseError, match="must be owner"):
            app.run("DROP TABLE owned")


def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    with pytest.raises(pg8000.exceptions.DatabaseError, match="password authentication failed"):
        pg8000.native.Connection("postgres", host=HOST, port=postgres.port, password="guess")


def test_databases_of_their_own_for_tests(postgres: Postgres) -> None:
    postgres.create_database("one_test")
    with postgres.admin("one_test") as admin:
        assert admin.run("SELECT current_database()") == [["one_test"]]
    postgres.drop_database("one_test")
    with postgres.admin() as admin:
        assert admin.run("SELECT 1 FROM pg_database WHERE datname = 'one_test'") == []


def test_kafka_takes_idempotent_produce_and_serves_groups(tmp_path: Path) -> None:
    with Kafka(tmp_path) as server:
        producer = KafkaProducer(bootstrap_servers=server.bootstrap_servers, acks="all", enable_idempotence=True)
        sent = [producer.send("payments.settled", key=b"PAY_%d" % i, value=b"%d" % i) for i in range(40)]
        assert len({future.get(10).partition for future in sent}) > 1
        producer.close()
        consumer = KafkaConsumer(
            "payments.settled",
            bootstrap_servers=server.bootstrap_servers,
            group_id="shop",
            auto_offset_reset="earliest",
            session_timeout_ms=6000,
        )
        received = {next(consumer).value for _ in sent}
        consumer.close(autocommit=False)
    assert received == {b"%d" % i for i in range(40)}


def test_free_ports_keep_out_of_the_clients_range() -> None:
    assert all(20000 <= free_port() <= 32000 for _ in range(50))


def connect(postgres: Postgres, role: str) -> closing[pg8000.native.Connection]:
    parts = urlsplit(postgres.url(role))
    connection = pg8000.native.Connection(
        role, host=HOST, port=parts.port, password=parts.password, database=parts.path.strip("/")
    )
    return closing(connection)


def eventually_gone(pids: list[int]) -> None:
    give_up_at = time.monotonic() + 10
    while any(map(psutil.pid_exists, pids)):
        assert time.monotonic() < give_up_at, [pid for pid in pids if psutil.pid_exists(pid)]
        time.sleep(0.05)


def test_a_killed_postmaster_that_nobody_has_reaped_does_not_count(tmp_path: Path) -> None:
    """In a container whose first process reaps late, a dead server keeps its process id for a while."""
    zombie = subprocess.Popen(["true"])
    while psutil.Process(zombie.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    with Postgres(tmp_path, profile=FAST) as server:
        server.kill()
        lock = server.data / "postmaster.pid"
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(zombie.pid), *lines[1:]]) + "\n")
        server.start()
    zombie.wait()
