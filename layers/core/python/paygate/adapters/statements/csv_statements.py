"""CSV statements: one BankTransaction for each row."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from paygate.adapters.statements import cells
from paygate.adapters.statements.amounts import exact_money
from paygate.adapters.statements.csv_rows import decoded_lines, rows
from paygate.adapters.statements.csv_table import find_table
from paygate.adapters.statements.keys import Occurrences, keyed
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
    from collections.abc import Iterator, Sequence

    from paygate.adapters.statements.csv_table import Table
    from paygate.adapters.statements.layouts import Names
    from paygate.adapters.statements.peeked import Peeked
    from paygate.domain.money import Money

_CURRENCY_NAMES = {"人民币": "CNY", "人民币元": "CNY", "RMB": "CNY", "欧元": "EUR", "美元": "USD", "港币": "HKD"}


def read_csv(file: Peeked, limit_bytes: int, account: str | None) -> Iterator[StatementHeader | BankTransaction]:
    """The header, then its transactions; `account` is for layouts that do not name it. Raises StatementRefused."""
    table = find_table(file.head)
    reader = _Reader(table, squeeze(account or "") or None)
    header = None
    with closing(Occurrences()) as seen:
        seen.begin_statement()
        for line, row in rows(decoded_lines(file, table.encodings, limit_bytes), table.delimiter):
            if line <= table.header_line or reader.is_no_movement(row):
                continue
            told = reader.transaction(line, row)
            if header is None:
                header = reader.header(told.account, told.amount.asset.code, line)
                yield header
            elif (told.account, told.amount.asset.code) != (header.account, header.currency):
                why = "the file mixes accounts or currencies: import one at a time"
                raise StatementRefused("account", why, line=line)
            yield keyed(told, seen)
    if header is None:
        yield reader.header(
            reader.account_of([], table.header_line), table.layout.default_currency, table.header_line
        )


class _Reader:
    def __init__(self, table: Table, account: str | None) -> None:
        self._table, self._layout = table, table.layout
        self._columns = table.columns()
        self._account = table.account or account
        self._number = 0

    def header(self, account: str, currency: str | None, line: int) -> StatementHeader:
        if not account:
            why = "the file does not name its account, and none was given"
            raise StatementRefused("account", why, line=line)
        return StatementHeader(account, currency, None, "csv", self._layout.name)

    def account_of(self, row: Sequence[str], line: int) -> str:
        """In the row, before the table, or told by the caller. What a spreadsheet rounded is refused."""
        own = self._plain(row, "account")
        if "." in own or "E+" in own.upper():
            raise StatementRefused("account", "a spreadsheet made a number of the account", line=line)
        return squeeze(own) or self._account or ""

    def is_no_movement(self, row: Sequence[str]) -> bool:
        """Blank rows, notices of one cell, sums, the header once more on another page."""
        filled = [cell for cell in map(cells.plain, row) if cell]
        if len(filled) < 2:  # noqa: PLR2004 - a movement has a day and a sum
            return True
        if filled[0].startswith(self._layout.footers) and not self._plain(row, "booked_on")[:1].isdigit():
            return True
        if tuple(map(cells.name, row)) == self._table.header:
            return True
        return not any(self._plain(row, column) for column in ("booked_on", "amount", "credit", "debit"))

    def transaction(self, line: int, row: Sequence[str]) -> BankTransaction:
        if any(map(cells.plain, row[len(self._table.header) :])):
            raise StatementRefused("malformed", "a row has more cells than there are columns", line=line)
        self._number += 1
        amount, direction, is_taken_back = self._movement(row, line)
        side = "payer" if direction is Direction.CREDIT else "payee"
        value_on = self._plain(row, "value_on")
        return BankTransaction(
            account=self.account_of(row, line),
            amount=amount,
            entry_amount=amount,
            direction=direction,
            booking=self._booking(row),
            is_reversal=is_taken_back or self._has_word(row, "reversal", self._layout.reversal_words),
            is_unsplit=False,
            booked_on=cells.day(self._plain(row, "booked_on"), self._layout.dates, line),
            value_on=cells.day(value_on, self._layout.dates, line) if value_on else None,
            structured=self._texts(row, "structured"),
            unstructured=self._texts(row, "texts"),
            notes=self._texts(row, "notes"),
            end_to_end_id=self._plain(row, "end_to_end").replace("NOTPROVIDED", "") or None,
            counterparty_name=next(iter(self._texts(row, f"{side}_name")), None),
            counterparty_account=squeeze(self._plain(row, f"{side}_account")) or None,
            ids=BankIds(entry=self._plain(row, "bank_id") or None),
            entry=self._number,
            detail=0,
            marks=tuple(cells.plain(row[at]) for at in self._columns["marks"] if at < len(row)),
        )

    def _movement(self, row: Sequence[str], line: int) -> tuple[Money, Direction, bool]:
        """The sum, its direction, and whether it takes back: as a negative one in its own column does (红字)."""
        if self._columns["direction"]:
            direction = self._direction(row, line)
            is_negative, money = self._money(row, "amount", line)
            if is_negative and direction is Direction.CREDIT:
                raise StatementRefused("amount", "a row is a credit by its type and a debit by its sign", line=line)
            return money, direction, False
        if self._columns["amount"]:
            is_negative, money = self._money(row, "amount", line)
            return money, Direction.DEBIT if is_negative else Direction.CREDIT, False
        sums = {column: self._money(row, column, line) for column in ("credit", "debit")}
        moved = [column for column, (_, money) in sums.items() if money.units]
        if len(moved) != 1:
            raise StatementRefused("amount", "a row needs one sum, in one of its two columns", line=line)
        is_negative, money = sums[moved[0]]
        is_credit = (moved[0] == "credit") is not is_negative
        return money, Direction.CREDIT if is_credit else Direction.DEBIT, is_negative

    def _money(self, row: Sequence[str], column: str, line: int) -> tuple[bool, Money]:
        written = self._plain(row, column)
        if column != "amount" and not written.strip("-"):
            written = "0"
        is_negative, digits = cells.amount(written, self._layout.decimal_sign, line)
        return is_negative, exact_money(digits, self._currency(row), line)

    def _currency(self, row: Sequence[str]) -> str:
        written = self._plain(row, "currency").upper()
        return _CURRENCY_NAMES.get(written, written) or self._layout.default_currency or ""

    def _direction(self, row: Sequence[str], line: int) -> Direction:
        is_credit = self._has_word(row, "direction", self._layout.credit_words)
        if is_credit is self._has_word(row, "direction", self._layout.debit_words):
            raise StatementRefused("malformed", "a row says neither credit nor debit", line=line)
        return Direction.CREDIT if is_credit else Direction.DEBIT

    def _booking(self, row: Sequence[str]) -> Booking:
        is_booked = not self._plain(row, "status") or self._has_word(row, "status", self._layout.booked_words)
        return Booking.BOOKED if is_booked else Booking.PENDING

    def _has_word(self, row: Sequence[str], column: str, words: Names) -> bool:
        """A word of one letter must be all that is there."""
        written = self._plain(row, column).casefold()
        return any(written == word.casefold() or (len(word) > 1 and word.casefold() in written) for word in words)

    def _plain(self, row: Sequence[str], column: str) -> str:
        return next((cells.plain(row[at]) for at in self._columns[column] if at < len(row)), "")

    def _texts(self, row: Sequence[str], column: str) -> tuple[str, ...]:
        written = (cells.text(row[at]) for at in self._columns[column] if at < len(row))
        return tuple(filter(None, written))
