"""Who may spend a P2WPKH output (BIP 141 "P2WPKH", BIP 143 for what is signed; BIP 66 and BIP 146 for the form)."""

import coincurve

from infra.sandbox.bitcoin.codec import hash160, number, sha256d, sized
from infra.sandbox.bitcoin.scripts import witness_program
from infra.sandbox.bitcoin.transactions import Input, Output, Transaction, outpoint_bytes

ALL, NONE, SINGLE, ANYONE_CAN_PAY = 1, 2, 3, 0x80
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
COMPRESSED = 33


class BadSignature(Exception):
    """In Core's words (script/script_error.cpp)."""


def check(transaction: Transaction, place: int, spent: Output) -> None:
    """Raises BadSignature unless that input may spend that output. Nothing but P2WPKH is understood."""
    program = witness_program(spent.script)
    if program is None or program[0] != 0 or len(program[1]) != 20:
        raise BadSignature("this node's scripts are P2WPKH only")
    entry = transaction.inputs[place]
    if entry.script:
        raise BadSignature("Witness requires empty scriptSig")
    if len(entry.witness) != 2:
        raise BadSignature("Witness program hash mismatch")
    signature, key = entry.witness
    if hash160(key) != program[1]:
        raise BadSignature("Script failed an OP_EQUALVERIFY operation")
    if len(key) != COMPRESSED:
        raise BadSignature("Using non-compressed keys in segwit")
    check_signature(transaction, place, spent, signature, key)


def check_signature(transaction: Transaction, place: int, spent: Output, signature: bytes, key: bytes) -> None:
    if not signature:
        raise BadSignature("Script evaluated without error but finished with a false/empty top stack element")
    der, sighash = signature[:-1], signature[-1]
    if sighash & ~ANYONE_CAN_PAY not in (ALL, NONE, SINGLE):
        raise BadSignature("Signature hash type missing or not understood")
    if not is_strict_der(der):
        raise BadSignature("Non-canonical DER signature")
    if _s(der) > HALF_ORDER:
        raise BadSignature("Non-canonical signature: S value is unnecessarily high")
    digest = signed_hash(transaction, place, spent, sighash)
    if not _is_valid(der, digest, key):
        raise BadSignature("Signature must be zero for failed CHECK(MULTI)SIG operation")


def sign(transaction: Transaction, place: int, spent: Output, key: coincurve.PrivateKey) -> Transaction:
    digest = signed_hash(transaction, place, spent, ALL)
    witness = (key.sign(digest, hasher=None) + bytes([ALL]), key.public_key.format())
    entry = transaction.inputs[place]
    return transaction.with_input(place, Input(entry.outpoint, b"", entry.sequence, witness))


def signed_hash(transaction: Transaction, place: int, spent: Output, sighash: int) -> bytes:
    """BIP 143 "Specification", for a witness public key hash."""
    entry, kind, alone = transaction.inputs[place], sighash & 31, bool(sighash & ANYONE_CAN_PAY)
    outpoints = b"" if alone else b"".join(outpoint_bytes(each.outpoint) for each in transaction.inputs)
    others = alone or kind in (NONE, SINGLE)
    sequences = b"" if others else b"".join(number(each.sequence, 4) for each in transaction.inputs)
    code = b"\x76\xa9\x14" + spent.script[2:] + b"\x88\xac"
    return sha256d(
        number(transaction.version, 4)
        + _digest(outpoints)
        + _digest(sequences)
        + outpoint_bytes(entry.outpoint)
        + sized(code)
        + number(spent.value, 8)
        + number(entry.sequence, 4)
        + _digest(_signed_outputs(transaction, place, kind))
        + number(transaction.lock_time, 4)
        + number(sighash, 4)
    )


def _signed_outputs(transaction: Transaction, place: int, kind: int) -> bytes:
    if kind == SINGLE:
        return transaction.outputs[place].serialized() if place < len(transaction.outputs) else b""
    return b"" if kind == NONE else b"".join(each.serialized() for each in transaction.outputs)


def _digest(data: bytes) -> bytes:
    return sha256d(data) if data else bytes(32)


def is_strict_der(der: bytes) -> bool:
    """0x30, length, and twice 0x02, length, a positive number without needless zeros (BIP 66)."""
    if not 8 <= len(der) <= 72 or der[0] != 0x30 or der[1] != len(der) - 2:
        return False
    r_length = der[3]
    if 5 + r_length >= len(der) or 6 + r_length + der[5 + r_length] != len(der):
        return False
    return _is_number(der[2 : 4 + r_length]) and _is_number(der[4 + r_length :])


def _is_number(part: bytes) -> bool:
    kind, value = part[0], part[2:]
    if kind != 2 or not value or value[0] & 0x80:
        return False
    return not (len(value) > 1 and value[0] == 0 and not value[1] & 0x80)


def _s(der: bytes) -> int:
    return int.from_bytes(der[6 + der[3] :], "big")


def _is_valid(der: bytes, digest: bytes, key: bytes) -> bool:
    try:
        return coincurve.PublicKey(key).verify(der, digest, hasher=None)
    except ValueError:
        return False
