"""Blocks and transactions from bytes, on ones that are written here and on Bitcoin's first block."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest

from paygate.adapters.chains.bitcoin.wire import Output, read_block, read_header, read_transaction

GENESIS_HASH = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
GENESIS = bytes.fromhex(  # Core, chainparams.cpp and the test of its hash
    "01000000" + "00" * 32 + "3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"
    "29ab5f49ffff001d1dac2b7c01"
    "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054"
    "696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420"
    "666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61"
    "deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000"
)
COINBASE = (bytes(32), 0xFFFFFFFF)


def size(number: int) -> bytes:
    """A compact size, as short as it may be."""
    for limit, mark, width in ((0xFD, b"", 1), (1 << 16, b"\xfd", 2), (1 << 32, b"\xfe", 4)):
        if number < limit:
            return mark + number.to_bytes(width, "little")
    return b"\xff" + number.to_bytes(8, "little")


def transaction(
    outputs: list[tuple[int, bytes]],
    inputs: list[tuple[bytes, int]] | None = None,
    witness: list[list[bytes]] | None = None,
    script_sig: bytes = b"",
) -> tuple[bytes, bytes]:
    """Its bytes, and those that its id is the hash of."""
    spent = inputs or [(b"\x11" * 32, 0)]
    body = size(len(spent))
    for tx_id, number in spent:
        body += tx_id + number.to_bytes(4, "little") + size(len(script_sig)) + script_sig + b"\xfd\xff\xff\xff"
    body += size(len(outputs))
    for units, script in outputs:
        body += units.to_bytes(8, "little") + size(len(script)) + script
    plain = b"\x02\0\0\0" + body + bytes(4)
    if witness is None:
        return plain, plain
    stacks = b"".join(size(len(stack)) + b"".join(size(len(part)) + part for part in stack) for stack in witness)
    return b"\x02\0\0\0" + b"\x00\x01" + body + stacks + bytes(4), plain


def twice(raw: bytes) -> bytes:
    return sha256(sha256(raw).digest()).digest()


def root(ids: list[bytes]) -> bytes:
    while len(ids) > 1:
        pairs = ids if len(ids) % 2 == 0 else [*ids, ids[-1]]
        ids = [twice(pairs[at] + pairs[at + 1]) for at in range(0, len(pairs), 2)]
    return ids[0]


def block(transactions: list[tuple[bytes, bytes]], named: bytes | None = None) -> bytes:
    names = named or root([twice(plain) for _, plain in transactions])
    header = b"\0\0\0\x20" + b"\x22" * 32 + names + (1_700_000_000).to_bytes(4, "little") + bytes(8)
    return header + size(len(transactions)) + b"".join(raw for raw, _ in transactions)


PAYS = [(1000, b"\x00\x14" + b"\xaa" * 20), (0, b"\x6a"), (2_100_000_000_000_000, b"")]


def test_the_first_block_reads_as_everybody_knows_it() -> None:
    header, (coinbase,) = read_block(GENESIS)
    assert header.hash == GENESIS_HASH
    assert header.parent == "00" * 32
    assert header.time == datetime(2009, 1, 3, 18, 15, 5, tzinfo=UTC)
    assert coinbase.is_coinbase
    assert coinbase.id == header.merkle_root == "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"
    assert [output.units for output in coinbase.outputs] == [50 * 100_000_000]
    assert read_header(GENESIS[:80]) == header


@pytest.mark.parametrize("witness", [None, [[b"\x01" * 72, b"\x02" * 33]], [[]]], ids=["none", "signed", "empty"])
def test_an_id_leaves_the_witness_out(witness: list[list[bytes]] | None) -> None:
    """BIP 141: a signature that somebody changes does not change the id."""
    raw, plain = transaction(PAYS, witness=witness)
    read = read_transaction(raw)
    assert read.id == twice(plain)[::-1].hex()
    assert list(read.outputs) == [Output(units, script.hex()) for units, script in PAYS]
    assert not read.is_coinbase


@pytest.mark.parametrize("count", [1, 0xFC, 0xFD, 0x10000])
def test_counts_of_any_width(count: int) -> None:
    raw, _ = transaction([(1, b"")] * count, script_sig=b"\x01" * count)
    assert len(read_transaction(raw).outputs) == count


def test_only_the_input_that_spends_nothing_mines_coins() -> None:
    assert read_transaction(transaction(PAYS, [COINBASE])[0]).is_coinbase
    assert not read_transaction(transaction(PAYS, [(bytes(32), 0)])[0]).is_coinbase


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8])
def test_a_block_names_all_its_transactions_in_their_order(count: int) -> None:
    transactions = [transaction([(number, b"\x51")]) for number in range(count)]
    _, read = read_block(block(transactions))
    assert [each.outputs[0].units for each in read] == list(range(count))
    if count > 1:
        named = root([twice(plain) for _, plain in transactions])
        with pytest.raises(ValueError, match="not the block's"):
            read_block(block([transactions[1], transactions[0], *transactions[2:]], named))


def test_a_block_whose_end_is_there_twice_is_another_one() -> None:
    """CVE-2012-2459: the root of three transactions is that of four, of which the last is the third once more."""
    three = [transaction([(number, b"\x51")]) for number in range(3)]
    named = root([twice(plain) for _, plain in three])
    read_block(block(three, named))
    with pytest.raises(ValueError, match="not the block's"):
        read_block(block([*three, three[2]], named))


def test_a_block_without_transactions_is_none() -> None:
    with pytest.raises(ValueError, match="not the block's"):
        read_block(block([], b"\0" * 32))


def test_whatever_is_cut_off_or_added_is_noticed() -> None:
    raw, _ = transaction(PAYS, witness=[[b"\x01" * 72]])
    for end in range(len(raw)):
        with pytest.raises(ValueError, match=r"early|late"):
            read_transaction(raw[:end])
    with pytest.raises(ValueError, match="late"):
        read_transaction(raw + b"\0")
    with pytest.raises(ValueError, match="late"):
        read_block(block([transaction(PAYS)]) + b"\0")
    with pytest.raises(ValueError, match="80"):
        read_block(GENESIS[:79])


def test_a_count_beyond_all_bytes_ends_at_once() -> None:
    with pytest.raises(ValueError, match="early"):
        read_transaction(b"\x02\0\0\0" + b"\xff" * 9 + bytes(100))


def test_there_are_only_so_many_bitcoins() -> None:
    with pytest.raises(ValueError, match="many"):
        read_transaction(transaction([(2_100_000_000_000_001, b"")])[0])
