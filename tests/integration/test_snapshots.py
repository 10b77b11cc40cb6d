"""Two processes from one snapshot, as SnapStart starts them, share no connection and make no equal ids."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.server import ROOT
from tests.support.alipay import Alipay

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from tests.support.shop import Shop

PATHS = ("layers/core/python", "functions", ".")
KEPT = 2  # PostgreSQL and Redis; the servers that stand in for rails and AWS end a connection with each answer


@pytest.fixture(scope="module")
def told(stack: Stack, shop: Shop, alipay: Alipay) -> dict[str, Any]:
    env = {**os.environ, **stack.env, "PYTHONPATH": os.pathsep.join(str(ROOT / path) for path in PATHS)}
    command = [sys.executable, "-m", "tests.support.snapshot_process", shop.api_key]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        _, text = process.communicate(timeout=60)
    assert process.returncode == 0, text
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


def test_the_code_that_a_snapshot_holds_has_connected_to_nothing(told: dict[str, Any]) -> None:
    assert told["loaded"] == []


def test_without_the_hooks_two_processes_would_share_everything(told: dict[str, Any]) -> None:
    """Else the tests below would show nothing."""
    one, other = told["shared"]
    assert len(told["held"]) >= KEPT
    assert one["kept"] == other["kept"] == told["held"]
    assert one["random"] == other["random"]


def test_two_restored_processes_share_no_connection(told: dict[str, Any]) -> None:
    one, other = told["renewed"]
    assert one["kept"] == other["kept"] == []
    assert len(one["made"]) >= KEPT
    assert not set(one["made"]) & set(other["made"])


def test_two_restored_processes_make_no_equal_ids(told: dict[str, Any]) -> None:
    one, other = told["renewed"]
    assert one["id"] != other["id"]
    assert one["random"] != other["random"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # dropped unclosed, on purpose
def test_nothing_holds_on_to_what_was_forgotten(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka's producer among it: a caller of the old application would go on with the old connections."""
    from paygate import bootstrap

    for name, value in stack.env.items():
        monkeypatch.setenv(name, value)
    bootstrap.forget()
    try:
        app = bootstrap.app()
        app.relay(5.0)
        kept = [weakref.ref(one) for one in (app.database, app.relay._stream)]
        del app
        bootstrap.forget()
        gc.collect()
        assert [one() for one in kept] == [None, None]
        assert bootstrap.app() is bootstrap.app()
    finally:
        bootstrap.forget()
        gc.collect()
