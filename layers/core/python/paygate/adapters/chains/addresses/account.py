"""An account's extended public key: what every address of ours derives from (BIP 32, "Serialization format")."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from paygate.adapters.chains.addresses import base58check

_HARDENED = 0x8000_0000
_ACCOUNT_DEPTH = 3  # m / purpose' / coin' / account' (BIP 44)
_BYTES = 78
_FIELD = 2**256 - 2**32 - 977  # secp256k1's (SEC 2, section 2.4.1)
# BIP 32 and SLIP 132, in what they say of Bitcoin's networks and of the script that addresses pay to.
XPUB, ZPUB, TPUB, VPUB = 0x0488B21E, 0x04B24746, 0x043587CF, 0x045F1CF6
_NAMES = {XPUB: "xpub", ZPUB: "zpub", TPUB: "tpub", VPUB: "vpub"}
_OF_OTHER_SCRIPTS = {0x049D7CB2, 0x044A5262, 0x0295B43F, 0x02AA7ED3, 0x024289EF, 0x02575483}


@dataclass(frozen=True, slots=True)
class AccountKey:
    """`path` is where it stands (`m/84'/0'/0'`), `name` its hash, which tells accounts apart and no key.

    Who has it sees all our addresses and what they receive, and can spend nothing.
    """

    name: str
    path: str
    point: bytes = field(repr=False)
    chain_code: bytes = field(repr=False)


def read_account(text: str, versions: tuple[int, ...], path: str) -> AccountKey:
    """`path` is that of the account's parent. Raises ValueError with what is wrong, which shows nothing of it."""
    decoded = base58check.decode(text)
    version = int.from_bytes(decoded[:4], "big")
    if version in _OF_OTHER_SCRIPTS:
        raise ValueError(
            "is for another kind of address: take the account of BIP 84, whose addresses begin with bc1q"
        )
    if len(decoded) != _BYTES or version not in versions:
        raise ValueError(f"must be an extended public key: {' or '.join(_NAMES[known] for known in versions)}")
    child, chain_code, point = int.from_bytes(decoded[9:13], "big"), decoded[13:45], decoded[45:]
    if decoded[4] != _ACCOUNT_DEPTH or child < _HARDENED:
        raise ValueError(f"must be an account's key, {path}/0' or a later one")
    if not _is_point(point):
        raise ValueError("holds no public key")
    name = hashlib.sha256(chain_code + point).hexdigest()[:32]
    return AccountKey(name, f"{path}/{child - _HARDENED}'", point, chain_code)


def _is_point(point: bytes) -> bool:
    """Whether there is a y to this x: y² = x³ + 7. Without the library, which most functions never need."""
    x = int.from_bytes(point[1:], "big")
    square = (pow(x, 3, _FIELD) + 7) % _FIELD
    return point[0] in (2, 3) and x < _FIELD and pow(pow(square, (_FIELD + 1) // 4, _FIELD), 2, _FIELD) == square
