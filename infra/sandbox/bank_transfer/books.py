"""The bank's books: transfers booked, alone or as one sum, cleared, sent back, and found again."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from infra.sandbox.bank_transfer import days
from infra.sandbox.bank_transfer.accounts import Account
from infra.sandbox.bank_transfer.errors import BankError, missing
from infra.sandbox.bank_transfer.handwriting import NO_ID
from infra.sandbox.ledger import Db, Row

OPENING_BALANCE = 10_000_00


@dataclass(frozen=True)
class Transfer:
    """One transaction. `order_no` is what it is meant for; `other_…` is the party that is not the merchant."""

    amount: int
    order_no: str = ""
    reference: str = ""
    texts: tuple[str, ...] = ()
    end_to_end: str = NO_ID
    other_name: str = ""
    other_account: str = ""
    return_reason: str = ""


def book(
    db: Db,
    account: Account,
    transfers: Sequence[Transfer],
    *,
    is_credit: bool = True,
    is_reversal: bool = False,
    status: str = "BOOK",
    booked_on: str | None = None,
    value_on: str | None = None,
    note: str = "",
) -> Row:
    """One entry for all the transfers, which become a batch if they are several."""
    at = _moment(db, account.currency, booked_on)
    value = _day(value_on) if value_on else at.date()
    if status not in ("BOOK", "PDNG"):
        raise BankError("NARR", "a status is BOOK or PDNG", 400)
    if not transfers:
        raise BankError("NARR", "an entry has transactions", 400)
    entry_id = db.execute(
        "INSERT INTO entries (account, own_id, amount, is_credit, is_reversal, status, booked_at, value_on, note)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(account.number, _own_id(at), sum(each.amount for each in transfers), is_credit, is_reversal),
            *(status, at.isoformat(), value.isoformat(), note),
        ),
    ).lastrowid
    entry = find(db, entry_id or 0)
    for number, transfer in enumerate(transfers, 1):
        own_id = entry["own_id"] + (f"-{number}" if len(transfers) > 1 else "")
        db.execute(
            "INSERT INTO transactions (entry_id, order_no, own_id, amount, end_to_end, reference, text, other_name,"
            " other_account, return_reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(entry_id, transfer.order_no, own_id, transfer.amount, transfer.end_to_end, transfer.reference),
                *("\n".join(transfer.texts), transfer.other_name, transfer.other_account, transfer.return_reason),
            ),
        )
    return entry


def clear(db: Db, entry_id: int) -> Row:
    """Book a pending entry, today. It keeps its id."""
    entry = find(db, entry_id)
    if entry["status"] != "PDNG":
        raise BankError("NARR", "the entry is booked already")
    at = _moment(db, currency_of(entry), None)
    sql = "UPDATE entries SET status = 'BOOK', booked_at = ?, value_on = ? WHERE id = ?"
    db.execute(sql, (at.isoformat(), at.date().isoformat(), entry_id))
    return find(db, entry_id)


def send_back(db: Db, account: Account, entry_id: int, reason: str) -> Row:
    """The entry again in the other direction, as a reversal, with a reason of ISO 20022's list of returns."""
    entry = find(db, entry_id)
    if entry["is_reversal"] or entry["status"] != "BOOK":
        raise BankError("NARR", "only what is booked and no reversal itself can be sent back")
    parts = [_again(row, reason) for row in transactions(db, entry_id)]
    return book(db, account, parts, is_credit=not entry["is_credit"], is_reversal=True)


def duplicate(db: Db, account: Account, entry_id: int) -> Row:
    """Another entry with an id of its own and all else the same, as of somebody who pays twice."""
    entry = find(db, entry_id)
    parts = [_again(row) for row in transactions(db, entry_id)]
    return book(db, account, parts, is_credit=bool(entry["is_credit"]), status=entry["status"], note=entry["note"])


def _again(row: Row, return_reason: str = "") -> Transfer:
    return Transfer(
        row["amount"],
        row["order_no"],
        row["reference"],
        tuple(texts(row)),
        row["end_to_end"],
        row["other_name"],
        row["other_account"],
        return_reason,
    )


# ---------------------------------------------------------------- what is booked


def find(db: Db, entry_id: int) -> Row:
    entry: Row | None = db.execute("SELECT * FROM entries WHERE id = ?", (entry_id,)).fetchone()
    if entry is None:
        raise missing("entry")
    return entry


def entries(db: Db, account: str, since: date, until: date) -> list[Row]:
    """Of both days and those between, in the order of booking, pending ones among them."""
    sql = "SELECT * FROM entries WHERE account = ? AND date(substr(booked_at, 1, 10)) BETWEEN ? AND ?"
    return db.execute(f"{sql} ORDER BY booked_at, id", (account, str(since), str(until))).fetchall()


def transactions(db: Db, entry_id: int) -> list[Row]:
    return db.execute("SELECT * FROM transactions WHERE entry_id = ? ORDER BY id", (entry_id,)).fetchall()


def balance_before(db: Db, account: str, day: date) -> int:
    row = db.execute(
        "SELECT sum(CASE WHEN is_credit THEN amount ELSE -amount END) AS moved FROM entries"
        " WHERE account = ? AND status = 'BOOK' AND substr(booked_at, 1, 10) < ?",
        (account, str(day)),
    ).fetchone()
    return OPENING_BALANCE + (row["moved"] or 0)


def texts(transaction: Row) -> list[str]:
    return [text for text in transaction["text"].split("\n") if text]


def booked_on(entry: Row) -> date:
    return datetime.fromisoformat(entry["booked_at"]).date()


def signed(entry: Row) -> int:
    return int(entry["amount"]) * (1 if entry["is_credit"] else -1)


def currency_of(entry: Row) -> str:
    return "EUR" if entry["account"][:2].isalpha() else "CNY"


def _moment(db: Db, currency: str, day: str | None) -> datetime:
    now = days.now(db, currency)
    return now if day is None else datetime.combine(_day(day), now.timetz())


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise BankError("DT01", f"a date is YYYY-MM-DD: {text!r}", 400) from None


def _own_id(at: datetime) -> str:
    return f"{at:%Y%m%d}{secrets.token_hex(6).upper()}"
