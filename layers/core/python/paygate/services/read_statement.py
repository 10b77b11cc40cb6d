"""A statement file, read to its end and staged: what in it may concern a payment or a refund of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from paygate import budget
from paygate.domain.bank_reference import find_references
from paygate.domain.bank_statement import BankTransaction, Booking, Direction, StatementHeader, StatementRefused
from paygate.ports import StatementLine, TransferRole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from paygate.ports import Clock, Ids, Readable, StatementReader, StatementStore

BATCH = 1_000
_MOST_SAID = 100  # statements of one file that are shown
_LONGEST_TEXT = 500
_MOST_UNITS = 10**14
_OLDEST, _CLOCKS_DIFFER = timedelta(days=3653), timedelta(days=1)


@dataclass(slots=True)
class Reading:
    """What was read so far."""

    said: list[dict[str, Any]] = field(default_factory=list)
    parts: int = 0
    transactions: int = 0
    credits: int = 0
    lines: int = 0


class ReadStatement:
    """Memory holds a batch, however long the file is."""

    def __init__(
        self,
        store: StatementStore,
        reader: StatementReader,
        accounts: Mapping[str, str],
        clock: Clock,
        ids: Ids,
    ) -> None:
        """`accounts`: our own, each with its currency."""
        self._store = store
        self._reader = reader
        self._accounts = accounts
        self._clock = clock
        self._ids = ids

    def __call__(
        self, statement_id: str, run: str, file: Readable, limit_bytes: int, account: str | None
    ) -> Reading:
        """Raises StatementRefused for a file that cannot be read, or that is of another account or currency."""
        reading = Reading()
        batch: list[StatementLine] = []
        for line in self._lines(reading, self._reader(file, limit_bytes, account)):
            batch.append(line)
            if len(batch) == BATCH:
                if budget.is_spent():
                    raise StatementRefused("too_slow", "there is no time to read it all: upload it, or split it")
                self._store.stage(statement_id, run, batch)
                batch = []
        if batch:
            self._store.stage(statement_id, run, batch)
        return reading

    def _lines(
        self, reading: Reading, items: Iterator[StatementHeader | BankTransaction]
    ) -> Iterator[StatementLine]:
        for item in items:
            if isinstance(item, StatementHeader):
                self._begin(reading, item)
                continue
            if item.amount.asset.code != self._accounts.get(item.account):
                raise StatementRefused("currency", "a movement is in another currency than our account")
            self._require_sane(item)
            reading.transactions += 1
            reading.credits += item.is_receipt
            line = self._line(reading, item)
            if line is not None:
                reading.lines += 1
                yield line

    def _require_sane(self, told: BankTransaction) -> None:
        """What no bank books is a slip of whoever made the file, and would settle a payment all the same."""
        on, today = told.booked_on or told.value_on, self._clock.now().date()
        if on is not None and not today - _OLDEST <= on <= today + _CLOCKS_DIFFER:
            raise StatementRefused("date", "a movement was booked in the future, or more than ten years ago")
        if told.amount.units >= _MOST_UNITS:
            raise StatementRefused("amount", "a movement is of a trillion or more")

    def _begin(self, reading: Reading, header: StatementHeader) -> None:
        currency = self._accounts.get(header.account)
        if currency is None:
            raise StatementRefused("account", "the statement is of an account that is not ours")
        if header.currency not in (None, currency):
            raise StatementRefused("currency", "the statement is in another currency than our account")
        reading.parts += 1
        if len(reading.said) < _MOST_SAID:
            reading.said.append(
                {
                    "account": header.account,
                    "currency": currency,
                    "statementId": header.statement_id,
                    "format": header.format,
                    "version": header.version,
                }
            )

    def _line(self, reading: Reading, told: BankTransaction) -> StatementLine | None:
        references = () if told.is_unsplit else find_references(told.texts)
        role = _role(told, references)
        if role is None:
            return None
        on = told.booked_on or told.value_on
        return StatementLine(
            number=reading.lines + 1,
            part=reading.parts,
            transfer_id=self._ids.new("TRF"),
            role=role,
            amount=told.amount,
            references=references,
            keys=told.keys,
            happened_at=datetime.combine(on, time(), UTC) if on else self._clock.now(),
            detail=_detail(told),
        )


def _role(told: BankTransaction, references: Sequence[str]) -> TransferRole | None:
    """What a movement may be to us; None: what else goes through the account, which is not kept.

    A reversal of a credit is a debit (ISO 20022, RvslInd: the direction is that of the reversal).
    """
    if told.booking is not Booking.BOOKED or not told.amount.units:
        return None
    if told.direction is Direction.CREDIT:
        if not told.is_reversal:
            return TransferRole.PAYMENT
        return TransferRole.PAYOUT_RETURN if references else None
    if told.is_reversal:
        return TransferRole.RETURN
    return TransferRole.PAYOUT if references else None


def _detail(told: BankTransaction) -> dict[str, Any]:
    """What an operator needs to know whose money it is. Personal: it goes nowhere else."""
    text = " ".join((*told.structured, *told.unstructured))[:_LONGEST_TEXT]
    return {
        "account": told.account,
        "bookedOn": told.booked_on.isoformat() if told.booked_on else None,
        "valueOn": told.value_on.isoformat() if told.value_on else None,
        "counterpartyName": told.counterparty_name,
        "counterpartyAccount": told.counterparty_account,
        "text": text,
        "endToEndId": told.end_to_end_id,
        "isUnsplit": told.is_unsplit,
        "knownBy": told.keys.basis.value,
    }
