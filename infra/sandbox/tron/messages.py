"""TRON's messages: java-tron's Tron.proto, balance_contract.proto, smart_contract.proto, and how its HTTP API
writes them as JSON: bytes as hex, but for `visible`, which turns addresses into Base58Check and names into text.
"""

from typing import Any

from infra.sandbox.tron import keys
from infra.sandbox.tron.protobuf import Field, Malformed, Message, Schema, decode, encode

Json = dict[str, Any]
TYPE_URL = "type.googleapis.com/protocol."
TRANSFER, TRIGGER = 1, 31
CONTRACT_TYPES = {TRANSFER: "TransferContract", TRIGGER: "TriggerSmartContract"}
RESULTS = {0: "DEFAULT", 1: "SUCCESS", 2: "REVERT", 10: "OUT_OF_ENERGY"}

PARAMETERS = {
    TRANSFER: Schema(
        (Field(1, "owner_address", "address"), Field(2, "to_address", "address"), Field(3, "amount", "int"))
    ),
    TRIGGER: Schema(
        (
            Field(1, "owner_address", "address"),
            Field(2, "contract_address", "address"),
            Field(3, "call_value", "int"),
            Field(4, "data", "bytes"),
            Field(5, "call_token_value", "int"),
            Field(6, "token_id", "int"),
        )
    ),
}
ANY = Schema((Field(1, "type_url", "string"), Field(2, "value", "bytes")))
CONTRACT = Schema(
    (
        Field(1, "type", "enum", names=CONTRACT_TYPES),
        Field(2, "parameter", "message", ANY),
        Field(3, "provider", "bytes"),
        Field(4, "ContractName", "name"),
        Field(5, "Permission_id", "int"),
    )
)
RAW = Schema(
    (
        Field(1, "ref_block_bytes", "bytes"),
        Field(3, "ref_block_num", "int"),
        Field(4, "ref_block_hash", "bytes"),
        Field(8, "expiration", "int"),
        Field(10, "data", "bytes"),
        Field(11, "contract", "message", CONTRACT, is_repeated=True),
        Field(12, "scripts", "bytes"),
        Field(14, "timestamp", "int"),
        Field(18, "fee_limit", "int"),
    )
)
RESULT = Schema(
    (
        Field(1, "fee", "int"),
        Field(2, "ret", "enum", names={0: "SUCESS", 1: "FAILED"}),
        Field(3, "contractRet", "enum", names=RESULTS),
    )
)
TRANSACTION = Schema(
    (
        Field(1, "raw_data", "message", RAW),
        Field(2, "signature", "bytes", is_repeated=True),
        Field(5, "ret", "message", RESULT, is_repeated=True),
    )
)
HEADER = Schema(
    (
        Field(1, "timestamp", "int"),
        Field(2, "txTrieRoot", "bytes"),
        Field(3, "parentHash", "bytes"),
        Field(7, "number", "int"),
        Field(9, "witness_address", "address"),
        Field(10, "version", "int"),
    )
)


def to_json(schema: Schema, message: Message, *, visible: bool) -> Json:
    shown: Json = {}
    for each in schema.fields:
        value = message.get(each.name)
        if each.is_repeated and value:
            shown[each.name] = [_shown(each, item, visible=visible) for item in value]
        elif value not in (None, 0, b"", "", []):
            shown[each.name] = _shown(each, value, visible=visible)
    return shown


def from_json(schema: Schema, asked: Json, *, visible: bool) -> Message:
    """Names that are no field are passed over, as java-tron does."""
    message: Message = {}
    for each in schema.fields:
        value = asked.get(each.name)
        if value is None:
            continue
        message[each.name] = (
            [_read(each, item, visible=visible) for item in value]
            if each.is_repeated
            else _read(each, value, visible=visible)
        )
    return message


def parameter(contract: Message) -> Message:
    """What a contract says, unpacked."""
    kind = contract.get("type", 0)
    found = contract.get("parameter", {})
    if kind not in PARAMETERS or found.get("type_url") != TYPE_URL + CONTRACT_TYPES[kind]:
        raise Malformed("No contract!")
    return decode(PARAMETERS[kind], found.get("value", b""))


def packed(kind: int, said: Message) -> Message:
    value = encode(PARAMETERS[kind], said)
    return {"type": kind, "parameter": {"type_url": TYPE_URL + CONTRACT_TYPES[kind], "value": value}}


def _shown(each: Field, value: Any, *, visible: bool) -> Any:
    if each.schema:
        return to_json(each.schema, value, visible=visible)
    if each.kind == "enum":
        return each.names[value]
    if not isinstance(value, bytes):
        return value
    if visible and each.kind == "address":
        return keys.base58check(value.hex())
    return value.decode(errors="replace") if visible and each.kind == "name" else value.hex()


def _read(each: Field, value: Any, *, visible: bool) -> Any:
    if each.schema:
        if not isinstance(value, dict):
            raise Malformed(f"{each.name} is no message")
        return from_json(each.schema, value, visible=visible)
    if each.kind == "enum":
        return _number_of(each, value)
    if each.kind in ("int", "bool"):
        return _integer(each, value)
    if not isinstance(value, str):
        raise Malformed(f"{each.name} is no string")
    if each.kind == "string":
        return value
    if visible and each.kind == "address":
        return bytes.fromhex(keys.from_base58check(value))
    return value.encode() if visible and each.kind == "name" else unhex(value)


def unhex(text: str) -> bytes:
    """As java-tron reads hex: 0x may stand before it, and a zero is added to an odd number of digits."""
    plain = text.removeprefix("0x")
    try:
        return bytes.fromhex(plain if len(plain) % 2 == 0 else f"0{plain}")
    except ValueError:
        raise Malformed("INVALID hex String") from None


def _number_of(each: Field, value: Any) -> int:
    for number, name in each.names.items():
        if value in (number, name):
            return number
    raise Malformed(f"{each.name} has no value {value!r}")


def _integer(each: Field, value: Any) -> int:
    try:
        number = int(str(value))
    except ValueError:
        raise Malformed(f"{each.name} is no integer") from None
    if not -(1 << 63) <= number < 1 << 63:
        raise Malformed(f"{each.name} is out of range")
    return number
