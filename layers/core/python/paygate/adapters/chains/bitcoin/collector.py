"""Bitcoins at payments' addresses, collected by transactions of many inputs. Nothing is searched for: the transfers
that brought the money name its outputs, and the node says which of them are unspent (gettxout).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.chains.bitcoin import fees
from paygate.adapters.chains.bitcoin.amounts import bitcoins
from paygate.adapters.chains.bitcoin.drafts import DUST, Coin, Draft
from paygate.adapters.chains.bitcoin.outputs import unspent
from paygate.adapters.chains.bitcoin.rpc import CoreRpc
from paygate.adapters.chains.origins import Origins
from paygate.domain.errors import NodeMisled, TreasuryMissing
from paygate.sweep_ports import SweepPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.adapters.chains.bitcoin.settings import BitcoinSettings
    from paygate.adapters.rails.http import RailHttp
    from paygate.sweep_ports import PaidAddress

_INPUT_BYTES = 68  # virtual ones, of P2WPKH
_MOST_INPUTS = 500  # some 34,000 virtual bytes; nodes relay 100,000 (Core, MAX_STANDARD_TX_WEIGHT)
_ASKED_AT_ONCE = 500
_WITH_MEMPOOL = True


class BitcoinCollector:
    def __init__(self, settings: BitcoinSettings, http: RailHttp) -> None:
        if settings.treasury is None:
            raise TreasuryMissing("no treasury is configured for bitcoin")
        self._treasury, self._settings = settings.treasury, settings
        self._rpc = CoreRpc(settings.rpc_url, settings.rpc_user, settings.rpc_password, http)
        self._origins = Origins(settings.account)

    def plan(self, addresses: Sequence[PaidAddress], _least: int, /) -> SweepPlan:
        now = fees.terms(self._rpc, self._settings.chain)
        owners = {paid.key: paid for paid in addresses}
        cost, found = now.fee(_INPUT_BYTES), self._coins(addresses)
        taken = [coin for coin in found if coin.units > cost]
        left = [self._left(owners[coin.script], coin, "costs more than it is worth") for coin in found]
        left_out = [each for each, coin in zip(left, found, strict=True) if coin.units <= cost]
        drafts = []
        for start in range(0, len(taken), _MOST_INPUTS):
            part = taken[start : start + _MOST_INPUTS]
            draft = self._draft(part, now)
            if draft is None:
                left_out += [
                    self._left(owners[coin.script], coin, "does not pay for a transaction") for coin in part
                ]
            else:
                drafts.append(draft)
        return SweepPlan(
            [self._document(draft, owners) for draft in drafts],
            {"BTC": bitcoins(sum(units for draft in drafts for _, units in draft.outputs))},
            self._needs(drafts, cost, now),
            left_out,
        )

    def _coins(self, addresses: Sequence[PaidAddress]) -> list[Coin]:
        """Confirmed, and spent by nothing that waits."""
        places, keys = [], {}
        for paid in addresses:
            for outpoint in paid.outpoints:
                tx_id, _, output = outpoint.partition(":")
                places.append((tx_id, int(output)))
                keys[outpoint] = paid.key
        found: list[Coin] = []
        for start in range(0, len(places), _ASKED_AT_ONCE):
            part = unspent(self._rpc, places[start : start + _ASKED_AT_ONCE], with_mempool=_WITH_MEMPOOL)
            found += [coin for coin in part if coin is not None]
        if any(keys[coin.outpoint] != coin.script for coin in found):
            raise NodeMisled("an output is at another address than where it came")
        return found

    def _draft(self, coins: Sequence[Coin], now: fees.Terms) -> Draft | None:
        draft = Draft(coins, [(self._treasury, 0)], now.height)
        arrives = draft.fee - now.fee(draft.virtual_bytes)
        return Draft(coins, [(self._treasury, arrives)], now.height) if arrives >= DUST else None

    def _document(self, draft: Draft, owners: dict[str, PaidAddress]) -> dict[str, Any]:
        known = {coin.script: self._origins.derivation(owners[coin.script]) for coin in draft.coins}
        derivations = {script: origin for script, origin in known.items() if origin is not None}
        inputs = [
            {
                "txId": coin.tx_id,
                "output": coin.output,
                **self._origins.told(owners[coin.script]),
                "amount": bitcoins(coin.units),
            }
            for coin in draft.coins
        ]
        [(script, units)] = draft.outputs
        return {
            "network": "bitcoin",
            "chain": self._settings.chain,
            "txId": draft.tx_id,
            "psbt": draft.psbt(derivations),
            "inputs": inputs,
            "outputs": [{"address": self._settings.encoding.text(script), "amount": bitcoins(units)}],
            "fee": bitcoins(draft.fee),
            "virtualBytes": draft.virtual_bytes,
            "lockTime": draft.lock_time,
        }

    def _needs(self, drafts: Sequence[Draft], cost: int, now: fees.Terms) -> dict[str, Any]:
        """It is paid from what is collected."""
        return {
            "asset": "BTC",
            "satoshisPerThousandVirtualBytes": now.rate,
            "perInput": bitcoins(cost),
            "inputs": sum(len(draft.coins) for draft in drafts),
            "total": bitcoins(sum(draft.fee for draft in drafts)),
            "toFund": [],
        }

    def _left(self, paid: PaidAddress, coin: Coin, why: str) -> dict[str, Any]:
        return {**self._origins.told(paid), "asset": "BTC", "amount": bitcoins(coin.units), "reason": why}
