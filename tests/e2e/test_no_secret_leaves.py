"""P2: planted secrets never show in logs, errors or events."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from tests.support.shop import Shop

PLANTED = "hunter2planted"
CARD = "4242424242424242"
LEAST = {"orderId": "ORDER_1", "userId": 1, "amount": "1.00", "currency": "CNY", "method": "ALIPAY"}


def own_secrets(stack: Stack, shop: Shop) -> set[str]:
    """What the stack's settings and keys hold, and the lines of its PEM files."""
    passwords = {
        part.partition("://")[2].rpartition("@")[0].partition(":")[2]
        for name, part in stack.env.items()
        if name.endswith("_URL") and "@" in part
    }
    pem = {
        line
        for name, path in stack.env.items()
        if name.endswith("_PRIVATE_KEY_FILE")
        for line in Path(path).read_text(encoding="utf-8").splitlines()
        if len(line) > 40
    }
    kept = json.loads((stack.directory / "secrets.json").read_text(encoding="utf-8"))
    return passwords | pem | set(kept.values()) | {shop.api_key.partition(".")[2]}


def test_no_secret_shows_in_any_log_or_answer(stack: Stack, shop: Shop) -> None:
    bad_key = {"Authorization": f"Bearer pk_{PLANTED}.{PLANTED}"}
    signed = {"Authorization": f"Paygate-HMAC-SHA256 keyId=pk_1,t=1,signature={'5f' * 32}"}
    url = f"https://shop.example/?token={PLANTED}"
    answers = [
        shop.call("GET", "/payments", headers=bad_key),
        shop.call("GET", "/payments", headers=signed),
        shop.call("GET", f"/payments?token={PLANTED}"),
        shop.call("POST", "/payments", data=f"password={PLANTED}", headers={"Content-Type": "text/plain"}),
        shop.call(
            "POST",
            "/payments",
            data=f'{{"client_secret":"{PLANTED}",',
            headers={"Content-Type": "application/json"},
        ),
        shop.create(userId=f"Bearer {PLANTED}"),
        shop.create(returnUrl=url, metadata={"api_key": PLANTED}),
        shop.create(returnUrl=url, metadata={"card": CARD}),
        shop.create(channel="WEB", returnUrl=url, description=f"card {CARD}"),
        shop.call("POST", "/webhooks/alipay", data={"sign": PLANTED, "sign_type": "RSA2", "buyer_token": PLANTED}),
        shop.call("POST", "/webhooks/nowhere", data={"token": PLANTED}),
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 400, 415, 400, 400, 201, 400, 400, 400, 404]
    problems = [
        answer.text for answer in answers if answer.headers["Content-Type"].startswith("application/problem")
    ]
    time.sleep(0.5)  # logs are written by other processes
    logs = {
        path: path.read_text(encoding="utf-8", errors="replace")
        for path in stack.directory.glob("*/*.log")
        if path.parent.name in ("gateway", "scheduler")
    }
    assert any("answered" in text for text in logs.values())
    secrets = own_secrets(stack, shop)
    assert len(secrets) >= 10
    for secret in {PLANTED, CARD, "5f" * 32, *secrets}:
        for path, text in logs.items():
            assert secret not in text, f"{secret[:4]}… is in {path.name}"
    for text in problems:
        assert not any(secret in text for secret in secrets)
        assert PLANTED not in text
        assert CARD not in text
