"""Payments in bitcoin, from the address that a payer is shown to the event that the shop gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import bitcoin
from tests.support.chain_shop import ChainShop, chain_shop, to

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.bitcoin import Bitcoin

SATOSHIS = bitcoin.SATOSHIS
SMALL = SATOSHIS // 200  # 0.005: one block is enough


@pytest.fixture(scope="module", params=bitcoin.KINDS)
def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bitcoin]:
    with bitcoin.opened(request.param, tmp_path_factory.mktemp("bitcoin")) as opened:
        yield opened


@pytest.fixture(scope="module")
def shop(stack: Stack, app: App, node: Bitcoin) -> Iterator[ChainShop]:
    """What needs how many blocks is as it is without settings: up to 0.01 one, up to 0.1 three, above six."""
    with chain_shop(stack, "BTC", node.env) as found:
        yield found


@pytest.fixture(autouse=True)
def _an_empty_pool(node: Bitcoin) -> None:
    node.mine()


def seen(shop: ChainShop, payment: Mapping[str, Any]) -> tuple[str, str, list[str]]:
    shop.follow()
    found = shop.status(payment)
    return found["state"], found["amountPending"], found["chain"]["txIds"]


def test_a_payment_is_seen_before_its_block_and_settles_with_it(shop: ChainShop, node: Bitcoin) -> None:
    payment = shop.create("0.005")
    tx_id = node.pay(to(payment), SMALL)
    shop.follow()
    found = shop.status(payment)
    assert (found["state"], found["amountPending"], found["amountReceived"]) == (
        "CONFIRMING",
        "0.00500000",
        "0.00000000",
    )
    assert found["chain"] == {
        "network": "bitcoin",
        "confirmations": 0,
        "confirmationsRequired": 1,
        "txIds": [tx_id],
    }
    node.mine()
    shop.follow()
    settled = shop.status(payment)
    assert (settled["state"], settled["amountReceived"], settled["exceptions"]) == ("SETTLED", "0.00500000", [])
    assert shop.states(payment) == ["CREATED", "PENDING", "CONFIRMING", "SETTLED"]
    assert shop.kinds(payment) == ["payment.settled"]


@pytest.mark.parametrize(("amount", "blocks"), [("0.01", 1), ("0.01000001", 3), ("0.1", 3), ("0.10000001", 6)])
def test_how_many_blocks_it_takes_goes_by_what_is_due(
    shop: ChainShop, node: Bitcoin, amount: str, blocks: int
) -> None:
    payment = shop.create(amount)
    assert payment["action"]["confirmationsRequired"] == blocks
    node.pay(to(payment), int(amount.replace("0.", "").ljust(8, "0")))
    if blocks > 1:
        node.mine(blocks - 1)
        shop.follow()
        waiting = shop.status(payment)
        assert (waiting["state"], waiting["chain"]["confirmations"]) == ("CONFIRMING", blocks - 1)
    node.mine()
    shop.follow()
    assert (shop.status(payment)["state"], shop.status(payment)["amountReceived"][:3]) == ("SETTLED", amount[:3])


def test_x8_replaced_by_one_that_pays_as_much_counts_once(shop: ChainShop, node: Bitcoin) -> None:
    payment = shop.create("0.005")
    first = node.pay(to(payment), SMALL)
    assert seen(shop, payment) == ("CONFIRMING", "0.00500000", [first])
    second = node.bump(first)
    assert seen(shop, payment) == ("CONFIRMING", "0.00500000", [second])
    node.mine()
    assert seen(shop, payment) == ("SETTLED", "0.00000000", [second])
    assert shop.status(payment)["amountReceived"] == "0.00500000"
    assert shop.kinds(payment) == ["payment.settled"]


def test_x8_replaced_by_one_that_does_not_pay_is_pending_again(shop: ChainShop, node: Bitcoin) -> None:
    payment = shop.create("0.005")
    first = node.pay(to(payment), SMALL)
    assert seen(shop, payment)[0] == "CONFIRMING"
    node.double_spend(first)
    assert seen(shop, payment) == ("PENDING", "0.00000000", [])
    node.mine()
    assert seen(shop, payment) == ("PENDING", "0.00000000", [])
    node.pay(to(payment), SMALL)
    node.mine()
    assert seen(shop, payment)[0] == "SETTLED"
    assert shop.kinds(payment) == ["payment.settled"]


def test_x8_double_spent_in_a_block_without_a_word_in_between(shop: ChainShop, node: Bitcoin) -> None:
    payment = shop.create("0.005")
    first = node.pay(to(payment), SMALL)
    assert seen(shop, payment)[0] == "CONFIRMING"
    node.double_spend(first)
    node.mine(2)
    assert seen(shop, payment) == ("PENDING", "0.00000000", [])


def test_dropped_from_the_pool_is_pending_again(shop: ChainShop, node: Bitcoin) -> None:
    payment = shop.create("0.005")
    first = node.pay(to(payment), SMALL)
    assert seen(shop, payment)[0] == "CONFIRMING"
    node.drop(first)
    assert seen(shop, payment) == ("PENDING", "0.00000000", [])
    node.mine()


def test_x4_two_payments_in_one_transaction_and_two_outputs_to_one(shop: ChainShop, node: Bitcoin) -> None:
    one, other = shop.create("0.005"), shop.create("0.0075")
    tx_id = node.pay_many([(to(one), 200_000), (to(other), 750_000), (to(one), 300_000)])
    assert seen(shop, one) == ("CONFIRMING", "0.00500000", [tx_id])
    node.mine()
    for payment, amount in ((one, "0.00500000"), (other, "0.00750000")):
        assert seen(shop, payment) == ("SETTLED", "0.00000000", [tx_id])
        assert shop.status(payment)["amountReceived"] == amount
        assert shop.kinds(payment) == ["payment.settled"]


def test_x9_parts_add_up_and_a_satoshi_less_is_less(shop: ChainShop, node: Bitcoin) -> None:
    payment = shop.create("0.005")
    node.pay(to(payment), SMALL - 1000)
    node.mine()
    assert seen(shop, payment)[0] == "CONFIRMING"
    assert shop.status(payment)["amountReceived"] == "0.00499000"
    last = node.pay(to(payment), 999)
    node.mine()
    assert last in seen(shop, payment)[2]
    assert (shop.status(payment)["state"], shop.status(payment)["amountReceived"]) == ("CONFIRMING", "0.00499999")
    node.pay_many([(to(payment), 546)])
    node.mine()
    assert seen(shop, payment)[0] == "SETTLED"
    assert shop.kinds(payment) == ["payment.received", "payment.received", "payment.settled"]


def test_x7_the_chain_turns_before_it_settles(shop: ChainShop, node: Bitcoin) -> None:
    """What was in a block waits again, and is mined again."""
    payment = shop.create("0.05")
    tx_id = node.pay(to(payment), 10 * SMALL)
    node.mine(2)
    assert seen(shop, payment)[0] == "CONFIRMING"
    node.reorg(2)
    assert shop.follow().turns == 1
    found = shop.status(payment)
    assert (found["state"], found["chain"]["confirmations"], found["chain"]["txIds"]) == ("CONFIRMING", 0, [tx_id])
    node.mine(3)
    assert seen(shop, payment) == ("SETTLED", "0.00000000", [tx_id])
    assert shop.kinds(payment) == ["payment.settled"]


def test_x7_the_chain_turns_after_it_settled_and_mines_it_again(shop: ChainShop, node: Bitcoin) -> None:
    payment = shop.create("0.005")
    tx_id = node.pay(to(payment), SMALL)
    node.mine()
    assert seen(shop, payment)[0] == "SETTLED"
    shop.create("0.005")  # an open payment: the chain is followed to its head
    node.reorg(1)
    shop.follow()
    gone = shop.status(payment)
    assert (gone["state"], gone["amountWithdrawn"]) == ("REVERSED", "0.00500000")
    node.mine()
    shop.follow()
    back = shop.status(payment)
    assert (back["state"], back["amountWithdrawn"], back["chain"]["txIds"]) == ("SETTLED", "0.00000000", [tx_id])
    assert shop.kinds(payment) == ["payment.settled", "payment.reversed", "payment.reinstated"]


def test_x7_a_settled_payment_is_double_spent_by_the_chain_that_won(shop: ChainShop, node: Bitcoin) -> None:
    payment = shop.create("0.005")
    tx_id = node.pay(to(payment), SMALL)
    node.mine()
    assert seen(shop, payment)[0] == "SETTLED"
    shop.create("0.005")  # an open payment: the chain is followed to its head
    node.rpc("invalidateblock", node.rpc("getbestblockhash"))
    node.double_spend(tx_id)
    node.mine(2)
    shop.follow()
    gone = shop.status(payment)
    assert (gone["state"], gone["amountWithdrawn"], gone["chain"]["txIds"]) == ("REVERSED", "0.00500000", [])
    assert shop.kinds(payment) == ["payment.settled", "payment.reversed"]


def test_a_shorter_chain_is_followed_when_it_has_grown(shop: ChainShop, node: Bitcoin) -> None:
    payment = shop.create("0.05")
    node.pay(to(payment), 10 * SMALL)
    node.mine(2)
    assert seen(shop, payment)[0] == "CONFIRMING"
    node.rpc("invalidateblock", node.rpc("getblockhash", node.rpc("getblockcount") - 1))
    shop.follow()  # the node only lacks blocks: it says nothing against them yet
    node.mine_empty()
    shop.follow()
    node.mine_empty(2)
    shop.follow()
    found = shop.status(payment)
    assert (found["state"], found["chain"]["confirmations"]) == ("CONFIRMING", 0)
    node.mine(3)
    assert seen(shop, payment)[0] == "SETTLED"
    assert shop.kinds(payment) == ["payment.settled"]


def test_x12_dust_by_the_thousand_hides_nothing(shop: ChainShop, node: Bitcoin) -> None:
    payment = shop.create("0.005")
    for _ in range(4):
        node.pay_many([(to(payment), 546)] * 250)
    tx_id = node.pay(to(payment), SMALL)
    assert tx_id in seen(shop, payment)[2]
    node.mine()
    shop.follow(5)
    found = shop.status(payment)
    assert (found["state"], found["amountReceived"]) == ("SETTLED", "0.01046000")


def test_coins_mined_straight_to_an_address_are_no_payment(shop: ChainShop, node: Bitcoin) -> None:
    payment = shop.create("0.005")
    node.rpc("generatetoaddress", 2, to(payment))
    assert seen(shop, payment) == ("PENDING", "0.00000000", [])
