from collections.abc import Iterator

import pytest

from infra.local.servers.kafka import Kafka
from infra.local.servers.pooled import make_postgres
from infra.local.servers.postgres import FAST, Postgres
from migrations import upgrade
from paygate.adapters.kafka.stream import KafkaStream
from tests.integration.relay.world import World


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with make_postgres(tmp_path_factory.mktemp("postgres"), profile=FAST) as server:
        upgrade(server.env["MIGRATE_DATABASE_URL"])
        yield server


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    with Kafka(tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture
def world(postgres: Postgres, kafka: Kafka) -> Iterator[World]:
    opened = World(postgres, kafka)
    opened.clear()
    yield opened
    opened.close()


@pytest.fixture
def stream(world: World) -> Iterator[KafkaStream]:
    opened = KafkaStream(world.kafka_settings)
    yield opened
    opened.close()
