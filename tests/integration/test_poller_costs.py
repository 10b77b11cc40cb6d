"""What following a chain asks of its node: little while nobody pays, and no filter of thousands of addresses."""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.chain_shop import ChainShop, chain_shop
from tests.support.evm import EvmNode, running_node
from tests.support.faulty_node import FaultyNode, faulty
from tests.support.hd import chain_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.local.stack import Stack
    from paygate.bootstrap import App

USDT = 10**6
MANY = 501
"""Addresses: one more than a node is given to look for."""


@pytest.fixture(scope="module")
def evm_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmNode]:
    with running_node(tmp_path_factory.mktemp("ethereum"), slots_in_an_epoch=32) as node:
        yield node


@pytest.fixture
def between(evm_node: EvmNode) -> Iterator[FaultyNode]:
    with faulty(evm_node.url) as proxy:
        yield proxy


@pytest.fixture
def shop(stack: Stack, app: App, evm_node: EvmNode, between: FaultyNode) -> Iterator[ChainShop]:
    settings = {
        **chain_settings(secrets.token_bytes(16)),
        **evm_node.server.env,
        "ETHEREUM_RPC_URL": between.url,
        "ETHEREUM_TRACES": "none",
        "USDT_ERC20_CONFIRMATIONS": "3",
    }
    with chain_shop(stack, "USDT_ERC20", settings) as found:
        yield found


def to(payment: Mapping[str, Any]) -> str:
    address: str = payment["action"]["address"]
    return address


def calls(between: FaultyNode) -> Counter[str]:
    """By method, since the last time."""
    counted = Counter(call["method"] for asked in between.asked for call in asked.calls)
    between.asked.clear()
    return counted


def filtered(between: FaultyNode) -> set[bool]:
    """Whether the node was told for whom to look."""
    asked = [call for each in between.asked for call in each.calls if call["method"] == "eth_getLogs"]
    return {len(call["params"][0]["topics"]) > 1 for call in asked}


def add_addresses(shop: ChainShop, count: int) -> None:
    """Of payments that are long over."""
    payments = (
        "INSERT INTO payments (id, order_id, user_id, method, channel, state, price, currency, decimals, due,"
        " due_asset, due_decimals, due_network, received, request_id, created_at, updated_at, expires_at,"
        " settled_at, sequence) SELECT 'PAY_' || lpad(g::text, 26, '0'), 'o' || g, 1, 'USDT_ERC20', 'ADDRESS',"
        " 'SETTLED', 1, 'USDT', 6, 1, 'USDT', 6, 'ethereum', 1, 'r', now(), now(), now() + interval '1 h', now(), 1"
        " FROM generate_series(1, CAST(:count AS int)) g"
    )
    addresses = (
        "INSERT INTO addresses (family, key, payment_id, network, address, account, path, index, confirmations,"
        " waits_for_finality) SELECT 'evm', lpad(g::text, 40, '0'), 'PAY_' || lpad(g::text, 26, '0'), 'ethereum',"
        " g::text, 'a', 'm', g, 1, false FROM generate_series(1, CAST(:count AS int)) g"
    )
    for text in (payments, addresses):
        shop.run(text, count=count)


def test_before_the_first_payment_only_headers_are_asked_for(
    shop: ChainShop, evm_node: EvmNode, between: FaultyNode
) -> None:
    shop.follow()
    for _ in range(3):
        evm_node.mine(200)
        calls(between)
        shop.follow()
        assert set(asked := calls(between)) == {"eth_chainId", "eth_getBlockByNumber"}
        assert asked.total() <= 8
        assert shop.cursor() == evm_node.height - 6


def test_while_nobody_pays_a_run_that_finds_nothing_new_asks_little(
    shop: ChainShop, evm_node: EvmNode, between: FaultyNode
) -> None:
    payment = shop.create("10")
    evm_node.pay_token(to(payment), 10 * USDT)
    evm_node.mine(10)
    shop.follow()
    shop.follow()
    assert shop.status(payment)["state"] == "SETTLED"
    calls(between)
    polled = shop.follow(30)
    assert (polled.blocks, polled.troubles) == (0, 0)
    assert calls(between).total() <= 5
    assert evm_node.height - 6 <= shop.cursor() <= evm_node.height


def test_the_node_looks_for_few_addresses_and_the_database_for_many(
    shop: ChainShop, evm_node: EvmNode, between: FaultyNode
) -> None:
    payment = shop.create("10")
    evm_node.pay_token(to(payment), 4 * USDT)
    shop.follow()
    assert filtered(between) == {True}
    add_addresses(shop, MANY)
    between.asked.clear()
    evm_node.pay_token(to(payment), 6 * USDT)
    evm_node.pay_token("7" * 40, 6 * USDT)  # nobody's
    evm_node.mine(2)
    shop.follow()
    assert filtered(between) == {False}
    found = shop.status(payment)
    assert (found["state"], found["amountReceived"]) == ("SETTLED", "10.000000")


def test_a_first_start_goes_back_to_before_the_first_address(
    stack: Stack, evm_node: EvmNode, between: FaultyNode
) -> None:
    """The poller came days after the payers, whose blocks are hundreds deep by now."""
    settings = {**chain_settings(secrets.token_bytes(16)), **evm_node.server.env, "ETHEREUM_TRACES": "none"}
    with chain_shop(stack, "USDT_ERC20", settings) as late:
        paid, unpaid = late.create("10"), late.create("10")
        evm_node.pay_token(to(paid), 10 * USDT)
        evm_node.rpc.call("evm_increaseTime", hex(int(timedelta(hours=1).total_seconds())))
        evm_node.mine(400)
        for payment in (paid, unpaid):
            late.end(payment)
        late.app.expire(2)
        assert [late.status(each)["state"] for each in (paid, unpaid)] == ["PENDING", "PENDING"]
        late.follow(5)
        late.app.expire(2)
        assert [late.status(each)["state"] for each in (paid, unpaid)] == ["SETTLED", "EXPIRED"]
