"""An unsigned transaction as a signer gets it: numbers as decimal strings, bytes as hex with 0x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.chains import token_calls
from paygate.adapters.chains.evm.fees import Fees
from paygate.adapters.chains.evm.transactions import Effect, Transaction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.adapters.chains.evm.settings import EvmSettings
    from paygate.chain_ports import PayoutOrder


def write(transaction: Transaction, order: PayoutOrder, settings: EvmSettings) -> dict[str, Any]:
    """`pays` is for people: what is signed is the rest."""
    effect, fees, text = transaction.effect, transaction.fees, settings.encoding.text
    gas_price: dict[str, Any] = {"type": "0", "gasPrice": str(fees.most)}
    if fees.tip is not None:
        tip = str(fees.tip)
        gas_price = {"type": "2", "maxFeePerGas": str(fees.most), "maxPriorityFeePerGas": tip, "accessList": []}
    return {
        "network": settings.network,
        "pays": {"asset": order.amount.asset.code, "amount": order.amount.text(), "to": text(order.recipient)},
        "from": text(settings.treasury or ""),
        "chainId": str(effect.chain_id),
        "nonce": str(effect.nonce),
        "to": text(effect.to),
        "value": str(effect.value),
        "data": "0x" + effect.data.hex(),
        "gas": str(transaction.gas),
        **gas_price,
        "unsignedRaw": "0x" + transaction.unsigned.hex(),
        "signingHash": "0x" + transaction.signing_hash.hex(),
    }


def fees_of(document: Mapping[str, Any]) -> Fees:
    """As `write` wrote them."""
    if "gasPrice" in document:
        return Fees(int(document["gasPrice"]), None)
    return Fees(int(document["maxFeePerGas"]), int(document["maxPriorityFeePerGas"]))


def gas_of(document: Mapping[str, Any]) -> int:
    return int(document["gas"])


def effect_of(order: PayoutOrder, nonce: int, settings: EvmSettings) -> Effect:
    """What a transaction does that pays this, and nothing else."""
    asset, units = order.amount.asset, order.amount.units
    if asset == settings.native:
        return Effect(settings.chain_id, nonce, order.recipient, units, b"")
    if asset == settings.usdt:
        return Effect(settings.chain_id, nonce, settings.token, 0, token_calls.transfer(order.recipient, units))
    raise ValueError(f"{asset.code} is not paid on {settings.network}")
