"""What the services need for what an operator does by hand, as the schema's owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from paygate.domain.money import Asset


@dataclass(frozen=True, slots=True)
class HeldRefund:
    """`amount` is shown with its asset's code; `address` is where it goes to."""

    id: str
    payment_id: str
    network: str
    amount: str
    address: str


@dataclass(frozen=True, slots=True)
class LostAddresses:
    """Indexes of an account: `first` ≤ index < `end`."""

    account: str
    first: int
    end: int


class OperatorStore(Protocol):
    """Each is safe to repeat."""

    def close(self) -> None:
        """Nothing of the application reads or writes from now on."""

    def reopen(self) -> None: ...

    def is_closed(self) -> bool: ...

    def begin_epoch(self, floor: int, restored_to: datetime, /) -> int:
        """The epoch of this restore: `floor`, or what it was when it was begun before."""

    def pass_over_addresses(self, epoch: int, accounts: Collection[str], most: int, /) -> Sequence[LostAddresses]:
        """Give none again that was given since: at least `most` of each account are passed over."""

    def raise_sequences(self, epoch: int, after: str, most: int, /) -> str | None:
        """Of the next `most` payments behind `after`; the last of them."""

    def hold_refunds(self, epoch: int, /) -> Sequence[HeldRefund]:
        """Those on chains that are under way and were not released in this epoch."""

    def release_refund(self, refund_id: str, /) -> int | None:
        """The epoch that it was held in; None when it is not held."""

    def ask_all_again(self) -> None:
        """What waits for a rail's answer is due now."""

    def use_up_signing(self, asset: Asset, units: int, /) -> None:
        """Count `units` as signed today."""

    def payments_at_rails(self, after: str, most: int, /) -> Sequence[str]:
        """The next ids behind `after` whose rails can be asked."""


class Eraser(Protocol):
    def erase(self, payment_id: str, /) -> Sequence[str] | None:
        """Everything about a payer that is stored with a payment; None while something is still to come of it.

        Answers the idempotency keys whose stored answers showed it. Raises NotFound.
        """

    def forget(self, kind: str, after: str, before: datetime, most: int, /) -> tuple[str | None, int]:
        """Empty the next `most` `callbacks` or `transfers`, behind the id `after`, that were stored before then;
        answers the last of them (None: there are no more) and how many were not empty.
        """


class Resealer(Protocol):
    def reseal(self, seconds: float, /) -> int:
        """Seal anew, under the newest key, what lasts longer than stored answers do; how much."""
