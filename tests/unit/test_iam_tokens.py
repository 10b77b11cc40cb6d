"""Tokens that AWS's servers take for passwords: for whom, of whom, how long, and made anew for each connection.

Whether RDS, ElastiCache and MSK accept them only AWS can show; what is signed is held against botocore's own RDS
signer, and against Signature Version 4 worked out here by hand.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

import boto3
import botocore.auth
import pytest

from paygate.adapters.iam.tokens import cache_token, database_token, kafka_token
from paygate.adapters.kafka.settings import KafkaSettings
from paygate.adapters.postgres.database import Database
from paygate.adapters.postgres.login import Login
from paygate.adapters.postgres.statements import sql
from paygate.adapters.redis.connecting import connect
from paygate.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION, KEY, SECRET, SESSION = (
    "eu-central-1",
    "AKIDEXAMPLE",
    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "session/+=",
)
HOST = "db.abc123.eu-central-1.rds.amazonaws.com"


@pytest.fixture(autouse=True)
def role(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Credentials as Lambda hands them to a function."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    yield
    boto3.DEFAULT_SESSION = None


class Clock(datetime):
    """Each look at it is a second later."""

    ticks = 0

    @classmethod
    def now(cls, tz: object = None) -> datetime:
        cls.ticks += 1
        return datetime(2026, 5, 1, 12, 0, cls.ticks % 60, tzinfo=UTC)


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_: Clock.now())


def read(token: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(f"https://{token}")
    return parts.netloc, dict(parse_qsl(parts.query, strict_parsing=True))


def signature(service: str, place: str, query: dict[str, str]) -> str:
    """AWS Signature Version 4 with query parameters (AWS General Reference), over GET / and the host alone."""
    signed = {name: value for name, value in query.items() if name not in ("X-Amz-Signature", "User-Agent")}
    day, scope = query["X-Amz-Date"][:8], "/".join(query["X-Amz-Credential"].split("/")[1:])
    pairs = "&".join(f"{quote(name, safe='-_.~')}={quote(signed[name], safe='-_.~')}" for name in sorted(signed))
    canonical = "\n".join(["GET", "/", pairs, f"host:{place}\n", "host", hashlib.sha256(b"").hexdigest()])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], scope, digest])
    key = f"AWS4{SECRET}".encode()
    for part in (day, REGION, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def assert_signed(service: str, place: str, query: dict[str, str]) -> None:
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert query["X-Amz-Credential"] == f"{KEY}/{query['X-Amz-Date'][:8]}/{REGION}/{service}/aws4_request"
    assert query["X-Amz-Expires"] == "900"
    assert query["X-Amz-Security-Token"] == SESSION
    assert query["X-Amz-SignedHeaders"] == "host"
    made = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - made).total_seconds()) < 60
    assert query["X-Amz-Signature"] == signature(service, place, query)


def test_rds_is_told_who_comes_to_which_server() -> None:
    place, query = read(database_token(HOST, 5432, "paygate"))
    assert place == f"{HOST}:5432"
    assert (query["Action"], query["DBUser"]) == ("connect", "paygate")
    assert_signed("rds-db", place, query)


def test_it_is_what_boto_makes_for_rds() -> None:
    """Of which the layer does not carry the description."""
    theirs = boto3.client("rds").generate_db_auth_token(DBHostname=HOST, Port=5432, DBUsername="paygate")
    (place, query), (their_place, their_query) = read(database_token(HOST, 5432, "paygate")), read(theirs)
    unlike = ("X-Amz-Date", "X-Amz-Signature")
    assert place == their_place
    assert {n: v for n, v in query.items() if n not in unlike} == {
        n: v for n, v in their_query.items() if n not in unlike
    }
    assert their_query["X-Amz-Signature"] == signature("rds-db", place, their_query)


def test_elasticache_is_told_which_user_of_which_cache() -> None:
    """Not the address: "Authenticating with IAM", ElastiCache's user guide."""
    place, query = read(cache_token("Paygate-Dev", "paygate-dev"))
    assert place == "paygate-dev"
    assert (query["Action"], query["User"]) == ("connect", "paygate-dev")
    assert_signed("elasticache", place, query)


def test_msk_is_told_that_this_role_connects() -> None:
    token = kafka_token()
    url = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    place, query = read(url.removeprefix("https://"))
    assert place == f"kafka.{REGION}.amazonaws.com"
    assert query["Action"] == "kafka-cluster:Connect"
    assert_signed("kafka-cluster", place, query)


def test_a_user_is_quoted_so_that_it_changes_nothing_else() -> None:
    _, query = read(database_token(HOST, 5432, "a&DBUser=postgres"))
    assert query["DBUser"] == "a&DBUser=postgres"


@pytest.mark.usefixtures("ticking")
def test_each_connection_has_a_token_of_its_own() -> None:
    login = Login(f"postgresql://paygate@{HOST}:5432/paygate?sslmode=verify-full", token=database_token)
    one, other = login.arguments(), login.arguments()
    assert (one["user"], one["host"], one["database"]) == ("paygate", HOST, "paygate")
    assert read(one["password"])[0] == f"{HOST}:5432"
    assert one["password"] != other["password"]

    client = connect(
        "rediss://paygate-dev@cache:6379/0", 0.1, lambda user: cache_token("paygate-dev", user), is_cluster=False
    )
    provider = client.connection_pool.connection_kwargs["credential_provider"]
    first, second = provider.get_credentials(), provider.get_credentials()
    assert first[0] == "paygate-dev"
    assert read(first[1])[1]["User"] == "paygate-dev"
    assert first[1] != second[1]

    kafka = KafkaSettings("b:9098", "SASL_SSL", "AWS_MSK_IAM", token=kafka_token).connection()
    assert kafka["sasl_mechanism"] == "OAUTHBEARER"
    assert kafka["sasl_oauth_token_provider"].token() != kafka["sasl_oauth_token_provider"].token()


def test_without_a_role_there_is_no_token_and_the_server_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    login = Login("postgresql://paygate@127.0.0.1:1/paygate?sslmode=verify-full", token=database_token)
    with pytest.raises(Unavailable):
        Database(login).once(sql("ping"))
    with pytest.raises(PermissionError):
        kafka_token()


def test_a_password_goes_in_a_tokens_absence() -> None:
    login = Login("postgresql://paygate:p%40ss@db:6432/paygate?sslmode=disable")
    arguments = login.arguments()
    assert (arguments["password"], arguments["port"], arguments["ssl_context"]) == ("p@ss", 6432, False)
    assert "p%40ss" not in repr(login)
