"""What the benchmarks run on: the embedded servers, pinned apart from the measuring process, and the functions.

Unpinned, pg8000's timings are bimodal with processor placement.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import sys
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.local.servers.postgres import Postgres
    from infra.local.servers.redis import Redis

_HOST = "127.0.0.1"


class Context:
    """What of Lambda's context the functions read."""

    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:000000000000:function:bench"
    aws_request_id = "bench"

    def get_remaining_time_in_millis(self) -> int:
        return 15_000


@dataclass
class World:
    """Servers with an empty, migrated database, and a key that may everything."""

    postgres: Postgres
    redis: Redis
    settings: dict[str, str]
    token: str = ""
    context: Context = field(default_factory=Context)

    def analyze(self, database: str = "paygate") -> None:
        """As autovacuum does in time."""
        with self.postgres.admin(database) as admin:
            admin.run("ANALYZE")

    def event(self, method: str, path: str, resource: str, body: object = None, **more: Any) -> dict[str, Any]:
        """A REST API proxy event as API Gateway sends it."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Host": "api"}
        headers.update(more.pop("headers", {}))
        return {
            "resource": resource,
            "path": path,
            "httpMethod": method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "pathParameters": more.get("parameters"),
            "stageVariables": None,
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "path": path,
                "stage": "local",
                "resourcePath": resource,
                "httpMethod": method,
                "identity": {"sourceIp": _HOST},
            },
            "body": json.dumps(body) if body is not None else None,
            "isBase64Encoded": False,
        }

    def create_event(self, channel: str = "WEB") -> dict[str, Any]:
        body = {
            "orderId": f"ORDER_{uuid.uuid4().hex}",
            "userId": 1,
            "amount": "100.00",
            "currency": "CNY",
            "method": "ALIPAY",
            "channel": channel,
        }
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return self.event("POST", "/payments", "/payments", body, headers=headers)

    def status_event(self, payment_id: str) -> dict[str, Any]:
        path = f"/payments/{payment_id}"
        return self.event("GET", path, "/payments/{paymentId}", parameters={"paymentId": payment_id})


@contextlib.contextmanager
def world(directory: Path) -> Iterator[World]:
    """Servers up, this process's environment set, functions ready to import; everything gone at the end."""
    from infra.local.servers.postgres import FAST, Postgres
    from infra.local.servers.redis import Redis
    from migrations import upgrade

    with Postgres(directory / "postgres", profile=FAST) as postgres, Redis(directory / "redis") as redis:
        upgrade(postgres.env["MIGRATE_DATABASE_URL"])
        settings = {**postgres.env, **redis.env, **_alipay(), **_own()}
        os.environ.update(settings)
        pin_apart()
        made = World(postgres, redis, settings)
        made.token = _token()
        yield made


def pin_apart() -> None:
    """This process on one processor, everything that it started on the others."""
    me = psutil.Process()
    if not hasattr(me, "cpu_affinity"):
        return
    cpus = me.cpu_affinity()
    if len(cpus) < 2:
        return
    me.cpu_affinity(cpus[:1])
    for child in me.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.cpu_affinity(cpus[1:])


def processor_seconds(*servers: str) -> float:
    """What the servers of these names took so far, with their processes that are gone."""
    used = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name() in servers:
                times = process.cpu_times()
                used += times.user + times.system + times.children_user + times.children_system
    return used


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What the functions log goes where nobody reads it."""
    from paygate import observability

    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        for handler in observability.logger().handlers:
            handler.setStream(open(os.devnull, "w"))  # type: ignore[attr-defined]  # noqa: SIM115, PTH123
        yield


def _alipay() -> dict[str, str]:
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "ALIPAY_GATEWAY_URL": "http://127.0.0.1:9/gateway.do",
        "ALIPAY_APP_ID": "2021000000000000",
        "ALIPAY_SELLER_ID": "2088000000000000",
        "ALIPAY_APP_PRIVATE_KEY": pem.decode(),
        "ALIPAY_PUBLIC_KEY": public.decode(),
    }


def _own() -> dict[str, str]:
    key = base64.b64encode(os.urandom(32)).decode()
    return {
        "APP_ENV": "development",
        "API_KEY_PEPPER": uuid.uuid4().hex,
        "ENCRYPTION_KEY": f"bench:{key}",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "PUBLIC_BASE_URL": "http://127.0.0.1:3000",
        "RATE_LIMIT_PER_MINUTE": "1000000000",
        "POWERTOOLS_TRACE_DISABLED": "1",
        "POWERTOOLS_METRICS_NAMESPACE": "paygate",
    }


def _token() -> str:
    from paygate import bootstrap
    from paygate.services.api_keys import BEARER, ApiKeys

    app = bootstrap.app()
    return ApiKeys(app.keys, app.settings.api_key_pepper).issue("bench", BEARER, ["admin"]).token


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
