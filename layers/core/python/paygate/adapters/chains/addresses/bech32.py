"""Segregated-witness addresses: Bech32 (BIP 173) for version 0, Bech32m (BIP 350) from version 1 on."""

from __future__ import annotations

from functools import reduce
from operator import xor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)}
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
# What the five bits that leave the remainder put into it.
_CARRIED = tuple(
    reduce(xor, (generator for place, generator in enumerate(_GENERATORS) if top >> place & 1), 0)
    for top in range(32)
)
_BECH32, _BECH32M = 1, 0x2BC830A3
_CHECKSUM = 6
_LONGEST = 90
_LONGEST_PROGRAM, _SHORTEST_PROGRAM = 40, 2
_MAX_VERSION = 16
_PROGRAMS_OF_V0 = (20, 32)


def encode(prefix: str, version: int, program: bytes) -> str:
    """The address of a witness program."""
    values = [version, *_regroup(program, 8, 5, pads=True)]
    constant = _polymod([*_expanded(prefix), *values, *(0,) * _CHECKSUM]) ^ (_BECH32M if version else _BECH32)
    values += [constant >> 5 * (_CHECKSUM - 1 - place) & 31 for place in range(_CHECKSUM)]
    return f"{prefix}1" + "".join(_LETTERS[value] for value in values)


def decode(prefix: str, text: str) -> tuple[int, bytes]:
    """Witness version and program; raises ValueError with what is wrong."""
    if text not in (text.lower(), text.upper()) or len(text) > _LONGEST:
        raise ValueError("is mistyped: its letters are of one case, and at most 90")
    found, _, data = text.lower().rpartition("1")
    if found != prefix:
        raise ValueError(f"is of another network: it must begin with {prefix}1")
    if len(data) <= _CHECKSUM or not set(data) <= _VALUES.keys():
        raise ValueError("is mistyped: it holds what no address holds")
    values = [_VALUES[letter] for letter in data]
    version = values[0]
    if _polymod([*_expanded(prefix), *values]) != (_BECH32M if version else _BECH32):
        raise ValueError("is mistyped: its checksum is wrong")
    program = bytes(_regroup(values[1:-_CHECKSUM], 5, 8, pads=False))
    is_fit = len(program) in _PROGRAMS_OF_V0 if version == 0 else _is_witness(version, program)
    if not is_fit:
        raise ValueError("is no address: its version or length does not exist")
    return version, program


def _is_witness(version: int, program: bytes) -> bool:
    return version <= _MAX_VERSION and _SHORTEST_PROGRAM <= len(program) <= _LONGEST_PROGRAM


def _polymod(values: Iterable[int]) -> int:
    """BIP 173, section "Checksum"."""
    remainder = 1
    for value in values:
        remainder = (remainder & 0x1FFFFFF) << 5 ^ value ^ _CARRIED[remainder >> 25]
    return remainder


def _expanded(prefix: str) -> list[int]:
    return [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]


def _regroup(values: Iterable[int], width: int, wanted: int, *, pads: bool) -> list[int]:
    """Bits in groups of another width. Without `pads`, what is left over is less than a group, and zero."""
    bits, held, groups = 0, 0, []
    for value in values:
        bits, held = (bits << width | value) & 0xFFF, held + width
        while held >= wanted:
            held -= wanted
            groups.append(bits >> held & ((1 << wanted) - 1))
    rest = bits & ((1 << held) - 1)
    if pads and held:
        groups.append(rest << (wanted - held))
    elif not pads and (held >= width or rest):
        raise ValueError("is no address: its last bits are not zero")
    return groups
