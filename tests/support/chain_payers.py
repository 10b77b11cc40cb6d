"""Payers who pay at random while their chain turns, and the account of it by what the chain holds in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.at_once import until

if TYPE_CHECKING:
    from random import Random

    from tests.support.chain_shop import ChainShop
    from tests.support.evm import EvmNode

USDT = 10**6
DUE = 10 * USDT
_DEEPEST = 3


@dataclass
class Payers:
    """Each payment is over 10 USDT, and paid in parts, too much, twice at once, or never."""

    shop: ChainShop
    node: EvmNode
    random: Random
    payments: list[dict[str, Any]] = field(default_factory=list)
    newest: list[list[str]] = field(default_factory=list)
    """Transactions of the newest blocks, a list for each block."""

    def arrive(self, count: int) -> None:
        self.payments += [self.shop.create("10") for _ in range(count)]

    def act(self) -> None:
        """Somebody pays, or the chain grows, or turns."""
        what = self.random.random()
        if what < 0.6:
            self.pay()
        elif what < 0.8 or len(self.newest) <= _DEEPEST:
            self.node.mine()
            self.newest.append([])
        else:
            self.turn(self.random.randint(1, _DEEPEST))

    def pay(self) -> None:
        to = [payment["action"]["address"] for payment in self.random.sample(self.payments, 2)]
        units = [self.random.choice((DUE, DUE, DUE, DUE // 2, DUE + 1, DUE - 1)) for _ in to]
        if self.random.random() < 0.2:
            self.newest.append([self.node.pay_many([*zip(to, units, strict=True), (to[0], 1)])])
        else:
            self.newest.append([self.node.pay_token(to[0], units[0])])

    def turn(self, depth: int) -> None:
        """Some of what was in the last blocks is in the first new one, in its order; the rest never was."""
        gone = [tx_id for block in self.newest[-depth:] for tx_id in block]
        kept = gone[: self.random.randint(0, len(gone))]
        self.node.reorg(depth, kept)
        self.newest[-depth:] = [kept, *[[] for _ in range(depth - 1)]]

    # ------------------------------------------------------------ the account

    def calm(self) -> None:
        """The chain stands, all of it is read, and what was left lying is booked."""
        self.arrive(1)  # one that waits: the chain is read to its head
        self.node.finalize()
        self.shop.run("UPDATE chain_cursors SET watched_until = NULL")
        until(self._is_read, "the chain was read", 60)
        self.shop.run("UPDATE transfer_queue SET available_at = now()")
        self.shop.app.resolve(5)

    def _is_read(self) -> bool:
        return self.shop.follow().height == self.node.height

    def wrong(self) -> dict[str, Any]:
        """What does not agree with the chain, by payment; empty when all does."""
        found = {}
        for payment in self.payments:
            held = self.node.tokens(payment["action"]["address"])
            said, kinds = self.shop.status(payment), self.shop.kinds(payment)
            [[received, withdrawn, pending]] = self.shop.run(
                "SELECT received, withdrawn, pending FROM payments WHERE id = :id", id=payment["paymentId"]
            )
            is_right = (
                received - withdrawn == held
                and pending == 0
                and said["state"] == _state(held, kinds)
                and kinds.count("payment.settled") == ("payment.settled" in kinds)
                and _are_turns(kinds)
            )
            if not is_right:
                found[payment["paymentId"]] = (held, received, withdrawn, pending, said["state"], kinds)
        return found

    def left(self) -> dict[str, Any]:
        """What must not be there when all is calm."""
        [[height, block_hash]] = self.shop.run("SELECT height, block_hash FROM chain_cursors")
        true_hash = self.node.block(height)["hash"].removeprefix("0x")
        return {
            what: rows
            for what, rows in {
                "queued": self.shop.run("SELECT transfer_id FROM transfer_queue"),
                "a cursor beside the chain": [] if true_hash == block_hash else [height],
                "moving": self.shop.run("SELECT id FROM transfers WHERE status = 'PENDING'"),
                "cases": self.shop.run("SELECT kind FROM operator_cases"),
            }.items()
            if rows
        }


def _state(held: int, kinds: list[str]) -> str:
    if held >= DUE:
        return "SETTLED"
    if "payment.settled" in kinds:
        return "REVERSED"
    return "CONFIRMING" if held else "PENDING"


def _are_turns(kinds: list[str]) -> bool:
    """A reversal follows a settlement or a reinstatement, and a reinstatement a reversal."""
    last = ""
    for kind in kinds:
        if kind == "payment.reinstated" and last != "payment.reversed":
            return False
        if kind in ("payment.settled", "payment.reversed", "payment.reinstated"):
            last = kind
    return True
