"""The accounts that payers send money to, read once and checked together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paygate.adapters.rails.reader import SettingsReader
from paygate.domain.bank_reference import is_iban, squeeze
from paygate.faults import SettingsFaults

if TYPE_CHECKING:
    from collections.abc import Mapping

_EUR = ("BANK_EUR_ACCOUNT_NAME", "BANK_EUR_IBAN", "BANK_EUR_BIC")
_CNY = ("BANK_CNY_ACCOUNT_NAME", "BANK_CNY_ACCOUNT_NUMBER", "BANK_CNY_BANK_NAME")
_APPROVAL = "BANK_STATEMENT_APPROVAL"
NAMES = (*_EUR, *_CNY, _APPROVAL)
NO_APPROVAL, SECOND_PERSON = "none", "second_person"
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_LONGEST_NAME = 70  # of an EPC069-12 code


@dataclass(frozen=True, slots=True)
class EuroAccount:
    """A payer needs no BIC inside SEPA."""

    name: str
    iban: str
    bic: str | None


@dataclass(frozen=True, slots=True)
class YuanAccount:
    name: str
    number: str
    bank: str


@dataclass(frozen=True, slots=True)
class BankTransferSettings:
    """At least one account. `needs_approval`: a second person lets a statement's money in."""

    eur: EuroAccount | None
    cny: YuanAccount | None
    needs_approval: bool

    @property
    def accounts(self) -> Mapping[str, str]:
        """Account numbers as statements write them, each with its currency."""
        known = ((self.eur and self.eur.iban, "EUR"), (self.cny and self.cny.number, "CNY"))
        return {squeeze(number): currency for number, currency in known if number}


def read(env: Mapping[str, str]) -> BankTransferSettings | None:
    """None when there is no account; raises SettingsFaults with everything that is wrong."""
    reader = SettingsReader(env, NAMES)
    eur, cny = _eur(reader), _cny(reader)
    approval = reader.given.get(_APPROVAL, NO_APPROVAL)
    if approval not in (NO_APPROVAL, SECOND_PERSON):
        reader.faults.append(f"{_APPROVAL} must be {NO_APPROVAL} or {SECOND_PERSON}")
    if reader.faults:
        raise SettingsFaults(tuple(reader.faults))
    if eur is None and cny is None:
        return None
    return BankTransferSettings(eur, cny, needs_approval=approval == SECOND_PERSON)


def _eur(reader: SettingsReader) -> EuroAccount | None:
    if not any(name in reader.given for name in _EUR):
        return None
    name = _name(reader, "BANK_EUR_ACCOUNT_NAME")
    iban = squeeze(reader.required("BANK_EUR_IBAN"))
    if iban and not is_iban(iban):
        reader.faults.append("BANK_EUR_IBAN is not an IBAN: its check digits are wrong")
    bic = reader.given.get("BANK_EUR_BIC")
    if bic is not None and not _BIC.fullmatch(bic):
        reader.faults.append("BANK_EUR_BIC must be 8 or 11 capital letters and digits")
    return EuroAccount(name, iban, bic)


def _cny(reader: SettingsReader) -> YuanAccount | None:
    if not any(name in reader.given for name in _CNY):
        return None
    name = _name(reader, "BANK_CNY_ACCOUNT_NAME")
    number = squeeze(reader.digits("BANK_CNY_ACCOUNT_NUMBER"))
    return YuanAccount(name, number, reader.required("BANK_CNY_BANK_NAME"))


def _name(reader: SettingsReader, name: str) -> str:
    value = reader.required(name)
    if len(value) > _LONGEST_NAME or not value.isprintable():
        reader.faults.append(f"{name} must be at most {_LONGEST_NAME} printable characters")
    return value
