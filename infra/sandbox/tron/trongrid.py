"""TronGrid's lists by account (developers.tron.network, "TronGrid v1"): /v1/accounts/<address>[/transactions/…].

They take an address in either form, and show what is in blocks: all of it, or what is final (`only_confirmed`), or
what is not (`only_unconfirmed`).
"""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint
from flask import request as http
from werkzeug import Response

from infra.sandbox.tron import keys
from infra.sandbox.tron.accounts import get_account
from infra.sandbox.tron.api import run
from infra.sandbox.tron.asked import Asked
from infra.sandbox.tron.context import Node
from infra.sandbox.tron.contracts import Token
from infra.sandbox.tron.errors import GridError
from infra.sandbox.tron.messages import Json

Condition = tuple[str, list[Any]]
"""In SQL, and the values for its marks."""

USUAL_PAGE, LONGEST_PAGE = 20, 200
TIME = "(SELECT timestamp FROM blocks WHERE blocks.number = transfers.number)"


def add_routes(blueprint: Blueprint, node: Node) -> None:
    @blueprint.get("/tron/v1/accounts/<address>")
    def account(address: str) -> Response:
        return run(node, "v1/accounts", _account, {"address": address}, is_solid=False)

    @blueprint.get("/tron/v1/accounts/<address>/transactions/trc20")
    def transfers(address: str) -> Response:
        args = {**http.args.to_dict(), "address": address}
        return run(node, "v1/trc20", _transfers, args, is_solid=False)


def _account(asked: Asked) -> Json:
    who = _who(asked)
    hexed = Asked(asked.node, asked.view, {"address": who})
    found = get_account(hexed)
    held = [
        {keys.base58check(each.address): str(each.balance(asked.view.state, who))}
        for each in asked.node.chain.contracts.values()
        if isinstance(each, Token) and each.balance(asked.view.state, who)
    ]
    return _listed(asked, [found | {"trc20": held}] if found else [])


def _transfers(asked: Asked) -> Json:
    who = _who(asked)
    limit = min(LONGEST_PAGE, max(1, _number(asked.args.get("limit", USUAL_PAGE))))
    rows = _rows(asked, who, limit + 1)
    body = _listed(asked, [_transfer(asked, row) for row in rows[:limit]])
    if len(rows) > limit:
        mark = str(rows[limit - 1]["id"])
        rest = "&".join(f"{name}={value}" for name, value in http.args.items() if name != "fingerprint")
        url = f"{http.base_url}?{rest}&fingerprint={mark}"
        body["meta"] |= {"fingerprint": mark, "links": {"next": url}}
    return body


def _rows(asked: Asked, who: str, limit: int) -> list[Any]:
    is_ascending = asked.args.get("order_by", "").endswith(",asc")
    conditions = [*_conditions(asked), *_sides(asked, who)]
    if asked.args.get("fingerprint"):
        conditions.append((f"id {'>' if is_ascending else '<'} ?", [_number(asked.args["fingerprint"])]))
    where = " AND ".join(condition for condition, _ in conditions)
    order = "ASC" if is_ascending else "DESC"
    sql = f"SELECT *, {TIME} AS at FROM transfers WHERE {where} ORDER BY id {order} LIMIT ?"  # noqa: S608
    values = [value for _, some in conditions for value in some]
    return asked.view.db.execute(sql, (*values, limit)).fetchall()


def _conditions(asked: Asked) -> Iterator[Condition]:
    args, view = asked.args, asked.view
    yield "number <= ?", [view.head]
    if args.get("only_confirmed") == "true":
        yield "number <= ?", [view.solid]
    if args.get("only_unconfirmed") == "true":
        yield "number > ?", [view.solid]
    if args.get("contract_address"):
        yield "contract = ?", [_form(args["contract_address"])]
    if args.get("min_timestamp"):
        yield f"{TIME} >= ?", [_number(args["min_timestamp"])]
    if args.get("max_timestamp"):
        yield f"{TIME} <= ?", [_number(args["max_timestamp"])]


def _sides(asked: Asked, who: str) -> Iterator[Condition]:
    columns = {"only_to": "receiver", "only_from": "sender"}
    wanted = [column for name, column in columns.items() if asked.args.get(name) == "true"]
    chosen = wanted or list(columns.values())
    yield "(" + " OR ".join(f"{column} = ?" for column in chosen) + ")", [who] * len(chosen)


def _transfer(asked: Asked, row: Any) -> Json:
    token = asked.node.chain.contracts[row["contract"]]
    assert isinstance(token, Token)  # noqa: S101
    return {
        "transaction_id": row["tx_id"],
        "token_info": {
            "symbol": token.symbol,
            "address": keys.base58check(token.address),
            "decimals": token.decimals,
            "name": token.title,
        },
        "block_timestamp": row["at"],
        "from": keys.base58check(row["sender"]),
        "to": keys.base58check(row["receiver"]),
        "type": "Transfer",
        "value": row["value"],
    }


def _listed(asked: Asked, data: list[Json]) -> Json:
    head = asked.view.chain.block(asked.view.db, asked.view.head)
    at = head.timestamp if head else 0
    return {"data": data, "success": True, "meta": {"at": at, "page_size": len(data)}}


def _who(asked: Asked) -> str:
    return _form(str(asked.args["address"]))


def _form(text: str) -> str:
    try:
        return keys.any_form(text)
    except keys.NoAddress:
        raise GridError("A valid account address is required.") from None


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise GridError(f"no number: {text!r}") from None
