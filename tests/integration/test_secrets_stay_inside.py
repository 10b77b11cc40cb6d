"""P2: planted secrets never show in logs, errors or events, whatever breaks meanwhile."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from infra.local.server import ROOT
from infra.local.servers.programs import CODE
from paygate.services.api_keys import BEARER, SIGNING, ApiKeys, IssuedKey
from tests.support.at_once import until
from tests.support.shop import Shop, new_key, new_order, reference
from tests.support.spy import Spy, assert_none_of, logs, settings_of, stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.notification import Notifications

pytestmark = pytest.mark.timeout(180)

CARD = "5555 5555 5555 4444"
BARE_CARD = CARD.replace(" ", "")
PAYMENT = "PAY_01K6FZ1E8M9N0P1Q2R3S4T5V6W"
GATEWAY_FAULTS = ("garbage", "bad_signature", "http_error", "system_error", "drop", "drop_after")


@pytest.fixture
def spy(stack: Stack) -> Spy:
    return Spy(stack.gateway.url)


@pytest.fixture(scope="module")
def bearer(app: App) -> IssuedKey:
    return ApiKeys(app.keys, app.settings.api_key_pepper).issue("spied", BEARER, ["admin"])


@pytest.fixture(scope="module")
def signer(app: App) -> IssuedKey:
    return ApiKeys(app.keys, app.settings.api_key_pepper).issue("spied", SIGNING, ["admin"])


def spied(stack: Stack, spy: Spy) -> str:
    log = logs(stack)
    assert spy.is_heard_in(log)
    return log


def creation() -> dict[str, object]:
    return {"orderId": new_order(), "userId": 1, "amount": "9.00", "currency": "CNY", "method": "ALIPAY"}


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": new_key()}


def signed(url: str, key: IssuedKey, target: str) -> dict[str, str]:
    t, digest = int(time.time()), hashlib.sha256(b"").hexdigest()
    lines = ["Paygate-HMAC-SHA256", str(t), "GET", urlsplit(url).netloc, target, "", digest]
    signature = hmac.new(key.secret.encode(), "\n".join(lines).encode(), "sha256").hexdigest()
    return {"Authorization": f"Paygate-HMAC-SHA256 keyId={key.id},t={t},signature={signature}"}


def wrong_authorizations(spy: Spy, bearer: IssuedKey) -> Iterator[str]:
    yield f"Bearer {spy.plant('bearer')}"
    yield f"Bearer {bearer.id}.{spy.plant('secret')}"
    yield f"Basic {spy.plant('basic')}"
    yield f"bearer  {spy.plant('spaces')}"
    yield f"Paygate-HMAC-SHA256 keyId={bearer.id},t={int(time.time())},signature={spy.plant('signature')}"
    yield f"Paygate-HMAC-SHA256 {spy.plant('scheme')}"
    yield f"Token {spy.plant('token')}"
    yield f"{bearer.id}.{spy.plant('bare')}"


def everywhere(spy: Spy, headers: dict[str, str]) -> None:
    """Every call that there is, with these headers and a secret in its query."""
    calls = [
        ("GET", "/health?deep=true&token="),
        ("POST", "/payments?api_key="),
        ("GET", "/payments?secret="),
        ("GET", f"/payments/{PAYMENT}?password="),
        ("POST", "/payments/batch?token="),
        ("GET", "/orders/O/payments?token="),
        ("GET", "/refunds/REF_01K6FZ1E8M9N0P1Q2R3S4T5V6W?token="),
        ("POST", f"/payments/{PAYMENT}/refunds?token="),
        ("POST", f"/payments/{PAYMENT}/cancel?token="),
        ("POST", "/webhooks/alipay?sign="),
        ("DELETE", "/payments?token="),
        ("GET", "/nowhere?token="),
    ]
    for method, path in calls:
        body = {"json": {"token": spy.plant("body")}} if method == "POST" else {}
        spy.send(method, path + spy.plant("query"), headers=headers, **body)


def malformed(spy: Spy, bearer: IssuedKey) -> None:
    bodies = [
        f'{{"password":"{spy.plant("half")}",',
        f'{{"clientSecret":"{spy.plant("field")}"}}',
        f'["{spy.plant("list")}"]',
        f"token={spy.plant('form')}",
        f'{{"orderId":{{"token":"{spy.plant("nested")}"}},"userId":"{spy.plant("type")}"}}',
    ]
    for body in bodies:
        for path in ("/payments", "/payments/batch", f"/payments/{PAYMENT}/refunds"):
            for kind in ("application/json", "text/plain"):
                headers = bearing(bearer.token) | {"Content-Type": kind}
                answer = spy.send("POST", path, data=body, headers=headers)
                assert 400 <= answer.status_code < 500


def test_callers_secrets_show_nowhere(stack: Stack, books: Books, spy: Spy, bearer: IssuedKey) -> None:
    for authorization in wrong_authorizations(spy, bearer):
        everywhere(spy, {"Authorization": authorization, "Cookie": f"session={spy.plant('cookie')}"})
    refused = {answer.status_code for answer in spy.answers}
    assert refused == {400, 401, 404, 405}
    everywhere(spy, bearing(bearer.token))
    malformed(spy, bearer)
    assert len(spy.secrets) > 150
    secrets = dict(zip(spy.secrets, spy.secrets, strict=True)) | {"the key": bearer.secret}
    assert_none_of(secrets, log=spied(stack, spy), answers=spy.told, events=stored(books))


def test_cards_and_callbacks_show_nowhere(
    stack: Stack, app: App, books: Books, spy: Spy, shop: Shop, alipay: Alipay, notified: Notifications
) -> None:
    secret = spy.plant("metadata")
    order = f"{BARE_CARD}"  # an order number of digits alone, which only looks like a card
    payment = shop.created(
        orderId=order,
        description=f"paid with {secret}",
        metadata={"api_key": secret},
        returnUrl=f"https://shop.example/back?token={secret}",
    )
    alipay.pay(payment)
    shop.await_state(payment["paymentId"], "SETTLED")
    assert shop.refund(payment["paymentId"], reason=f"card {CARD}").json()["field"] == "reason"
    assert shop.refund(payment["paymentId"], reason=f"password={secret}").status_code == 201
    body = notified.body(payment, buyer_remark=f"{CARD} token={secret}", total_amount="1.00")
    signature = body.partition(b"sign=")[2].partition(b"&")[0].decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Bearer {secret}"}
    assert notified.post(body, headers=headers).ok
    for refused in (body + b"0", body.replace(b"sign=", b"sign=A"), b"sign=" + secret.encode()):
        spy.answers.append(notified.post(refused))
    app.relay(5)

    assert books.cases(reference(payment)), "the callback that does not fit opened a case"
    events = stored(books).replace(f'"orderId":"{order}"', "")  # consumers know the order by the shop's own name
    secrets = {"card": CARD, "bare card": BARE_CARD, "metadata": secret, "signature": signature}
    assert_none_of(secrets, log=spied(stack, spy), answers=spy.told, events=events)


def test_the_rails_failures_show_nothing(
    stack: Stack, app: App, books: Books, spy: Spy, script: Alipay, bearer: IssuedKey
) -> None:
    for kind in GATEWAY_FAULTS:
        script.fault(kind, method="alipay.trade.precreate", count=9)
        answer = spy.send("POST", "/payments", json=creation(), headers=bearing(bearer.token))
        assert answer.status_code == 202, kind
        script.clear_faults()
    for kind in GATEWAY_FAULTS:
        script.fault(kind, method="alipay.trade.query", count=9)
        created = spy.send("POST", "/payments", json=creation(), headers=bearing(bearer.token)).json()
        path = f"/payments/{created['paymentId']}"
        spy.send("GET", f"{path}?refresh=true", headers=bearing(bearer.token))
        spy.send("POST", f"{path}/cancel", headers=bearing(bearer.token))
        script.clear_faults()
    app.resolve(5)
    secrets = settings_of(stack) | {"the key": bearer.secret}
    assert_none_of(secrets, log=spied(stack, spy), answers=spy.told, events=stored(books))


def test_dead_servers_show_nothing(
    stack: Stack, books: Books, spy: Spy, bearer: IssuedKey, signer: IssuedKey, notified: Notifications, shop: Shop
) -> None:
    payment = shop.created()
    body, used = notified.body(payment), signed(stack.gateway.url, signer, "/payments")
    assert spy.send("GET", "/payments", headers=used).status_code == 200
    for server in (stack.postgres, stack.redis):
        server.stop()
        try:
            everywhere(spy, bearing(bearer.token))
            spy.send("POST", "/payments", json=creation(), headers=bearing(bearer.token))
            spy.send("GET", "/payments", headers=signed(stack.gateway.url, signer, "/payments"))
            spy.answers.append(notified.post(body))
        finally:
            server.start()
    until(lambda: shop.call("GET", "/payments").status_code == 200, "the API is well again", 20)
    assert {answer.status_code for answer in spy.answers} >= {200, 201, 400, 503}
    secrets = settings_of(stack) | {"the key": bearer.secret, "the signing key": signer.secret}
    secrets |= {"a signature": used["Authorization"].rpartition("=")[2]}
    secrets |= dict(zip(spy.secrets, spy.secrets, strict=True))
    assert_none_of(secrets, log=spied(stack, spy), answers=spy.told, events=stored(books))


COLD = """
import json, sys, warnings
from create.app import lambda_handler
class Context:
    function_name = "create"; memory_limit_in_mb = 128; aws_request_id = "1"
    invoked_function_arn = "arn:aws:lambda:us-east-1:1:function:create"
    def get_remaining_time_in_millis(self): return 9000
print(lambda_handler(json.load(sys.stdin), Context()))
"""


@pytest.mark.parametrize("app_env", ["production", "development"])
def test_settings_that_are_wrong_are_named_and_not_shown(app_env: str, spy: Spy) -> None:
    names = ("API_KEY_PEPPER", "ENCRYPTION_KEY", "ALIPAY_APP_PRIVATE_KEY", "ALIPAY_PUBLIC_KEY", "KAFKA_PASSWORD")
    wrong = {name: spy.plant(name)[:40] for name in names}
    urls = {"DATABASE_URL": "postgresql://paygate:{}@127.0.0.1:1/x", "REDIS_URL": "redis://:{}@127.0.0.1:1/0"}
    wrong |= {name: url.format(spy.plant(name)) for name, url in urls.items()}
    wrong |= {"ALIPAY_GATEWAY_URL": f"nonsense://x:{spy.plant('gateway')}@y", "ALIPAY_APP_ID": "1"}
    event = {"httpMethod": "POST", "path": "/payments", "resource": "/payments", "headers": bearing("pk_1.x")}
    event |= {"requestContext": {}, "queryStringParameters": None, "body": None, "isBase64Encoded": False}
    env = {"PATH": os.environ["PATH"], "APP_ENV": app_env, "PYTHONPATH": os.pathsep.join(map(str, CODE)), **wrong}
    done = subprocess.run(
        [sys.executable, "-c", COLD],
        env=env,
        cwd=ROOT,
        input=json.dumps(event),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    output = done.stdout + done.stderr
    assert "ENCRYPTION_KEY" in output, output
    secrets = {secret: secret[:40] for secret in spy.secrets}
    assert_none_of(secrets, output=output)
