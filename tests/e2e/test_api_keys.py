"""Keys over HTTP: every kind, every scope, and one 401 for whatever is wrong."""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests

from paygate.services.api_keys import BEARER, SIGNING, ApiKeys, IssuedKey

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from paygate.bootstrap import App


@pytest.fixture(scope="module")
def keys(app: App) -> ApiKeys:
    return ApiKeys(app.keys, app.settings.api_key_pepper)


def signed(
    url: str, key: IssuedKey, method: str, target: str, body: str = "", *, t: int | None = None
) -> requests.Response:
    """A call signed as docs/openapi.yaml tells; each has its own Idempotency-Key."""
    moment, idempotency_key = t if t is not None else int(time.time()), uuid.uuid4().hex
    digest = hashlib.sha256(body.encode()).hexdigest()
    lines = ["Paygate-HMAC-SHA256", str(moment), method, urlsplit(url).netloc, target, idempotency_key, digest]
    signature = hmac.new(key.secret.encode(), "\n".join(lines).encode(), "sha256").hexdigest()
    headers = {
        "Authorization": f"Paygate-HMAC-SHA256 keyId={key.id},t={moment},signature={signature}",
        "Idempotency-Key": idempotency_key,
        "Content-Type": "application/json",
    }
    return requests.request(method, url + target, data=body.encode(), headers=headers, timeout=10)


def test_a_signed_request_creates_and_lists(stack: Stack, keys: ApiKeys) -> None:
    key = keys.issue("signer", SIGNING, ["payments:write", "payments:read"])
    url = stack.gateway.url
    body = '{"orderId":"SIGNED 订单","userId":1,"amount":"1.00","currency":"CNY","method":"ALIPAY"}'
    assert signed(url, key, "POST", "/payments", body).status_code == 201
    listed = signed(url, key, "GET", "/payments?state=PENDING&limit=1&createdSince=2025-10-01T00:00:00Z")
    assert (listed.status_code, len(listed.json()["payments"])) == (200, 1)
    of_order = signed(url, key, "GET", "/orders/SIGNED%20%E8%AE%A2%E5%8D%95/payments")
    assert (of_order.status_code, len(of_order.json()["payments"])) == (200, 1)


def test_a_signature_is_taken_once(stack: Stack, keys: ApiKeys) -> None:
    key = keys.issue("signer", SIGNING, ["payments:read"])
    first = signed(stack.gateway.url, key, "GET", "/payments")
    again = requests.get(first.request.url, headers=dict(first.request.headers), timeout=10)
    assert (first.status_code, again.status_code) == (200, 401)


def test_whatever_is_wrong_the_401_is_the_same(stack: Stack, keys: ApiKeys) -> None:
    url = stack.gateway.url
    bearer = keys.issue("bearer", BEARER, ["payments:read"])
    signer = keys.issue("signer", SIGNING, ["payments:read"])
    revoked = keys.issue("gone", BEARER, ["payments:read"])
    keys.revoke(revoked.id)
    wrong = [
        "",
        "Bearer",
        f"Bearer {bearer.token}x",
        f"Bearer {bearer.id}.{'x' * 43}",
        f"Bearer pk_{'0' * 20}.{bearer.secret}",
        f"Bearer {signer.token}",
        f"Bearer {revoked.token}",
        f"Basic {bearer.token}",
        f"Paygate-HMAC-SHA256 keyId={signer.id},t={int(time.time())},signature={'0' * 64}",
        f"Paygate-HMAC-SHA256 keyId={bearer.id},t={int(time.time())},signature={'0' * 64}",
    ]
    answers = [requests.get(f"{url}/payments", headers={"Authorization": one}, timeout=10) for one in wrong]
    answers.append(signed(url, signer, "GET", "/payments", t=int(time.time()) - 400))
    assert {answer.status_code for answer in answers} == {401}
    told = [{name: value for name, value in answer.json().items() if name != "requestId"} for answer in answers]
    assert all(one == told[0] for one in told)
    assert all("WWW-Authenticate" in answer.headers for answer in answers)


def test_each_call_needs_its_scope(stack: Stack, keys: ApiKeys) -> None:
    payment = "/payments/PAY_01K6FZ1E8M9N0P1Q2R3S4T5V6W"
    calls = {
        ("POST", "/payments"): "payments:write",
        ("GET", "/payments"): "payments:read",
        ("GET", payment): "payments:read",
        ("POST", "/payments/batch"): "payments:read",
        ("GET", "/orders/1/payments"): "payments:read",
        ("GET", "/refunds/REF_01K6FZ1E8M9N0P1Q2R3S4T5V6W"): "payments:read",
        ("POST", f"{payment}/refunds"): "refunds:write",
        ("POST", f"{payment}/cancel"): "payments:write",
        ("POST", f"{payment}/capture"): "payments:write",
    }
    scopes = ("payments:write", "payments:read", "refunds:write", "statements:write", "admin")
    for scope in scopes:
        headers = {"Authorization": f"Bearer {keys.issue(scope, BEARER, [scope]).token}"}
        for (method, path), needed in calls.items():
            status = requests.request(method, stack.gateway.url + path, headers=headers, timeout=10).status_code
            assert (status == 403) == (scope not in (needed, "admin")), (scope, method, path, status)


def test_only_health_webhooks_and_returns_answer_without_a_key(stack: Stack) -> None:
    url = stack.gateway.url
    assert requests.get(f"{url}/health", timeout=10).json() == {"status": "ok"}
    assert requests.get(f"{url}/health?deep=true", timeout=10).status_code == 401
    assert requests.post(f"{url}/webhooks/alipay", data={"a": "1"}, timeout=10).status_code == 400
    assert requests.get(f"{url}/payments", timeout=10).status_code == 401


def test_deep_health_tells_what_is_reachable(stack: Stack, keys: ApiKeys) -> None:
    token = keys.issue("probe", BEARER, ["statements:write"]).token
    answer = requests.get(
        f"{stack.gateway.url}/health?deep=true", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert answer.status_code == 200
    assert answer.json()["parts"]["postgres"] == "ok"
