"""A transaction between JSON and bytes. Its id is the SHA-256 of its raw_data's bytes."""

import copy
from dataclasses import dataclass
from functools import cached_property

from infra.sandbox.tron import messages
from infra.sandbox.tron.keys import sha256
from infra.sandbox.tron.messages import RAW, TRANSACTION, TRANSFER, TRIGGER, Json
from infra.sandbox.tron.protobuf import Malformed, Message, decode, encode

MAX_RESULT_SIZE = 64
"""java-tron's Constant.MAX_RESULT_SIZE_IN_TX: bandwidth that every contract's result counts for."""


@dataclass(frozen=True)
class Transaction:
    message: Message

    @classmethod
    def parse(cls, raw: bytes) -> "Transaction":
        return cls(decode(TRANSACTION, raw))

    @classmethod
    def unsigned(cls, kind: int, said: Message, **raw: object) -> "Transaction":
        return cls({"raw_data": {"contract": [messages.packed(kind, said)], **raw}, "signature": [], "ret": []})

    @cached_property
    def raw_bytes(self) -> bytes:
        return encode(RAW, self.raw)

    @cached_property
    def digest(self) -> bytes:
        return sha256(self.raw_bytes)

    @property
    def id(self) -> str:
        return self.digest.hex()

    @property
    def raw(self) -> Message:
        return dict(self.message.get("raw_data", {}))

    @property
    def signatures(self) -> list[bytes]:
        return list(self.message.get("signature", []))

    @property
    def kind(self) -> int:
        return int(self.contract.get("type", 0))

    @property
    def contract(self) -> Message:
        found = self.raw.get("contract", [])
        if not found:
            raise Malformed("No contract!")
        return dict(found[0])

    @cached_property
    def said(self) -> Message:
        """What its one contract says, by field; addresses are bytes."""
        return messages.parameter(self.contract)

    @property
    def owner(self) -> str:
        return bytes(self.said.get("owner_address", b"")).hex()

    @property
    def size(self) -> int:
        """The bandwidth it takes: its bytes without a result, and room for one."""
        return len(encode(TRANSACTION, self.message | {"ret": []})) + MAX_RESULT_SIZE

    def encoded(self) -> bytes:
        return encode(TRANSACTION, self.message)

    def signed(self, signature: bytes) -> "Transaction":
        return Transaction(self.message | {"signature": [signature]})

    def with_result(self, result: Message | None) -> "Transaction":
        return Transaction(self.message | {"ret": [result] if result else []})


def from_json(asked: Json, *, visible: bool) -> Transaction:
    """What is signed is put together from `raw_data`; txID and raw_data_hex are not looked at, as at java-tron."""
    if not isinstance(asked.get("raw_data"), dict):
        raise Malformed("null")
    asked = copy.deepcopy(asked)
    contracts = []
    for each in asked["raw_data"].get("contract", []):
        kind = {name: number for number, name in messages.CONTRACT_TYPES.items()}.get(each.get("type"))
        if kind is None:
            continue  # what java-tron cannot pack, it leaves out
        found = each.get("parameter", {})
        said = messages.from_json(messages.PARAMETERS[kind], found.get("value", {}), visible=visible)
        contracts.append(messages.packed(kind, said) | {"Permission_id": int(each.get("Permission_id", 0))})
    asked["raw_data"].pop("contract", None)
    message = messages.from_json(TRANSACTION, asked, visible=visible)
    message["raw_data"]["contract"] = contracts
    return Transaction(message | {"signature": message.get("signature", []), "ret": []})


def to_json(transaction: Transaction, *, visible: bool) -> Json:
    shown = messages.to_json(TRANSACTION, transaction.message, visible=visible)
    raw = shown.setdefault("raw_data", {})
    raw["contract"] = [_contract(each, visible=visible) for each in transaction.raw.get("contract", [])]
    return shown | {"txID": transaction.id, "raw_data_hex": transaction.raw_bytes.hex()}


def _contract(contract: Message, *, visible: bool) -> Json:
    kind = contract.get("type", 0)
    said = messages.to_json(messages.PARAMETERS[kind], messages.parameter(contract), visible=visible)
    url = contract["parameter"]["type_url"]
    shown = {"parameter": {"value": said, "type_url": url}, "type": messages.CONTRACT_TYPES[kind]}
    permission = contract.get("Permission_id", 0)
    return shown | ({"Permission_id": permission} if permission > 0 else {})


__all__ = ["TRANSFER", "TRIGGER", "Transaction", "from_json", "to_json"]
