"""Blocks and transactions as Bitcoin's peers exchange them.

Read from these bytes, a block proves itself: its hash is its header's, its header names the root of all transaction
ids, and an id is the hash of all that its transaction pays. No word of the node's stands between, and amounts are
integers from the start. Sources: Bitcoin developer reference, "Block Chain" (headers, merkle trees) and
"Transactions" (raw format, compact sizes); BIP 141 and BIP 144 (witnesses, and ids that leave them out).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER_BYTES = 80
_MOST_SATOSHIS = 21_000_000 * 100_000_000
_HASH, _SEQUENCE = 32, 4
_NO_OUTPUT = bytes(32) + b"\xff" * 4  # what a coinbase's input spends
_WITNESS_FLAG = b"\x00\x01"
_LEAST_LONG = 0xFD


@dataclass(frozen=True, slots=True)
class Header:
    """Hashes as they are shown: hex, the last byte first."""

    hash: str
    parent: str
    merkle_root: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Output:
    """What a transaction pays, to whom: satoshis, and the output script in hex."""

    units: int
    script: str


@dataclass(frozen=True, slots=True)
class Transaction:
    id: str
    is_coinbase: bool
    outputs: Sequence[Output]


def read_header(raw: bytes) -> Header:
    """Raises ValueError."""
    if len(raw) != HEADER_BYTES:
        raise ValueError("a header has 80 bytes")
    time = datetime.fromtimestamp(int.from_bytes(raw[68:72], "little"), UTC)
    return Header(_shown(_hash(raw)), _shown(raw[4:36]), _shown(raw[36:68]), time)


def read_block(raw: bytes) -> tuple[Header, list[Transaction]]:
    """Raises ValueError, also when the transactions are not those that the header names."""
    header, source = read_header(raw[:HEADER_BYTES]), _Bytes(raw, HEADER_BYTES)
    found = [_transaction(source) for _ in range(source.count())]
    source.end()
    ids = [bytes.fromhex(transaction.id)[::-1] for transaction in found]
    # A list whose end is there twice has the same root (CVE-2012-2459).
    if len(set(ids)) != len(ids) or _shown(_merkle_root(ids)) != header.merkle_root:
        raise ValueError("the transactions are not the block's")
    return header, found


def read_transaction(raw: bytes) -> Transaction:
    """Raises ValueError."""
    source = _Bytes(raw, 0)
    found = _transaction(source)
    source.end()
    return found


class _Bytes:
    """Takes one thing after the other."""

    __slots__ = ("_raw", "at")

    def __init__(self, raw: bytes, at: int) -> None:
        self._raw, self.at = raw, at

    def take(self, size: int) -> bytes:
        self.at += size
        if self.at > len(self._raw):
            raise ValueError("it ends too early")
        return self._raw[self.at - size : self.at]

    def skip(self, size: int) -> None:
        self.at += size

    def integer(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def count(self) -> int:
        """A compact size: one byte, or 253, 254, 255 and then two, four, eight."""
        first = self.integer(1)
        return first if first < _LEAST_LONG else self.integer(2 << first - _LEAST_LONG)

    def since(self, start: int) -> bytes:
        return self._raw[start : self.at]

    def end(self) -> None:
        if self.at != len(self._raw):
            raise ValueError("it ends too early or too late")


def _transaction(source: _Bytes) -> Transaction:
    start = source.at
    version, marker = source.take(4), source.take(2)
    has_witness = marker == _WITNESS_FLAG
    if not has_witness:
        source.at -= 2
    body = source.at
    spent = [_input(source) for _ in range(source.count())]
    outputs = [_output(source) for _ in range(source.count())]
    named = source.since(body)
    if has_witness:
        for _ in spent:
            _skip_witness(source)
    lock_time = source.take(4)
    hashed = version + named + lock_time if has_witness else source.since(start)
    return Transaction(_shown(_hash(hashed)), spent == [_NO_OUTPUT], outputs)


def _input(source: _Bytes) -> bytes:
    """The output that it spends: transaction and number."""
    spent = source.take(_HASH + 4)
    source.skip(source.count() + _SEQUENCE)
    return spent


def _output(source: _Bytes) -> Output:
    units = source.integer(8)
    if units > _MOST_SATOSHIS:
        raise ValueError("there are not so many bitcoins")
    return Output(units, source.take(source.count()).hex())


def _skip_witness(source: _Bytes) -> None:
    for _ in range(source.count()):
        source.skip(source.count())


def _merkle_root(ids: list[bytes]) -> bytes:
    """Each row hashes pairs of the row below, an odd last one with itself."""
    row = ids
    while len(row) > 1:
        row = row + row[-1:] if len(row) % 2 else row
        row = [_hash(left + right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0] if row else b""


def _hash(raw: bytes) -> bytes:
    return sha256(sha256(raw).digest()).digest()


def _shown(hashed: bytes) -> str:
    return hashed[::-1].hex()
