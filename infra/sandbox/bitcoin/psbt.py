"""Transactions that are signed elsewhere (BIP 174), of version 0, for P2WPKH inputs."""

import base64
import binascii
from dataclasses import dataclass, field, replace

from infra.sandbox.bitcoin import transactions
from infra.sandbox.bitcoin.codec import Malformed, Reader, hash160, size, sized
from infra.sandbox.bitcoin.scripts import witness_program
from infra.sandbox.bitcoin.transactions import Output, Transaction

MAGIC = b"psbt\xff"
UNSIGNED = b"\x00"
FULL_SOURCE, SOURCE, SIGNATURE, SIGHASH, FINAL_SCRIPT, FINAL_WITNESS = (
    b"\x00",
    b"\x01",
    2,
    b"\x03",
    b"\x07",
    b"\x08",
)
DERIVATION = {"input": 6, "output": 2}
Map = dict[bytes, bytes]


@dataclass
class Psbt:
    """Each map as it came: what is not understood stays."""

    unsigned: Transaction
    inputs: list[Map]
    outputs: list[Map]
    rest: Map = field(default_factory=dict)

    def encoded(self) -> str:
        head = {UNSIGNED: self.unsigned.serialized(with_witness=False), **self.rest}
        maps = b"".join(_written(each) for each in (head, *self.inputs, *self.outputs))
        return base64.b64encode(MAGIC + maps).decode()

    def spent(self, place: int) -> Output | None:
        """What an input spends, if it is told."""
        held = self.inputs[place]
        if SOURCE in held:
            return read_output(held[SOURCE])
        if FULL_SOURCE not in held:
            return None
        source = transactions.read(Reader(held[FULL_SOURCE]))
        outpoint = self.unsigned.inputs[place].outpoint
        fits = source.txid == outpoint[0] and outpoint[1] < len(source.outputs)
        return source.outputs[outpoint[1]] if fits else None

    def finalize(self) -> bool:
        """Turn signatures into witnesses where they suffice; whether all inputs have theirs."""
        for place, held in enumerate(self.inputs):
            spent = self.spent(place)
            program = witness_program(spent.script) if spent else None
            for key in [key for key in held if key[0] == SIGNATURE and program]:
                if program and hash160(key[1:]) == program[1]:
                    witness = size(2) + sized(held[key]) + sized(key[1:])
                    kept = {k: v for k, v in held.items() if k in (FULL_SOURCE, SOURCE)}
                    self.inputs[place] = {**kept, FINAL_WITNESS: witness}
        return all(FINAL_WITNESS in held for held in self.inputs)

    def extract(self) -> Transaction:
        inputs = [
            replace(entry, witness=witness_of(held))
            for entry, held in zip(self.unsigned.inputs, self.inputs, strict=True)
        ]
        return replace(self.unsigned, inputs=tuple(inputs))


def of(unsigned: Transaction) -> Psbt:
    return Psbt(unsigned, [{} for _ in unsigned.inputs], [{} for _ in unsigned.outputs])


def read(text: str) -> Psbt:
    try:
        reader = Reader(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise Malformed("invalid base64") from None
    if reader.take(len(MAGIC)) != MAGIC:
        raise Malformed("Invalid PSBT magic bytes")
    head = _map(reader)
    raw = head.pop(UNSIGNED, None)
    if raw is None:
        raise Malformed("No unsigned transaction was provided")
    unsigned = transactions.read(Reader(raw), may_have_witness=False)
    inputs, outputs = [_map(reader) for _ in unsigned.inputs], [_map(reader) for _ in unsigned.outputs]
    if not reader.is_at_end:
        raise Malformed("extra data after PSBT")
    return Psbt(unsigned, inputs, outputs, head)


def witness_of(held: Map) -> tuple[bytes, ...]:
    if FINAL_WITNESS not in held:
        return ()
    reader = Reader(held[FINAL_WITNESS])
    return tuple(reader.sized() for _ in range(reader.size()))


def read_output(data: bytes) -> Output:
    reader = Reader(data)
    return Output(reader.number(8), reader.sized())


def _map(reader: Reader) -> Map:
    found: Map = {}
    while key := reader.sized():
        if key in found:
            raise Malformed("Duplicate Key, key is already provided")
        found[key] = reader.sized()
    return found


def _written(held: Map) -> bytes:
    return b"".join(sized(key) + sized(value) for key, value in sorted(held.items())) + b"\x00"
