"""Functions that somebody waits for load neither web3 nor kafka, when they are used as little as when imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.server import ROOT
from tests.support.shop import new_key, new_order

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from tests.support.alipay import Alipay
    from tests.support.shop import Shop

PATHS = ("layers/core/python", "functions", ".")
HEAVY = {"web3", "eth_account", "kafka"}
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def new_payment(**fields: str) -> list[Any]:
    order = {"orderId": new_order(), "userId": 1, "amount": "1.00", "idempotencyKey": new_key(), **fields}
    return ["POST", "/payments", {}, JSON, json.dumps(order)]


@pytest.fixture(scope="module")
def payment_id(shop: Shop, alipay: Alipay) -> str:
    return str(shop.created()["paymentId"])


@pytest.fixture
def requests(payment_id: str) -> dict[str, list[list[Any]]]:
    """Each takes the function through its database, and `create` through a rail's and a chain's adapter."""
    return {
        "create": [
            new_payment(method="ALIPAY", currency="CNY"),
            new_payment(method="USDT_ERC20", currency="USDT"),
            new_payment(method="USDT_TRC20", currency="USDT"),
            new_payment(method="BTC", currency="BTC"),
        ],
        "status": [["GET", "/payments/{paymentId}", {"paymentId": payment_id}, {}, ""]],
        "batch": [["POST", "/payments/batch", {}, JSON, json.dumps({"paymentIds": [payment_id]})]],
        "orders": [["GET", "/payments", {}, {}, ""]],
        "webhook": [["POST", "/webhooks/{rail}", {"rail": "alipay"}, FORM, "sign=AAAA&sign_type=RSA2&charset=gbk"]],
    }


@pytest.mark.parametrize(
    ("function", "answers"),
    [("create", {201}), ("status", {200}), ("batch", {200}), ("orders", {200}), ("webhook", {400, 401, 403})],
)
def test_answers_without_loading_what_only_pollers_and_the_relay_need(
    stack: Stack, shop: Shop, requests: dict[str, list[list[Any]]], function: str, answers: set[int]
) -> None:
    env = {**os.environ, **stack.env, "PYTHONPATH": os.pathsep.join(str(ROOT / path) for path in PATHS)}
    command = [sys.executable, "-m", "tests.support.first_request", function, shop.api_key]
    lines = "".join(json.dumps(request) + "\n" for request in requests[function])
    done = subprocess.run(
        command, cwd=ROOT, env=env, input=lines, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    statuses, modules = json.loads(done.stderr.splitlines()[-1])
    assert set(statuses) <= answers
    assert len(statuses) == len(requests[function])
    loaded = {name.partition(".")[0] for name in modules}
    assert "pg8000" in loaded or function == "webhook", "it has been used"
    assert not loaded & HEAVY
