"""Lists, newest first, and the search: docs.stripe.com/api/pagination, docs.stripe.com/search."""

import json
import re
import time
from typing import Any

from infra.sandbox.card import objects
from infra.sandbox.card.books import Json, find
from infra.sandbox.card.errors import invalid, no_such
from infra.sandbox.card.expand import KINDS, Renderer
from infra.sandbox.ledger import Db

COMPARED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
DEFAULT_LIMIT, MAX_LIMIT = 10, 100
TABLES: dict[str, Renderer] = {**dict(KINDS.values()), "events": objects.event}
CLAUSE = re.compile(
    r"""\s*metadata\[(?P<q>["'])(?P<name>[^"']{1,40})(?P=q)\]\s*:\s*(?P<v>["'])(?P<value>[^"']*)(?P=v)\s*"""
)


def page(db: Db, table: str, params: Json, conditions: dict[str, Any]) -> Json:
    """`conditions` are SQL and the value in it; those whose value is None do not count."""
    given = {clause: value for clause, value in conditions.items() if value is not None}
    clauses, values = ["1 = 1", *given], list(given.values())
    for name, bound in params.get("created", {}).items():
        clauses.append(f"created {COMPARED[name]} ?")
        values.append(bound)
    is_backwards = "ending_before" in params
    for name, sign in (("starting_after", "<"), ("ending_before", ">")):
        if name in params:
            clauses.append(f"seq {sign} ?")
            values.append(_place(db, table, name, params[name]))
    limit = _limit(params)
    order = "ASC" if is_backwards else "DESC"
    sql = f"SELECT * FROM {table} WHERE {' AND '.join(clauses)} ORDER BY seq {order} LIMIT {limit + 1}"  # noqa: S608
    rows = db.execute(sql, values).fetchall()
    shown = rows[:limit][::-1] if is_backwards else rows[:limit]
    data = [TABLES[table](db, row) for row in shown]
    url = {"intents": "payment_intents"}.get(table, table)
    return {"object": "list", "data": data, "has_more": len(rows) > limit, "url": f"/v1/{url}"}


def search(db: Db, params: Json) -> Json:
    """Only clauses on metadata, joined by AND. What is newer than the index is not found."""
    clauses = re.split(r"\s+AND\s+", params["query"], flags=re.IGNORECASE)
    wanted = {}
    for clause in clauses:
        matched = CLAUSE.fullmatch(clause)
        if matched is None:
            raise invalid("query", f"The sandbox's search knows metadata['name']:'value' only, not {clause!r}.")
        wanted[matched["name"]] = matched["value"]
    rows = db.execute("SELECT * FROM intents WHERE searchable_at <= ? ORDER BY seq DESC", (time.time(),)).fetchall()
    found = [row for row in rows if wanted.items() <= json.loads(row["metadata"]).items()]
    limit = _limit(params)
    return {
        "object": "search_result",
        "data": [objects.intent(db, row) for row in found[:limit]],
        "has_more": len(found) > limit,
        "next_page": None,
        "url": "/v1/payment_intents/search",
    }


def reference_in(query: str) -> str:
    """The order that a search is about."""
    matched = CLAUSE.fullmatch(query)
    return matched["value"] if matched and matched["name"] == "reference" else ""


def _limit(params: Json) -> int:
    limit: int = params.get("limit", DEFAULT_LIMIT)
    if limit > MAX_LIMIT:
        raise invalid(
            "limit", f"This value must be less than or equal to {MAX_LIMIT}.", "parameter_invalid_integer"
        )
    return limit


def _place(db: Db, table: str, param: str, object_id: str) -> int:
    row = find(db, table, object_id)
    if row is None:
        raise no_such("object", object_id, param)
    return int(row["seq"])
