"""Payments on TRON, from the address that a payer is shown to the event that the shop gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.chain_shop import ChainShop, chain_shop, to
from tests.support.tron import Tron

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App


@pytest.fixture(scope="module")
def tron(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tron]:
    with Tron.alone(tmp_path_factory.mktemp("tron")) as node:
        yield node


@pytest.fixture(scope="module")
def shop(stack: Stack, app: App, tron: Tron) -> Iterator[ChainShop]:
    """Small payments need three blocks, larger ones wait until the chain calls them solid."""
    settings = {
        **tron.env,
        "USDT_TRC20_CONFIRMATIONS": "100:3,final",
    }
    with chain_shop(stack, "USDT_TRC20", settings) as found:
        yield found


def test_a_payment_is_seen_confirmed_and_settled(shop: ChainShop, tron: Tron) -> None:
    payment = shop.create("12.5")
    tx_id = tron.pay(to(payment), "12.5")
    shop.follow()
    assert shop.status(payment)["state"] == "PENDING"  # TRON shows nothing before it is in a block
    tron.mine()
    shop.follow()
    seen = shop.status(payment)
    assert (seen["state"], seen["amountPending"]) == ("CONFIRMING", "12.500000")
    assert seen["chain"] == {"network": "tron", "confirmations": 1, "confirmationsRequired": 3, "txIds": [tx_id]}
    tron.mine(2)
    shop.follow()
    settled = shop.status(payment)
    assert (settled["state"], settled["amountReceived"], settled["exceptions"]) == ("SETTLED", "12.500000", [])
    assert shop.states(payment) == ["CREATED", "PENDING", "CONFIRMING", "SETTLED"]
    assert shop.kinds(payment) == ["payment.settled"]


def test_a_large_payment_waits_until_it_is_solid(shop: ChainShop, tron: Tron) -> None:
    payment = shop.create("100.01")
    tron.pay(to(payment), "100.01")
    [block] = tron.mine()
    tron.mine(tron.chain["solid_lag"] - 1)
    assert tron.solid == block["number"] - 1
    shop.follow()
    assert shop.status(payment)["state"] == "CONFIRMING"
    tron.mine()
    shop.follow()
    assert shop.status(payment)["state"] == "SETTLED"


@pytest.mark.parametrize("how", ["energy", "revert"])
def test_x3_what_ran_out_of_energy_or_was_reverted_is_no_money(shop: ChainShop, tron: Tron, how: str) -> None:
    payment = shop.create("10")
    tron.fail(to(payment), "10", how)
    tron.mine(3)
    shop.follow()
    found = shop.status(payment)
    assert (found["state"], found["amountPending"], found["chain"]["txIds"]) == ("PENDING", "0.000000", [])


def test_x2_look_alikes_and_transfers_of_nothing(shop: ChainShop, tron: Tron) -> None:
    payment = shop.create("10")
    tron.fake(to(payment), "10")
    tron.zero(to(payment))
    tron.pay_trx(to(payment), "10")
    tron.mine(3)
    shop.follow()
    assert (shop.status(payment)["state"], shop.cases(payment)) == ("PENDING", [])


def test_x4_one_transaction_pays_two_payments_and_one_of_them_twice(shop: ChainShop, tron: Tron) -> None:
    one, other = shop.create("10"), shop.create("7.5")
    tron.pay_many((to(one), "4"), (to(other), "7.5"), (to(one), "6"))
    tron.mine(3)
    shop.follow()
    for payment, received in ((one, "10.000000"), (other, "7.500000")):
        found = shop.status(payment)
        assert (found["state"], found["amountReceived"], len(found["chain"]["txIds"])) == ("SETTLED", received, 1)
        assert shop.kinds(payment) == ["payment.settled"]


@pytest.mark.parametrize("then", ["again", "pending"])
def test_x7_a_chain_that_turns_and_mines_it_again_counts_it_once(shop: ChainShop, tron: Tron, then: str) -> None:
    payment = shop.create("10")
    tron.pay(to(payment), "10")
    tron.mine(2)
    shop.follow()
    assert shop.status(payment)["state"] == "CONFIRMING"
    tron.reorg(2, transactions=then)
    tron.mine(3)
    assert shop.follow().turns == 1
    settled = shop.status(payment)
    assert (settled["state"], settled["amountReceived"]) == ("SETTLED", "10.000000")
    assert shop.kinds(payment) == ["payment.settled"]


def test_x7_a_chain_that_turns_and_drops_it_waits_again(shop: ChainShop, tron: Tron) -> None:
    payment = shop.create("10")
    tron.pay(to(payment), "10")
    tron.mine(2)
    shop.follow()
    tron.reorg(2, transactions="drop")
    tron.mine(1)
    shop.follow()
    assert (shop.status(payment)["state"], shop.kinds(payment)) == ("PENDING", [])


def test_x7_orphaned_after_it_settled_is_reversed_and_mined_again_reinstated(shop: ChainShop, tron: Tron) -> None:
    payment = shop.create("10")
    tron.pay(to(payment), "10")
    tron.mine(4)
    shop.follow()
    assert shop.status(payment)["state"] == "SETTLED"
    shop.create("10")  # an open payment: the chain is followed to its head
    tron.reorg(4, transactions="drop")
    shop.follow()
    gone = shop.status(payment)
    assert (gone["state"], gone["amountWithdrawn"]) == ("REVERSED", "10.000000")
    tron.pay(to(payment), "10")
    tron.mine(4)
    shop.follow()
    back = shop.status(payment)
    assert (back["state"], back["amountWithdrawn"]) == ("SETTLED", "0.000000")
    assert shop.kinds(payment) == ["payment.settled", "payment.reversed", "payment.reinstated"]


def test_x12_dust_by_the_hundred_hides_nothing(shop: ChainShop, tron: Tron) -> None:
    payment = shop.create("10")
    for _ in range(5):
        tron.pay_many(*[(to(payment), "0.000001")] * 40)
    tron.pay(to(payment), "10")
    tron.mine(3)
    shop.follow(5)
    found = shop.status(payment)
    assert (found["state"], found["amountReceived"]) == ("SETTLED", "10.000200")


def test_x11_a_block_whose_receipts_cannot_be_had_is_not_passed(shop: ChainShop, tron: Tron) -> None:
    payment = shop.create("10")
    shop.follow()
    before = shop.cursor()
    tron.pay(to(payment), "10")
    [paid] = tron.mine()
    tron.mine(3)
    tron.fault("http_error", "wallet/gettransactioninfobyblocknum", count=1000, of=paid["number"])
    assert shop.follow().troubles > 0
    assert before <= shop.cursor() < paid["number"]
    tron.heal()
    shop.follow()
    assert shop.status(payment)["state"] == "SETTLED"
