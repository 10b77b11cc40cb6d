"""What a unit of gas is offered."""

import pytest

from paygate.adapters.chains.evm.fees import GWEI, Fees, above, greater, market
from paygate.domain.errors import NodeUnavailable


@pytest.mark.parametrize(
    ("base", "tip", "price", "fees"),
    [
        (30 * GWEI, 2 * GWEI, 32 * GWEI, Fees(62 * GWEI, 2 * GWEI)),
        (30 * GWEI, None, 32 * GWEI, Fees(62 * GWEI, 2 * GWEI)),  # the node has no eth_maxPriorityFeePerGas
        (30 * GWEI, 99 * GWEI, 0, Fees(90 * GWEI, 30 * GWEI)),  # a tip above the base fee buys nothing
        (0, 99 * GWEI, 0, Fees(5 * GWEI, 5 * GWEI)),
        (GWEI, None, 0, Fees(2 * GWEI, 0)),
        (None, None, 3 * GWEI, Fees(3 * GWEI, None)),
        (None, 1, 3 * GWEI, Fees(3 * GWEI, None)),
    ],
)
def test_the_market(base: int | None, tip: int | None, price: int, fees: Fees) -> None:
    assert market(base, tip, price) == fees


@pytest.mark.parametrize(("base", "price"), [(501 * GWEI, 0), (None, 1001 * GWEI), (2**200, 0)])
def test_beyond_reason_nothing_is_paid(base: int | None, price: int) -> None:
    with pytest.raises(NodeUnavailable):
        market(base, 0, price)


@pytest.mark.parametrize(
    ("before", "now", "fees"),
    [
        (Fees(80, 8), Fees(1, 1), Fees(90, 9)),
        (Fees(81, 9), Fees(1, 1), Fees(92, 11)),  # rounded up
        (Fees(80, 8), Fees(200, 50), Fees(200, 50)),  # the market rose more
        (Fees(80, 8), Fees(85, 50), Fees(90, 50)),
        (Fees(8, 0), Fees(1, 0), Fees(9, 1)),  # of nothing an eighth is nothing, and nodes want more
        (Fees(80, None), Fees(1, 1), Fees(90, 90)),  # a price of the older kind counts for both
        (Fees(80, 8), Fees(1, None), Fees(90, None)),
        (Fees(8, 8), Fees(1, 40), Fees(40, 40)),
    ],
)
def test_who_takes_anothers_place_pays_more(before: Fees, now: Fees, fees: Fees) -> None:
    assert above(now, before) == fees


def test_of_two_the_greater_of_each() -> None:
    assert greater(Fees(5, 3), Fees(4, 4)) == Fees(5, 4)
    assert greater(Fees(5, None), Fees(9, 1)) == Fees(9, 5)
