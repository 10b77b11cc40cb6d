"""Blocks: headers with proof of work, merkle roots, coinbases (Core's consensus/merkle.cpp, node/miner.cpp; BIP 34
for the height in the coinbase, BIP 141 "Commitment structure").
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from infra.sandbox.bitcoin import transactions
from infra.sandbox.bitcoin.codec import Reader, from_shown, number, sha256d, shown, size, sized
from infra.sandbox.bitcoin.transactions import FINAL, NOTHING, Input, Output, Transaction

BITS = 0x207FFFFF
TARGET = 0x7FFFFF << 8 * (0x20 - 3)
WORK = (1 << 256) // (TARGET + 1)
VERSION = 0x20000000  # BIP 9, nothing signalled
HALVING, SUBSIDY = 150, 50 * 100_000_000
COMMITMENT = bytes.fromhex("6a24aa21a9ed")
RESERVED = bytes(32)
MOST_WEIGHT = 4_000_000


@dataclass(frozen=True)
class Header:
    version: int
    parent: str
    merkle_root: str
    time: int
    bits: int
    nonce: int

    def serialized(self) -> bytes:
        roots = from_shown(self.parent) + from_shown(self.merkle_root)
        return number(self.version, 4) + roots + b"".join(number(n, 4) for n in (self.time, self.bits, self.nonce))

    @cached_property
    def hash(self) -> str:
        return shown(sha256d(self.serialized()))


@dataclass(frozen=True)
class Block:
    header: Header
    transactions: tuple[Transaction, ...]

    @property
    def hash(self) -> str:
        return self.header.hash

    def serialized(self, *, with_witness: bool = True) -> bytes:
        parts = [transaction.serialized(with_witness=with_witness) for transaction in self.transactions]
        return b"".join([self.header.serialized(), size(len(parts)), *parts])


def read(data: bytes) -> Block:
    reader = Reader(data)
    version, parent, root = reader.number(4), shown(reader.take(32)), shown(reader.take(32))
    header = Header(version, parent, root, reader.number(4), reader.number(4), reader.number(4))
    return Block(header, tuple(transactions.read(reader) for _ in range(reader.size())))


def assemble(
    parent: str,
    height: int,
    time: int,
    script: bytes,
    paid: Sequence[Transaction],
    fees: int,
    extra: bytes = b"",
) -> Block:
    """A block with work done, whose reward goes to `script`."""
    reward = Output(subsidy(height) + fees, script)
    opening = Input((NOTHING, FINAL), height_push(height) + sized(extra), FINAL, (RESERVED,))
    coinbase = Transaction(2, (opening,), (reward, commitment(paid)))
    root = merkle_root([each.txid for each in (coinbase, *paid)])
    return Block(mined(Header(VERSION, parent, root, time, BITS, 0)), (coinbase, *paid))


def commitment(paid: Sequence[Transaction]) -> Output:
    """Of all witnesses; the coinbase's own counts as zero."""
    root = from_shown(merkle_root([NOTHING, *(each.wtxid for each in paid)]))
    return Output(0, COMMITMENT + sha256d(root + RESERVED))


def mined(header: Header) -> Header:
    while int(header.hash, 16) > TARGET:
        header = replace(header, nonce=header.nonce + 1)
    return header


def merkle_root(ids: Sequence[str]) -> str:
    row = [from_shown(each) for each in ids]
    while len(row) > 1:
        if len(row) % 2:
            row.append(row[-1])
        row = [sha256d(row[place] + row[place + 1]) for place in range(0, len(row), 2)]
    return shown(row[0])


def subsidy(height: int) -> int:
    return SUBSIDY >> height // HALVING


def height_push(height: int) -> bytes:
    """As a script pushes a number, the shortest way."""
    if height <= 16:
        return bytes([0x50 + height if height else 0])
    return sized(number(height, height.bit_length() // 8 + 1))


def genesis() -> Block:
    """Regtest's first (CreateGenesisBlock in Core's kernel/chainparams.cpp)."""
    words = b"The Times 03/Jan/2009 Chancellor on brink of second bailout for banks"
    opening = sized(number(486604799, 4)) + b"\x01\x04" + sized(words)
    key = "04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f"  # noqa: E501
    reward = Output(SUBSIDY, sized(bytes.fromhex(key)) + b"\xac")
    coinbase = Transaction(1, (Input((NOTHING, FINAL), opening),), (reward,))
    return Block(Header(1, NOTHING, merkle_root([coinbase.txid]), 1296688602, BITS, 2), (coinbase,))
