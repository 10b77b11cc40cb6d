"""A second opinion: tronpy, which is made for the real chain, pays on the simulated one, and is told off by it.

It runs in an interpreter of its own (environments.py) below `.local/`, and knows the node by its address only.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.environments import interpreter
from tests.contract.sandbox_client import ROOT
from tests.contract.tron_wallet import TRANSFER, Wallet, fresh, unhex
from tests.support.tron import Tron

ENVIRONMENT = Path(__file__).with_name("tronpy_environment")


@pytest.fixture(scope="module")
def tron(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tron]:
    """A block every 50 ms: tronpy waits for its receipts."""
    with Tron.alone(tmp_path_factory.mktemp("tron"), auto=True, time_scale=0.001) as running:
        yield running


@pytest.fixture(scope="module")
def receiver() -> str:
    return fresh()


@pytest.fixture(scope="module")
def told(tron: Tron, receiver: str) -> dict[str, Any]:
    """What tronpy made of it all."""
    wallet = Wallet(tron)
    tron.fund(wallet.address, trx="1000", usdt="100", mine=1)
    tron.fund(receiver, trx="1", mine=1)
    python = interpreter(ROOT / ".local" / "tronpy", ENVIRONMENT / "requirements.txt")
    command = [python, ENVIRONMENT / "pay.py", tron.url, tron.contract, wallet.key.to_hex(), receiver]
    env = {"PATH": "/usr/bin:/bin", "NO_PROXY": "*"}
    run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    return dict(json.loads(run.stdout))


def test_it_reads_the_token(told: dict[str, Any]) -> None:
    assert told["said"] == {"name": "Tether USD", "symbol": "USDT", "decimals": 6}


def test_it_builds_signs_sends_and_reads_a_transfer(tron: Tron, told: dict[str, Any], receiver: str) -> None:
    paid, found = told["paid"], told["paid"]["found"]
    assert found["id"] == paid["txid"]
    assert found["receipt"]["result"] == "SUCCESS"
    (log,) = found["log"]
    assert (log["address"], log["topics"][0], int(log["data"], 16)) == (tron.contract, TRANSFER, 1_234_567)
    assert log["topics"][2][24:] == unhex(receiver)[2:]
    assert paid["received"] == 1_234_567
    assert paid["is_same_when_final"]
    assert paid["transaction"]["ret"] == [{"contractRet": "SUCCESS"}]
    assert paid["result"] is False  # as Tether's own: declared bool, and 32 zero bytes


@pytest.mark.parametrize(
    ("what", "error", "words"),
    [
        ("signed by another", "BadSignature", "but it is not contained of permission"),
        ("twice", "UnknownError", "DUP_TRANSACTION_ERROR"),
        ("no such block", "TaposError", "Tapos check error."),
        ("too poor", "ValidationError", "balance is not sufficient"),
    ],
)
def test_it_understands_what_is_refused(told: dict[str, Any], what: str, error: str, words: str) -> None:
    raised, said = told["refused"][what]
    assert raised == error
    assert words in said


def test_it_understands_what_failed_in_a_block(told: dict[str, Any]) -> None:
    assert told["refused"]["too dear"] == "REVERT opcode executed"


def test_it_finds_its_way_about_the_chain(told: dict[str, Any]) -> None:
    assert told["is_unknown_told"]
    assert told["block_fits"]
    assert told["solid_is_behind"]
    assert 900 < float(told["balance"]) < 1000
    assert told["energy"] == 130_285
