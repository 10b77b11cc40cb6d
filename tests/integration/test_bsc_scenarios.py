"""Payments on BNB Smart Chain, where the token has 18 decimals and addresses are those of Ethereum."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from infra.local.servers.anvil import BSC
from tests.support.chain_shop import ChainShop, chain_shop, to
from tests.support.evm import running_node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.evm import EvmNode

USDT, ETHER = 10**18, 10**18


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, EvmNode]]:
    with ExitStack() as running:
        yield {
            "ethereum": running.enter_context(running_node(tmp_path_factory.mktemp("ethereum"))),
            "bsc": running.enter_context(running_node(tmp_path_factory.mktemp("bsc"), network=BSC)),
        }


@pytest.fixture
def bsc(nodes: dict[str, EvmNode]) -> EvmNode:
    return nodes["bsc"]


@pytest.fixture
def ethereum(nodes: dict[str, EvmNode]) -> EvmNode:
    return nodes["ethereum"]


@pytest.fixture(scope="module")
def settings(nodes: dict[str, EvmNode]) -> dict[str, str]:
    return {
        **nodes["ethereum"].server.env,
        **nodes["bsc"].server.env,
        "USDT_BEP20_CONFIRMATIONS": "100:3,final",
        "USDT_ERC20_CONFIRMATIONS": "2",
    }


@pytest.fixture(scope="module")
def shop(stack: Stack, app: App, settings: Mapping[str, str]) -> Iterator[ChainShop]:
    with chain_shop(stack, "USDT_BEP20", settings) as found:
        yield found


def test_x1_eighteen_decimals_and_the_smallest_unit_of_them(shop: ChainShop, bsc: EvmNode) -> None:
    payment = shop.create("10.000000000000000001")
    tx_id = bsc.pay_token(to(payment), 10 * USDT)
    shop.follow()
    seen = shop.status(payment)
    assert (seen["state"], seen["amountPending"]) == ("CONFIRMING", "10.000000000000000000")
    assert seen["chain"] == {"network": "bsc", "confirmations": 1, "confirmationsRequired": 3, "txIds": [tx_id]}
    bsc.mine(2)
    shop.follow()
    part = shop.status(payment)
    assert (part["state"], part["amountReceived"]) == ("CONFIRMING", "10.000000000000000000")
    bsc.pay_token(to(payment), 1)
    bsc.mine(2)
    shop.follow()
    settled = shop.status(payment)
    assert (settled["state"], settled["amountReceived"], settled["exceptions"]) == (
        "SETTLED",
        "10.000000000000000001",
        [],
    )
    assert shop.kinds(payment) == ["payment.received", "payment.settled"]


def test_x1_as_many_units_as_six_decimals_would_need_are_next_to_nothing(shop: ChainShop, bsc: EvmNode) -> None:
    payment = shop.create("10")
    bsc.pay_token(to(payment), 10 * 10**6)
    bsc.mine(2)
    shop.follow()
    found = shop.status(payment)
    assert (found["state"], found["amountReceived"]) == ("CONFIRMING", "0.000000000010000000")


def test_x2_x3_what_looks_like_money_and_what_failed(shop: ChainShop, bsc: EvmNode) -> None:
    payment = shop.create("10")
    bsc.fake_transfer(to(payment), 10 * USDT)
    bsc.zero_transfer(bsc.payer, to(payment))
    bsc.revert_transfer(to(payment), 10 * USDT)
    bsc.mine(3)
    shop.follow()
    assert (shop.status(payment)["state"], shop.cases(payment)) == ("PENDING", [])


def test_x4_one_transaction_pays_two_payments_and_one_of_them_twice(shop: ChainShop, bsc: EvmNode) -> None:
    one, other = shop.create("10"), shop.create("7.5")
    bsc.pay_many([(to(one), 4 * USDT), (to(other), 75 * USDT // 10), (to(one), 6 * USDT)])
    bsc.mine(2)
    shop.follow()
    assert [shop.status(payment)["state"] for payment in (one, other)] == ["SETTLED", "SETTLED"]
    assert shop.kinds(one) == shop.kinds(other) == ["payment.settled"]


def test_x7_a_chain_that_turns_and_mines_it_again_counts_it_once(shop: ChainShop, bsc: EvmNode) -> None:
    payment = shop.create("10")
    tx_id = bsc.pay_token(to(payment), 10 * USDT)
    shop.follow()
    bsc.reorg(1, keep=[tx_id])
    bsc.mine(2)
    assert shop.follow().turns == 1
    settled = shop.status(payment)
    assert (settled["state"], settled["amountReceived"], settled["chain"]["txIds"]) == (
        "SETTLED",
        "10.000000000000000000",
        [tx_id],
    )
    assert shop.kinds(payment) == ["payment.settled"]


def test_x6_paid_on_the_other_chain_settles_nothing_and_somebody_is_told(
    shop: ChainShop, bsc: EvmNode, ethereum: EvmNode
) -> None:
    """Both chains share addresses: what is due on one comes over the other."""
    there, here = shop.create("10", "USDT_ERC20"), shop.create("10")
    bsc.pay_token(to(there), 10 * USDT)
    ethereum.pay_token(to(here), 10 * 10**6)
    for node in (bsc, ethereum):
        node.mine(3)
    for network in ("bsc", "ethereum"):
        shop.follow(network=network)
    for payment in (there, here):
        found = shop.status(payment)
        assert (found["state"], found["chain"]["txIds"]) == ("PENDING", [])
        assert shop.cases(payment) == ["WRONG_ASSET"]
    ethereum.pay_token(to(there), 10 * 10**6)
    ethereum.mine(2)
    shop.follow(network="ethereum")
    settled = shop.status(there)
    assert (settled["state"], settled["amountReceived"]) == ("SETTLED", "10.000000")


def test_x6_the_other_chain_is_read_also_before_anybody_chose_it(
    stack: Stack, settings: Mapping[str, str], bsc: EvmNode
) -> None:
    """No payment was ever made over the chain that the money comes by: its addresses are known there as well."""
    with chain_shop(stack, "USDT_ERC20", settings) as new:
        new.follow(network="bsc")
        payment = new.create("10")
        bsc.pay_token(to(payment), 10 * USDT)
        bsc.finalize()
        bsc.mine(8)
        new.follow(network="bsc")
        assert (new.status(payment)["state"], new.cases(payment)) == ("PENDING", ["WRONG_ASSET"])
