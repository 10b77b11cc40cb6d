"""How the same money is known again, in whatever file it is told: see docs/adr/0014-the-same-money-twice.md."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from paygate.domain.bank_reference import find_references, squeeze
from paygate.domain.bank_statement import KeyBasis, Keys

if TYPE_CHECKING:
    from paygate.domain.bank_statement import BankIds, BankTransaction
    from paygate.domain.money import Money

# What banks write where they have no id; zeros are none either.
_NO_ID = frozenset({"", "NOTPROVIDED", "NONREF", "NOREF", "NONE", "NA", "UNKNOWN"})


class Occurrences:
    """Counts equal keys of one file. On disk, so that memory does not grow with the file."""

    def __init__(self) -> None:
        self._statement = 0
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA cache_size = -2048")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE seen (key BLOB PRIMARY KEY, times INTEGER) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def begin_statement(self) -> None:
        self._statement += 1

    def in_statement(self, key: bytes) -> str:
        """`key` and how often this statement had it before."""
        return f"{key.hex()}-{self._next(key + self._statement.to_bytes(4))}"

    def in_file(self, key: bytes) -> str:
        """`key` and how often this file had it before."""
        return f"{key.hex()}-{self._next(key)}"

    def _next(self, key: bytes) -> int:
        [(times,)] = self._database.execute(
            "INSERT INTO seen VALUES (?, 0) ON CONFLICT (key) DO UPDATE SET times = times + 1 RETURNING times",
            (key,),
        ).fetchall()
        return int(times)

    def close(self) -> None:
        self._database.close()


def keyed(said: BankTransaction, seen: Occurrences) -> BankTransaction:
    """The transaction with its keys.

    An id counts with its day and amount: banks number from 1 again, and give one id to a payment and its fee. One
    that comes twice in a statement is two movements, and the same ones when another statement tells them.
    Equal facts in one file are never one movement, though they may be for a person to look at.
    """
    scope = (said.account, said.direction, said.booking, str(said.is_reversal))
    day = str(said.booked_on or said.value_on)
    ids = _ids(said.ids)
    rough = _hash("facts", *scope, *_sum(said.amount), *_remittance(said, day))
    if not ids:
        payer = (squeeze(said.end_to_end_id or ""), said.counterparty_account or "")
        fine = _hash(rough.hex(), day, *payer, *said.marks)
        return replace(said, keys=Keys(seen.in_file(fine), (), (rough.hex(),), KeyBasis.FACTS))
    first, *others = [seen.in_statement(_hash("id", *scope, *_sum(said.amount), each, day)) for each in ids]
    any_day = [_hash("id", *scope, *_sum(said.amount), each).hex() for each in ids]
    if said.ids.entry in ids:
        any_day.append(_hash("id", *scope, *_sum(said.entry_amount), said.ids.entry).hex())
    twins = tuple(dict.fromkeys((rough.hex(), *any_day)))
    return replace(said, keys=Keys(first, tuple(others), twins, KeyBasis.BANK_ID))


def _ids(ids: BankIds) -> list[str]:
    """The bank's ids, the narrower first. Both are one where a bank repeats it."""
    return list(dict.fromkeys(each for each in (ids.transaction, ids.entry) if each is not None and _is_id(each)))


def _is_id(text: str) -> bool:
    plain = squeeze(text)
    return plain not in _NO_ID and bool(plain.strip("0"))


def _sum(money: Money) -> tuple[str, str]:
    return money.asset.code, str(money.units)


def _remittance(said: BankTransaction, day: str) -> tuple[str, ...]:
    """Our references, wherever they stand and on any day; else all that was written, and when."""
    found = find_references(said.texts)
    if found:
        return ("ours", *sorted(found))
    return (day, squeeze("".join((*said.structured, *said.unstructured))))


def _hash(*parts: str) -> bytes:
    """16 bytes over the parts, each behind its length, so that none runs into the next."""
    data = "".join(f"{len(part)}:{part}" for part in parts)
    return blake2b(data.encode("utf-8", "surrogatepass"), digest_size=16).digest()
