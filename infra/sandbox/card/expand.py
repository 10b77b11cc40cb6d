"""`expand[]`: ids replaced by what they name, up to four levels deep (docs.stripe.com/api/expanding_objects)."""

from collections.abc import Callable

from infra.sandbox.card import objects
from infra.sandbox.card.books import Json, find
from infra.sandbox.card.errors import ParameterError, invalid
from infra.sandbox.ledger import Db, Row

DEPTH = 4
Renderer = Callable[[Db, Row], Json]
KINDS: dict[str, tuple[str, Renderer]] = {
    "pi": ("intents", objects.intent),
    "pm": ("payment_methods", objects.payment_method),
    "ch": ("charges", objects.charge),
    "re": ("refunds", objects.refund),
    "du": ("disputes", objects.dispute),
    "txn": ("balance_transactions", objects.balance_transaction),
}
NAMES = {
    "payment_intent": {"latest_charge", "payment_method"},
    "charge": {"balance_transaction", "payment_intent", "refunds"},
    "refund": {"balance_transaction", "charge", "failure_balance_transaction", "payment_intent"},
    "dispute": {"charge", "payment_intent"},
    "balance_transaction": {"source"},
}
ALWAYS_EMPTY = {
    "application",
    "customer",
    "on_behalf_of",
    "review",
    "source_transfer_reversal",
    "transfer_reversal",
}


def expand(db: Db, shown: Json, paths: list[str]) -> Json:
    """The same object, changed in place."""
    for path in paths:
        parts = path.split(".")
        is_list = shown["object"] in ("list", "search_result")
        if len(parts) - is_list > DEPTH:
            raise invalid("expand", f"You cannot expand more than {DEPTH} levels of a property")
        if is_list and (parts[0] != "data" or len(parts) == 1):
            raise _impossible(path)
        for target in shown["data"] if is_list else [shown]:
            _expand(db, target, parts[is_list:], path)
    return shown


def _expand(db: Db, shown: Json, parts: list[str], path: str) -> None:
    name, *rest = parts
    if name in ALWAYS_EMPTY:
        return
    if name not in NAMES.get(shown["object"], ()):
        raise _impossible(path)
    if name == "refunds" and name not in shown:
        shown[name] = _refunds(db, shown["id"])
    elif isinstance(shown.get(name), str):
        shown[name] = load(db, shown[name])
    if rest and name == "refunds":
        for refund in shown[name]["data"]:
            _expand(db, refund, rest[1:], path)
    elif rest and isinstance(shown.get(name), dict):
        _expand(db, shown[name], rest, path)


def load(db: Db, object_id: str) -> Json:
    table, render = KINDS[object_id.partition("_")[0]]
    row = find(db, table, object_id)
    return render(db, row) if row else {}


def _refunds(db: Db, charge_id: str) -> Json:
    rows = db.execute("SELECT * FROM refunds WHERE charge_id = ? ORDER BY seq DESC", (charge_id,)).fetchall()
    data = [objects.refund(db, row) for row in rows]
    return {"object": "list", "data": data, "has_more": False, "url": f"/v1/charges/{charge_id}/refunds"}


def _impossible(path: str) -> ParameterError:
    return invalid("expand", f"This property cannot be expanded ({path}).")
