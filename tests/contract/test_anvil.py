"""The local Ethereum and BSC nodes, and everything that the tests' own helper makes happen on them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from infra.evm.contracts import ADDRESSES
from infra.evm.rpc import RpcError
from infra.local.servers.anvil import BSC, ETHEREUM, Network
from tests.support.evm import EvmNode, running_node

if TYPE_CHECKING:
    from pathlib import Path

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"  # keccak256 of its signature


@pytest.fixture
def someone() -> str:
    return new_address()


def new_address() -> str:
    return f"{uuid4().hex}00000000"


def call(node: EvmNode, contract: str, data: str) -> str:
    return node.rpc.call("eth_call", {"to": contract, "data": data}, "latest")


def test_contracts_stand_where_they_always_do(evm_node: EvmNode) -> None:
    codes = [evm_node.rpc.call("eth_getCode", place, "latest") for place in ADDRESSES]

    assert all(len(code) > 100 for code in codes)
    assert len(set(codes)) == len(ADDRESSES)


@pytest.mark.parametrize(
    ("network", "chain", "decimals"), [(ETHEREUM, 1, 6), (BSC, 56, 18)], ids=["ethereum", "bsc"]
)
def test_each_network_has_its_chain_and_its_token(
    tmp_path: Path, network: Network, chain: int, decimals: int
) -> None:
    with running_node(tmp_path, network=network) as node:
        assert node.rpc.number("eth_chainId") == chain
        assert int(call(node, node.token, "0x313ce567"), 16) == decimals
        prefix = network.name.upper()
        assert node.server.env == {
            f"{prefix}_RPC_URL": node.url,
            f"{prefix}_CHAIN_ID": str(chain),
            f"{prefix}_USDT_CONTRACT": node.token,
        }


def test_the_token_answers_nothing_to_a_transfer(evm_node: EvmNode, someone: str) -> None:
    data = f"0xa9059cbb{someone:0>64}{0:064x}"

    assert call(evm_node, evm_node.token, data) == "0x"


def test_a_token_transfer_is_a_log_and_a_balance(evm_node: EvmNode, someone: str) -> None:
    tx_id = evm_node.pay_token(someone, 5_000_000)

    (log,) = evm_node.receipt(tx_id)["logs"]
    assert log["address"] == evm_node.token
    assert log["topics"] == [TRANSFER, f"0x{evm_node.payer[2:]:0>64}", f"0x{someone:0>64}"]
    assert int(log["data"], 16) == evm_node.tokens(someone) == 5_000_000


def test_one_transaction_pays_several(evm_node: EvmNode, someone: str) -> None:
    other = new_address()

    tx_id = evm_node.pay_many([(someone, 1), (other, 2), (someone, 3)])
    evm_node.pay_eth_to_many({someone: 5, other: 6})

    assert len(evm_node.receipt(tx_id)["logs"]) == 3
    assert (evm_node.tokens(someone), evm_node.tokens(other)) == (4, 2)
    assert (evm_node.ether(someone), evm_node.ether(other)) == (5, 6)


def test_ether_that_a_contract_sends_is_told_by_the_trace_alone(evm_node: EvmNode, someone: str) -> None:
    tx_id = evm_node.pay_inside(someone, 10**18)

    assert evm_node.receipt(tx_id)["logs"] == []
    assert evm_node.ether(someone) == 10**18
    trace = evm_node.rpc.call("debug_traceTransaction", f"0x{tx_id}", {"tracer": "callTracer"})
    assert [(inner["to"], int(inner["value"], 16)) for inner in trace["calls"]] == [(f"0x{someone}", 10**18)]


def test_what_fails_moves_nothing(evm_node: EvmNode, someone: str) -> None:
    failed = [evm_node.revert_transfer(someone, 7), evm_node.revert_eth(someone, 7)]
    vain = evm_node.pay_inside_in_vain(someone, 7)

    assert [evm_node.receipt(tx_id)["status"] for tx_id in [*failed, vain]] == ["0x0", "0x0", "0x1"]
    assert (evm_node.tokens(someone), evm_node.ether(someone)) == (0, 0)


def test_transfers_that_are_none(evm_node: EvmNode, someone: str) -> None:
    fake = evm_node.receipt(evm_node.fake_transfer(someone, 7))["logs"]
    nothing = evm_node.receipt(evm_node.zero_transfer(new_address(), someone))["logs"]
    approval = evm_node.receipt(evm_node.approve_token(someone, 7))["logs"]

    assert [log["address"] for log in (*fake, *nothing, *approval)] == [
        evm_node.look_alike,
        evm_node.token,
        evm_node.token,
    ]
    assert [log["topics"][0] == TRANSFER for log in (*fake, *nothing, *approval)] == [True, True, False]
    assert int(nothing[0]["data"], 16) == 0
    assert evm_node.tokens(someone) == 0


def test_what_a_blacklisted_address_holds_can_be_taken_without_a_transfer(evm_node: EvmNode, someone: str) -> None:
    evm_node.pay_token(someone, 7)

    evm_node.blacklist(someone)
    taken = evm_node.destroy_blacklisted(someone)

    assert evm_node.tokens(someone) == 0
    assert all(log["topics"][0] != TRANSFER for log in evm_node.receipt(taken)["logs"])


def test_a_block_is_final_two_epochs_later(evm_node: EvmNode) -> None:
    evm_node.mine(3)

    assert evm_node.final_height == evm_node.height - 2
    assert int(evm_node.block("safe")["number"], 16) == evm_node.height - 1


def test_epochs_are_as_long_as_asked(tmp_path: Path) -> None:
    with running_node(tmp_path, slots_in_an_epoch=4) as node:
        node.finalize()

        assert node.final_height == node.height - 8


def test_a_reorg_drops_what_it_is_not_told_to_keep(evm_node: EvmNode, someone: str) -> None:
    kept = evm_node.pay_token(someone, 1)
    dropped = evm_node.pay_token(someone, 2)
    evm_node.mine()
    before = evm_node.block()

    evm_node.reorg(3, keep=[kept])

    after = evm_node.block()
    assert after["number"] == before["number"]
    assert after["hash"] != before["hash"]
    assert evm_node.receipt(dropped) is None
    assert evm_node.tokens(someone) == 1


def test_a_transaction_waits_while_mining_is_paused(evm_node: EvmNode, someone: str) -> None:
    with evm_node.mining_paused():
        waiting = evm_node.pay_token(someone, 1)
        assert evm_node.receipt(waiting) is None
        evm_node.mine()
        forgotten = evm_node.pay_token(someone, 2)
        evm_node.drop(forgotten)
        last = evm_node.pay_token(someone, 4)

    assert evm_node.receipt(waiting)
    assert evm_node.receipt(last)
    assert evm_node.receipt(forgotten) is None
    assert evm_node.tokens(someone) == 5


def test_block_times_do_not_run_ahead(evm_node: EvmNode) -> None:
    before = int(evm_node.block()["timestamp"], 16)
    evm_node.mine(50)

    assert int(evm_node.block()["timestamp"], 16) - before < 25


def test_the_chain_outlives_a_kill(tmp_path: Path, someone: str) -> None:
    with running_node(tmp_path, keeps_chain=True) as node:
        inside = node.pay_inside(someone, 9)
        tx_id = node.pay_token(someone, 7)
        height, block = node.mine(3), node.block()["hash"]

        node.server.kill()
        node.server.start()

        assert (node.height, node.block()["hash"], node.final_height) == (height, block, height - 2)
        assert node.receipt(tx_id)["status"] == "0x1"
        assert node.tokens(someone) == 7
        assert node.rpc.number("eth_getBalance", f"0x{someone}", "finalized") == 9
        assert node.rpc.call("debug_traceTransaction", f"0x{inside}", {"tracer": "callTracer"})["calls"]
        node.pay_token(someone, 1)
        node.reorg(1)
        assert node.tokens(someone) == 7


def test_the_chain_outlives_a_restart(tmp_path: Path, someone: str) -> None:
    with running_node(tmp_path, keeps_chain=True) as node:
        node.pay_token(someone, 7)
        height = node.height
        node.server.restart()

        assert (node.height, node.tokens(someone)) == (height, 7)


def test_half_a_file_does_not_stop_a_node(tmp_path: Path, someone: str) -> None:
    with running_node(tmp_path, keeps_chain=True) as node:
        node.pay_token(someone, 7)
        node.server.restart()
        node.server.stop()
        written = node.server.state.read_bytes()
        node.server.state.write_bytes(written[: len(written) // 2])

        node.server.start()

        assert node.tokens(someone) == 7


def test_empty_blocks_come_at_a_pace(tmp_path: Path, someone: str) -> None:
    with running_node(tmp_path, block_seconds=1) as node:
        node.pay_token(someone, 7)  # mined at once all the same
        height = node.height
        while node.final_height < height:
            time.sleep(0.05)

        assert node.tokens(someone) == 7


def test_a_node_that_is_not_asked_to_forgets(tmp_path: Path) -> None:
    with running_node(tmp_path) as node:
        node.mine(20)
        node.server.restart()

        assert node.height < 20
        with pytest.raises(RpcError):
            node.rpc.call("eth_getBalance", node.payer, hex(20))
