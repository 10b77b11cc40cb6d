"""Transactions: bytes and back, ids, sizes (BIP 141 "Transaction ID", BIP 144 for the bytes)."""

from dataclasses import dataclass, replace
from functools import cached_property

from infra.sandbox.bitcoin.codec import Malformed, Reader, number, sha256d, shown, size, sized

Outpoint = tuple[str, int]
"""The transaction's id as it is shown, and the output's place."""

NOTHING = "00" * 32
FINAL = 0xFFFFFFFF
MOST_MONEY = 21_000_000 * 100_000_000


@dataclass(frozen=True)
class Input:
    outpoint: Outpoint
    script: bytes = b""
    sequence: int = FINAL
    witness: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Output:
    value: int
    script: bytes

    def serialized(self) -> bytes:
        return number(self.value, 8) + sized(self.script)


@dataclass(frozen=True)
class Transaction:
    version: int
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    lock_time: int = 0

    @cached_property
    def txid(self) -> str:
        return shown(sha256d(self.serialized(with_witness=False)))

    @cached_property
    def wtxid(self) -> str:
        return shown(sha256d(self.serialized()))

    @property
    def has_witness(self) -> bool:
        return any(entry.witness for entry in self.inputs)

    @property
    def is_coinbase(self) -> bool:
        return len(self.inputs) == 1 and self.inputs[0].outpoint == (NOTHING, FINAL)

    @cached_property
    def size(self) -> int:
        return len(self.serialized())

    @cached_property
    def weight(self) -> int:
        return 3 * len(self.serialized(with_witness=False)) + self.size

    @property
    def vsize(self) -> int:
        return -(-self.weight // 4)

    def serialized(self, *, with_witness: bool = True) -> bytes:
        marked = with_witness and self.has_witness
        parts = [number(self.version, 4), b"\x00\x01" if marked else b"", size(len(self.inputs))]
        for entry in self.inputs:
            parts += [outpoint_bytes(entry.outpoint), sized(entry.script), number(entry.sequence, 4)]
        parts += [size(len(self.outputs)), *(output.serialized() for output in self.outputs)]
        if marked:
            for entry in self.inputs:
                parts += [size(len(entry.witness)), *(sized(item) for item in entry.witness)]
        return b"".join([*parts, number(self.lock_time, 4)])

    def with_input(self, place: int, signed: Input) -> "Transaction":
        return replace(self, inputs=(*self.inputs[:place], signed, *self.inputs[place + 1 :]))


def outpoint_bytes(outpoint: Outpoint) -> bytes:
    return bytes.fromhex(outpoint[0])[::-1] + number(outpoint[1], 4)


def from_hex(text: str) -> Transaction:
    """With or without witness. One that has no input can only be read as the latter."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise Malformed("no hex") from None
    for may_have_witness in (True, False):
        try:
            reader = Reader(data)
            found = read(reader, may_have_witness=may_have_witness)
        except Malformed:
            continue
        if reader.is_at_end:
            return found
    raise Malformed("no transaction")


def read(reader: Reader, *, may_have_witness: bool = True) -> Transaction:
    version = reader.number(4)
    count = reader.size()
    marked = may_have_witness and count == 0
    if marked:
        if reader.number(1) != 1:
            raise Malformed("an unknown flag")
        count = reader.size()
    inputs = [_input(reader) for _ in range(count)]
    outputs = tuple(Output(reader.number(8), reader.sized()) for _ in range(reader.size()))
    if marked:
        inputs = [replace(e, witness=tuple(reader.sized() for _ in range(reader.size()))) for e in inputs]
        if not any(entry.witness for entry in inputs):
            raise Malformed("a witness that is empty")
    return Transaction(version, tuple(inputs), outputs, reader.number(4))


def _input(reader: Reader) -> Input:
    tx_id, place = shown(reader.take(32)), reader.number(4)
    return Input((tx_id, place), reader.sized(), reader.number(4))
