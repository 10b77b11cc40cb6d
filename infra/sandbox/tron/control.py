"""The tests' door to the chain itself: JSON under /tron/_sandbox/.

POST   mine        {"blocks"?: 1, "empty"?: false, "timestamp"?: ms of the first}: now, whatever the clock says
POST   reorg       {"depth", "blocks"?: depth + 1, "transactions"?, "force"?}: the last blocks give way to others;
                   their transactions come "again" in the first new one, wait as "pending", or "drop" out
POST   clock       {"auto"?: false stops the clock, "solid_lag"?: 19}
POST   api_key     {"key"}: calls without it are answered 429, with another 401; "" asks for none
POST   forget      {"txId"?}: what waits (all of it) is lost, as if it had expired
POST   faults      {"kind", "method"?: "wallet/getnowblock", "of"?: what was asked for, "count"?, …}
GET    faults; DELETE faults; GET calls?method=&of=
GET    chain       the head, the final block, what waits, the contracts' addresses and the payer's
payments: payments.py
"""

from typing import Any

from flask import Blueprint
from flask import request as http

from infra.sandbox import doors
from infra.sandbox.faults import Kinds
from infra.sandbox.ledger import Db
from infra.sandbox.tron import mishaps, settings
from infra.sandbox.tron.chain import Block
from infra.sandbox.tron.context import Node
from infra.sandbox.tron.keys import base58check
from infra.sandbox.wishes import BadWish

Json = dict[str, Any]
Reply = Json | tuple[Json, int]
PREFIX = "/tron/_sandbox"
MOST_BLOCKS = 100_000


def add_routes(blueprint: Blueprint, node: Node) -> None:
    blueprint.register_error_handler(BadWish, lambda error: ({"error": str(error)}, 400))
    doors.add_calls(blueprint, PREFIX, "of", node.ledger)
    doors.add_faults(blueprint, PREFIX, "of", node.ledger, Kinds(mishaps.ALL, ()))
    _chain_routes(blueprint, node)
    _settings_routes(blueprint, node)


def _chain_routes(blueprint: Blueprint, node: Node) -> None:
    @blueprint.post(f"{PREFIX}/mine")
    def mine() -> Reply:
        asked = http.get_json(silent=True) or {}
        count = _count(asked.get("blocks", 1))
        with node.ledger.transaction() as db:
            node.chain.advance(db)
            mined = node.chain.mine(db, count, empty=bool(asked.get("empty")), timestamp=asked.get("timestamp"))
            return {"blocks": [_place(each) for each in mined[-1000:]], **_seen(node, db)}

    @blueprint.post(f"{PREFIX}/reorg")
    def reorg() -> Reply:
        asked = http.get_json()
        depth = _count(asked["depth"])
        with node.ledger.transaction() as db:
            head, lag = node.chain.head(db).number, settings.number(db, "solid_lag")
            if depth >= (head if asked.get("force") else lag):
                raise BadWish(f"{depth} blocks back are final: only with force")
            turn(node, db, depth, _count(asked.get("blocks", depth + 1)), asked.get("transactions", "again"))
            return _seen(node, db)

    @blueprint.post(f"{PREFIX}/forget")
    def forget() -> Reply:
        wanted = (http.get_json(silent=True) or {}).get("txId", "")
        with node.ledger.transaction() as db:
            db.execute("DELETE FROM pending WHERE id = ? OR ? = ''", (wanted, wanted))
            node.mempool.forget()
            return _seen(node, db)

    @blueprint.get(f"{PREFIX}/chain")
    def chain() -> Reply:
        with node.ledger.transaction() as db:
            node.chain.advance(db)
            return _seen(node, db)


def _settings_routes(blueprint: Blueprint, node: Node) -> None:
    @blueprint.post(f"{PREFIX}/clock")
    def clock() -> Reply:
        asked = http.get_json()
        with node.ledger.transaction() as db:
            node.chain.advance(db)
            if "auto" in asked:
                settings.put(db, "auto", int(bool(asked["auto"])))
            if "solid_lag" in asked:
                settings.put(db, "solid_lag", _count(asked["solid_lag"]))
            return _seen(node, db)

    @blueprint.post(f"{PREFIX}/api_key")
    def api_key() -> Reply:
        with node.ledger.transaction() as db:
            settings.put(db, "api_key", str(http.get_json()["key"] or ""))
        return {}


def turn(node: Node, db: Db, depth: int, blocks: int, transactions: str) -> None:
    if transactions not in ("again", "pending", "drop"):
        raise BadWish(f"transactions come again, wait as pending or drop out, not {transactions!r}")
    gone = [row["body"] for row in node.chain.drop(db, depth)]
    if transactions == "pending":
        node.chain.mine(db, blocks, empty=True)
    if transactions != "drop":
        node.chain.wait_again(db, gone)
    if transactions != "pending":
        node.chain.mine(db, 1, empty=transactions == "drop")
        node.chain.mine(db, blocks - 1, empty=True)
    node.mempool.forget()


def _seen(node: Node, db: Db) -> Json:
    return {
        "head": _place(node.chain.head(db)),
        "solid": _place(node.chain.solid(db)),
        "pending": [row["id"] for row in node.chain.waiting(db)],
        "auto": bool(settings.number(db, "auto")),
        "solid_lag": settings.number(db, "solid_lag"),
        "slot_ms": node.chain.slot_ms,
        "contracts": {name: base58check(each) for name, each in node.chain.network.contracts.items()},
        "payer": base58check(node.chain.network.payer_address),
    }


def _place(block: Block) -> Json:
    return {"number": block.number, "id": block.id, "timestamp": block.timestamp}


def _count(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value <= MOST_BLOCKS:
        raise BadWish(f"no number of blocks: {value!r}")
    return value
