"""Addresses of witness programs: bech32 for version 0, bech32m above (BIP 173, BIP 350)."""

from collections.abc import Iterable

LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
BECH32, BECH32M = 1, 0x2BC830A3
CHECKSUM = 6
LONGEST = 90


class NoSegwitAddress(Exception):
    pass


def encode(hrp: str, version: int, program: bytes) -> str:
    values = [version, *regroup(program, 8, 5, is_padded=True)]
    constant = BECH32M if version else BECH32
    rest = polymod([*expanded(hrp), *values, *[0] * CHECKSUM]) ^ constant
    checksum = [rest >> 5 * (CHECKSUM - 1 - place) & 31 for place in range(CHECKSUM)]
    return f"{hrp}1{''.join(LETTERS[value] for value in (*values, *checksum))}"


def decode(hrp: str, text: str) -> tuple[int, bytes]:
    """Version and program of an address of that network."""
    lowered = text.lower()
    if (text not in (lowered, text.upper())) or len(text) > LONGEST or not lowered.startswith(f"{hrp}1"):
        raise NoSegwitAddress("not an address of this network")
    data = lowered[len(hrp) + 1 :]
    if len(data) <= CHECKSUM or any(letter not in LETTERS for letter in data):
        raise NoSegwitAddress("a letter that does not belong there")
    values = [LETTERS.index(letter) for letter in data]
    version = values[0]
    if polymod([*expanded(hrp), *values]) != (BECH32M if version else BECH32):
        raise NoSegwitAddress("the checksum does not fit")
    program = bytes(regroup(values[1:-CHECKSUM], 5, 8, is_padded=False))
    if version > 16 or not 2 <= len(program) <= 40 or (version == 0 and len(program) not in (20, 32)):
        raise NoSegwitAddress("no such witness program")
    return version, program


def polymod(values: Iterable[int]) -> int:
    state = 1
    for value in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for place, term in enumerate(GENERATOR):
            state ^= term if top >> place & 1 else 0
    return state


def expanded(hrp: str) -> list[int]:
    return [*(ord(letter) >> 5 for letter in hrp), 0, *(ord(letter) & 31 for letter in hrp)]


def regroup(values: Iterable[int], width: int, wanted: int, *, is_padded: bool) -> list[int]:
    """The same bits in groups of another width. Padding is zero bits, fewer than a group."""
    held, bits, groups = 0, 0, []
    for value in values:
        held, bits = (held << width | value) & 0xFFFF, bits + width
        while bits >= wanted:
            bits -= wanted
            groups.append(held >> bits & (1 << wanted) - 1)
    rest = held << (wanted - bits) & (1 << wanted) - 1
    if is_padded and bits:
        groups.append(rest)
    elif not is_padded and (bits >= width or rest):
        raise NoSegwitAddress("the padding is not zero")
    return groups
