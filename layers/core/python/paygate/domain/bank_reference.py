"""What a payer writes on a bank transfer so that the money finds its payment.

In euros an ISO 11649 creditor reference, which bank software checks while it is typed; in yuan, where memos are
free text, a code of 14 characters that starts with letters (a spreadsheet never takes it for a number). Both
carry the random end of the payment's id, in Crockford's alphabet: no I, L, O or U.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RF_BODY, MEMO_BODY = 12, 10
_MEMO_PREFIX = "PG"
_MEMO_LENGTH = len(_MEMO_PREFIX) + MEMO_BODY + 2
_RF_LENGTH = 4 + RF_BODY
_VALUES = {sign: value for value, sign in enumerate(ALPHABET)}
_LOOK_ALIKE = str.maketrans("OIL", "011")
_RF = re.compile(r"RF[0-9]{2}[0-9A-Z]{1,21}", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}", re.ASCII)
_START = re.compile(r"RF|PG")


def reference_body(payment_id: str, length: int) -> str:
    """The last characters of a payment's id: 62 of its bits are random, and 12 characters carry 60."""
    return payment_id[-length:]


def creditor_reference(body: str) -> str:
    """`body` (1 to 21 digits and capitals) as an ISO 11649 reference: RF, two check digits, the body."""
    checked = f"RF{98 - _mod97(body + 'RF00'):02d}{body}"
    if not _RF.fullmatch(checked):
        raise ValueError("a creditor reference carries 1 to 21 digits and capital letters")
    return checked


def is_creditor_reference(text: str) -> bool:
    """Whether `text` is an ISO 11649 reference, written without spaces and in capitals."""
    return bool(_RF.fullmatch(text)) and _mod97(text[4:] + text[:4]) == 1


def is_iban(text: str) -> bool:
    """Whether `text` has an IBAN's shape and check digits (ISO 13616), without spaces and in capitals."""
    return bool(_IBAN.fullmatch(text)) and "02" <= text[2:4] <= "98" and _mod97(text[4:] + text[:4]) == 1


def _mod97(text: str) -> int:
    """ISO 7064 MOD 97-10 of digits and letters, A being 10."""
    try:
        return int("".join(str(int(sign, 36)) for sign in text)) % 97
    except ValueError:
        raise ValueError("only digits and capital letters can be checked") from None


def memo_code(body: str) -> str:
    """`body` (10 characters of Crockford's alphabet) as a memo code: PG, the body, two check characters.

    The check characters are those of a Reed-Solomon code over 32 elements: any two wrong characters are noticed,
    and so any two that changed places.
    """
    if len(body) != MEMO_BODY or not set(body) <= set(ALPHABET):
        raise ValueError("a memo code carries 10 characters of Crockford's alphabet")
    remainder = _remainder([_VALUES[sign] for sign in body] + [0, 0])
    return _MEMO_PREFIX + body + "".join(ALPHABET[value] for value in remainder)


def is_memo_code(text: str) -> bool:
    """Whether `text` is a memo code, written without spaces and in capitals."""
    body = text.removeprefix(_MEMO_PREFIX)
    if len(text) != _MEMO_LENGTH or len(body) == len(text) or not set(body) <= set(ALPHABET):
        return False
    return _remainder([_VALUES[sign] for sign in body]) == (0, 0)


def find_references(texts: Iterable[str]) -> tuple[str, ...]:
    """The references of ours that may stand in what a payer and the banks wrote, each once, in order.

    Read through: small letters, full-width characters, spaces and signs inside, O for 0, I and L for 1, a
    reference broken over two texts, and text glued to either end. More than one answer is for a person to decide.
    """
    return tuple(dict.fromkeys(_search(texts)))


def _search(texts: Iterable[str]) -> Iterator[str]:
    squeezed = [squeeze(text) for text in texts]
    yield from (text for text in squeezed if is_creditor_reference(text))
    joined = "".join(squeezed)
    for start in _START.finditer(joined):
        at = start.start()
        if start.group() == "RF":
            candidate = "RF" + joined[at + 2 : at + _RF_LENGTH].translate(_LOOK_ALIKE)
            is_ours = len(candidate) == _RF_LENGTH and is_creditor_reference(candidate)
        else:
            candidate = "PG" + joined[at + 2 : at + _MEMO_LENGTH].translate(_LOOK_ALIKE)
            is_ours = is_memo_code(candidate)
        if is_ours:
            yield candidate


def squeeze(text: str) -> str:
    """Letters and digits only, in capitals, full-width ones made plain (Unicode's NFKC)."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).upper()))


# Arithmetic of 32 elements: polynomials over two elements modulo x^5 + x^2 + 1. Powers of x, and their logarithms.
_POWER = [1]
for _ in range(30):
    _double = _POWER[-1] << 1
    _POWER.append(_double ^ 0b100101 if _double & 32 else _double)
_LOG = {value: power for power, value in enumerate(_POWER)}


def _times(left: int, right: int) -> int:
    return _POWER[(_LOG[left] + _LOG[right]) % 31] if left and right else 0


def _remainder(values: list[int]) -> tuple[int, int]:
    """What is left when the polynomial is divided by (z - x)(z - x²)."""
    total, product = _POWER[1] ^ _POWER[2], _POWER[3]
    high = low = 0
    for value in values:
        high, low = low ^ _times(high, total), value ^ _times(high, product)
    return high, low
