"""Reads a SEPA credit transfer's QR code as a banking app does: EPC069-12, version 2.1.

Line by line: BCD, version (001 or 002), character set (1 is UTF-8), SCT, BIC (optional since version 002), name,
IBAN, amount, purpose, structured reference or free text, and words for the payer. At most 331 bytes.
"""

import re
from dataclasses import dataclass

from infra.sandbox.bank_transfer.errors import BankError
from infra.sandbox.bank_transfer.numbers import MOST, is_creditor_reference, is_iban

MOST_BYTES = 331
FIELDS = 12
_AMOUNT = re.compile(r"EUR(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,2}))?", re.ASCII)
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)


@dataclass(frozen=True)
class Code:
    bic: str
    name: str
    iban: str
    amount: int
    reference: str
    text: str


def read(payload: str) -> Code:
    lines = payload.replace("\r\n", "\n").split("\n")
    _require(len(payload.encode()) <= MOST_BYTES, f"it has more than {MOST_BYTES} bytes")
    _require(len(lines) <= FIELDS, f"it has more than {FIELDS} lines")
    lines += [""] * (FIELDS - len(lines))
    tag, version, charset, kind, bic, name, iban, amount, purpose, reference, text, _ = lines
    _require((tag, charset, kind) == ("BCD", "1", "SCT"), "it is no SEPA credit transfer in UTF-8")
    _require(version in ("001", "002"), "its version is unknown")
    _require(bool(_BIC.fullmatch(bic)) or (not bic and version == "002"), "its BIC is not valid")
    _require(0 < len(name) <= 70, "its name is missing or has more than 70 characters")  # noqa: PLR2004
    _require(is_iban(iban), "its IBAN's check digits are wrong")
    _require(not purpose or bool(re.fullmatch("[A-Z]{4}", purpose)), "its purpose is not valid")
    _require(not (reference and text), "it has a reference and a text")
    _require(not reference or is_creditor_reference(reference), "its reference's check digits are wrong")
    return Code(bic, name, iban, _cents(amount), reference, text)


def _cents(written: str) -> int:
    match = _AMOUNT.fullmatch(written)
    units = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else 0
    _require(0 < units <= MOST, "its amount is not valid")
    return units


def _require(is_met: bool, why: str) -> None:  # noqa: FBT001 - a condition and its sentence
    if not is_met:
        raise BankError("QR", f"the QR code cannot be read: {why}")
