"""The payer's door at Ethereum and BSC, on nodes of their own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import requests

from infra.local.servers.programs import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.evm import EvmNode

PAYABLE = [("ethereum", "USDT", 6), ("ethereum", "ETH", 18), ("bsc", "USDT", 18)]


@pytest.fixture(scope="module")
def nodes(evm_node: EvmNode, bsc_node: EvmNode) -> dict[str, EvmNode]:
    return {"ethereum": evm_node, "bsc": bsc_node}


@pytest.fixture(scope="module")
def sandbox(nodes: dict[str, EvmNode], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    settings = {name: value for node in nodes.values() for name, value in node.server.env.items()}
    running = Sandbox(tmp_path_factory.mktemp("payers"), settings=settings)
    running.time_scale = 0.01
    with running:
        yield running


def action(network: str, asset: str, amount: str) -> dict[str, str]:
    to = f"0x{uuid4().hex}00000000"
    return {"type": "CRYPTO", "network": network, "asset": asset, "amount": amount, "address": to}


def pay(sandbox: Sandbox, network: str, **asked: Any) -> requests.Response:
    return requests.post(f"{sandbox.url}/_sandbox/{network}/pay", json=asked, timeout=30)


def held(node: EvmNode, asset: str, address: str) -> int:
    return node.tokens(address) if asset == "USDT" else node.ether(address)


@pytest.mark.parametrize(("network", "asset", "decimals"), PAYABLE)
def test_pays_exactly_what_is_asked_for_and_sees_it_final(
    sandbox: Sandbox, nodes: dict[str, EvmNode], network: str, asset: str, decimals: int
) -> None:
    wanted, node = action(network, asset, "12345678.000001"), nodes[network]

    answer = pay(sandbox, network, action=wanted, decision="pay").json()

    assert answer["paid"]
    receipt = node.rpc.receipt(f"0x{answer['txId']}")
    assert receipt["status"] == "0x1"
    assert held(node, asset, wanted["address"]) == 12345678000001 * 10 ** (decimals - 6)
    give_up_at = time.monotonic() + 20
    while node.final_height < int(receipt["blockNumber"], 16):
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def test_pays_another_amount_and_leaves_it_unconfirmed(sandbox: Sandbox, evm_node: EvmNode) -> None:
    wanted = action("ethereum", "USDT", "10.00")

    answer = pay(sandbox, "ethereum", action=wanted, decision="pay", amount="9.996", confirm=False).json()

    evm_node.rpc.receipt(f"0x{answer['txId']}")
    assert evm_node.tokens(wanted["address"]) == 9_996_000


def test_declining_pays_nothing(sandbox: Sandbox, evm_node: EvmNode) -> None:
    wanted = action("ethereum", "ETH", "1")

    assert pay(sandbox, "ethereum", action=wanted, decision="decline").json() == {"paid": False}
    assert evm_node.ether(wanted["address"]) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"network": "bsc"},
        {"asset": "BTC"},
        {"address": "0x12"},
        {"amount": "1.0000001"},
        {"amount": "-1"},
        {"amount": "NaN"},
        {"amount": "much"},
        {"amount": 1},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(sandbox: Sandbox, wrong: dict[str, Any]) -> None:
    wanted = {**action("ethereum", "USDT", "1"), **wrong}

    answer = pay(sandbox, "ethereum", action=wanted)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_without_a_node_the_door_says_so(sandbox: Sandbox, nodes: dict[str, EvmNode], tmp_path: Any) -> None:
    with Sandbox(tmp_path) as lonely:
        answer = pay(lonely, "bsc", action=action("bsc", "USDT", "1"))

    assert answer.status_code == 503
    assert "BSC_RPC_URL" in answer.json()["error"]
