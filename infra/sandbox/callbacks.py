"""The queue of what a rail tells the merchant: enqueued with the books, sent by deliveries.py.

Kinds of faults that any rail's callbacks may have:
  withhold   never send it by itself
  delay      send it after `seconds`
  reorder    keep it back until a later callback of the order was answered
  duplicate  send `copies` (default 20), all at once
What a kind changes in the message is the rail's own to do when it signs.
"""

import json
import time
from typing import Any

from infra.sandbox import faults
from infra.sandbox.ledger import Db, Row

KINDS = {"withhold", "delay", "reorder", "duplicate"}
Plan = dict[str, Any]


def enqueue(db: Db, order_no: str, url: str, params: dict[str, Any]) -> None:
    """Queue one callback, with the fault that the script holds for it. `params` is JSON, not yet signed."""
    now = time.time()
    fault = faults.take(db, faults.CALLBACK, order_no)
    plan: Plan = {"kind": fault.kind, **fault.options} if fault else {}
    kind = plan.get("kind", "")
    state = {"withhold": "withheld", "reorder": "held"}.get(kind, "pending")
    due_at = now + plan.get("seconds", 0) if kind == "delay" else now
    db.execute(
        "INSERT INTO callbacks (order_no, url, params, plan, state, due_at) VALUES (?, ?, ?, ?, ?, ?)",
        (order_no, url, json.dumps(params, ensure_ascii=False), json.dumps(plan), state, due_at),
    )


def view(db: Db, callback: Row) -> dict[str, Any]:
    sql = "SELECT sent_at, status, answer, pause_seconds FROM sends WHERE callback_id = ? ORDER BY rowid"
    sends = db.execute(sql, (callback["id"],))
    return {
        **{name: callback[name] for name in ("id", "order_no", "url", "state", "due_at")},
        "params": json.loads(callback["params"]),
        "plan": json.loads(callback["plan"]),
        "sends": [dict(send) for send in sends],
    }
