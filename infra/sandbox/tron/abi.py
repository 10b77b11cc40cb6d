"""Calls of contracts, in words of 32 bytes (Solidity's "Contract ABI Specification")."""

from infra.sandbox.tron.keys import keccak256

WORD = 32
TRANSFER_EVENT = keccak256(b"Transfer(address,address,uint256)").hex()
APPROVAL_EVENT = keccak256(b"Approval(address,address,uint256)").hex()
REVERTED = keccak256(b"Error(string)")[:4]


class BadCall(ValueError):
    """The data are not what the function takes: the contract reverts."""


def selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:4]


def types_of(signature: str) -> list[str]:
    return [each for each in signature.partition("(")[2].rstrip(")").split(",") if each]


def uint(value: int) -> bytes:
    return value.to_bytes(WORD, "big")


def address(value: str) -> bytes:
    return bytes(12) + bytes.fromhex(value)[-20:]


def string(text: str) -> bytes:
    raw = text.encode()
    return uint(len(raw)) + raw.ljust(-(-len(raw) // WORD) * WORD, b"\0")


def encode(signature: str, *values: object) -> bytes:
    """A call of address, uint256 and lists of them."""
    head, tail = b"", b""
    types = types_of(signature)
    for kind, value in zip(types, values, strict=True):
        if kind.endswith("[]"):
            items = list(value)  # type: ignore[call-overload]
            head += uint(WORD * len(types) + len(tail))
            tail += uint(len(items)) + b"".join(_word(kind[:-2], item) for item in items)
        else:
            head += _word(kind, value)
    return selector(signature) + head + tail


def decode(signature: str, data: bytes) -> list[object]:
    """Addresses come as 42 hex digits; what is above their 20 bytes is not looked at, as at the TVM."""
    return [
        _list(kind[:-2], data, at * WORD) if kind.endswith("[]") else _value(kind, _word_at(data, at * WORD))
        for at, kind in enumerate(types_of(signature))
    ]


def _word(kind: str, value: object) -> bytes:
    return address(str(value)) if kind == "address" else uint(int(value))  # type: ignore[call-overload]


def _value(kind: str, word: bytes) -> object:
    return "41" + word[12:].hex() if kind == "address" else int.from_bytes(word, "big")


def _list(kind: str, data: bytes, at: int) -> list[object]:
    start = int.from_bytes(_word_at(data, at), "big")
    count = int.from_bytes(_word_at(data, start), "big")
    if count > len(data):
        raise BadCall
    return [_value(kind, _word_at(data, start + WORD * (each + 1))) for each in range(count)]


def _word_at(data: bytes, at: int) -> bytes:
    if at + WORD > len(data):
        raise BadCall
    return data[at : at + WORD]
