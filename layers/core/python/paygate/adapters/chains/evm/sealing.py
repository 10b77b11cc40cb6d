"""Signing what a treasury on Ethereum or BNB Smart Chain pays with a key that gives r and s alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.chains.evm import documents
from paygate.adapters.chains.evm.transactions import Transaction, with_signature
from paygate.adapters.chains.signatures import recovery_of

if TYPE_CHECKING:
    from paygate.adapters.chains.evm.settings import EvmSettings
    from paygate.chain_ports import PayoutOrder, Unsigned


class EvmSealing:
    def __init__(self, settings: EvmSettings) -> None:
        self._settings = settings

    def is_of(self, point: bytes, /) -> bool:
        return self._settings.encoding.of_point(point) == self._settings.treasury

    def digest(self, order: PayoutOrder, unsigned: Unsigned, /) -> bytes:
        return self._made(order, unsigned).signing_hash

    def seal(self, order: PayoutOrder, unsigned: Unsigned, signature: tuple[int, int], /) -> str:
        made, (r, s) = self._made(order, unsigned), signature
        parity = recovery_of(made.signing_hash, r, s, self._settings.treasury or "")
        return "0x" + with_signature(made, parity, r, s).hex()

    def _made(self, order: PayoutOrder, unsigned: Unsigned) -> Transaction:
        """Made again from the order, for the chain that is configured; only gas and fees are the document's."""
        if unsigned.nonce is None:
            raise ValueError("a transaction here has a nonce")
        document = unsigned.document
        effect = documents.effect_of(order, unsigned.nonce, self._settings)
        made = Transaction(effect, documents.gas_of(document), documents.fees_of(document))
        if "0x" + made.unsigned.hex() != document["unsignedRaw"]:
            raise ValueError("is not what was prepared for this refund")
        return made
