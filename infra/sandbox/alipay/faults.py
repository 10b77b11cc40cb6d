"""The fault script: what goes wrong, for which order or method, and how many times.

Gateway kinds (`method` an alipay.trade.* name or `*`):
  delay            wait `seconds`, then work and answer as usual
  timeout          work, then stay silent for `seconds` (default 60) and hang up
  drop             hang up at once, nothing done
  drop_after       work, then hang up without an answer
  system_error     answer ACQ.SYSTEM_ERROR, or 20000 with `code`: "20000"; `work`: true does the work first
  business_error   answer 40004 with `sub_code`, nothing done
  http_error       answer HTTP `status` (default 502) with an HTML page; `work`: true does the work first
  garbage          work, then answer bytes that are no JSON
  bad_signature    work, then answer with a signature over other bytes
  callback_first   work, and have the resulting callbacks answered before our own answer leaves;
                   on an order just announced the payer also pays, `pay`: false only works
Callback kinds (`method` "callback"):
  withhold         never send it by itself
  delay            send it after `seconds`
  reorder          keep it back until a later callback of the order was answered
  duplicate        send `copies` (default 20), all at once
  wrong_amount, wrong_app_id, wrong_seller, other_order (`out_trade_no_sent`),
  override (`fields`)
                   well signed, with these values in it
  bad_signature    one value changed after signing
"""

import json
from dataclasses import dataclass
from typing import Any

from infra.sandbox.alipay.ledger import Db

GATEWAY_KINDS = {
    *("delay", "timeout", "drop", "drop_after"),
    *("system_error", "business_error", "http_error", "garbage", "bad_signature"),
    "callback_first",
}
CALLBACK_KINDS = {
    *("withhold", "delay", "reorder", "duplicate"),
    *("wrong_amount", "wrong_app_id", "wrong_seller", "other_order", "bad_signature", "override"),
}
# What the kind changes among the signed fields.
OVERRIDES: dict[str, dict[str, str]] = {
    "wrong_amount": {"total_amount": "0.01", "receipt_amount": "0.01", "buyer_pay_amount": "0.01"},
    "wrong_app_id": {"app_id": "2021000000000001", "auth_app_id": "2021000000000001"},
    "wrong_seller": {"seller_id": "2088000000000001"},
    "other_order": {"out_trade_no": "ANOTHERORDER0000000000000000"},
}


@dataclass(frozen=True)
class Fault:
    kind: str
    options: dict[str, Any]

    def plan(self) -> dict[str, Any]:
        """The callback fault as its queue entry keeps it."""
        changed = dict(OVERRIDES.get(self.kind, {}))
        if "out_trade_no_sent" in self.options:
            changed["out_trade_no"] = self.options["out_trade_no_sent"]
        return {"kind": self.kind, **self.options, "fields": changed | self.options.get("fields", {})}


def script(db: Db, entry: dict[str, Any]) -> int:
    """Add one fault; ValueError tells what is wrong with it."""
    options = dict(entry)
    kind, method = str(options.pop("kind", "")), str(options.pop("method", "*"))
    out_trade_no, count = str(options.pop("out_trade_no", "*")), int(options.pop("count", 1))
    if kind not in (CALLBACK_KINDS if method == "callback" else GATEWAY_KINDS):
        raise ValueError(f"no such fault for {method}: {kind!r}")
    sql = "INSERT INTO faults (out_trade_no, method, kind, options, remaining) VALUES (?, ?, ?, ?, ?)"
    return db.execute(sql, (out_trade_no, method, kind, json.dumps(options), count)).lastrowid or 0


def take(db: Db, method: str, out_trade_no: str) -> Fault | None:
    """Use up one count of the oldest fault that fits, those for the very order first."""
    methods = (method,) if method == "callback" else (method, "*")
    marks = ", ".join("?" * len(methods))
    row = db.execute(
        "SELECT id, kind, options FROM faults WHERE remaining > 0 AND out_trade_no IN (?, '*')"  # noqa: S608
        f" AND method IN ({marks}) ORDER BY out_trade_no = '*', id LIMIT 1",
        (out_trade_no, *methods),
    ).fetchone()
    if row is None:
        return None
    db.execute("UPDATE faults SET remaining = remaining - 1 WHERE id = ?", (row["id"],))
    return Fault(row["kind"], json.loads(row["options"]))
