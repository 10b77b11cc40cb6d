"""What the chain's transactions change, by key: as it is, as it was at a block, and as it would be."""

from typing import Protocol

from infra.sandbox.ledger import Db

DAY_MS = 24 * 60 * 60 * 1000


class State(Protocol):
    def get(self, key: str) -> str | None: ...

    def set(self, key: str, value: str) -> None: ...


class Draft:
    """Changes that nobody sees until they are kept."""

    def __init__(self, base: State) -> None:
        self._base = base
        self._changed: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self._changed[key] if key in self._changed else self._base.get(key)

    def set(self, key: str, value: str) -> None:
        self._changed[key] = value

    def keep(self) -> None:
        for key, value in self._changed.items():
            self._base.set(key, value)


class Written:
    """The books, while block `number` is made: what it changes can be taken back."""

    def __init__(self, db: Db, number: int) -> None:
        self._db, self._number = db, number

    def get(self, key: str) -> str | None:
        row = self._db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return row["value"] if row else None

    def set(self, key: str, value: str) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO journal (number, key, old) VALUES (?, ?, ?)",
            (self._number, key, self.get(key)),
        )
        self._db.execute("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", (key, value))


class AsOf:
    """The books as block `number` left them; read only."""

    def __init__(self, db: Db, number: int) -> None:
        self._db, self._number = db, number

    def get(self, key: str) -> str | None:
        sql = "SELECT old FROM journal WHERE key = ? AND number > ? ORDER BY number LIMIT 1"
        row = self._db.execute(sql, (key, self._number)).fetchone()
        if row is None:
            row = self._db.execute("SELECT value AS old FROM state WHERE key = ?", (key,)).fetchone()
        return row["old"] if row else None

    def set(self, key: str, value: str) -> None:
        raise TypeError(f"{key} was what it was, not {value}")


def undo(db: Db, down_to: int) -> None:
    """Take back what the blocks above `down_to` changed."""
    sql = "SELECT key, old FROM journal WHERE number > ? ORDER BY number DESC"
    for row in db.execute(sql, (down_to,)).fetchall():
        if row["old"] is None:
            db.execute("DELETE FROM state WHERE key = ?", (row["key"],))
        else:
            db.execute("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", (row["key"], row["old"]))
    db.execute("DELETE FROM journal WHERE number > ?", (down_to,))


def number(state: State, key: str) -> int:
    return int(state.get(key) or 0)


def add(state: State, key: str, amount: int) -> None:
    state.set(key, str(number(state, key) + amount))


def exists(state: State, address: str) -> bool:
    return state.get(f"account:{address}") is not None


def balance(state: State, address: str) -> int:
    """In sun, a millionth of a TRX."""
    return number(state, f"trx:{address}")


def used(state: State, what: str, address: str, now_ms: int) -> int:
    """How much of a day's `net` or `energy` is not recovered yet: it comes back in equal parts over 24 hours."""
    amount, _, since = (state.get(f"{what}:{address}") or "0@0").partition("@")
    left = max(0, DAY_MS - (now_ms - int(since)))
    return -(-int(amount) * left // DAY_MS)


def use(state: State, what: str, address: str, amount: int, now_ms: int) -> None:
    state.set(f"{what}:{address}", f"{used(state, what, address, now_ms) + amount}@{now_ms}")
