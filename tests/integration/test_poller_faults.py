"""Nodes that fail, lag, lie and contradict themselves: what is lost is time, never money, and somebody is told."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from paygate.domain.errors import Unavailable
from tests.support.chain_shop import ChainShop, chain_shop, to
from tests.support.evm import EvmNode, running_node
from tests.support.faulty_node import NO_ANSWERS, FaultyNode, RpcError, Wrong, failing, faulty, rpc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.local.stack import Stack
    from paygate.bootstrap import App

USDT = 10**6
ALARMS = {"NodeMisled", "ChainStalled", "PaymentReversed", "RailFactDidNotFit"}


@pytest.fixture(scope="module")
def evm_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmNode]:
    """What is final lies 64 blocks back, as on the real chain."""
    with running_node(tmp_path_factory.mktemp("ethereum"), slots_in_an_epoch=32) as node:
        yield node


@pytest.fixture(scope="module")
def between(evm_node: EvmNode) -> Iterator[FaultyNode]:
    with faulty(evm_node.url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def shop(stack: Stack, app: App, evm_node: EvmNode, between: FaultyNode) -> Iterator[ChainShop]:
    settings = {
        **evm_node.server.env,
        "ETHEREUM_RPC_URL": between.url,
        "ETHEREUM_TRACES": "none",  # this node forgets the traces of blocks that are a hundred deep
        "USDT_ERC20_CONFIRMATIONS": "3",
        "ETH_CONFIRMATIONS": "3",
    }
    with chain_shop(stack, "USDT_ERC20", settings) as found:
        yield found


@pytest.fixture(autouse=True)
def well(shop: ChainShop, between: FaultyNode) -> Iterator[None]:
    """The node is well before and after, and the chain is read to its end."""
    shop.follow()
    between.asked.clear()
    yield
    heal(between)
    shop.run("UPDATE chain_cursors SET moved_at = now()")


def heal(between: FaultyNode) -> None:
    between.fault = lambda _asked: None
    between.change = lambda _asked, body: body


def alarms(capsys: pytest.CaptureFixture[str]) -> set[str]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return {name for line in lines for name in ALARMS & line.keys()}


def height_of(result: Any) -> int:
    return int(result["number"], 16)


def is_block(method: str, params: list[Any], height: int) -> bool:
    return method == "eth_getBlockByNumber" and params[0] == hex(height)


def covers(method: str, params: list[Any], node: EvmNode, height: int) -> bool:
    """Whether that asks for the block's logs."""
    if method != "eth_getLogs":
        return False
    if "blockHash" in params[0]:
        return bool(params[0]["blockHash"] == node.block(height)["hash"])
    return int(params[0]["fromBlock"], 16) <= height <= int(params[0]["toBlock"], 16)


def settles(shop: ChainShop, payment: Mapping[str, Any]) -> None:
    """Once, and with exactly what came."""
    shop.follow()
    found = shop.status(payment)
    assert (found["state"], found["amountReceived"], found["exceptions"]) == ("SETTLED", "10.000000", [])
    assert shop.kinds(payment) == ["payment.settled"]


def paid(shop: ChainShop, node: EvmNode, blocks: int = 2) -> tuple[dict[str, Any], int]:
    """A payment that was paid and is deep enough, and the height at which it was."""
    payment = shop.create("10")
    node.pay_token(to(payment), 10 * USDT)
    height = node.height
    node.mine(blocks)
    return payment, height


@pytest.mark.parametrize("blocks", [10, 200])
def test_x11_a_block_whose_logs_cannot_be_had_is_never_passed(
    shop: ChainShop, evm_node: EvmNode, between: FaultyNode, blocks: int
) -> None:
    """Among the newest, which are asked for one by one, and among those that are asked for by the hundred."""
    payment, height = paid(shop, evm_node, blocks)
    between.change = rpc(
        lambda method, params, result: RpcError(-32000) if covers(method, params, evm_node, height) else result
    )
    for _ in range(3):
        assert shop.follow().troubles == 1
        assert shop.cursor() < height
    assert shop.status(payment)["state"] == "PENDING"
    heal(between)
    settles(shop, payment)


def test_x11_a_block_that_does_not_come_is_never_passed(
    shop: ChainShop, evm_node: EvmNode, between: FaultyNode
) -> None:
    payment, height = paid(shop, evm_node, blocks=40)
    between.change = rpc(lambda method, params, result: None if is_block(method, params, height) else result)
    assert shop.follow().troubles == 1
    assert shop.cursor() < height
    heal(between)
    settles(shop, payment)


@pytest.mark.parametrize("message", ["query returned more than 10000 results", "block range is too wide"])
def test_x11_too_much_at_once_is_asked_for_in_halves(
    shop: ChainShop, evm_node: EvmNode, between: FaultyNode, message: str
) -> None:
    payment, _ = paid(shop, evm_node, blocks=200)

    def grudging(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getLogs" and params[0].get("fromBlock") != params[0].get("toBlock"):
            return RpcError(-32005, message)
        return result

    between.change = rpc(grudging)
    assert shop.follow(5).troubles == 0
    settles(shop, payment)


def test_a_node_that_lags_turns_nothing(shop: ChainShop, evm_node: EvmNode, between: FaultyNode) -> None:
    payment, _ = paid(shop, evm_node, blocks=1)
    shop.follow()
    before = shop.cursor()
    behind = evm_node.block(evm_node.height - 5)
    between.change = rpc(
        lambda method, params, result: (
            behind if (method, params[:1]) == ("eth_getBlockByNumber", ["latest"]) else result
        )
    )
    polled = shop.follow()
    assert (polled.turns, polled.troubles, shop.cursor()) == (0, 0, before)
    assert shop.status(payment)["state"] == "CONFIRMING"
    heal(between)
    evm_node.mine()
    settles(shop, payment)


def test_a_head_that_is_too_high_makes_nothing_deeper(
    shop: ChainShop, evm_node: EvmNode, between: FaultyNode
) -> None:
    """Confirmations are counted by blocks that were read."""
    payment, height = paid(shop, evm_node, blocks=0)

    def boasting(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and params[0] == "latest":
            return {**result, "number": hex(height_of(result) + 1000)}
        return result

    between.change = rpc(boasting)
    shop.follow()
    assert shop.cursor() <= height
    assert shop.status(payment)["state"] in ("PENDING", "CONFIRMING")
    heal(between)
    evm_node.mine(2)
    settles(shop, payment)


def test_another_chains_node_is_not_read(
    shop: ChainShop, evm_node: EvmNode, between: FaultyNode, capsys: pytest.CaptureFixture[str]
) -> None:
    payment, _ = paid(shop, evm_node)
    before = shop.cursor()
    between.change = rpc(lambda method, _params, result: "0x38" if method == "eth_chainId" else result)
    assert shop.follow().troubles == 1
    assert (shop.cursor(), shop.status(payment)["state"]) == (before, "PENDING")
    assert alarms(capsys) == {"NodeMisled"}
    heal(between)
    settles(shop, payment)


def test_blocks_that_do_not_link_are_not_believed_and_not_asked_for_on_and_on(
    shop: ChainShop, evm_node: EvmNode, between: FaultyNode
) -> None:
    """The first new block names another parent than the one that the node itself has there."""
    payment, _ = paid(shop, evm_node, blocks=2)
    before = shop.cursor()

    def unlinked(method: str, params: list[Any], result: Any) -> Any:
        if is_block(method, params, before + 1):
            return {**result, "parentHash": "0x" + "ab" * 32}
        return result

    between.change = rpc(unlinked)
    between.asked.clear()
    polled = shop.follow(3)
    assert (polled.turns, shop.cursor()) == (0, before)
    assert polled.troubles > 0
    assert len(between.asked) < 60
    heal(between)
    settles(shop, payment)


def test_a_link_that_is_broken_within_the_range(shop: ChainShop, evm_node: EvmNode, between: FaultyNode) -> None:
    payment, height = paid(shop, evm_node, blocks=3)
    before = shop.cursor()

    def unlinked(method: str, params: list[Any], result: Any) -> Any:
        if is_block(method, params, height + 2):
            return {**result, "parentHash": "0x" + "ab" * 32}
        return result

    between.change = rpc(unlinked)
    assert shop.follow().troubles == 1
    assert shop.cursor() == before
    heal(between)
    settles(shop, payment)


@pytest.mark.parametrize("what", sorted(NO_ANSWERS))
def test_what_is_no_answer_costs_time_only(
    shop: ChainShop, evm_node: EvmNode, between: FaultyNode, what: str
) -> None:
    payment, _ = paid(shop, evm_node)
    before = shop.cursor()
    between.fault = lambda _asked: NO_ANSWERS[what]
    assert shop.follow().troubles > 0
    assert (shop.cursor(), shop.status(payment)["state"]) == (before, "PENDING")
    heal(between)
    settles(shop, payment)


@pytest.mark.parametrize("nth", range(1, 7))
def test_an_answer_that_is_missing_in_the_middle(
    shop: ChainShop, evm_node: EvmNode, between: FaultyNode, nth: int
) -> None:
    payment, _ = paid(shop, evm_node, blocks=40)
    asked = iter(range(1, 1000))
    between.fault = lambda _asked: Wrong(503) if next(asked) == nth else None
    shop.follow(3)
    settles(shop, payment)


def test_what_was_called_final_is_believed_for_ten_minutes(
    shop: ChainShop, evm_node: EvmNode, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then the node is: a chain that did what no chain does is followed, and all that stood on it is undone."""
    payment, _ = paid(shop, evm_node, blocks=70)
    settles(shop, payment)
    capsys.readouterr()
    before = shop.cursor()
    evm_node.reorg(72)
    evm_node.mine()
    for _ in range(2):
        polled = shop.follow()
        assert (polled.turns, shop.cursor(), shop.status(payment)["state"]) == (0, before, "SETTLED")
    assert alarms(capsys) == {"NodeMisled"}
    shop.run("UPDATE chain_cursors SET disputed_since = disputed_since - interval '9 minutes'")
    assert shop.follow().turns == 0
    shop.run("UPDATE chain_cursors SET disputed_since = disputed_since - interval '1 minutes'")
    assert shop.follow().turns == 1
    found = shop.status(payment)
    assert (found["state"], found["amountWithdrawn"]) == ("REVERSED", "10.000000")
    assert "PaymentReversed" in alarms(capsys)
    [[disputed]] = shop.run("SELECT disputed_since FROM chain_cursors")
    assert disputed is None


def test_a_dispute_that_the_node_takes_back_is_over(
    shop: ChainShop, evm_node: EvmNode, between: FaultyNode
) -> None:
    payment, _ = paid(shop, evm_node, blocks=70)
    settles(shop, payment)
    other = "0x" + "cd" * 32

    def denying(method: str, _params: list[Any], result: Any) -> Any:
        return {**result, "hash": other, "parentHash": other} if method == "eth_getBlockByNumber" else result

    between.change = rpc(denying)
    evm_node.mine()
    assert shop.follow().troubles > 0
    heal(between)
    shop.create("1")
    assert shop.follow().troubles == 0
    assert (shop.status(payment)["state"], shop.cursor()) == ("SETTLED", evm_node.height)
    [[disputed]] = shop.run("SELECT disputed_since FROM chain_cursors")
    assert disputed is None


def test_a_chain_that_turned_while_nobody_looked_does_not_stop_at_what_was_ripe(
    shop: ChainShop, evm_node: EvmNode
) -> None:
    """Read, deep enough, never booked as money: and then its block is gone."""
    payment, _ = paid(shop, evm_node, blocks=1)
    shop.follow()
    assert shop.status(payment)["state"] == "CONFIRMING"
    shop.run("UPDATE addresses SET confirmations = 1 WHERE payment_id = :id", id=payment["paymentId"])
    evm_node.reorg(2)
    evm_node.mine(2)
    assert shop.follow(3).turns == 1
    assert (shop.status(payment)["state"], shop.cursor()) == ("PENDING", evm_node.height)
    assert shop.kinds(payment) == []


def test_a_node_that_is_gone_for_long_is_an_alarm(
    shop: ChainShop, between: FaultyNode, capsys: pytest.CaptureFixture[str]
) -> None:
    between.fault = failing(503)
    shop.follow()
    assert alarms(capsys) == set()
    shop.run("UPDATE chain_cursors SET moved_at = now() - interval '16 minutes'")
    shop.follow()
    assert alarms(capsys) == {"ChainStalled"}


def test_a_node_that_stands_still_is_an_alarm(
    shop: ChainShop, evm_node: EvmNode, capsys: pytest.CaptureFixture[str]
) -> None:
    """It answers, and knows no new block: its peers are gone."""
    shop.create("1")
    shop.follow()
    shop.run("UPDATE chain_cursors SET moved_at = now() - interval '14 minutes'")
    shop.follow()
    assert alarms(capsys) == set()
    shop.run("UPDATE chain_cursors SET moved_at = now() - interval '16 minutes'")
    shop.follow()
    assert alarms(capsys) == {"ChainStalled"}
    evm_node.mine()
    shop.follow()
    assert alarms(capsys) == set()


def test_a_node_that_was_never_there_is_an_alarm(
    stack: Stack, app: App, evm_node: EvmNode, capsys: pytest.CaptureFixture[str]
) -> None:
    """Payers were given addresses, and no block was ever read."""
    settings = {**evm_node.server.env, "ETHEREUM_RPC_URL": "http://127.0.0.1:9"}
    with chain_shop(stack, "USDT_ERC20", settings) as new:
        payment = new.create("10")
        new.follow()
        assert alarms(capsys) == set()
        new.end(payment)
        new.run("UPDATE addresses SET created_at = now() - interval '16 minutes'")
        new.follow()
        assert alarms(capsys) == {"ChainStalled"}
        new.app.expire(1)
        assert new.status(payment)["state"] == "PENDING"  # what was never read expires nothing


def test_postgresql_dies_in_the_middle_and_the_next_run_goes_on(
    stack: Stack, shop: ChainShop, evm_node: EvmNode, between: FaultyNode
) -> None:
    payment, _ = paid(shop, evm_node, blocks=40)
    asked = iter(range(1, 1000))

    def killing(_asked: object) -> None:
        if next(asked) == 3:
            shop.run("SET synchronous_commit = on; UPDATE chain_cursors SET moved_at = moved_at")  # all before, too
            stack.postgres.kill()

    between.fault = killing
    try:
        with pytest.raises(Unavailable):
            shop.follow()
    finally:
        heal(between)
        stack.postgres.start()
    give_up_at = time.monotonic() + 10  # the lease of the run that died
    while shop.follow().is_followed_by_another and time.monotonic() < give_up_at:
        time.sleep(0.2)
    settles(shop, payment)
