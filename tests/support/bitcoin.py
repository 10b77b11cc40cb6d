"""A Bitcoin node that pays, mines and turns as a test asks: a real one, or the sandbox's.

@pytest.fixture(scope="module", params=bitcoin.KINDS)
def node(request, tmp_path_factory):
    with bitcoin.opened(request.param, tmp_path_factory.mktemp("bitcoin")) as node:
        yield node
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.servers.bitcoind import Bitcoind, binary
from infra.local.servers.programs import Sandbox
from infra.sandbox.bitcoin import provision
from infra.sandbox.bitcoin.client import NOBODY, NodeRpc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from infra.local.server import Server

KINDS = ("bitcoind", "sandbox")
SATOSHIS = 100_000_000
FORGOTTEN_AFTER = 337 * 3600  # a mempool keeps a transaction for 336 hours (-mempoolexpiry)
NO_MINING = 1e6  # of the time scale: a block in two months
FEE = Decimal("0.0001")
REPLACEABLE = 0xFFFFFFFD  # BIP 125


class Bitcoin:
    """`server` is the process, for kill() and pause(); `env` is what a gateway needs to read the node."""

    def __init__(self, server: Server, env: Mapping[str, str]) -> None:
        self.server = server
        self.env = dict(env)
        self.node = NodeRpc(env["BITCOIN_RPC_URL"], env["BITCOIN_RPC_USER"], env["BITCOIN_RPC_PASSWORD"])

    def rpc(self, method: str, *params: Any) -> Any:
        return self.node.call(method, *params)

    def mine(self, blocks: int = 1) -> list[str]:
        """With all that waits; their hashes."""
        hashes: list[str] = self.rpc("generatetoaddress", blocks, NOBODY)
        return hashes

    def mine_empty(self, blocks: int = 1) -> list[str]:
        """What waits goes on waiting."""
        return [self.rpc("generateblock", NOBODY, [])["hash"] for _ in range(blocks)]

    def pay(self, address: str, satoshis: int, *, rbf: bool = True) -> str:
        """Into the mempool; the transaction's id. Says in its inputs that it may be replaced, unless not `rbf`."""
        while True:
            tx_id = str(self.node.wallet("sendtoaddress", address, btc(satoshis), replaceable=rbf))
            if tx_id in self.waiting():
                return tx_id
            # A wallet keeps what its node did not take: coins of a block that the chain has just dropped, say.
            self.node.wallet("abandontransaction", tx_id)

    def pay_many(self, outputs: Iterable[tuple[str, int]]) -> str:
        """All in one transaction, an output each and in this order, also several to one address."""
        receivers = list(outputs)
        total = btc(sum(satoshis for _, satoshis in receivers)) + FEE
        coins = self._coins(total)
        change = sum((coin["amount"] for coin in coins), -total)
        # createrawtransaction takes an address once only, so each output is made for another at first.
        stand_ins = [self.new_address() for _ in receivers]
        amounts = [btc(satoshis) for _, satoshis in receivers]
        made = self._raw(coins, [*zip(stand_ins, amounts, strict=True), (self.new_address(), change)])
        for stand_in, (address, _) in zip(stand_ins, receivers, strict=True):
            made = made.replace(self._script(stand_in), self._script(address))
        return self._send(made)

    def bump(self, tx_id: str) -> str:
        """Pay it again with a higher fee; the replacement's id."""
        return str(self.node.wallet("bumpfee", tx_id)["txid"])

    def double_spend(self, tx_id: str) -> str:
        """Replace a waiting transaction by one that sends the same coins back to their owner; the latter's id."""
        spent = self.rpc("getrawtransaction", tx_id, 2)
        coins = [self._coin(entry["txid"], entry["vout"]) for entry in spent["vin"]]
        fee = self.rpc("getmempoolentry", tx_id)["fees"]["modified"] * 2 + FEE
        rest = sum((coin["amount"] for coin in coins), -fee)
        return self._send(self._raw(coins, [(self.new_address(), rest)]))

    def reorg(self, depth: int, *, longer_by: int = 1) -> list[str]:
        """Replace the last `depth` blocks by empty ones, one more of them; what was in the old ones waits again."""
        height = self.rpc("getblockcount")
        self.rpc("invalidateblock", self.rpc("getblockhash", height - depth + 1))
        return self.mine_empty(depth + longer_by)

    def drop(self, tx_id: str) -> None:
        """The mempool forgets all that waits in it, this among the rest, as it does after two weeks."""
        now = self.rpc("getblockheader", self.rpc("getbestblockhash"))["time"]
        self.rpc("setmocktime", now + FORGOTTEN_AFTER)
        kept = self.pay(self.new_address(), 10_000)  # only a newcomer makes it look for the old
        self.rpc("setmocktime", 0)
        assert self.waiting() == [kept]
        self.node.wallet("abandontransaction", tx_id)

    def waiting(self) -> list[str]:
        """Ids of all in the mempool."""
        ids: list[str] = self.rpc("getrawmempool")
        return ids

    def set_time(self, at: datetime | None) -> None:
        """The node's clock, which blocks take their time from, stands still; None lets it run."""
        self.rpc("setmocktime", int(at.timestamp()) if at else 0)

    def new_address(self) -> str:
        """One of the rich wallet's own."""
        return str(self.node.wallet("getnewaddress"))

    def _coins(self, total: Decimal) -> list[dict[str, Any]]:
        """Confirmed coins of the wallet that are worth as much."""
        taken: list[dict[str, Any]] = []
        for coin in self.node.wallet("listunspent"):
            if sum(each["amount"] for each in taken) >= total:
                break
            taken.append(coin)
        return taken

    def _coin(self, tx_id: str, vout: int) -> dict[str, Any]:
        output = self.rpc("getrawtransaction", tx_id, 2)["vout"][vout]
        return {"txid": tx_id, "vout": vout, "amount": output["value"]}

    def _raw(self, coins: list[dict[str, Any]], outputs: list[tuple[str, Decimal]]) -> str:
        inputs = [{"txid": coin["txid"], "vout": coin["vout"], "sequence": REPLACEABLE} for coin in coins]
        made: str = self.rpc("createrawtransaction", inputs, [{address: amount} for address, amount in outputs])
        return made

    def _send(self, made: str) -> str:
        signed = self.node.wallet("signrawtransactionwithwallet", made)
        assert signed["complete"], signed
        return str(self.rpc("sendrawtransaction", signed["hex"]))

    def _script(self, address: str) -> str:
        """As an output has it: its length, itself."""
        script: str = self.rpc("validateaddress", address)["scriptPubKey"]
        return f"{len(script) // 2:02x}{script}"


@contextmanager
def opened(kind: str, directory: Path) -> Iterator[Bitcoin]:
    """A node of one of KINDS. Skips the test where there is no bitcoind, but never where CI is set."""
    if kind == "bitcoind" and binary() is None and os.environ.get("CI") != "true":
        pytest.skip("no bitcoind here: put one on the PATH, or name it in BITCOIND")
    with _real(directory) if kind == "bitcoind" else _simulated(directory) as bitcoin:
        yield bitcoin
        bitcoin.node.close()


@contextmanager
def _real(directory: Path) -> Iterator[Bitcoin]:
    with Bitcoind(directory) as server:
        yield Bitcoin(server, server.env)


@contextmanager
def _simulated(directory: Path) -> Iterator[Bitcoin]:
    """Its miner waits to be told."""
    server = Sandbox(directory)
    server.time_scale = NO_MINING
    with server:
        yield Bitcoin(server, provision(server.state / "bitcoin", server.url))


def btc(satoshis: int) -> Decimal:
    return Decimal(satoshis) / SATOSHIS
