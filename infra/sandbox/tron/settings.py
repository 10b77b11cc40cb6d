"""What the control door can set, and keeps when the node is killed."""

from infra.sandbox.ledger import Db

DEFAULTS = {"auto": "1", "solid_lag": "19", "fork": "0", "api_key": ""}


def begin(db: Db) -> None:
    for name, value in DEFAULTS.items():
        put(db, name, value)


def put(db: Db, name: str, value: object) -> None:
    if name not in DEFAULTS:
        raise KeyError(name)
    db.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, str(value)))


def text(db: Db, name: str) -> str:
    row = db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return str(row["value"]) if row else DEFAULTS[name]


def number(db: Db, name: str) -> int:
    return int(text(db, name))
