"""Signing what a treasury on TRON pays with a key that gives r and s alone."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from paygate.adapters.chains.signatures import recovery_of
from paygate.adapters.chains.tron.transactions import Transfer, with_signature

if TYPE_CHECKING:
    from paygate.adapters.chains.tron.settings import TronSettings
    from paygate.chain_ports import PayoutOrder, Unsigned


class TronSealing:
    def __init__(self, settings: TronSettings) -> None:
        self._settings = settings

    def is_of(self, point: bytes, /) -> bool:
        return self._settings.encoding.of_point(point) == self._settings.treasury

    def digest(self, order: PayoutOrder, unsigned: Unsigned, /) -> bytes:
        return hashlib.sha256(self._made(order, unsigned)).digest()

    def seal(self, order: PayoutOrder, unsigned: Unsigned, signature: tuple[int, int], /) -> str:
        made, (r, s) = self._made(order, unsigned), signature
        recovery = recovery_of(hashlib.sha256(made).digest(), r, s, self._settings.treasury or "")
        parts = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([recovery])
        return with_signature(made, parts).hex()

    def _made(self, order: PayoutOrder, unsigned: Unsigned) -> bytes:
        """Made again from the order; the block that it names, its times and its limit are the document's."""
        settings, asset = self._settings, order.amount.asset
        if asset != settings.usdt:
            raise ValueError(f"{asset.code} is not paid on tron")
        pays = (settings.treasury or "", settings.token, order.recipient, order.amount.units)
        raw = Transfer.again(*pays, unsigned.document["raw_data"]).encoded()
        if raw.hex() != unsigned.document["raw_data_hex"]:
            raise ValueError("is not what was prepared for this refund")
        return raw
