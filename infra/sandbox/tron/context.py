from dataclasses import dataclass

from infra.sandbox.ledger import Db, Ledger
from infra.sandbox.tron import settings
from infra.sandbox.tron.chain import Chain
from infra.sandbox.tron.mempool import Mempool
from infra.sandbox.tron.state import AsOf, State


@dataclass(frozen=True)
class Node:
    """The simulated node's parts, as its routes use them."""

    ledger: Ledger
    chain: Chain
    mempool: Mempool
    public_url: str


@dataclass(frozen=True)
class View:
    """What one call may see: the chain up to `head`, whose last final block is `solid`.

    `twist` is what a node on another chain would answer instead: it changes every block's hash.
    """

    db: Db
    chain: Chain
    head: int
    solid: int
    is_solid: bool = False
    twist: int = 0

    @property
    def top(self) -> int:
        return self.solid if self.is_solid else self.head

    @property
    def state(self) -> State:
        return AsOf(self.db, self.top)


def view(node: Node, db: Db, *, is_solid: bool, behind: int = 0, twist: int = 0) -> View:
    head = max(0, node.chain.head(db).number - behind)
    solid = max(0, head - settings.number(db, "solid_lag"))
    return View(db, node.chain, head, solid, is_solid, twist)
