"""What the services need to sign refunds with a key that its keeper never gives out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.chain_ports import PayoutOrder, Unsigned
    from paygate.domain.money import Asset, Money


class KeyUnavailable(Exception):
    """The key's keeper did not answer, or not now."""


class KeyUnusable(Exception):
    """It is another kind of key, or may not be used, or what came back is no signature."""


@dataclass(frozen=True, slots=True)
class SigningRule:
    """How much of an asset may be signed, in its units: of one refund, of all in a day (UTC), and of one refund
    that no second person has approved.
    """

    asset: Asset
    most: int
    most_per_day: int
    approval_above: int = 0


class SigningKey(Protocol):
    """A key on secp256k1. Both raise KeyUnavailable and KeyUnusable."""

    def point(self) -> bytes:
        """The public key, uncompressed: 04, x, y (SEC 1, section 2.3.3)."""

    def sign(self, digest: bytes, /) -> tuple[int, int]:
        """r and s (SEC 1, section 4.1.3), s in the lower half of the order."""


class Sealing(Protocol):
    """How a network's transactions are signed. It holds no key."""

    def is_of(self, point: bytes, /) -> bool:
        """Whether the treasury is this key's."""

    def digest(self, order: PayoutOrder, unsigned: Unsigned, /) -> bytes:
        """What is to be signed. Raises ValueError when what was prepared is not what pays the order."""

    def seal(self, order: PayoutOrder, unsigned: Unsigned, signature: tuple[int, int], /) -> str:
        """The signed transaction, as `Treasury.check` takes it. Raises ValueError when another key signed."""


class Sealings(Protocol):
    def by_name(self, network: str, /) -> Sealing | None:
        """None where there is no treasury, or none whose transactions can be signed so."""


class SigningStore(Protocol):
    def turns(self, asset: Asset, most: int, /) -> Sequence[str]:
        """Refunds in the asset that wait for a transaction to be signed, those first that were looked at longest
        ago. Nobody gets the same ones within the minute.
        """

    def reserve(self, refund_id: str, amount: Money, most_per_day: int, /) -> bool:
        """Take the amount out of what may be signed today, once a day; False when that is not there. Nothing gives
        it back.
        """

    def approve(self, refund_id: str, by: str, /) -> bool:
        """Once, for a refund that is under way, by another key than the one that asked for it."""

    def approval(self, refund_id: str, /) -> str | None:
        """As a JSON document."""
