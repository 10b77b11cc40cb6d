"""Events as API Gateway makes them, and an application of fakes."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from paygate.http.request import Request, normal, read_request
from paygate.ports import Allowance, StoredKey
from paygate.services.api_keys import BEARER as BEARER_KIND
from paygate.services.api_keys import SIGNING, hash_secret

PEPPER = b"pepper-for-tests-of-32-characters"
NOW = datetime(2025, 10, 1, 8, 27, tzinfo=UTC)
SECRET = "s3cret-of-the-bearer-key"  # a test's own
BEARER = f"Bearer pk_reader.{SECRET}"
SIGNING_SECRET = b"signing-secret-of-32-bytes------"


def event(
    method: str = "GET",
    target: str = "/payments",
    *,
    body: bytes | str = b"",
    headers: Sequence[tuple[str, str]] = (),
    is_base64: bool = False,
) -> dict[str, Any]:
    path, _, query = target.partition("?")
    raw = body.encode() if isinstance(body, str) else body
    names: dict[str, list[str]] = {}
    for name, value in headers:
        names.setdefault(name, []).append(value)
    pairs: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        pairs.setdefault(name, []).append(value)
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in names.items()} or None,
        "multiValueHeaders": names or None,
        "queryStringParameters": {name: values[-1] for name, values in pairs.items()} or None,
        "multiValueQueryStringParameters": pairs or None,
        "requestContext": {"requestId": "request-1", "path": f"/v1{path}", "stage": "v1"},
        "body": (base64.b64encode(raw).decode() if is_base64 else raw.decode()) if raw else None,
        "isBase64Encoded": is_base64,
    }


def request(*args: Any, parameters: Mapping[str, str] | None = None, **kwargs: Any) -> Request:
    return read_request(normal(event(*args, **kwargs)), parameters or {})


def json_request(body: bytes | str, *headers: tuple[str, str]) -> Request:
    return request("POST", "/payments", body=body, headers=[("Content-Type", "application/json"), *headers])


class Context:
    aws_request_id = "invocation-1"
    function_name = "test"

    def get_remaining_time_in_millis(self) -> int:
        return 15_000


@dataclass
class TestClock:
    __test__ = False
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def pass_seconds(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def bearer_key(*scopes: str, key_id: str = "pk_reader") -> StoredKey:
    digest = hash_secret(PEPPER, SECRET.encode())
    return StoredKey(key_id, BEARER_KIND, digest, None, frozenset(scopes))


def signing_key(*scopes: str, key_id: str = "pk_signer") -> StoredKey:
    return StoredKey(key_id, SIGNING, None, SIGNING_SECRET, frozenset(scopes))


class MemoryKeys:
    def __init__(self, *keys: StoredKey) -> None:
        self.keys = {key.id: key for key in keys}
        self.lookups: list[str] = []
        self.touches: list[str] = []
        self.seen: set[bytes] = set()

    def find(self, key_id: str, /) -> StoredKey | None:
        self.lookups.append(key_id)
        return self.keys.get(key_id)

    def touched(self, key_id: str, /) -> None:
        self.touches.append(key_id)

    def first_sight(self, signature: bytes, /) -> bool:
        is_first = signature not in self.seen
        self.seen.add(signature)
        return is_first


@dataclass
class FakeLimiter:
    allowance: Allowance | None = None

    def take(self, _key_id: str, /) -> Allowance | None:
        return self.allowance


@dataclass
class FakeSettings:
    api_key_pepper: bytes = PEPPER


@dataclass
class FakeApp:
    payments: Any = None
    keys: MemoryKeys = field(default_factory=lambda: MemoryKeys(bearer_key("admin")))
    limiter: FakeLimiter = field(default_factory=FakeLimiter)
    clock: TestClock = field(default_factory=TestClock)
    settings: FakeSettings = field(default_factory=FakeSettings)
    probes: dict[str, Callable[[], bool]] = field(default_factory=dict)


def sign(
    method: str, target: str, body: bytes, *, host: str = "api.example.com", key: str = "", t: int | None = None
) -> list[tuple[str, str]]:
    """A caller's side of a signed request, written from the documentation alone."""
    moment = t if t is not None else int(NOW.timestamp())
    lines = ["Paygate-HMAC-SHA256", str(moment), method, host, target, key, hashlib.sha256(body).hexdigest()]
    signature = hmac.new(SIGNING_SECRET, "\n".join(lines).encode(), "sha256").hexdigest()
    claim = f"Paygate-HMAC-SHA256 keyId=pk_signer,t={moment},signature={signature}"
    return [("Host", host), ("Authorization", claim)] + ([("Idempotency-Key", key)] if key else [])


def answer_of(result: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
    headers = {name: values[0] for name, values in result["multiValueHeaders"].items()}
    return result["statusCode"], headers, json.loads(result["body"])
