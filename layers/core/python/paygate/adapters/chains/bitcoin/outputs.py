"""What lies at the treasury's address and nobody spends yet.

A node that has a wallet named paygate-treasury with the address in it answers at once. Any other reads all unspent
outputs there are (scantxoutset): on the public chain that takes minutes, and one such reading runs at a time.
Whatever either says is looked up again with gettxout. Source: Bitcoin Core's RPC reference, 29.0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from paygate.adapters.chains.bitcoin.amounts import satoshis
from paygate.adapters.chains.bitcoin.drafts import Coin
from paygate.adapters.chains.bitcoin.rpc import CoreRpc, member
from paygate.domain.errors import NodeMisled, NodeUnavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from paygate.adapters.chains.bitcoin.settings import BitcoinSettings
    from paygate.adapters.rails.http import RailHttp

WALLET = "paygate-treasury"
_MATURE_AFTER = 100  # COINBASE_MATURITY, src/consensus/consensus.h
_SCAN_SECONDS = 900.0
_MOST = 500  # of the largest
_LATEST = 9_999_999
_WITH_MEMPOOL, _ONLY_BLOCKS = True, False


@dataclass(frozen=True, slots=True)
class _Listed:
    tx_id: str
    output: int
    units: int

    @property
    def outpoint(self) -> str:
        return f"{self.tx_id}:{self.output}"


class Outputs:
    def __init__(self, settings: BitcoinSettings, script: str, http: RailHttp) -> None:
        user, password = settings.rpc_user, settings.rpc_password
        patient = replace(http, read_seconds=_SCAN_SECONDS, total_seconds=_SCAN_SECONDS)
        self._rpc = CoreRpc(settings.rpc_url, user, password, http)
        self._wallet = CoreRpc(f"{settings.rpc_url.rstrip('/')}/wallet/{WALLET}", user, password, http)
        self._scanner = CoreRpc(settings.rpc_url, user, password, patient)
        self._script, self._address = script, settings.encoding.text(script)

    def spendable(self, taken: Collection[str]) -> list[Coin]:
        """In a block, spent by nothing that waits for one, and none of `taken`."""
        listed = [each for each in self._listed() if each.outpoint not in taken]
        listed.sort(key=lambda each: -each.units)
        places = [(each.tx_id, each.output) for each in listed[:_MOST]]
        found = unspent(self._rpc, places, with_mempool=_WITH_MEMPOOL)
        return [coin for coin in found if coin is not None and self._is_ours(coin)]

    def in_blocks(self, outpoints: Sequence[str]) -> list[Coin | None]:
        """Each as it is, None for one that a block spends. What waits may spend it."""
        places = [(tx_id, int(output)) for tx_id, _, output in (each.partition(":") for each in outpoints)]
        return unspent(self._rpc, places, with_mempool=_ONLY_BLOCKS)

    def _is_ours(self, coin: Coin) -> bool:
        if coin.script != self._script:
            raise NodeMisled("the node tells of outputs that are not the treasury's")
        return True

    def _listed(self) -> list[_Listed]:
        try:
            found = self._wallet.call("listunspent", 1, _LATEST, [self._address])
        except NodeUnavailable:  # no such wallet, no wallets at all, none that this user may ask
            scan = self._scanner.call("scantxoutset", "start", [f"raw({self._script})"])
            found = member(scan, "unspents", list)
        if not isinstance(found, list):
            raise NodeUnavailable("the node's answer is no list")
        return [_Listed(member(each, "txid", str), member(each, "vout", int), _amount(each)) for each in found]


def unspent(rpc: CoreRpc, places: Sequence[tuple[str, int]], *, with_mempool: bool) -> list[Coin | None]:
    """In their order; None for what is spent, or in no block, or mined too lately to be spent."""
    if not places:
        return []
    answers = rpc.all(*(("gettxout", tx_id, output, with_mempool) for tx_id, output in places))
    return [_coin(place, answer) for place, answer in zip(places, answers, strict=True)]


def _coin(place: tuple[str, int], answer: Any) -> Coin | None:
    if answer is None:
        return None
    depth, is_mined_to = member(answer, "confirmations", int), member(answer, "coinbase", bool)
    if depth < 1 or (is_mined_to and depth < _MATURE_AFTER):
        return None
    script = member(member(answer, "scriptPubKey", dict), "hex", str)
    return Coin(*place, satoshis(answer.get("value")), script)


def _amount(entry: Any) -> int:
    return satoshis(entry.get("amount"))
