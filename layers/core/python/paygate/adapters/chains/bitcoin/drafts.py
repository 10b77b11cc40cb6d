"""Transactions without their signatures: as bytes, by their id, and as signers get them.

All inputs spend witness programs: what signs them is no part of the transaction's id, and a signature covers the
amount that it spends. Sources: Bitcoin developer reference, "Raw transaction format"; BIP 141, "Transaction ID";
BIP 143; BIP 174 (version 0).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPLACEABLE = 0xFFFFFFFD  # BIP 125, "Explicit signaling"; the lock time counts with it, too
DUST = 546
"""Satoshis that any node relays an output of, whatever its kind (Core, GetDustThreshold)."""

# Bytes of witness for an input: a count, and each item with its size.
_KEY_HASH, _KEY_PATH, _TWO_OF_THREE = 1 + 73 + 34, 1 + 65, 1 + 1 + 2 * 73 + 2 + 105
_WITNESSES = {"0014": _KEY_HASH, "0020": _TWO_OF_THREE, "5120": _KEY_PATH}

_VERSION, _FLAG, _ALL = 2, b"\x00\x01", b"\x01\x00\x00\x00"
_PSBT, _END = b"psbt\xff", b"\x00"
_UNSIGNED_TX, _WITNESS_UTXO, _INPUT_DERIVATION = b"\x00", b"\x01", b"\x06"
_TWO_BYTES, _FOUR_BYTES = 0xFD, 0x1_0000


@dataclass(frozen=True, slots=True)
class Coin:
    """An output that can be spent."""

    tx_id: str
    output: int
    units: int
    script: str

    @property
    def outpoint(self) -> str:
        return f"{self.tx_id}:{self.output}"


@dataclass(frozen=True, slots=True)
class Draft:
    """`outputs` are scripts and satoshis."""

    coins: Sequence[Coin]
    outputs: Sequence[tuple[str, int]]
    lock_time: int

    @property
    def fee(self) -> int:
        return sum(coin.units for coin in self.coins) - sum(units for _, units in self.outputs)

    @property
    def raw(self) -> bytes:
        spent = b"".join(_place(coin) + b"\x00" + _number(REPLACEABLE, 4) for coin in self.coins)
        paid = b"".join(_output(script, units) for script, units in self.outputs)
        counted = _size(len(self.coins)) + spent + _size(len(self.outputs)) + paid
        return _number(_VERSION, 4) + counted + _number(self.lock_time, 4)

    @property
    def tx_id(self) -> str:
        return _hash(self.raw)[::-1].hex()

    @property
    def virtual_bytes(self) -> int:
        """Once signed, at most (BIP 141, "Transaction size calculations"), and P2WSH for two keys of three."""
        witness = len(_FLAG) + sum(_WITNESSES[coin.script[:4]] for coin in self.coins)
        return -(-(4 * len(self.raw) + witness) // 4)

    def psbt(self, derivations: Mapping[str, tuple[bytes, bytes]] | None = None) -> str:
        """`derivations`, by output script: the public key, and its master's fingerprint with the steps below it."""
        maps = [_pair(_UNSIGNED_TX, self.raw) + _END]
        for coin in self.coins:
            written = _pair(_WITNESS_UTXO, _output(coin.script, coin.units))
            if derivations and coin.script in derivations:
                key, path = derivations[coin.script]
                written += _pair(_INPUT_DERIVATION + key, path)
            maps.append(written + _END)
        return b64encode(_PSBT + b"".join(maps) + _END * len(self.outputs)).decode()

    def witnesses(self, signed: bytes) -> list[list[bytes]]:
        """Of this transaction, signed; raises ValueError when it is another."""
        before, behind = self.raw[:4] + _FLAG + self.raw[4:-4], self.raw[-4:]
        if not signed.startswith(before) or not signed.endswith(behind):
            raise ValueError("another transaction")
        items = _Items(signed[len(before) : len(signed) - len(behind)])
        found = [[items.take() for _ in range(items.size())] for _ in self.coins]
        items.end()
        return found

    def digest(self, place: int) -> bytes:
        """What the signature of a P2WPKH input signs, all of the transaction (BIP 143, "Specification")."""
        coin = self.coins[place]
        parts = [
            _number(_VERSION, 4),
            _hash(b"".join(_place(each) for each in self.coins)),
            _hash(_number(REPLACEABLE, 4) * len(self.coins)),
            _place(coin),
            bytes.fromhex(f"1976a914{coin.script[4:]}88ac"),
            _number(coin.units, 8),
            _number(REPLACEABLE, 4),
            _hash(b"".join(_output(script, units) for script, units in self.outputs)),
            _number(self.lock_time, 4),
            _ALL,
        ]
        return _hash(b"".join(parts))


def is_psbt(text: str) -> bool:
    try:
        return b64decode(text, validate=True).startswith(_PSBT)
    except ValueError:
        return False


class _Items:
    """Takes one thing after the other."""

    def __init__(self, raw: bytes) -> None:
        self._raw, self._at = raw, 0

    def take(self) -> bytes:
        return self._bytes(self.size())

    def size(self) -> int:
        first = self._bytes(1)[0]
        return first if first < _TWO_BYTES else int.from_bytes(self._bytes(2 << first - _TWO_BYTES), "little")

    def end(self) -> None:
        if self._at != len(self._raw):
            raise ValueError("it ends too late")

    def _bytes(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._raw):
            raise ValueError("it ends too early")
        return self._raw[self._at - count : self._at]


def _place(coin: Coin) -> bytes:
    return bytes.fromhex(coin.tx_id)[::-1] + _number(coin.output, 4)


def _output(script: str, units: int) -> bytes:
    written = bytes.fromhex(script)
    return _number(units, 8) + _size(len(written)) + written


def _pair(key: bytes, value: bytes) -> bytes:
    return _size(len(key)) + key + _size(len(value)) + value


def _size(count: int) -> bytes:
    if count < _TWO_BYTES:
        return _number(count, 1)
    return b"\xfd" + _number(count, 2) if count < _FOUR_BYTES else b"\xfe" + _number(count, 4)


def _number(value: int, width: int) -> bytes:
    return value.to_bytes(width, "little")


def _hash(raw: bytes) -> bytes:
    return sha256(sha256(raw).digest()).digest()
