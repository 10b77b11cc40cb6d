"""What disputes hold of a charge (docs.stripe.com/disputes/how-disputes-work, docs.stripe.com/api/disputes/object).

A dispute takes its amount out of our balance and, won in whole or in part, gives it back; each move is one of its
`balance_transactions`. An inquiry (`warning_…`) has none, and moves nothing. Fees are between the processor and us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.rails.card import wire
from paygate.domain.errors import OutcomeUnknown
from paygate.domain.money import Money

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paygate.adapters.rails.card.wire import Json


def withdrawn(disputes: Iterable[Json], received: Money) -> Money:
    """The sum that is held now, at most what was received."""
    held = sum(_held(dispute, received) for dispute in disputes)
    return Money(min(held, received.units), received.asset)


def _held(dispute: Json, received: Money) -> int:
    moves = dispute.get("balance_transactions")
    if not isinstance(moves, list) or not all(isinstance(move, dict) for move in moves):
        raise OutcomeUnknown("the card processor's dispute cannot be read")
    net = -sum(_amount(move) for move in moves)
    currency = received.asset.code.lower()
    if all(wire.text(move, "currency") == currency for move in moves):
        return max(net, 0)
    # Our balance is in another currency, and its rate moves between taking and giving back.
    is_over = wire.text(dispute, "status") == "won" or net <= 0
    return 0 if is_over else _disputed(dispute, received)


def _amount(move: Json) -> int:
    value = move.get("amount")
    if not isinstance(value, int) or isinstance(value, bool):
        raise OutcomeUnknown("the card processor's dispute cannot be read")
    return value


def _disputed(dispute: Json, received: Money) -> int:
    try:
        amount = wire.money(dispute, "amount")
    except ValueError:
        return received.units
    return amount.units if amount.asset == received.asset else received.units
