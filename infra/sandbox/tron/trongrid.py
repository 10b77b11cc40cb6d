"""TronGrid's lists by account (developers.tron.network, "TronGrid v1"): /v1/accounts/<address>[/transactions/…].

They take an address in either form, and show what is in blocks: all of it, or what is final (`only_confirmed`), or
what is not (`only_unconfirmed`).
"""

import base64
from typing import Any

from flask import Blueprint
from flask import request as http
from werkzeug import Response

from infra.sandbox.tron import keys
from infra.sandbox.tron.accounts import get_account
from infra.sandbox.tron.api import reply, run
from infra.sandbox.tron.asked import Asked
from infra.sandbox.tron.context import Node
from infra.sandbox.tron.contracts import Token
from infra.sandbox.tron.messages import Json

USUAL_PAGE, LONGEST_PAGE = 20, 200


def add_routes(blueprint: Blueprint, node: Node) -> None:
    @blueprint.get("/tron/v1/accounts/<address>")
    def account(address: str) -> Response:
        return run(node, "v1/accounts", _account, {"address": address}, is_solid=False)

    @blueprint.get("/tron/v1/accounts/<address>/transactions/trc20")
    def transfers(address: str) -> Response:
        args = {**http.args.to_dict(), "address": address}
        return run(node, "v1/trc20", _transfers, args, is_solid=False)


def _account(asked: Asked) -> Any:
    who = _who(asked)
    if isinstance(who, Response):
        return who
    hexed = Asked(asked.node, asked.view, {"address": who})
    found = get_account(hexed)
    held = [
        {keys.base58check(each.address): str(each.balance(asked.view.state, who))}
        for each in asked.node.chain.contracts.values()
        if isinstance(each, Token) and each.balance(asked.view.state, who)
    ]
    return _listed(asked, [found | {"trc20": held}] if found else [])


def _transfers(asked: Asked) -> Any:
    who = _who(asked)
    if isinstance(who, Response):
        return who
    limit = min(LONGEST_PAGE, max(1, int(asked.args.get("limit", USUAL_PAGE))))
    rows = _rows(asked, who, limit + 1)
    body = _listed(asked, [_transfer(asked, row) for row in rows[:limit]])
    if len(rows) > limit:
        mark = base64.urlsafe_b64encode(f"{rows[limit - 1]['id']}".encode()).decode()
        rest = "&".join(f"{name}={value}" for name, value in http.args.items() if name != "fingerprint")
        url = f"{http.base_url}?{rest}&fingerprint={mark}"
        body["meta"] |= {"fingerprint": mark, "links": {"next": url}}
    return body


def _rows(asked: Asked, who: str, limit: int) -> list[Any]:
    args = asked.args
    where, values = ["number <= ?"], list[object]([asked.view.head])
    wanted: dict[str, tuple[str, Any]] = {
        "only_confirmed": ("number <= ?", asked.view.solid),
        "only_unconfirmed": ("number > ?", asked.view.solid),
    }
    for name, (condition, value) in wanted.items():
        if args.get(name) == "true":
            where, values = [*where, condition], [*values, value]
    sides = [side for side in ("to", "from") if args.get(f"only_{side}") == "true"] or ["to", "from"]
    columns = {"to": "receiver", "from": "sender"}
    where.append("(" + " OR ".join(f"{columns[side]} = ?" for side in sides) + ")")
    values += [who] * len(sides)
    if args.get("contract_address"):
        where, values = [*where, "contract = ?"], [*values, keys.any_form(args["contract_address"])]
    time_of = "(SELECT timestamp FROM blocks WHERE blocks.number = transfers.number)"
    for name, sign in (("min_timestamp", ">="), ("max_timestamp", "<=")):
        if args.get(name):
            where, values = [*where, f"{time_of} {sign} ?"], [*values, int(args[name])]
    is_ascending = args.get("order_by", "").endswith(",asc")
    if args.get("fingerprint"):
        mark = int(base64.urlsafe_b64decode(args["fingerprint"]))
        where, values = [*where, f"id {'>' if is_ascending else '<'} ?"], [*values, mark]
    order = "ASC" if is_ascending else "DESC"
    sql = f"SELECT *, {time_of} AS at FROM transfers WHERE {' AND '.join(where)} ORDER BY id {order} LIMIT ?"  # noqa: S608
    return asked.view.db.execute(sql, (*values, limit)).fetchall()


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


def _who(asked: Asked) -> Any:
    try:
        return keys.any_form(str(asked.args["address"]))
    except keys.NoAddress:
        return reply({"success": False, "error": "A valid account address is required.", "statusCode": 400}, 400)
