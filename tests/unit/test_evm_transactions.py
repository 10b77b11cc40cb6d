"""Signed transactions as bytes: those that no library would make."""

from collections.abc import Sequence

import pytest
from coincurve import PrivateKey

from paygate.adapters.chains.addresses.evm import EvmEncoding
from paygate.adapters.chains.addresses.hashing import keccak256
from paygate.adapters.chains.evm import rlp
from paygate.adapters.chains.evm.fees import Fees
from paygate.adapters.chains.evm.transactions import Effect, Transaction, read_signed

SECRET = PrivateKey(b"\1" * 32)
SENDER = EvmEncoding().of_point(SECRET.public_key.format(compressed=False))
EFFECT = Effect(chain_id=1, nonce=0, to="aa" * 20, value=5, data=b"\1\2")
TYPED = [b"\1", b"", b"\2", b"\3", b"\x52\x08", bytes.fromhex("aa" * 20), b"\5", b"\1\2", ()]


def signed(kind: int, fields: Sequence[rlp.Item]) -> bytes:
    digest = keccak256(bytes([kind]) + rlp.encode(fields))
    signature = SECRET.sign_recoverable(digest, hasher=None)
    r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
    return bytes([kind]) + rlp.encode([*fields, *map(rlp.integer, (signature[64], r, s))])


def test_what_was_signed_is_read() -> None:
    made = Transaction(EFFECT, 21_000, Fees(3, 2))
    assert made.unsigned == b"\2" + rlp.encode(TYPED)
    raw = signed(2, TYPED)
    found = read_signed(raw)
    assert (found.transaction, found.sender, found.tx_id) == (made, SENDER, keccak256(raw).hex())


BROKEN: dict[str, list[rlp.Item]] = {
    "no list of accesses": [*TYPED[:8], b""],
    "an access": [*TYPED[:8], b"\1"],
    "a list for a number": [(), *TYPED[1:]],
    "a number with zeros before it": [b"\0\1", *TYPED[1:]],
    "no receiver": [*TYPED[:5], b"", *TYPED[6:]],
    "a short receiver": [*TYPED[:5], b"\1" * 19, *TYPED[6:]],
    "a list for a receiver": [*TYPED[:5], (), *TYPED[6:]],
    "a list for data": [*TYPED[:7], (), ()],
    "a field less": TYPED[:8],
    "a field more": [*TYPED, ()],
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_broken_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_signed(signed(2, BROKEN[kind]))


@pytest.mark.parametrize("kind", [0, 3, 4, 0x7F, 0x80])
def test_other_types_are_refused(kind: int) -> None:
    with pytest.raises(ValueError, match="type"):
        read_signed(signed(kind, TYPED))


@pytest.mark.parametrize("part", [9, 10, 11])
def test_signatures_that_cannot_be(part: int) -> None:
    items = rlp.decode(signed(2, TYPED)[1:])
    for wrong in (rlp.integer(2**256 - 1), rlp.integer(2**300)):
        with pytest.raises(ValueError, match="signature"):
            read_signed(b"\2" + rlp.encode([*items[:part], wrong, *items[part + 1 :]]))
    if part > 9:
        with pytest.raises(ValueError, match="signature"):
            read_signed(b"\2" + rlp.encode([*items[:part], b"", *items[part + 1 :]]))
