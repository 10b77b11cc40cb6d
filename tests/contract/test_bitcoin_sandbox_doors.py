"""The payer's door and the miner, at the simulated node and at a real one that the sandbox is told of."""

from __future__ import annotations

import time
from contextlib import ExitStack
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import requests

from infra.local.servers.programs import Sandbox
from infra.sandbox.bitcoin import provision
from tests.support import bitcoin
from tests.support.bitcoin import Bitcoin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ELSEWHERE = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"  # the program of BIP 173's examples, on regtest
PATIENCE_SECONDS = 30


class Door:
    def __init__(self, sandbox: Sandbox, node: Bitcoin) -> None:
        self.sandbox, self.node = sandbox, node

    def post(self, path: str, **asked: Any) -> requests.Response:
        return requests.post(f"{self.sandbox.url}/{path}", json=asked, timeout=30)

    def pay(self, due: str = "0.01", **more: Any) -> dict[str, Any]:
        told: dict[str, Any] = self.post("_sandbox/bitcoin/pay", action=action(due), **more).json()
        return told


def action(amount: str) -> dict[str, str]:
    return {"type": "CRYPTO", "network": "bitcoin", "asset": "BTC", "address": ELSEWHERE, "amount": amount}


def opened(kind: str, folder: Path, stack: ExitStack) -> Door:
    """Time runs fast; the miner is on."""
    sandbox = Sandbox(folder / "sandbox")
    sandbox.time_scale = 0.001
    if kind == "sandbox":
        stack.enter_context(sandbox)
        return Door(sandbox, Bitcoin(sandbox, provision(sandbox.state / "bitcoin", sandbox.url)))
    node = stack.enter_context(bitcoin.opened("bitcoind", folder))
    sandbox.settings = node.env
    stack.enter_context(sandbox)
    return Door(sandbox, node)


@pytest.fixture(scope="module", params=bitcoin.KINDS)
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with ExitStack() as stack:
        yield opened(request.param, tmp_path_factory.mktemp("door"), stack)


@pytest.fixture
def still(door: Door) -> Iterator[Door]:
    """Blocks come when told."""
    assert door.post("bitcoin/_sandbox/mining", auto=False).json() == {"auto": False}
    door.node.mine()
    yield door
    door.post("bitcoin/_sandbox/mining", auto=True)


def paid_to(door: Door, tx_id: str) -> list[Decimal]:
    outputs = door.node.rpc("getrawtransaction", tx_id, 2)["vout"]
    return [out["value"] for out in outputs if out["scriptPubKey"].get("address") == ELSEWHERE]


def test_the_payer_pays_what_the_action_says_and_no_block_comes_by_itself(still: Door) -> None:
    told = still.pay("0.01234567")
    assert told["paid"] is True
    assert paid_to(still, told["txId"]) == [Decimal("0.01234567")]
    time.sleep(1)
    assert still.node.waiting() == [told["txId"]]


def test_the_payer_may_decline_or_pay_another_amount(still: Door) -> None:
    assert still.pay(decision="decline") == {"paid": False}
    assert still.node.waiting() == []
    other = still.pay("0.5", decision="pay", amount="0.4", mine=3)
    assert paid_to(still, other["txId"]) == [Decimal("0.4")]
    assert still.node.rpc("getrawtransaction", other["txId"], 2)["confirmations"] == 3


def test_payments_are_bumped_mined_and_orphaned(still: Door) -> None:
    paid = still.post("bitcoin/_sandbox/pay", address=ELSEWHERE, amount="0.02").json()["txId"]
    bumped = still.post("bitcoin/_sandbox/bump", txId=paid).json()["txId"]
    assert still.node.waiting() == [bumped]
    still.post("bitcoin/_sandbox/mine", empty=True)
    assert still.node.waiting() == [bumped]
    still.post("bitcoin/_sandbox/mine", blocks=2)
    height = still.node.rpc("getblockcount")
    assert len(still.post("bitcoin/_sandbox/reorg", depth=2).json()["blocks"]) == 3
    assert still.node.rpc("getblockcount") == height + 1
    assert still.node.waiting() == [bumped]


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("_sandbox/bitcoin/pay", {"action": {**action("1"), "asset": "ETH"}}, 400),
        ("_sandbox/bitcoin/pay", {"action": {**action("1"), "network": "bsc"}}, 400),
        ("_sandbox/bitcoin/pay", {"action": action("1"), "decision": "ponder"}, 400),
        ("_sandbox/bitcoin/pay", {"action": action("0.000000001")}, 400),
        ("_sandbox/bitcoin/pay", {"action": action("NaN")}, 400),
        ("_sandbox/bitcoin/pay", {"action": action("100000")}, 409),
        ("_sandbox/bitcoin/pay", {"action": {**action("1"), "address": "nobody"}}, 409),
        ("bitcoin/_sandbox/bump", {"txId": "11" * 32}, 409),
        ("bitcoin/_sandbox/mine", {"blocks": 0}, 400),
        ("bitcoin/_sandbox/reorg", {"depth": 9999}, 400),
    ],
)
def test_what_makes_no_sense_is_refused(still: Door, path: str, asked: dict[str, Any], status: int) -> None:
    answer = still.post(path, **asked)
    assert (answer.status_code, "error" in answer.json()) == (status, True)
    assert still.node.waiting() == []


def test_the_miner_buries_a_payment_and_then_rests(door: Door) -> None:
    paid = door.pay()["txId"]
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while door.node.rpc("getrawtransaction", paid, 2).get("confirmations", 0) < 6:
        assert time.monotonic() < give_up_at
        time.sleep(0.1)
    time.sleep(0.5)
    height = door.node.rpc("getblockcount")
    time.sleep(1)
    assert door.node.rpc("getblockcount") == height


def test_a_node_that_is_away_is_a_clear_error_and_the_miner_comes_back(tmp_path: Path) -> None:
    with ExitStack() as stack:
        door = opened("bitcoind", tmp_path, stack)
        door.node.server.kill()
        away = door.post("_sandbox/bitcoin/pay", action=action("0.01"))
        assert (away.status_code, away.json()) == (502, {"error": "the node is away"})
        door.node.server.start()
        paid = door.pay()["txId"]
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while paid in door.node.waiting():
            assert time.monotonic() < give_up_at
            time.sleep(0.1)
