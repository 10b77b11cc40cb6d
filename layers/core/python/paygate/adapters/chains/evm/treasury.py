"""A treasury on Ethereum or BNB Smart Chain: an address whose key is elsewhere. What it pays is numbered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.chains.evm import documents
from paygate.adapters.chains.evm.node import Node, Refused
from paygate.adapters.chains.evm.preparing import Preparing
from paygate.adapters.chains.evm.sending import send
from paygate.adapters.chains.evm.transactions import read_signed
from paygate.adapters.chains.evm.wire import quantity, readable
from paygate.chain_ports import Signed, Unsigned
from paygate.domain.errors import InvalidField, NodeMisled, NodeUnavailable, TreasuryMissing

if TYPE_CHECKING:
    from collections.abc import Collection

    from paygate.adapters.chains.evm.node import Http
    from paygate.adapters.chains.evm.settings import EvmSettings
    from paygate.adapters.chains.evm.transactions import SignedTransaction, Transaction
    from paygate.chain_ports import PayoutOrder

FIELD = "transaction"
_MOST_BYTES = 1024  # a payment has less than a fifth of that
_ABSURD = 10
"""A signer may pay another price for gas than was prepared, but not so many times as much."""


class EvmTreasury:
    def __init__(self, settings: EvmSettings, http: Http) -> None:
        if settings.treasury is None:
            raise TreasuryMissing(f"no treasury is configured for {settings.network}")
        self.network = settings.network
        self.address = settings.encoding.text(settings.treasury)
        self._settings, self._key = settings, settings.treasury
        self._node = Node(settings.rpc_url, http)
        self._preparing = Preparing(self._node, settings, settings.treasury)

    def next_nonce(self) -> int | None:
        """One that waits counts too, where the node tells of it; a node that lags in that is not followed back."""
        who = "0x" + self._key
        chain_id, latest, pending = self._node.ask_each(
            [
                ("eth_chainId", []),
                ("eth_getTransactionCount", [who, "latest"]),
                ("eth_getTransactionCount", [who, "pending"]),
            ]
        )
        if isinstance(chain_id, Refused) or isinstance(latest, Refused):
            raise NodeUnavailable("the node does not tell how many transactions an address has sent")
        with readable("a count of transactions"):
            if quantity(chain_id) != self._settings.chain_id:
                raise NodeMisled("the node serves another chain than the one that is configured")
            return max(quantity(latest), 0 if isinstance(pending, Refused) else quantity(pending))

    def prepare(
        self, order: PayoutOrder, nonce: int | None, _taken: Collection[str], replaces: Unsigned | None, /
    ) -> Unsigned:
        number = nonce if replaces is None else replaces.nonce
        if number is None:
            raise ValueError("a transaction here has a nonce")
        made = self._preparing.run(documents.effect_of(order, number, self._settings), order, replaces)
        return Unsigned(documents.write(made, order, self._settings), nonce=number)

    def check(self, order: PayoutOrder, unsigned: Unsigned, signed: str, /) -> Signed:
        """The node is not asked."""
        raw = _bytes(signed)
        try:
            found = read_signed(raw)
        except ValueError as wrong:
            raise InvalidField(FIELD, str(wrong)) from None
        for is_wrong, why in self._faults(order, unsigned, found):
            if is_wrong:
                raise InvalidField(FIELD, why)
        return Signed(found.tx_id, "0x" + raw.hex())

    def send(self, signed: Signed, /) -> None:
        send(self._node, signed, self._settings.chain_id)

    def _faults(
        self, order: PayoutOrder, unsigned: Unsigned, found: SignedTransaction
    ) -> Collection[tuple[bool, str]]:
        wanted = documents.effect_of(order, unsigned.nonce or 0, self._settings)
        effect = found.transaction.effect
        return (
            (effect.chain_id != wanted.chain_id, f"is signed for another chain than {wanted.chain_id}"),
            (found.sender != self._key, "is not signed by the treasury"),
            (effect.nonce != unsigned.nonce, f"has another nonce than {unsigned.nonce}"),
            (effect != wanted, "does not pay what the refund is, to where it goes, and nothing else"),
            (not _is_sane(found.transaction, unsigned), "pays a price for gas that cannot be meant"),
        )


def _is_sane(transaction: Transaction, unsigned: Unsigned) -> bool:
    """The fees are the signer's to choose, within reason."""
    fees, prepared = transaction.fees, documents.fees_of(unsigned.document)
    cost = prepared.most * documents.gas_of(unsigned.document)
    return (
        fees.most <= _ABSURD * prepared.most
        and fees.most * transaction.gas <= _ABSURD * cost
        and (fees.tip is None or fees.tip <= fees.most)
    )


def _bytes(text: str) -> bytes:
    digits = text.strip().removeprefix("0x")
    if len(digits) > 2 * _MOST_BYTES:
        raise InvalidField(FIELD, "is longer than a payment")
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise InvalidField(FIELD, "must be a signed transaction in hex") from None
