"""The text of a SEPA credit transfer's QR code: EPC069-12, version 2.1, "Quick Response Code: Guidelines to Enable
Data Capture for the Initiation of a SEPA Credit Transfer".

Version 002 of the code, UTF-8, structured reference or free text; to be drawn with error correction level M and at
most version 13, which 331 bytes fit.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from paygate.domain.bank_reference import is_creditor_reference, is_iban

if TYPE_CHECKING:
    from paygate.domain.money import Money

MAX_BYTES = 331
_MAX_UNITS = 99_999_999_999  # EUR 999999999.99
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_PURPOSE = re.compile(r"[A-Z]{4}", re.ASCII)


def epc_payload(
    name: str,
    iban: str,
    amount: Money,
    *,
    bic: str = "",
    purpose: str = "",
    reference: str = "",
    text: str = "",
    information: str = "",
) -> str:
    """The code's lines; raises ValueError for what the guidelines forbid, naming what it is.

    `reference` is an ISO 11649 reference and excludes `text`; `information` is for the payer's eyes.
    """
    _require(is_iban(iban), "the IBAN is not valid")
    _require(not bic or bool(_BIC.fullmatch(bic)), "the BIC is not valid")
    _require(
        amount.asset.code == "EUR" and 0 < amount.units <= _MAX_UNITS, "the amount is EUR 0.01 to 999999999.99"
    )
    _require(not purpose or bool(_PURPOSE.fullmatch(purpose)), "the purpose is a code of four letters")
    _require(not reference or is_creditor_reference(reference), "the reference is no creditor reference")
    _require(not (reference and text), "a reference excludes a text")
    _require_line(name, 70, "name")
    _require(bool(name.strip()), "the name is missing")
    _require_line(text, 140, "text")
    _require_line(information, 70, "information")
    lines = ["BCD", "002", "1", "SCT", bic, name, iban, _amount(amount), purpose, reference, text, information]
    payload = "\n".join(lines).rstrip("\n")
    _require(len(payload.encode()) <= MAX_BYTES, f"the code has more than {MAX_BYTES} bytes")
    return payload


def _amount(amount: Money) -> str:
    """Without zeros at the end, as in the guidelines' examples: EUR12.3, EUR20."""
    return "EUR" + amount.text().rstrip("0").rstrip(".")


def _require_line(text: str, length: int, what: str) -> None:
    _require(len(text) <= length, f"the {what} has more than {length} characters")
    _require(text.isprintable(), f"the {what} has characters that cannot be printed")


def _require(is_met: bool, why: str) -> None:  # noqa: FBT001 - a condition and its sentence
    if not is_met:
        raise ValueError(why)
