"""The fault script: what goes wrong, for which order or method, and how many times.

A rail's `Kinds` name what it can do wrong: with a call (the common ones are in mishaps.py) and with a callback,
which is the method CALLBACK (the common ones are in callbacks.py).
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from infra.sandbox.ledger import Db

CALLBACK = "callback"


@dataclass(frozen=True)
class Kinds:
    call: Collection[str]
    callback: Collection[str]


@dataclass(frozen=True)
class Fault:
    kind: str
    options: dict[str, Any]


def script(db: Db, kinds: Kinds, order_no: str, entry: dict[str, Any]) -> int:
    """Add one fault; ValueError tells what is wrong with it.

    `entry` is its `kind`, its `method` (`*`, the default, is any call), its `count` (1) and the kind's own
    options. `order_no` may be `*`: whatever order comes next.
    """
    options = dict(entry)
    kind, method = str(options.pop("kind", "")), str(options.pop("method", "*"))
    count = int(options.pop("count", 1))
    if kind not in (kinds.callback if method == CALLBACK else kinds.call):
        raise ValueError(f"no such fault for {method}: {kind!r}")
    sql = "INSERT INTO faults (order_no, method, kind, options, remaining) VALUES (?, ?, ?, ?, ?)"
    return db.execute(sql, (order_no, method, kind, json.dumps(options), count)).lastrowid or 0


def take(db: Db, method: str, order_no: str) -> Fault | None:
    """Use up one count of the oldest fault that fits, those for the very order first."""
    methods = (method,) if method == CALLBACK else (method, "*")
    marks = ", ".join("?" * len(methods))
    row = db.execute(
        "SELECT id, kind, options FROM faults WHERE remaining > 0 AND order_no IN (?, '*')"  # noqa: S608
        f" AND method IN ({marks}) ORDER BY order_no = '*', id LIMIT 1",
        (order_no, *methods),
    ).fetchone()
    if row is None:
        return None
    db.execute("UPDATE faults SET remaining = remaining - 1 WHERE id = ?", (row["id"],))
    return Fault(row["kind"], json.loads(row["options"]))
