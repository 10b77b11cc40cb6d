"""Refunds in bitcoins: transactions from the treasury's outputs, which a signer elsewhere signs.

The document's `psbt` is what signers take (BIP 174); beside it stands in words what it does. Inputs signal that
they may be replaced (BIP 125), change goes back to the treasury, and the lock time is the height, so that nobody
gains by mining an older block again. What comes back may be that PSBT, signed, or the transaction in hex.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.chains.bitcoin import fees
from paygate.adapters.chains.bitcoin.amounts import bitcoins, satoshis
from paygate.adapters.chains.bitcoin.drafts import DUST, Coin, Draft, is_psbt
from paygate.adapters.chains.bitcoin.outputs import Outputs
from paygate.adapters.chains.bitcoin.rpc import CallRefused, CoreRpc, member, required
from paygate.adapters.chains.bitcoin.witnesses import is_signed
from paygate.chain_ports import Signed, Unsigned
from paygate.domain.errors import (
    InvalidField,
    NotYetReplaceable,
    TransactionRefused,
    TreasuryMissing,
    TreasuryTooPoor,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from paygate.adapters.chains.bitcoin.settings import BitcoinSettings
    from paygate.adapters.rails.http import RailHttp
    from paygate.chain_ports import PayoutOrder

_FIELD = "transaction"
_P2WPKH = "0014"
# src/rpc/protocol.h: RPC_DESERIALIZATION_ERROR, RPC_VERIFY_ERROR, …_REJECTED, …_ALREADY_IN_UTXO_SET
_UNREADABLE, _MISSING, _REJECTED, _ALREADY_MINED = -22, -25, -26, -27
# src/validation.cpp, MemPoolAccept::PreChecks: the same transaction is known.
_KNOWN = frozenset({"txn-already-in-mempool", "txn-same-nonwitness-data-in-mempool", "txn-already-known"})


class BitcoinTreasury:
    network = "bitcoin"

    def __init__(self, settings: BitcoinSettings, http: RailHttp) -> None:
        if settings.treasury is None:
            raise TreasuryMissing("no treasury is configured for bitcoin")
        self._script, self._chain, self._encoding = settings.treasury, settings.chain, settings.encoding
        self.address = settings.encoding.text(self._script)
        self._rpc = CoreRpc(settings.rpc_url, settings.rpc_user, settings.rpc_password, http)
        self._outputs = Outputs(settings, self._script, http)

    def next_nonce(self) -> int | None:
        return None

    # ------------------------------------------------------------ prepare

    def prepare(
        self, order: PayoutOrder, _nonce: int | None, taken: Collection[str], replaces: Unsigned | None, /
    ) -> Unsigned:
        """A replacement spends all that the one before spends, and more only where its higher fee needs it."""
        if order.amount.units < DUST:
            raise TransactionRefused("dust: less than the network passes on")
        now = fees.terms(self._rpc, self._chain)
        kept, replaced = self._kept(replaces) if replaces else ([], None)

        def draft(coins: Sequence[Coin]) -> Draft | None:
            return self._draft(coins, order, now, replaced)

        made = draft(kept) if kept else None
        made = made or _chosen(kept, self._outputs.spendable({*taken, *_outpoints(kept)}), draft)
        if made is None:
            raise TreasuryTooPoor("the treasury's confirmed outputs that nobody spends yet do not suffice")
        return Unsigned(self._document(made), tx_id=made.tx_id, outpoints=_outpoints(made.coins))

    def _kept(self, replaces: Unsigned) -> tuple[list[Coin], fees.Replaced]:
        found = self._outputs.in_blocks(replaces.outpoints)
        coins = [coin for coin in found if coin is not None]
        if len(coins) != len(found):
            raise NotYetReplaceable("a block spends its inputs: it is mined, or something else is that spent them")
        known = replaces.document
        fee, size = satoshis(known["fee"]), int(known["virtualBytes"])
        return coins, fees.replaced(self._rpc, replaces.tx_id or "", fee, size)

    def _draft(
        self, coins: Sequence[Coin], order: PayoutOrder, now: fees.Terms, replaced: fees.Replaced | None
    ) -> Draft | None:
        """None where these do not suffice. Change that is dust goes to the miner."""
        left = sum(coin.units for coin in coins) - order.amount.units
        paid = [(order.recipient, order.amount.units)]
        with_change = Draft(coins, [*paid, (self._script, 0)], now.height)
        change = left - now.fee(with_change.virtual_bytes, replaced)
        if change >= DUST:
            return Draft(coins, [*paid, (self._script, change)], now.height)
        alone = Draft(coins, paid, now.height)
        return alone if left >= now.fee(alone.virtual_bytes, replaced) else None

    def _document(self, draft: Draft) -> dict[str, Any]:
        paid: list[dict[str, Any]] = [self._output(*output) for output in draft.outputs]
        for change in paid[1:]:
            change["isChange"] = True
        return {
            "network": self.network,
            "chain": self._chain,
            "txId": draft.tx_id,
            "psbt": draft.psbt(),
            "inputs": [
                {"txId": coin.tx_id, "output": coin.output, **self._output(coin.script, coin.units)}
                for coin in draft.coins
            ],
            "outputs": paid,
            "fee": bitcoins(draft.fee),
            "virtualBytes": draft.virtual_bytes,
            "lockTime": draft.lock_time,
        }

    def _output(self, script: str, units: int) -> dict[str, Any]:
        return {"address": self._encoding.text(script), "amount": bitcoins(units)}

    # ------------------------------------------------------------ check

    def check(self, order: PayoutOrder, unsigned: Unsigned, signed: str, /) -> Signed:
        """The id covers inputs, outputs and all else but the signatures, and those are checked one by one."""
        raw = self._final(signed.strip())
        draft = self._prepared(unsigned.document)
        if draft.tx_id != unsigned.tx_id or draft.outputs[0] != (order.recipient, order.amount.units):
            raise InvalidField(_FIELD, "what was prepared does not pay this refund")
        try:
            witnesses = draft.witnesses(raw)
        except ValueError:
            raise InvalidField(_FIELD, "is not what was prepared: its inputs, outputs or form differ") from None
        if self._script.startswith(_P2WPKH):
            if not all(is_signed(draft, place, witness) for place, witness in enumerate(witnesses)):
                raise InvalidField(_FIELD, "is not signed by the treasury")
        elif reason := self._refusal(raw.hex()):
            raise InvalidField(_FIELD, f"is not taken by the network: {reason}")
        return Signed(draft.tx_id, raw.hex())

    def _final(self, signed: str) -> bytes:
        if is_psbt(signed):
            (answer,) = self._rpc.each(("finalizepsbt", signed))
            if isinstance(answer, CallRefused) and answer.number == _UNREADABLE:
                raise InvalidField(_FIELD, "is no PSBT that can be read")
            if not member(required(answer), "complete", bool):
                raise InvalidField(_FIELD, "lacks signatures")
            signed = member(answer, "hex", str)
        try:
            return bytes.fromhex(signed)
        except ValueError:
            raise InvalidField(_FIELD, "must be a signed PSBT in base64, or the transaction in hex") from None

    def _prepared(self, document: Mapping[str, Any]) -> Draft:
        coins = [
            Coin(each["txId"], each["output"], satoshis(each["amount"]), self._script)
            for each in document["inputs"]
        ]
        paid = [(self._encoding.key(each["address"]), satoshis(each["amount"])) for each in document["outputs"]]
        return Draft(coins, paid, document["lockTime"])

    def _refusal(self, raw: str) -> str | None:
        """Why the node does not take it, in its own short word; None where it does, or has."""
        answer = self._rpc.call("testmempoolaccept", [raw])
        told = answer[0] if isinstance(answer, list) and answer else None
        if member(told, "allowed", bool):
            return None
        reason = member(told, "reject-reason", str).partition(",")[0].partition(" (")[0]
        return None if reason in _KNOWN else reason

    # ------------------------------------------------------------ send

    def send(self, signed: Signed, /) -> None:
        (answer,) = self._rpc.each(("sendrawtransaction", signed.raw))
        if not isinstance(answer, CallRefused) or answer.number == _ALREADY_MINED:
            return
        if answer.number not in (_UNREADABLE, _MISSING, _REJECTED):
            raise answer
        if answer.number == _UNREADABLE:
            raise TransactionRefused("it cannot be read")
        # Without a reason it was taken meanwhile: somebody else sent it too.
        if reason := self._refusal(signed.raw):
            raise TransactionRefused(reason)


def _chosen(
    kept: Sequence[Coin], spare: Sequence[Coin], draft: Callable[[Sequence[Coin]], Draft | None]
) -> Draft | None:
    """The smallest one that suffices, so that large ones stay for others; else the largest, together."""
    for coin in sorted(spare, key=lambda coin: coin.units):
        if made := draft([*kept, coin]):
            return made
    largest = sorted(spare, key=lambda coin: -coin.units)
    for count in range(2, len(largest) + 1):
        if made := draft([*kept, *largest[:count]]):
            return made
    return None


def _outpoints(coins: Sequence[Coin]) -> list[str]:
    return [coin.outpoint for coin in coins]
