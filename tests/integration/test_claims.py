"""Payers who say which transaction paid: what counts, what does not, and that asking often gains nothing."""

from __future__ import annotations

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from paygate.domain.errors import InvalidField, NotClaimable, TooManyClaims
from paygate.services.claim_transaction import MOST
from tests.support.chain_shop import ChainShop, chain_shop, to

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.evm import EvmNode

USDT, ETHER = 10**6, 10**18


@pytest.fixture(scope="module")
def shop(stack: Stack, app: App, evm_node: EvmNode) -> Iterator[ChainShop]:
    settings = {
        **evm_node.server.env,
        "USDT_ERC20_CONFIRMATIONS": "3",
        "ETH_CONFIRMATIONS": "3",
    }
    with chain_shop(stack, "USDT_ERC20", settings) as found:
        yield found


def claim(shop: ChainShop, payment: Mapping[str, Any], tx_id: str) -> dict[str, Any]:
    return dict(json.loads(shop.app.payments.claim_transaction(payment["paymentId"], tx_id, "a key")))


def test_what_pays_counts_at_once_and_is_final_no_sooner(shop: ChainShop, evm_node: EvmNode) -> None:
    payment = shop.create("10")
    shop.follow()
    tx_id = evm_node.pay_token(to(payment), 10 * USDT)
    assert claim(shop, payment, "0x" + tx_id.upper())["outcome"] == "COUNTS"
    found = shop.status(payment)
    assert (found["state"], found["amountPending"], found["chain"]["txIds"]) == ("CONFIRMING", "10.000000", [tx_id])
    shop.follow()
    assert (shop.status(payment)["state"], shop.status(payment)["amountPending"]) == ("CONFIRMING", "10.000000")
    evm_node.mine(2)
    shop.follow()
    assert claim(shop, payment, tx_id)["amount"] == "10.000000"
    settled = shop.status(payment)
    assert (settled["state"], settled["amountReceived"], settled["exceptions"]) == ("SETTLED", "10.000000", [])


def test_what_does_not_pay_is_told_why(shop: ChainShop, evm_node: EvmNode) -> None:
    payment, other = shop.create("10"), shop.create("10")
    shop.follow()
    said = {
        "PAYS_ANOTHER": evm_node.pay_token(to(other), 10 * USDT),
        "FAILED": evm_node.revert_transfer(to(payment), 10 * USDT),
        "WRONG_ASSET": evm_node.pay_eth(to(payment), ETHER),
        "NOT_FOUND": "ab" * 32,
    }
    fake = evm_node.fake_transfer(to(payment), 10 * USDT)
    assert {outcome: claim(shop, payment, tx_id)["outcome"] for outcome, tx_id in said.items()} == {
        outcome: outcome for outcome in said
    }
    assert claim(shop, payment, fake)["outcome"] == "PAYS_ANOTHER"
    assert shop.status(payment)["amountPending"] == "0.000000"


def test_one_that_waits_for_a_block_waits(shop: ChainShop, evm_node: EvmNode) -> None:
    payment = shop.create("10")
    with evm_node.mining_paused():
        tx_id = evm_node.pay_token(to(payment), 10 * USDT)
        assert claim(shop, payment, tx_id)["outcome"] == "WAITING"
    assert claim(shop, payment, tx_id)["outcome"] == "COUNTS"


def test_a_claim_whose_block_the_chain_drops_is_dropped(shop: ChainShop, evm_node: EvmNode) -> None:
    payment = shop.create("10")
    shop.follow()
    tx_id = evm_node.pay_token(to(payment), 10 * USDT)
    assert claim(shop, payment, tx_id)["outcome"] == "COUNTS"
    evm_node.reorg(1)
    evm_node.mine(3)
    shop.follow()
    found = shop.status(payment)
    assert (found["state"], found["amountPending"], found["amountReceived"]) == ("PENDING", "0.000000", "0.000000")


def test_claimed_by_many_at_once_while_it_is_read_counts_once(shop: ChainShop, evm_node: EvmNode) -> None:
    payment = shop.create("10")
    tx_id = evm_node.pay_token(to(payment), 10 * USDT)
    evm_node.mine(2)
    with ThreadPoolExecutor(8) as pool:
        claims = [pool.submit(claim, shop, payment, tx_id) for _ in range(12)]
        runs = [pool.submit(shop.follow, 1.0) for _ in range(2)]
        assert {each.result()["outcome"] for each in claims} == {"COUNTS"}
        assert [run.result().troubles for run in runs] == [0, 0]
    shop.follow()
    settled = shop.status(payment)
    assert (settled["state"], settled["amountReceived"]) == ("SETTLED", "10.000000")
    assert shop.kinds(payment) == ["payment.settled"]


def test_hundreds_of_claims_ask_the_node_a_few_times(shop: ChainShop) -> None:
    """Different ones, by many at once."""
    payment = shop.create("10")
    refused = []

    def one(_: int) -> None:
        try:
            claim(shop, payment, secrets.token_hex(32))
        except TooManyClaims as error:
            refused.append(error)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(300)))
    assert len(refused) == 300 - MOST
    [[kept]] = shop.run("SELECT count(*) FROM claims WHERE payment_id = :id", id=payment["paymentId"])
    assert kept == MOST


def test_only_transactions_of_payments_on_chains(shop: ChainShop, app: App, stack: Stack) -> None:
    with pytest.raises(InvalidField, match="64 hexadecimal"):
        claim(shop, shop.create("1"), "0x1234")
    from tests.support.shop import Shop

    found = Shop(stack.gateway.url, stack.api_key).created()
    with pytest.raises(NotClaimable):
        app.payments.claim_transaction(found["paymentId"], "ab" * 32, "a key")
