"""Numbers and words as a bank's forms take them: accounts, references, amounts, texts."""

import re
from collections.abc import Iterable

from infra.sandbox.bank_transfer.errors import BankError

MOST = 999_999_999_99  # a SEPA credit transfer's highest amount, in cents
LONGEST_TEXT, LONGEST_ID = 140, 35  # Max140Text and Max35Text of ISO 20022
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}", re.ASCII)
_CREDITOR_REFERENCE = re.compile(r"RF[0-9]{2}[0-9A-Z]{1,21}", re.ASCII)
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,8})\.([0-9]{2})", re.ASCII)


def iban(country: str, national: str) -> str:
    """ISO 13616: check digits over the national number, the country and two zeros, modulo 97."""
    return f"{country}{98 - _mod97(f'{national}{country}00'):02d}{national}"


def is_iban(text: str) -> bool:
    return bool(_IBAN.fullmatch(text)) and _mod97(text[4:] + text[:4]) == 1


def is_creditor_reference(text: str) -> bool:
    """ISO 11649, which checks as an IBAN does."""
    return bool(_CREDITOR_REFERENCE.fullmatch(text)) and _mod97(text[4:] + text[:4]) == 1


def _mod97(text: str) -> int:
    return int("".join(str(int(sign, 36)) for sign in text)) % 97


def cents(text: object) -> int:
    """`12.30` as 1230. An amount that no bank would take is refused."""
    match = _AMOUNT.fullmatch(text) if isinstance(text, str) else None
    if match is None or not 0 < int(match[1] + match[2]) <= MOST:
        raise BankError("AM12", f"an amount is 0.01 to 999999999.99, with two decimals: {text!r}")
    return int(match[1] + match[2])


def money(units: int) -> str:
    sign = "-" if units < 0 else ""
    return f"{sign}{abs(units) // 100}.{abs(units) % 100:02d}"


def line(text: object, longest: int = LONGEST_TEXT) -> str:
    """Printable text, which XML can carry as well."""
    if not isinstance(text, str) or len(text) > longest or not text.isprintable():
        raise BankError("NARR", f"a text has at most {longest} printable characters: {text!r}")
    return text


def lines(texts: object) -> list[str]:
    given = [texts] if isinstance(texts, str) else texts
    if not isinstance(given, Iterable):
        raise BankError("NARR", "a text, or a list of texts")
    return [told for told in map(line, given) if told]
