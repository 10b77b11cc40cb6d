"""Payments on Ethereum, from the address that a payer is shown to the event that the shop gets: on a real node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.chain_shop import ChainShop, chain_shop, to
from tests.support.evm import running_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.evm import EvmNode

USDT, ETHER = 10**6, 10**18


@pytest.fixture(scope="module")
def evm_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmNode]:
    """What is final lies 64 blocks back, as on the real chain: it may turn deeper than small payments need."""
    with running_node(tmp_path_factory.mktemp("ethereum"), slots_in_an_epoch=32) as node:
        yield node


@pytest.fixture(scope="module")
def shop(stack: Stack, app: App, evm_node: EvmNode) -> Iterator[ChainShop]:
    """Small payments need three blocks, larger ones wait until the chain calls them final."""
    settings = {
        **evm_node.server.env,
        "USDT_ERC20_CONFIRMATIONS": "100:3,final",
        "ETH_CONFIRMATIONS": "1:3,final",
    }
    with chain_shop(stack, "USDT_ERC20", settings) as found:
        yield found


def test_a_payment_is_seen_confirmed_and_settled(shop: ChainShop, evm_node: EvmNode) -> None:
    payment = shop.create("10")
    tx_id = evm_node.pay_token(to(payment), 10 * USDT)
    shop.follow()
    seen = shop.status(payment)
    assert (seen["state"], seen["amountPending"], seen["amountReceived"]) == ("CONFIRMING", "10.000000", "0.000000")
    assert seen["chain"] == {
        "network": "ethereum",
        "confirmations": 1,
        "confirmationsRequired": 3,
        "txIds": [tx_id],
    }
    evm_node.mine()
    shop.follow()
    assert shop.status(payment)["chain"]["confirmations"] == 2
    evm_node.mine()
    shop.follow()
    settled = shop.status(payment)
    assert (settled["state"], settled["amountReceived"], settled["exceptions"]) == ("SETTLED", "10.000000", [])
    assert settled["chain"]["confirmations"] is None
    assert shop.kinds(payment) == ["payment.settled"]
    assert shop.states(payment) == ["CREATED", "PENDING", "CONFIRMING", "SETTLED"]


def test_a_large_payment_waits_until_the_chain_calls_it_final(shop: ChainShop, evm_node: EvmNode) -> None:
    payment = shop.create("100.01")
    evm_node.pay_token(to(payment), 100_010_000)
    evm_node.mine(2)
    shop.follow()
    assert shop.status(payment)["state"] == "CONFIRMING"
    evm_node.finalize()
    shop.follow()
    assert shop.status(payment)["state"] == "SETTLED"


def test_x2_what_only_looks_like_money(shop: ChainShop, evm_node: EvmNode) -> None:
    payment = shop.create("10")
    evm_node.fake_transfer(to(payment), 10 * USDT)
    evm_node.zero_transfer(evm_node.payer, to(payment))
    evm_node.approve_token(to(payment), 10 * USDT)
    evm_node.mine(3)
    shop.follow()
    assert (shop.status(payment)["state"], shop.cases(payment)) == ("PENDING", [])


def test_x3_a_transaction_that_failed_is_no_money(shop: ChainShop, evm_node: EvmNode) -> None:
    tokens, coins = shop.create("10"), shop.create("0.5", "ETH")
    evm_node.revert_transfer(to(tokens), 10 * USDT)
    evm_node.revert_eth(to(coins), ETHER // 2)
    evm_node.pay_inside_in_vain(to(coins), ETHER // 2)
    evm_node.mine(3)
    shop.follow()
    assert [shop.status(payment)["state"] for payment in (tokens, coins)] == ["PENDING", "PENDING"]


def test_x4_one_transaction_may_pay_several_payments_and_one_several_times(
    shop: ChainShop, evm_node: EvmNode
) -> None:
    one, other = shop.create("10"), shop.create("7.5")
    evm_node.pay_many([(to(one), 4 * USDT), (to(other), 7_500_000), (to(one), 6 * USDT)])
    evm_node.mine(2)
    shop.follow()
    for payment, received in ((one, "10.000000"), (other, "7.500000")):
        found = shop.status(payment)
        assert (found["state"], found["amountReceived"]) == ("SETTLED", received)
        assert len(found["chain"]["txIds"]) == 1


@pytest.mark.parametrize("way", ["pay_eth", "pay_inside"])
def test_x5_ether_is_found_whoever_sent_it(shop: ChainShop, evm_node: EvmNode, way: str) -> None:
    payment = shop.create("0.25", "ETH")
    getattr(evm_node, way)(to(payment), ETHER // 4)
    evm_node.mine(2)
    shop.follow()
    found = shop.status(payment)
    assert (found["state"], found["amountReceived"]) == ("SETTLED", "0.250000000000000000")


def test_x6_another_asset_settles_nothing_and_somebody_is_told(shop: ChainShop, evm_node: EvmNode) -> None:
    tokens, coins = shop.create("10"), shop.create("0.5", "ETH")
    evm_node.pay_eth(to(tokens), ETHER)
    evm_node.pay_token(to(coins), 10 * USDT)
    evm_node.mine(3)
    shop.follow()
    for payment in (tokens, coins):
        found = shop.status(payment)
        assert (found["state"], found["amountPending"], found["chain"]["txIds"]) == (
            "PENDING",
            found["amountReceived"],
            [],
        )
        assert shop.cases(payment) == ["WRONG_ASSET"]


def test_x7_a_chain_that_turns_and_mines_it_again_counts_it_once(shop: ChainShop, evm_node: EvmNode) -> None:
    payment = shop.create("10")
    tx_id = evm_node.pay_token(to(payment), 10 * USDT)
    shop.follow()
    assert shop.status(payment)["state"] == "CONFIRMING"
    evm_node.reorg(1)
    assert shop.follow().turns == 1
    found = shop.status(payment)
    assert (found["state"], found["amountPending"], found["chain"]["txIds"]) == ("PENDING", "0.000000", [])
    again = evm_node.pay_token(to(payment), 10 * USDT)
    evm_node.mine(2)
    shop.follow()
    settled = shop.status(payment)
    assert (settled["state"], settled["amountReceived"]) == ("SETTLED", "10.000000")
    assert settled["chain"]["txIds"] == [again]
    assert tx_id != again or shop.kinds(payment) == ["payment.settled"]
    assert shop.kinds(payment) == ["payment.settled"]


def test_x7_orphaned_after_it_settled_is_reversed_and_mined_again_reinstated(
    shop: ChainShop, evm_node: EvmNode
) -> None:
    payment = shop.create("10")
    tx_id = evm_node.pay_token(to(payment), 10 * USDT)
    evm_node.mine(2)
    shop.follow()
    assert shop.status(payment)["state"] == "SETTLED"
    shop.create("10")  # an open payment: the chain is followed to its head
    evm_node.reorg(3)
    shop.follow()
    gone = shop.status(payment)
    assert (gone["state"], gone["amountWithdrawn"]) == ("REVERSED", "10.000000")
    evm_node.pay_token(to(payment), 10 * USDT)
    evm_node.mine(2)
    shop.follow()
    back = shop.status(payment)
    assert (back["state"], back["amountWithdrawn"], back["amountReceived"]) == ("SETTLED", "0.000000", "10.000000")
    assert shop.kinds(payment) == ["payment.settled", "payment.reversed", "payment.reinstated"]
    assert tx_id


def test_x9_parts_add_up_and_a_little_less_is_less(shop: ChainShop, evm_node: EvmNode) -> None:
    payment = shop.create("10")
    evm_node.pay_token(to(payment), 9_996_000)
    evm_node.mine(2)
    shop.follow()
    part = shop.status(payment)
    assert (part["state"], part["amountReceived"], part["exceptions"]) == ("CONFIRMING", "9.996000", [])
    evm_node.pay_token(to(payment), 4_000)
    evm_node.mine(2)
    shop.follow()
    assert (shop.status(payment)["state"], shop.status(payment)["exceptions"]) == ("SETTLED", [])
    assert shop.kinds(payment) == ["payment.received", "payment.settled"]


def test_l4_l5_nothing_expires_before_the_chain_was_read_past_its_end(shop: ChainShop, evm_node: EvmNode) -> None:
    """The pollers stood still while it was paid; the sweep that closes must wait for them."""
    paid, unpaid = shop.create("10"), shop.create("10")
    shop.follow()
    evm_node.pay_token(to(paid), 10 * USDT)
    for payment in (paid, unpaid):
        shop.end(payment)
    shop.run("UPDATE chain_cursors SET block_time = now() - interval '2 hours' WHERE network = 'ethereum'")
    shop.app.expire(2)
    assert [shop.status(each)["state"] for each in (paid, unpaid)] == ["PENDING", "PENDING"]
    evm_node.mine(2)
    shop.follow()
    shop.app.expire(2)
    assert [shop.status(each)["state"] for each in (paid, unpaid)] == ["SETTLED", "EXPIRED"]


def test_l3_late_money_is_money(shop: ChainShop, evm_node: EvmNode) -> None:
    payment = shop.create("10")
    shop.follow()
    shop.end(payment)
    evm_node.mine()
    shop.follow()
    shop.app.expire(2)
    assert shop.status(payment)["state"] == "EXPIRED"
    evm_node.pay_token(to(payment), 12 * USDT)
    shop.create("1")  # an open payment: the chain is followed to its head
    shop.follow()
    waiting = shop.status(payment)
    assert (waiting["state"], waiting["amountPending"]) == ("EXPIRED", "12.000000")
    evm_node.mine(2)
    shop.follow()
    settled = shop.status(payment)
    assert (settled["state"], settled["exceptions"]) == ("SETTLED", ["OVERPAID", "LATE"])
    assert shop.kinds(payment) == ["payment.failed", "payment.settled"]


def test_x9_a_part_in_time_and_the_rest_late(shop: ChainShop, evm_node: EvmNode) -> None:
    payment = shop.create("10")
    evm_node.pay_token(to(payment), 4 * USDT)
    evm_node.mine(2)
    shop.follow()
    shop.end(payment)
    evm_node.mine()
    shop.follow()
    shop.app.expire(2)
    under = shop.status(payment)
    assert (under["state"], under["exceptions"], under["amountReceived"]) == ("EXPIRED", ["UNDERPAID"], "4.000000")
    evm_node.pay_token(to(payment), 6 * USDT)
    evm_node.mine(2)
    shop.create("1")
    shop.follow()
    settled = shop.status(payment)
    assert (settled["state"], settled["exceptions"]) == ("SETTLED", ["LATE"])


def test_x12_dust_by_the_thousand_hides_nothing(shop: ChainShop, evm_node: EvmNode) -> None:
    payment = shop.create("10")
    for _ in range(25):
        evm_node.pay_many([(to(payment), 1)] * 40)
    evm_node.pay_token(to(payment), 10 * USDT)
    evm_node.mine(2)
    shop.follow(5)
    found = shop.status(payment)
    assert (found["state"], found["amountReceived"]) == ("SETTLED", "10.001000")


def test_x10_money_for_an_address_is_its_payments_whoever_asks_later(shop: ChainShop) -> None:
    addresses = [to(shop.create("1", method)) for method in ("USDT_ERC20", "ETH", "USDT_BEP20") for _ in range(3)]
    assert len(set(addresses)) == 9
