"""What a unit of gas costs: by the market (EIP-1559), within reason, and enough to take another's place."""

from __future__ import annotations

from dataclasses import dataclass

from paygate.domain.errors import NodeUnavailable

GWEI = 10**9
_MOST = 1000 * GWEI  # an hour of it was never seen: whoever pays that has been told nonsense, or can wait
# A tip beyond the base fee itself buys nothing but by auctions of other kinds; where there is hardly a base fee,
# as on BNB Smart Chain, the tip is the price.
_SMALL_TIP = 5 * GWEI
# The base fee grows by an eighth a block at most (EIP-1559): twice as much lasts for six full blocks.
_ROOM = 2
# geth and its kin take another transaction with the same nonce for a tenth more, of both (its txpool.pricebump).
_RAISE = 8


@dataclass(frozen=True, slots=True)
class Fees:
    """In wei. Without a tip it is one price, as it was before EIP-1559."""

    most: int
    tip: int | None


def market(base: int | None, tip: int | None, price: int) -> Fees:
    """By the newest block's base fee, the node's suggested tip, and the price that it names for both together.

    Raises NodeUnavailable where the price is beyond reason: it is not the time to pay.
    """
    if base is None:
        found = Fees(price, None)
    else:
        wanted = max(price - base, 0) if tip is None else tip
        bounded = min(wanted, max(_SMALL_TIP, base))
        found = Fees(_ROOM * base + bounded, bounded)
    if found.most > _MOST:
        raise NodeUnavailable(f"gas is said to cost more than {_MOST // GWEI} gwei: refunds wait until it is less")
    return found


def above(least: Fees, other: Fees) -> Fees:
    """At least the market's, and so much more than the other's that nodes let it take its place."""
    if least.tip is None:
        return Fees(max(least.most, _raised(other.most)), None)
    tip = max(least.tip, _raised(_tip(other)))
    return Fees(max(least.most, _raised(other.most), tip), tip)


def greater(one: Fees, two: Fees) -> Fees:
    """Of each the higher."""
    return Fees(max(one.most, two.most), max(_tip(one), _tip(two)))


def _tip(fees: Fees) -> int:
    """Nodes take a price of the older kind for both."""
    return fees.most if fees.tip is None else fees.tip


def _raised(fee: int) -> int:
    """By an eighth, and by something."""
    return fee + max(-(-fee // _RAISE), 1)
