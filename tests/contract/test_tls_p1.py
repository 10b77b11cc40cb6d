"""P1: TLS is always verified. Nobody hears a password, a key or an order who cannot prove who he is."""

from __future__ import annotations

import ast
import gc
import logging
from typing import TYPE_CHECKING

import pytest
from kafka.errors import KafkaError

from infra.local.server import ROOT
from paygate.adapters.kafka.settings import KafkaSettings
from paygate.adapters.kafka.topics import list_topics
from paygate.adapters.postgres.database import Database
from paygate.adapters.postgres.statements import sql
from paygate.adapters.rails.http import RailHttp
from paygate.adapters.redis.client import RedisClient
from paygate.domain.errors import OutcomeUnknown, Unavailable
from tests.support.tls import Authority, authority, impostor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.tls import Impostor

PLANTED = "planted-password"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls") / "ours", "the one that clients trust")


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls") / "strange", "an authority of an attacker's own")


def ask_rail(port: int, _trusted: Path) -> None:
    http = RailHttp(connect_seconds=1, read_seconds=1, total_seconds=2, repeats=0)
    with pytest.raises(OutcomeUnknown):
        http.send("POST", f"https://127.0.0.1:{port}/gateway.do", body=PLANTED.encode())


def ask_postgres(port: int, trusted: Path, mode: str = "verify-full") -> None:
    url = f"postgresql://paygate:{PLANTED}@127.0.0.1:{port}/paygate?sslmode={mode}&sslrootcert={trusted}"
    database = Database(url)
    with pytest.raises(Unavailable), database.transaction() as run:
        run(sql("ping"))
    database.close()


def ask_redis(port: int, trusted: Path, more: str = "") -> None:
    client = RedisClient(f"rediss://:{PLANTED}@127.0.0.1:{port}/0?ssl_ca_certs={trusted}{more}")
    assert client.try_to(lambda redis: redis.ping()) is None


def ask_kafka(port: int, _trusted: Path) -> None:
    with pytest.raises(KafkaError):
        list_topics(KafkaSettings(f"127.0.0.1:{port}", "SASL_SSL", "PLAIN", "paygate", PLANTED))


ASK = {"rail": ask_rail, "postgres": ask_postgres, "redis": ask_redis, "kafka": ask_kafka}
SAYS_FIRST = {"postgres": b"S"}


@pytest.fixture(autouse=True)
def quiet_kafka(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.CRITICAL, logger="kafka")  # kept records keep its dead sockets
    yield
    gc.collect()


def told_nothing(server: Impostor) -> bool:
    server.close()
    return server.connections > 0 and server.heard == b""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # kafka-python's sockets
@pytest.mark.parametrize("name", ASK)
def test_an_unknown_authority_is_refused(name: str, ours: Authority, strange: Authority) -> None:
    with impostor(strange.server(), SAYS_FIRST.get(name, b"")) as server:
        ASK[name](server.port, ours.certificate)
        assert told_nothing(server)


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_the_name_must_be_right_as_well(name: str, ours: Authority) -> None:
    with impostor(ours.server("127.0.0.2"), SAYS_FIRST.get(name, b"")) as server:
        ASK[name](server.port, ours.certificate)
        assert told_nothing(server)


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_whom_we_trust_is_talked_to(name: str, ours: Authority) -> None:
    """So that the refusals above are about the certificate."""
    with impostor(ours.server(), SAYS_FIRST.get(name, b"")) as server:
        ASK[name](server.port, ours.certificate)
        assert not told_nothing(server)


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca", "require", "prefer", "allow"])
def test_no_mode_of_postgresql_is_weaker(mode: str, ours: Authority, strange: Authority) -> None:
    for context, answer in ((strange.server(), b"S"), (ours.server(), b"N")):
        with impostor(context, answer) as server:
            ask_postgres(server.port, ours.certificate, mode)
            assert told_nothing(server)


@pytest.mark.parametrize("weaker", ["ssl_cert_reqs=none", "ssl_cert_reqs=optional", "ssl_check_hostname=false"])
def test_no_option_of_the_redis_url_is_weaker(weaker: str, ours: Authority, strange: Authority) -> None:
    for context in (strange.server(), ours.server("127.0.0.2")):
        with impostor(context) as server:
            ask_redis(server.port, ours.certificate, f"&{weaker}")
            assert told_nothing(server)


# ---------------------------------------------------------------- no code that could switch it off

WEAK_NAMES = {
    "CERT_NONE",
    "CERT_OPTIONAL",
    "_create_unverified_context",
    "disable_warnings",
    "InsecureRequestWarning",
}
WEAK_KEYWORDS: dict[str, Callable[[object], bool]] = {
    "verify": lambda value: value is not True,
    "check_hostname": lambda value: value is not True,
    "ssl_check_hostname": lambda value: value is not True,
    "ssl_cert_reqs": lambda value: value != "required",
    "assert_hostname": lambda value: value is not True,
    "cert_reqs": lambda value: value != "CERT_REQUIRED",
}


def weaknesses(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in WEAK_NAMES:
                yield f"line {node.lineno}: {name}"
        for name, value in _set_by(node):
            if name in WEAK_KEYWORDS and WEAK_KEYWORDS[name](getattr(value, "value", None)):
                yield f"line {value.lineno}: {name}"


def _set_by(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and values of keywords and of attributes that are assigned to."""
    if isinstance(node, ast.keyword) and node.arg:
        yield node.arg, node.value
    elif isinstance(node, ast.Assign):
        yield from ((target.attr, node.value) for target in node.targets if isinstance(target, ast.Attribute))


def test_no_code_switches_it_off() -> None:
    paths = [path for folder in ("layers", "functions") for path in (ROOT / folder).rglob("*.py")]
    assert len(paths) > 50
    found = {str(path): list(weaknesses(path.read_text(encoding="utf-8"))) for path in paths}
    assert {path: weak for path, weak in found.items() if weak} == {}


@pytest.mark.parametrize(
    "code",
    [
        "requests.get(url, verify=False)",
        "session.verify = False",
        "context.verify_mode = ssl.CERT_NONE",
        "context.check_hostname = False",
        "boto3.client('sqs', verify=anything)",
        "Redis(ssl_cert_reqs='none')",
        "ssl._create_unverified_context()",
    ],
)
def test_the_scan_sees_it(code: str) -> None:
    assert list(weaknesses(code))
