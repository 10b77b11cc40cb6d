"""An Ethereum or BSC node of a test's own, and everything that may happen on it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from infra.evm.contracts import (
    BATCH_PAYER,
    FORWARDER,
    LOOK_ALIKE,
    MAKER,
    PAYER,
    REVERTER,
    TETHER,
    address,
    call_data,
)
from infra.local.server import StartFailed
from infra.local.servers.anvil import Anvil, binary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

GAS = 500_000  # enough for any call here; a node that is not asked does not refuse what fails


class EvmNode:
    """Every way of paying answers with the transaction's id (lower-case hex, without 0x).

    Receivers may be written with 0x or without, in any case. A transaction is in a block when the call comes back,
    unless mining is paused. `server` can be paused, killed and restarted.
    """

    token = TETHER
    look_alike = LOOK_ALIKE
    payer = PAYER

    def __init__(self, server: Anvil) -> None:
        self.server = server
        self.rpc = server.node()
        self._is_mining = True

    @property
    def url(self) -> str:
        return self.server.url

    def close(self) -> None:
        self.rpc.close()

    # ------------------------------------------------------------ paying

    def pay_token(self, to: str, units: int) -> str:
        return self._send(TETHER, call_data("Tether", "transfer(address,uint256)", to, units))

    def pay_eth(self, to: str, wei: int) -> str:
        return self._send(address(to), value=wei)

    def pay_inside(self, to: str, wei: int) -> str:
        """Ether that a contract sends on: neither the transaction's `to` nor a log tells of it."""
        return self._send(FORWARDER, call_data("Forwarder", "forward(address)", to), value=wei)

    def pay_inside_in_vain(self, to: str, wei: int) -> str:
        """The transaction succeeds; the call inside it that sent the ether was undone."""
        return self._send(FORWARDER, call_data("Forwarder", "forwardInVain(address)", to), value=wei)

    def pay_many(self, units: Mapping[str, int] | Sequence[tuple[str, int]]) -> str:
        """Tokens to several receivers, or to one of them several times, in one transaction."""
        to, values = _columns(units)
        signature = "payTokens(address,address[],uint256[])"
        return self._send(BATCH_PAYER, call_data("BatchPayer", signature, TETHER, to, values))

    def pay_eth_to_many(self, wei: Mapping[str, int] | Sequence[tuple[str, int]]) -> str:
        to, values = _columns(wei)
        data = call_data("BatchPayer", "payEther(address[],uint256[])", to, values)
        return self._send(BATCH_PAYER, data, value=sum(values))

    # ------------------------------------------------------------ what is no money

    def fake_transfer(self, to: str, units: int, sender: str = PAYER) -> str:
        """A Transfer of a token that only looks like Tether."""
        data = call_data("LookAlike", "tell(address,address,uint256)", sender, to, units)
        return self._send(LOOK_ALIKE, data)

    def zero_transfer(self, sender: str, to: str) -> str:
        """A true token's Transfer of nothing, which anybody can make in anybody's name."""
        data = call_data("Tether", "transferFrom(address,address,uint256)", sender, to, 0)
        return self._send(TETHER, data)

    def approve_token(self, spender: str, units: int) -> str:
        """A log of the token's that is no Transfer, with the spender where a receiver would stand."""
        return self._send(TETHER, call_data("Tether", "approve(address,uint256)", spender, units))

    def revert_transfer(self, to: str, units: int) -> str:
        """A transaction that transferred tokens and then failed: it is in a block with status 0."""
        signature = "payTokenAndRevert(address,address,uint256)"
        return self._send(REVERTER, call_data("Reverter", signature, TETHER, to, units))

    def revert_eth(self, to: str, wei: int) -> str:
        return self._send(REVERTER, call_data("Reverter", "payEtherAndRevert(address)", to), value=wei)

    def blacklist(self, holder: str) -> str:
        return self._send(TETHER, call_data("Tether", "addBlackList(address)", holder), sender=MAKER)

    def destroy_blacklisted(self, holder: str) -> str:
        """Takes what a blacklisted address holds, without a Transfer."""
        return self._send(TETHER, call_data("Tether", "destroyBlackFunds(address)", holder), sender=MAKER)

    # ------------------------------------------------------------ the chain

    def mine(self, blocks: int = 1) -> int:
        """Returns the height afterwards. Block times do not run ahead of the clock."""
        self.rpc.call("anvil_mine", hex(blocks), hex(0))
        return self.height

    def finalize(self) -> int:
        """As many blocks as make what is there final."""
        return self.mine(2 * self.server.slots_in_an_epoch)

    def reorg(self, depth: int, keep: Sequence[str] = ()) -> None:
        """Replace the last `depth` blocks by as many others, without their transactions.

        Those in `keep` are mined again, all in the first new block. A payer's transactions are numbered: one can
        be kept only with all that the same payer sent before it in these blocks.
        """
        raw = [[self.rpc.call("eth_getRawTransactionByHash", f"0x{tx_id}"), 0] for tx_id in keep]
        self.rpc.call("anvil_reorg", depth, raw)
        assert all(self.receipt(tx_id) for tx_id in keep), "a transaction before a kept one was not kept"

    @contextmanager
    def mining_paused(self) -> Iterator[None]:
        """Transactions wait in the pool; `mine` still works. At the end they are mined."""
        self.pause_mining()
        try:
            yield
        finally:
            self.resume_mining()

    def pause_mining(self) -> None:
        self._is_mining = False
        self.rpc.call("evm_setAutomine", self._is_mining)

    def resume_mining(self) -> None:
        """Whatever waited is in a block afterwards."""
        self._is_mining = True
        self.rpc.call("evm_setAutomine", self._is_mining)
        self.mine()

    def drop(self, tx_id: str) -> None:
        """A waiting transaction is forgotten."""
        self.rpc.call("anvil_dropTransaction", f"0x{tx_id}")

    @property
    def height(self) -> int:
        return self.rpc.number("eth_blockNumber")

    @property
    def final_height(self) -> int:
        return int(self.block("finalized")["number"], 16)

    def block(self, height: int | str = "latest") -> dict[str, Any]:
        return self.rpc.block(height)

    def receipt(self, tx_id: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.rpc.call("eth_getTransactionReceipt", f"0x{tx_id}")
        return found

    def tokens(self, holder: str) -> int:
        asked = {"to": TETHER, "data": call_data("Tether", "balanceOf(address)", holder)}
        return self.rpc.number("eth_call", asked, "latest")

    def ether(self, holder: str) -> int:
        return self.rpc.number("eth_getBalance", address(holder), "latest")

    def _send(self, to: str, data: str = "0x", *, value: int = 0, sender: str = PAYER) -> str:
        tx_hash = self.rpc.send(sender, to, data, value=value, gas=GAS)
        if self._is_mining:
            self.rpc.receipt(tx_hash)
        return tx_hash.removeprefix("0x")


def _columns(payments: Mapping[str, int] | Sequence[tuple[str, int]]) -> tuple[list[str], list[int]]:
    pairs = list(payments) if not hasattr(payments, "items") else list(payments.items())
    return [to for to, _ in pairs], [units for _, units in pairs]


@contextmanager
def running_node(directory: Path, **options: Any) -> Iterator[EvmNode]:
    """`options` are Anvil's. The chain is gone with the node unless `keeps_chain` says otherwise."""
    require_anvil()
    with Anvil(directory, **{"keeps_chain": False, **options}) as server:
        node = EvmNode(server)
        yield node
        node.close()


def require_anvil() -> None:
    try:
        binary()
    except StartFailed as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
