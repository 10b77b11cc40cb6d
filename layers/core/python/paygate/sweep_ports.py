"""What collecting money from payments' addresses needs of a chain, and what it says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class PaidAddress:
    """An address that received final money, and where it derives from: `account` is that key's name.

    `outpoints` are the transfers, `<tx id>:<index>`.
    """

    key: str
    address: str
    account: str
    path: str
    outpoints: Sequence[str]

    @property
    def index(self) -> int:
        return int(self.path.rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """JSON values only. `needs` is what it takes, per address and in sum; `left_out` says why, for each."""

    transactions: Sequence[Mapping[str, Any]]
    collects: Mapping[str, str]
    needs: Mapping[str, Any]
    left_out: Sequence[Mapping[str, Any]]


class Collector(Protocol):
    """Asks a node what lies at addresses, and makes unsigned transactions of it. It sends nothing."""

    def plan(self, addresses: Sequence[PaidAddress], least: int, /) -> SweepPlan:
        """`least`: tokens of fewer units than these are left. Raises NodeUnavailable, NodeMisled."""


class SweepStore(Protocol):
    def paid(self, network: str, since: datetime, /) -> Sequence[PaidAddress]:
        """Those of payments that are over or settled and wait for nothing, by what came there from `since` on."""
