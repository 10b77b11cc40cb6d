"""Ether that a contract sends, at a node that does not trace: only a final block's balances show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.chain_shop import ChainShop, chain_shop, to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.evm import EvmNode

ETHER = 10**18


@pytest.fixture(scope="module")
def shop(stack: Stack, app: App, evm_node: EvmNode) -> Iterator[ChainShop]:
    settings = {**evm_node.server.env, "ETHEREUM_TRACES": "none", "ETH_CONFIRMATIONS": "1"}
    with chain_shop(stack, "ETH", settings) as found:
        yield found


@pytest.mark.parametrize("is_over", [False, True])
def test_x5_it_is_found_at_a_final_block_also_when_the_payments_time_was_up_before(
    shop: ChainShop, evm_node: EvmNode, *, is_over: bool
) -> None:
    """It was paid in time; what is final lies a quarter of an hour back, and the payment ends meanwhile."""
    payment = shop.create("0.25")
    shop.follow()
    evm_node.pay_inside(to(payment), ETHER // 4)
    shop.follow()
    if is_over:
        shop.run(
            "UPDATE payments SET created_at = now() - interval '1 h', expires_at = now() - interval '1 min'"
            " WHERE id = :id",
            id=payment["paymentId"],
        )
        evm_node.mine()
        shop.follow()
        shop.app.expire(2)
        assert shop.status(payment)["state"] == "EXPIRED"
    shop.create("1")
    evm_node.finalize()
    shop.follow()
    found = shop.status(payment)
    assert (found["state"], found["amountReceived"]) == ("SETTLED", "0.250000000000000000")
    assert shop.kinds(payment)[-1] == "payment.settled"
