"""The control routes that are the same at every rail: what was called, what is called back, what goes wrong.

GET    callbacks?<order>=               what was sent, and what was answered
POST   callbacks/<id>/resend            {"clean": true} leaves the fault script out
POST   callbacks                        {"url", "fields", "plan"?}: one signed callback of your own making
GET    calls?method=&<order>=           what reached the rail
POST   faults                           {"kind", "method"?, "<order>"?, "count"?, …}; GET lists, DELETE clears

<order> stands for the rail's own name of the merchant's order number, such as out_trade_no.
"""

from typing import Any

from flask import Blueprint
from flask import request as http

from infra.sandbox import callbacks, calls, faults
from infra.sandbox.deliveries import Deliveries
from infra.sandbox.faults import Kinds
from infra.sandbox.ledger import Ledger

Reply = dict[str, Any] | tuple[dict[str, Any], int]


def add_routes(
    blueprint: Blueprint, prefix: str, order_name: str, ledger: Ledger, deliveries: Deliveries, kinds: Kinds
) -> None:
    """Add them below `prefix`, which is /<rail>/_sandbox."""
    add_calls(blueprint, prefix, order_name, ledger)
    _add_callbacks(blueprint, prefix, order_name, ledger, deliveries)
    add_faults(blueprint, prefix, order_name, ledger, kinds)


def add_calls(blueprint: Blueprint, prefix: str, order_name: str, ledger: Ledger) -> None:
    @blueprint.get(f"{prefix}/calls")
    def called() -> Reply:
        with ledger.transaction() as db:
            found = calls.listed(db, http.args.get("method", ""), http.args.get(order_name, ""))
        return {"count": len(found), "calls": [_named(call, order_name) for call in found]}


def _add_callbacks(
    blueprint: Blueprint, prefix: str, order_name: str, ledger: Ledger, deliveries: Deliveries
) -> None:
    @blueprint.get(f"{prefix}/callbacks")
    def listed() -> Reply:
        wanted = http.args.get(order_name, "")
        sql = "SELECT * FROM callbacks WHERE order_no = ? OR ? = '' ORDER BY id"
        with ledger.transaction() as db:
            found = [callbacks.view(db, row) for row in db.execute(sql, (wanted, wanted)).fetchall()]
        return {"callbacks": [_named(callback, order_name) for callback in found]}

    @blueprint.post(f"{prefix}/callbacks/<int:callback_id>/resend")
    def resend(callback_id: int) -> Reply:
        with ledger.transaction() as db:
            row = db.execute("SELECT * FROM callbacks WHERE id = ?", (callback_id,)).fetchone()
        if row is None:
            return {"error": "no such callback"}, 404
        return deliveries.resend(row, is_clean=(http.get_json(silent=True) or {}).get("clean", True))

    @blueprint.post(f"{prefix}/callbacks")
    def send() -> Reply:
        asked = http.get_json()
        return deliveries.send(asked["url"], asked["fields"], asked.get("plan", {}))


def add_faults(blueprint: Blueprint, prefix: str, order_name: str, ledger: Ledger, kinds: Kinds) -> None:
    @blueprint.post(f"{prefix}/faults")
    def add() -> Reply:
        entry = http.get_json()
        order_no = str(entry.pop(order_name, "*"))
        try:
            with ledger.transaction() as db:
                return {"id": faults.script(db, kinds, order_no, entry)}, 201
        except ValueError as error:
            return {"error": str(error)}, 400

    @blueprint.get(f"{prefix}/faults")
    def scripted() -> Reply:
        with ledger.transaction() as db:
            rows = db.execute("SELECT * FROM faults ORDER BY id").fetchall()
        return {"faults": [_named(dict(row), order_name) for row in rows]}

    @blueprint.delete(f"{prefix}/faults")
    def clear() -> Reply:
        with ledger.transaction() as db:
            db.execute("DELETE FROM faults")
        return {}


def ledger_view(orders: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What a rail's GET ledger answers: its orders, each with what was `paid` and `refunded`, and both summed."""
    sums = {name: sum(order[name] for order in orders.values()) for name in ("paid", "refunded")}
    return {**sums, "orders": orders}


def _named(entry: dict[str, Any], order_name: str) -> dict[str, Any]:
    return {order_name if name == "order_no" else name: value for name, value in entry.items()}
