"""An offline signer of PSBTs: P2WPKH inputs, by BIP 143, with keys that only it has. Written apart from ours."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from coincurve import PrivateKey

from infra.sandbox.bitcoin import psbt as papers
from infra.sandbox.bitcoin.codec import hash160, number, sha256d, sized
from infra.sandbox.bitcoin.transactions import outpoint_bytes

if TYPE_CHECKING:
    from collections.abc import Collection

ALL = 1


def sign(psbt: str, keys: Collection[bytes]) -> str:
    """The PSBT with a partial signature for each input that one of the keys signs."""
    paper = papers.read(psbt)
    by_hash = {hash160(PrivateKey(key).public_key.format()): key for key in keys}
    for place, held in enumerate(paper.inputs):
        spent = paper.spent(place)
        assert spent is not None, "a signer must be told what it spends"
        key = by_hash.get(spent.script[2:])
        if key is not None:
            public = PrivateKey(key).public_key.format()
            held[bytes([papers.SIGNATURE]) + public] = _signature(paper, place, key)
    return paper.encoded()


def final(psbt: str, keys: Collection[bytes]) -> str:
    """The whole transaction in hex."""
    paper = papers.read(sign(psbt, keys))
    assert paper.finalize()
    return paper.extract().serialized().hex()


def with_output(psbt: str, place: int, *, script: bytes | None = None, add: int = 0) -> str:
    """The same but for one output: another receiver, or another amount."""
    raw = b64decode(psbt)
    unsigned = papers.read(psbt).unsigned
    old = unsigned.outputs[place].serialized()
    new = number(unsigned.outputs[place].value + add, 8) + sized(script or unsigned.outputs[place].script)
    assert raw.count(old) == 1
    assert len(old) == len(new)
    return b64encode(raw.replace(old, new)).decode()


def _signature(paper: papers.Psbt, place: int, key: bytes) -> bytes:
    """BIP 143, "Specification", of all inputs and outputs."""
    unsigned, spent = paper.unsigned, paper.spent(place)
    assert spent is not None
    signed = unsigned.inputs[place]
    parts = [
        number(unsigned.version, 4),
        sha256d(b"".join(outpoint_bytes(each.outpoint) for each in unsigned.inputs)),
        sha256d(b"".join(number(each.sequence, 4) for each in unsigned.inputs)),
        outpoint_bytes(signed.outpoint),
        sized(b"\x76\xa9" + sized(spent.script[2:]) + b"\x88\xac"),
        number(spent.value, 8),
        number(signed.sequence, 4),
        sha256d(b"".join(each.serialized() for each in unsigned.outputs)),
        number(unsigned.lock_time, 4),
        number(ALL, 4),
    ]
    return PrivateKey(key).sign(sha256d(b"".join(parts)), hasher=None) + bytes([ALL])
