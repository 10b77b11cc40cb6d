"""`compose.yaml` and what the code expects of its servers agree; a Docker with compose accepts it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from infra.local.compose import FILE
from infra.local.servers.localstack import INSIDE, make_localstack
from infra.local.servers.postgres import ADMIN
from infra.local.servers.standing import StandingKafka, StandingPostgres, StandingRedis

DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = DOCUMENT["services"]
ADDRESS = "172.17.0.1"
DOCKER = shutil.which("docker")


def told() -> dict[str, str]:
    """What the file's head tells to give to `make sam`."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    head = " ".join(line for line in lines if line.startswith("#"))
    return dict(re.findall(r"\b(POSTGRES|REDIS|KAFKA|LOCALSTACK)=(\S+)", head))


def published(service: str) -> int:
    """The port on the bridge, the same as inside."""
    (port,) = SERVICES[service]["ports"]
    found = re.fullmatch(r"\$\{BRIDGE:-172\.17\.0\.1\}:(\d+):(\d+)", port)
    assert found, f"{service} must be published on the bridge and nowhere else"
    assert found[1] == found[2]
    return int(found[1])


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_images_are_pinned_and_ports_are_on_the_bridge_only(service: str) -> None:
    tag = SERVICES[service]["image"].rpartition(":")[2]
    assert re.fullmatch(r"v?\d+(\.\d+){1,2}(-\w+)?(@sha256:[0-9a-f]{64})?", tag)
    assert published(service)


def test_the_head_names_the_servers_as_they_are_published(tmp_path: Path) -> None:
    named = told()
    postgres = StandingPostgres(tmp_path, named["POSTGRES"])
    assert (postgres.host, postgres.port) == (ADDRESS, published("postgres"))
    assert postgres.password(ADMIN) == SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"]
    redis = urlsplit(StandingRedis(tmp_path, named["REDIS"]).url)
    assert (redis.hostname, redis.port) == (ADDRESS, published("redis"))
    assert SERVICES["redis"]["command"][-2:] == ["--requirepass", redis.password]
    kafka = StandingKafka(tmp_path, named["KAFKA"])
    assert kafka.bootstrap_servers == f"{ADDRESS}:{published('kafka')}"
    assert urlsplit(named["LOCALSTACK"]).port == published("localstack") == INSIDE


def test_the_broker_tells_its_clients_the_address_that_is_published() -> None:
    told_clients = f"--advertise-kafka-addr=${{BRIDGE:-{ADDRESS}}}:{published('kafka')}"
    assert told_clients in SERVICES["kafka"]["command"]


if DOCKER and subprocess.run([DOCKER, "compose", "version"], capture_output=True, check=False).returncode == 0:

    def test_compose_accepts_the_file() -> None:
        subprocess.run([DOCKER, "compose", "-f", str(FILE), "config", "--quiet"], check=True)


def test_localstack_is_the_composed_image_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOCALSTACK", raising=False)
    server = make_localstack(tmp_path)
    server.host = ADDRESS
    assert server.command()[-1] == SERVICES["localstack"]["image"]
    assert f"{ADDRESS}:{server.port}:{INSIDE}" in server.command()
    assert server.afterwards[-1] in server.command(), "the container that is removed is the one that was started"
    monkeypatch.setenv("LOCALSTACK", "'/a path/localstack' --now")
    assert make_localstack(tmp_path).command() == ["/a path/localstack", "--now"]
