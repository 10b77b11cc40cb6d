"""camt.053 and camt.054: one BankTransaction for each transaction that an entry is made of."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from paygate.adapters.statements.amounts import day, exact_money
from paygate.adapters.statements.camt_fields import Collector, StatementFields
from paygate.adapters.statements.keys import Occurrences, keyed
from paygate.adapters.statements.xml_stream import feed
from paygate.domain.bank_reference import squeeze
from paygate.domain.bank_statement import (
    BankIds,
    BankTransaction,
    Booking,
    Direction,
    StatementHeader,
    StatementRefused,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from paygate.adapters.statements.camt_fields import EntryFields, Fields
    from paygate.domain.money import Money
    from paygate.ports import Readable

_DIRECTIONS = {"CRDT": Direction.CREDIT, "DBIT": Direction.DEBIT}
_BOOKINGS = {"BOOK": Booking.BOOKED, "PDNG": Booking.PENDING, "FUTR": Booking.PENDING}
_TRUTH = {"true": True, "1": True, "false": False, "0": False, "": False}
_NO_REFERENCE = "NOTPROVIDED"
_NOTES = ("RmtInf/Strd/RfrdDocInf/Nb", "RmtInf/Strd/AddtlRmtInf", "AddtlTxInf")
_COUNT = re.compile(r"[0-9]{1,15}", re.ASCII)
_T = TypeVar("_T")


class _Party(NamedTuple):
    names: tuple[str, ...]
    accounts: tuple[str, ...]


def _party(side: str) -> _Party:
    names = (f"{side}/Nm", f"{side}/Pty/Nm", f"Ultmt{side}/Nm", f"Ultmt{side}/Pty/Nm")
    accounts = (f"{side}Acct/Id/IBAN", f"{side}Acct/Id/Othr/Id")
    return _Party(tuple(f"RltdPties/{p}" for p in names), tuple(f"RltdPties/{p}" for p in accounts))


_PARTIES = {Direction.CREDIT: _party("Dbtr"), Direction.DEBIT: _party("Cdtr")}


def read_camt(file: Readable, limit_bytes: int) -> Iterator[StatementHeader | BankTransaction]:
    """Each statement's header, then its transactions; raises StatementRefused at any point of the file."""
    collector = Collector()
    header = None
    with closing(Occurrences()) as seen:
        for _ in feed(file, collector, limit_bytes):
            for item in collector.take():
                if isinstance(item, StatementFields):
                    header, number = _header(item), 0
                    seen.begin_statement()
                    yield header
                elif header is not None:
                    number += 1
                    with closing(item.details):
                        for told in _Entry(item, header, number).transactions():
                            yield keyed(told, seen)
    if header is None:
        raise StatementRefused("empty", "there is no statement in the file")


def _header(statement: StatementFields) -> StatementHeader:
    fields, line = statement.fields, statement.line
    account = _one(fields, "Acct/Id/IBAN", line) or _one(fields, "Acct/Id/Othr/Id", line)
    if not squeeze(account):
        raise StatementRefused("account", "a statement does not name its account", line=line)
    return StatementHeader(
        account=squeeze(account),
        currency=_one(fields, "Acct/Ccy", line) or None,
        statement_id=_one(fields, "Id", line) or None,
        format=f"camt.{statement.message}",
        version=str(statement.version),
    )


class _Entry:
    """An entry: one transaction, several that add up to it exactly, or a sum that nobody can take apart."""

    def __init__(self, entry: EntryFields, header: StatementHeader, number: int) -> None:
        self._line, self._fields, self._details = entry.line, entry.fields, entry.details
        self._account, self._number = header.account, number
        self._amount = self._money("Amt")
        if header.currency not in (None, self._amount.asset.code):
            raise StatementRefused("currency", "an entry is in another currency than its account", line=self._line)
        self._direction = _word(_one(self._fields, "CdtDbtInd", self._line), _DIRECTIONS, self._line)
        self._is_reversal = _word(_one(self._fields, "RvslInd", self._line), _TRUTH, self._line)
        status = "".join(_one(self._fields, path, self._line) for path in ("Sts", "Sts/Cd", "Sts/Prtry"))
        if not status:
            raise StatementRefused("incomplete", "an entry has no status", line=self._line)
        self._booking = _BOOKINGS.get(status, Booking.INFO)
        self._booked_on, self._value_on = self._day("BookgDt"), self._day("ValDt")

    def transactions(self) -> Iterator[BankTransaction]:
        if self._is_single():
            detail = next(iter(self._details), {})
            yield self._transaction(detail, len(self._details), self._amount, self._direction)
        elif self._adds_up():
            for number, detail in enumerate(self._details, 1):
                amount = self._own_amount(detail) or self._amount
                yield self._transaction(detail, number, amount, self._own_direction(detail))
        else:
            whole = self._transaction({}, 0, self._amount, self._direction)
            yield replace(whole, is_unsplit=True, notes=())

    def _is_single(self) -> bool:
        """One transaction or none told: the entry's amount counts, which charges may have made smaller."""
        told = sum(int(text) for text in self._fields.get("NtryDtls/Btch/NbOfTxs", ()) if _COUNT.fullmatch(text))
        if told > 1 or len(self._details) > 1:
            return False
        return all(self._own_direction(detail) is self._direction for detail in self._details)

    def _adds_up(self) -> bool:
        total = 0
        for detail in self._details:
            amount = self._own_amount(detail)
            if amount is None:
                return False
            total += amount.units if self._own_direction(detail) is self._direction else -amount.units
        return len(self._details) > 1 and total == self._amount.units

    def _own_amount(self, detail: Fields) -> Money | None:
        """What a transaction adds to the account: only the account's currency counts, never what was instructed."""
        for path in ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/CntrValAmt/Amt"):
            currency, _, text = _one(detail, path, self._line).partition(" ")
            if currency == self._amount.asset.code:
                return exact_money(text, currency, self._line)
        return None

    def _own_direction(self, detail: Fields) -> Direction:
        told = _one(detail, "CdtDbtInd", self._line)
        return _word(told, _DIRECTIONS, self._line) if told else self._direction

    def _transaction(self, detail: Fields, number: int, amount: Money, direction: Direction) -> BankTransaction:
        end_to_end = self._of(detail, "Refs/EndToEndId")
        party, line = _PARTIES[direction], self._line
        return BankTransaction(
            account=self._account,
            amount=amount,
            entry_amount=self._amount,
            direction=direction,
            booking=self._booking,
            is_reversal=self._is_reversal or "RtrInf" in detail,
            is_unsplit=False,
            booked_on=self._booked_on,
            value_on=self._value_on,
            structured=tuple(detail.get("RmtInf/Strd/CdtrRefInf/Ref", ())),
            unstructured=tuple(detail.get("RmtInf/Ustrd", ())),
            notes=self._notes(detail),
            end_to_end_id=None if end_to_end == _NO_REFERENCE else end_to_end,
            counterparty_name=_first(detail, party.names, line),
            counterparty_account=squeeze(_first(detail, party.accounts, line) or "") or None,
            ids=self._ids(detail),
            entry=self._number,
            detail=number,
        )

    def _ids(self, detail: Fields) -> BankIds:
        return BankIds(
            entry=self._of(self._fields, "AcctSvcrRef"),
            transaction=self._of(detail, "Refs/AcctSvcrRef"),
            entry_reference=self._of(self._fields, "NtryRef"),
            transaction_id=self._of(detail, "Refs/TxId"),
            instruction_id=self._of(detail, "Refs/InstrId"),
        )

    def _notes(self, detail: Fields) -> tuple[str, ...]:
        """An entry's own words belong to its only transaction."""
        own = [text for path in _NOTES for text in detail.get(path, ())]
        return (*own, *(self._fields.get("AddtlNtryInf", ()) if len(self._details) <= 1 else ()))

    def _of(self, fields: Fields, path: str) -> str | None:
        return _one(fields, path, self._line) or None

    def _money(self, path: str) -> Money:
        currency, _, text = _one(self._fields, path, self._line).partition(" ")
        if not text:
            raise StatementRefused("incomplete", "an entry has no amount", line=self._line)
        return exact_money(text, currency, self._line)

    def _day(self, path: str) -> date | None:
        text = _first(self._fields, (f"{path}/Dt", f"{path}/DtTm"), self._line)
        return day(text, self._line) if text else None


def _one(fields: Fields, path: str, line: int) -> str:
    """The text of an element that may stand once, or nothing."""
    values = fields.get(path)
    if not values:
        return ""
    if len(values) > 1:
        raise StatementRefused("malformed", f"{path} stands there twice", line=line)
    return values[0]


def _first(fields: Fields, paths: Iterable[str], line: int) -> str | None:
    return next(filter(None, (_one(fields, path, line) for path in paths)), None)


def _word(text: str, known: Mapping[str, _T], line: int) -> _T:
    try:
        return known[text]
    except KeyError:
        raise StatementRefused(
            "malformed", "an entry's direction or its sign of reversal cannot be read", line=line
        ) from None
