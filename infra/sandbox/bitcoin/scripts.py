"""Output scripts: which address they stand for, and how Core writes them (script/solver.cpp, core_write.cpp)."""

from typing import Any

import base58

from infra.sandbox.bitcoin import segwit
from infra.sandbox.bitcoin.codec import sized
from infra.sandbox.bitcoin.descriptors import with_checksum

HRP, PUBKEY_HASH, SCRIPT_HASH = "bcrt", 0x6F, 0xC4
"""Of regtest (Core's kernel/chainparams.cpp)."""

OP_RETURN = 0x6A
OPERATIONS = {
    0x61: "OP_NOP", 0x63: "OP_IF", 0x64: "OP_NOTIF", 0x67: "OP_ELSE", 0x68: "OP_ENDIF", 0x69: "OP_VERIFY",
    0x6A: "OP_RETURN", 0x75: "OP_DROP", 0x76: "OP_DUP", 0x7C: "OP_SWAP", 0x82: "OP_SIZE", 0x87: "OP_EQUAL",
    0x88: "OP_EQUALVERIFY", 0xA6: "OP_RIPEMD160", 0xA8: "OP_SHA256", 0xA9: "OP_HASH160", 0xAA: "OP_HASH256",
    0xAC: "OP_CHECKSIG", 0xAD: "OP_CHECKSIGVERIFY", 0xAE: "OP_CHECKMULTISIG", 0xB1: "OP_CHECKLOCKTIMEVERIFY",
    0xB2: "OP_CHECKSEQUENCEVERIFY",
}  # fmt: skip
KINDS = {20: "witness_v0_keyhash", 32: "witness_v0_scripthash"}
Json = dict[str, Any]


class NoAddress(Exception):
    pass


def of_address(text: str) -> bytes:
    try:
        version, program = segwit.decode(HRP, text)
    except segwit.NoSegwitAddress:
        return _of_old_address(text)
    return bytes([0x50 + version if version else 0]) + sized(program)


def _of_old_address(text: str) -> bytes:
    try:
        payload = base58.b58decode_check(text)
    except ValueError:
        raise NoAddress(text) from None
    if len(payload) != 21:
        raise NoAddress(text)
    if payload[0] == PUBKEY_HASH:
        return b"\x76\xa9\x14" + payload[1:] + b"\x88\xac"
    if payload[0] == SCRIPT_HASH:
        return b"\xa9\x14" + payload[1:] + b"\x87"
    raise NoAddress(text)


def witness_program(script: bytes) -> tuple[int, bytes] | None:
    if not 4 <= len(script) <= 42 or script[1] != len(script) - 2:
        return None
    if script[0] and not 0x51 <= script[0] <= 0x60:
        return None
    return (script[0] - 0x50 if script[0] else 0), script[2:]


def classify(script: bytes) -> tuple[str, str | None]:
    """Core's name of its type, and its address."""
    program = witness_program(script)
    if program:
        return _classify_program(*program)
    if len(script) == 25 and script[:3] == b"\x76\xa9\x14" and script[23:] == b"\x88\xac":
        return "pubkeyhash", base58.b58encode_check(bytes([PUBKEY_HASH]) + script[3:23]).decode()
    if len(script) == 23 and script[:2] == b"\xa9\x14" and script[22] == 0x87:
        return "scripthash", base58.b58encode_check(bytes([SCRIPT_HASH]) + script[2:22]).decode()
    if len(script) in (35, 67) and script[0] == len(script) - 2 and script[-1] == 0xAC:
        return "pubkey", None
    if script[:1] == bytes([OP_RETURN]) and _is_push_only(script[1:]):
        return "nulldata", None
    return "nonstandard", None


def _classify_program(version: int, program: bytes) -> tuple[str, str | None]:
    if version == 0 and len(program) not in KINDS:
        return "nonstandard", None
    address = segwit.encode(HRP, version, program)
    if version == 0:
        return KINDS[len(program)], address
    if version == 1 and len(program) == 32:
        return "witness_v1_taproot", address
    return ("anchor" if (version, program) == (1, b"\x4e\x73") else "witness_unknown"), address


def described(script: bytes) -> Json:
    kind, address = classify(script)
    seen: Json = {"asm": assembly(script), "desc": with_checksum(_descriptor(script, kind, address))}
    return {**seen, "hex": script.hex(), **({"address": address} if address else {}), "type": kind}


def _descriptor(script: bytes, kind: str, address: str | None) -> str:
    """As Core infers it without knowing a key (InferDescriptor in script/descriptor.cpp)."""
    if kind == "pubkey":
        return f"pk({script[1:-1].hex()})"
    if kind == "witness_v1_taproot":
        return f"rawtr({script[2:].hex()})"
    return f"addr({address})" if address else f"raw({script.hex()})"


def assembly(script: bytes) -> str:
    words, at = [], 0
    while at < len(script):
        code = script[at]
        data, end = _push(script, at)
        if code > 0x60:
            words.append(OPERATIONS.get(code, "OP_UNKNOWN"))
        elif data is None:
            words.append("[error]")
        elif code == 0 or 0 < code <= 0x4E:
            words.append(data.hex() if len(data) > 4 else str(_small(data)))
        else:
            words.append(str(code - 0x50) if code != 0x50 else "OP_RESERVED")
        at = end
    return " ".join(words)


def _is_push_only(script: bytes) -> bool:
    at = 0
    while at < len(script):
        data, end = _push(script, at)
        if script[at] > 0x60 or data is None:
            return False
        at = end
    return True


def _push(script: bytes, at: int) -> tuple[bytes | None, int]:
    """What the operation at that place pushes, and where the next begins; None for more than there is."""
    code, at = script[at], at + 1
    length = code if code < 0x4C else 0
    if 0x4C <= code <= 0x4E:
        width = 1 << code - 0x4C
        length, at = int.from_bytes(script[at : at + width], "little"), at + width
    if at + length > len(script):
        return None, len(script)
    return script[at : at + length], at + length


def _small(data: bytes) -> int:
    """A number in a script: little-endian, the sign in its highest bit."""
    if not data:
        return 0
    value = int.from_bytes(data, "little")
    sign = 1 << 8 * len(data) - 1
    return -(value - sign) if value & sign else value
