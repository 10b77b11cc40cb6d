"""Treasuries of a test's own: each with a key that nobody else has, which the gateway never sees."""

from dataclasses import dataclass
from secrets import token_hex

from coincurve import PrivateKey

from paygate.adapters.chains.addresses.encoding import Encoding
from paygate.adapters.chains.addresses.evm import EvmEncoding
from paygate.chain_ports import PayoutOrder
from paygate.domain.money import Asset, Money


@dataclass(frozen=True)
class Holder:
    """`key` is the address's."""

    secret: bytes
    key: str


def new_holder() -> Holder:
    made = PrivateKey()
    return Holder(made.secret, EvmEncoding().of_point(made.public_key.format(compressed=False)))


def order(asset: Asset, units: int, encoding: Encoding, recipient: str | None = None) -> PayoutOrder:
    key = recipient or token_hex(20)
    return PayoutOrder(f"REF_{token_hex(8)}", Money(units, asset), key, encoding.text(key))
