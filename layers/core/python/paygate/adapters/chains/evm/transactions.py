"""Transactions of Ethereum and its like, as bytes: what is signed, and what came back signed.

With a base fee as EIP-1559 has them (type 2); else as EIP-155 does. Those of EIP-2930 (type 1) are read too, and no
other kind: a blob's or an authorisation's transaction does more than pay.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from paygate.adapters.chains.addresses.hashing import keccak256
from paygate.adapters.chains.evm import rlp
from paygate.adapters.chains.evm.fees import Fees
from paygate.adapters.chains.signatures import HALF_ORDER, signer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.adapters.chains.evm.rlp import Item

ACCESS_LIST, FEE_MARKET = 1, 2
_LEGACY_FROM = 0xC0
_ADDRESS_BYTES = 20
_SIGNATURE = 3  # its parts
_FIELDS = {None: 6, ACCESS_LIST: 8, FEE_MARKET: 9}
_LEGACY_V = 35  # and twice the chain's id (EIP-155)


@dataclass(frozen=True, slots=True)
class Effect:
    """All that a transaction does. `to` is an address's key, `value` wei."""

    chain_id: int
    nonce: int
    to: str
    value: int
    data: bytes


@dataclass(frozen=True)
class Transaction:
    effect: Effect
    gas: int
    fees: Fees

    @property
    def type(self) -> int | None:
        return None if self.fees.tip is None else FEE_MARKET

    @cached_property
    def unsigned(self) -> bytes:
        """What is hashed to be signed."""
        effect, fees, number = self.effect, self.fees, rlp.integer
        told: list[Item] = [bytes.fromhex(effect.to), number(effect.value), effect.data]
        if fees.tip is None:
            head = map(number, (effect.nonce, fees.most, self.gas))
            return rlp.encode([*head, *told, number(effect.chain_id), b"", b""])
        head = map(number, (effect.chain_id, effect.nonce, fees.tip, fees.most, self.gas))
        return bytes([FEE_MARKET]) + rlp.encode([*head, *told, ()])

    @property
    def signing_hash(self) -> bytes:
        return keccak256(self.unsigned)


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    transaction: Transaction
    sender: str
    tx_id: str


def with_signature(transaction: Transaction, parity: int, r: int, s: int) -> bytes:
    """EIP-155 puts the chain into v; EIP-1559's has nothing but the parity."""
    kind, number = transaction.type, rlp.integer
    fields = rlp.decode(transaction.unsigned if kind is None else transaction.unsigned[1:])[: _FIELDS[kind]]
    if kind is None:
        return rlp.encode(
            [*fields, number(_LEGACY_V + 2 * transaction.effect.chain_id + parity), number(r), number(s)]
        )
    return bytes([kind]) + rlp.encode([*fields, number(parity), number(r), number(s)])


def read_signed(raw: bytes) -> SignedTransaction:
    """Raises ValueError with what is wrong, for whoever signed it."""
    kind, items = _opened(raw)
    fields, signature = items[: _FIELDS[kind]], [rlp.read_integer(item) for item in items[_FIELDS[kind] :]]
    if kind is None:
        chain_id, parity = divmod(signature[0] - _LEGACY_V, 2)
        if chain_id <= 0:
            raise ValueError("is signed for no chain in particular")
        found = _legacy(fields, chain_id)
        digest = keccak256(rlp.encode([*fields, rlp.integer(chain_id), b"", b""]))
    else:
        parity = signature[0]
        found = _typed(kind, fields)
        digest = keccak256(bytes([kind]) + rlp.encode(fields))
    r, s = signature[1:]
    if parity > 1 or s > HALF_ORDER:
        raise ValueError("has a signature that no chain takes (EIP-2)")
    return SignedTransaction(found, signer(digest, r, s, parity), keccak256(raw).hex())


def _opened(raw: bytes) -> tuple[int | None, list[Item]]:
    first = raw[0] if raw else 0
    kind = None if first >= _LEGACY_FROM else first
    if kind not in _FIELDS:
        raise ValueError("is of a type that is not for paying")
    items = rlp.decode(raw if kind is None else raw[1:])
    if len(items) != _FIELDS[kind] + _SIGNATURE:
        raise ValueError("is not signed, or has not the fields of its type")
    return kind, items


def _legacy(fields: Sequence[Item], chain_id: int) -> Transaction:
    nonce, price, gas = map(rlp.read_integer, fields[:3])
    return Transaction(_effect(chain_id, nonce, fields[3:6]), gas, Fees(price, None))


def _typed(kind: int, fields: Sequence[Item]) -> Transaction:
    if fields[-1] != ():
        raise ValueError("has an access list")
    chain_id, nonce, *prices, gas = map(rlp.read_integer, fields[: len(fields) - 4])
    fees = Fees(prices[-1], prices[0] if kind == FEE_MARKET else None)
    return Transaction(_effect(chain_id, nonce, fields[-4:-1]), gas, fees)


def _effect(chain_id: int, nonce: int, told: Sequence[Item]) -> Effect:
    to, value, data = told
    if not isinstance(to, bytes) or not isinstance(data, bytes) or len(to) != _ADDRESS_BYTES:
        raise ValueError("does not call anybody")
    return Effect(chain_id, nonce, to.hex(), rlp.read_integer(value), data)
