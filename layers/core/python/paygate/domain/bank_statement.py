"""What a bank statement says, whatever file said it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from paygate.domain.errors import PaygateError

if TYPE_CHECKING:
    from datetime import date

    from paygate.domain.money import Money


class Direction(StrEnum):
    CREDIT = "CREDIT"  # money came in
    DEBIT = "DEBIT"


class Booking(StrEnum):
    BOOKED = "BOOKED"
    PENDING = "PENDING"
    INFO = "INFO"  # for information only, or a status that is new to us: never money


class KeyBasis(StrEnum):
    """What a transaction is recognised by."""

    BANK_ID = "BANK_ID"  # an id that the bank gave it
    FACTS = "FACTS"  # what is said of it: two equal transfers in two files look like one


@dataclass(frozen=True, slots=True)
class StatementHeader:
    """One statement of a file. `account` is an IBAN or another number, in capitals and without spaces.

    `format` is camt.053, camt.054 or csv; `version` a camt version (`8`) or the name of a CSV layout.
    """

    account: str
    currency: str | None
    statement_id: str | None
    format: str
    version: str


@dataclass(frozen=True, slots=True)
class BankIds:
    """Ids as the file gives them. Only the account servicer's are unique to the bank: see ADR 14."""

    entry: str | None = None  # Ntry/AcctSvcrRef
    transaction: str | None = None  # TxDtls/Refs/AcctSvcrRef
    entry_reference: str | None = None  # Ntry/NtryRef
    transaction_id: str | None = None  # TxDtls/Refs/TxId, the first bank's
    instruction_id: str | None = None  # TxDtls/Refs/InstrId


@dataclass(frozen=True, slots=True)
class Keys:
    """How the same money is known again. `dedupe` is unique to it in its account.

    `aliases` are what another file, which leaves details out, would have as its `dedupe`. `twins` are shared by
    what may be the same money and may be not.
    """

    dedupe: str
    aliases: tuple[str, ...]
    twins: tuple[str, ...]
    basis: KeyBasis


NO_KEYS = Keys("", (), (), KeyBasis.FACTS)


@dataclass(frozen=True, slots=True)
class BankTransaction:
    """One movement of one account; only a booked credit that is no reversal may pay anything.

    `is_unsplit` marks the sum of a batch that the file does not take apart exactly: no reference, never guessed.
    `notes` are what banks added to what the payer wrote (document numbers, their own words). `entry_amount` is
    the sum of the entry that it is part of; `entry` and `detail` count from 1 in the statement and in the entry
    (0: the entry as a whole). `marks` are what else sets it apart in files of its format: a time, a balance.
    """

    account: str
    amount: Money
    entry_amount: Money
    direction: Direction
    booking: Booking
    is_reversal: bool
    is_unsplit: bool
    booked_on: date | None
    value_on: date | None
    structured: tuple[str, ...] = field(repr=False)
    unstructured: tuple[str, ...] = field(repr=False)
    notes: tuple[str, ...] = field(repr=False)
    end_to_end_id: str | None = field(repr=False)
    counterparty_name: str | None = field(repr=False)
    counterparty_account: str | None = field(repr=False)
    ids: BankIds
    entry: int
    detail: int
    marks: tuple[str, ...] = field(default=(), repr=False)
    keys: Keys = NO_KEYS

    @property
    def dedupe(self) -> str:
        return self.keys.dedupe

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything that may carry a reference of ours, for `bank_reference.find_references`."""
        return (*self.structured, *self.unstructured, self.end_to_end_id or "", *self.notes)

    @property
    def is_receipt(self) -> bool:
        """Whether this is money that somebody paid us."""
        is_credit = self.direction is Direction.CREDIT and not self.is_reversal
        return is_credit and self.booking is Booking.BOOKED and self.amount.units > 0


def is_same(new: Keys, known: Keys) -> bool:
    """The money is known: nothing may be counted again."""
    return new.dedupe == known.dedupe or new.dedupe in known.aliases or known.dedupe in new.aliases


def is_suspect(new: Keys, known: Keys) -> bool:
    """The money may be known, from another statement that said it differently: a person decides."""
    return not is_same(new, known) and not {*new.aliases, *new.twins, new.dedupe}.isdisjoint(
        {*known.aliases, *known.twins, known.dedupe}
    )


class StatementRefused(PaygateError):
    """A statement file that cannot be read, whole. `reason` is one word; its content is never quoted."""

    code = "statement_refused"

    def __init__(self, reason: str, why: str, *, line: int | None = None) -> None:
        super().__init__(why if line is None else f"line {line}: {why}")
        self.reason = reason
        self.line = line
        self.statement_id: str | None = None  # where the refusal is kept, once it is

    @property
    def more(self) -> dict[str, str]:
        """What a program reads of it."""
        told = {"reason": self.reason}
        return {**told, "statementId": self.statement_id} if self.statement_id else told
