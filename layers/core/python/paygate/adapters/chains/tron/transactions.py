"""A transfer of the token as a transaction: its bytes, what wallets take as JSON, and what comes back signed.

java-tron's Tron.proto and smart_contract.proto. An id is the SHA-256 of raw_data's bytes, and a signature is over
that: so the id is known before anybody signs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paygate.adapters.chains import token_calls
from paygate.adapters.chains.signatures import signer
from paygate.adapters.chains.tron import protobuf
from paygate.adapters.rails.exact_json import read_object

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRIGGER, _TRIGGER_NAME = 31, "TriggerSmartContract"
_TYPE_URL = "type.googleapis.com/protocol.TriggerSmartContract"
_PREFIX = "41"
_RAW, _SIGNATURE = 1, 2
_SIGNATURE_BYTES = 65
_RECOVERIES = 4
_HEADER_FROM = 27  # Bitcoin's way of writing a recovery id, which java-tron takes too


@dataclass(frozen=True, slots=True)
class Transfer:
    """`owner`, `token` and `recipient` are addresses' keys; times are milliseconds, `fee_limit` is sun.

    `place` and `proof` name a recent block: a transaction is only good for the chain that has it ("TAPOS").
    """

    owner: str
    token: str
    recipient: str
    units: int
    place: str
    proof: str
    expiration: int
    timestamp: int
    fee_limit: int

    @classmethod
    def again(cls, owner: str, token: str, recipient: str, units: int, raw: Mapping[str, Any]) -> Transfer:
        """With everything else as in a document's `raw_data`."""
        block = raw["ref_block_bytes"], raw["ref_block_hash"]
        return cls(owner, token, recipient, units, *block, raw["expiration"], raw["timestamp"], raw["fee_limit"])

    def encoded(self) -> bytes:
        call = (
            protobuf.chunk(1, bytes.fromhex(_PREFIX + self.owner))
            + protobuf.chunk(2, bytes.fromhex(_PREFIX + self.token))
            + protobuf.chunk(4, token_calls.transfer(self.recipient, self.units))
        )
        packed = protobuf.chunk(1, _TYPE_URL.encode()) + protobuf.chunk(2, call)
        return (
            protobuf.chunk(1, bytes.fromhex(self.place))
            + protobuf.chunk(4, bytes.fromhex(self.proof))
            + protobuf.number(8, self.expiration)
            + protobuf.chunk(11, protobuf.number(1, _TRIGGER) + protobuf.chunk(2, packed))
            + protobuf.number(14, self.timestamp)
            + protobuf.number(18, self.fee_limit)
        )

    def for_wallets(self) -> dict[str, Any]:
        """As java-tron's HTTP API writes a transaction that is to be signed: tronweb and tronpy take it so."""
        value = {
            "owner_address": _PREFIX + self.owner,
            "contract_address": _PREFIX + self.token,
            "data": token_calls.transfer(self.recipient, self.units).hex(),
        }
        raw = self.encoded()
        return {
            "visible": False,
            "txID": id_of(raw),
            "raw_data": {
                "contract": [{"parameter": {"value": value, "type_url": _TYPE_URL}, "type": _TRIGGER_NAME}],
                "ref_block_bytes": self.place,
                "ref_block_hash": self.proof,
                "expiration": self.expiration,
                "fee_limit": self.fee_limit,
                "timestamp": self.timestamp,
            },
            "raw_data_hex": raw.hex(),
        }


def id_of(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def signature_of(signed: str, raw: bytes) -> bytes:
    """From a wallet's JSON, or a whole transaction in hex. Raises ValueError when it is of anything but `raw`."""
    text = signed.strip()
    if text.startswith("{"):
        return _from_json(read_object(text.encode()), raw)
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise ValueError("must be a signed transaction, as a wallet's JSON or in hex") from None
    head = protobuf.chunk(_RAW, raw)
    signature = found[-_SIGNATURE_BYTES:]
    if found != head + protobuf.chunk(_SIGNATURE, signature):
        raise ValueError("is not what was prepared, with one signature")
    return signature


def signed_by(raw: bytes, signature: bytes) -> str:
    """The key of the address whose signature it is. TRON does not ask for a low s. Raises ValueError."""
    r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
    recovery = signature[64] - _HEADER_FROM if signature[64] >= _HEADER_FROM else signature[64]
    if not 0 <= recovery < _RECOVERIES:
        raise ValueError("has a signature with an impossible recovery id")
    return signer(hashlib.sha256(raw).digest(), r, s, recovery)


def with_signature(raw: bytes, signature: bytes) -> bytes:
    return protobuf.chunk(_RAW, raw) + protobuf.chunk(_SIGNATURE, signature)


def _from_json(content: Mapping[str, Any], raw: bytes) -> bytes:
    """Wallets leave out one or the other; what counts is what the signature is over."""
    if content.get("raw_data_hex", raw.hex()) != raw.hex() or content.get("txID", id_of(raw)) != id_of(raw):
        raise ValueError("is not what was prepared")
    signatures = content.get("signature")
    if not isinstance(signatures, list) or len(signatures) != 1 or not isinstance(signatures[0], str):
        raise ValueError("must have one signature")
    try:
        signature = bytes.fromhex(signatures[0].removeprefix("0x"))
    except ValueError:
        raise ValueError("has a signature that is not hex") from None
    if len(signature) != _SIGNATURE_BYTES:
        raise ValueError("has a signature that is not of 65 bytes")
    return signature
