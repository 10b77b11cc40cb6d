"""The bank's day, which tests move: central European and Chinese time, without summer's."""

from datetime import date, datetime, timedelta, timezone

from infra.sandbox.bank_transfer.errors import BankError
from infra.sandbox.ledger import Db

ZONES = {"EUR": timezone(timedelta(hours=1)), "CNY": timezone(timedelta(hours=8))}


def now(db: Db, currency: str) -> datetime:
    ahead = db.execute("SELECT days_ahead FROM calendar").fetchone()["days_ahead"]
    return (datetime.now(ZONES[currency]) + timedelta(days=ahead)).replace(microsecond=0)


def move(db: Db, *, to: str | None = None, days: int = 0) -> None:
    """To a date, or on by some days."""
    ahead = days
    if to is not None:
        try:
            ahead = (date.fromisoformat(to) - now(db, "EUR").date()).days
        except ValueError:
            raise BankError("DT01", f"a date is YYYY-MM-DD: {to!r}", 400) from None
    db.execute("UPDATE calendar SET days_ahead = days_ahead + ?", (ahead,))
