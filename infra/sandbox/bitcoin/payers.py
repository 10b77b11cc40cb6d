"""Payers and miners at a node, simulated or real: JSON under /bitcoin/_sandbox/, and /_sandbox/bitcoin/pay.

POST   /_sandbox/bitcoin/pay   {"action", "decision": "pay" | "decline", "amount"?}: pays what a payment asks for
POST   pay         {"address", "amount", "rbf"?: true}
POST   bump        {"txId"}: the same with a higher fee
POST   mine        {"blocks"?: 1, "empty"?: false}
POST   reorg       {"depth", "blocks"?: depth + 1}: the last blocks give way to empty ones; what they held waits
POST   mining      {"auto": false}: the miner stops, and mines when told only

Amounts are bitcoins as decimal text. Those that pay answer {"txId"}, and {"mine": n} in them mines n at once.
"""

from decimal import Decimal
from typing import Any

import requests
from flask import Blueprint
from flask import request as http

from infra.sandbox import wishes
from infra.sandbox.bitcoin.client import NOBODY, Caller, RpcRefused
from infra.sandbox.bitcoin.miner import Miner
from infra.sandbox.wishes import BadWish

Json = dict[str, Any]
Reply = Json | tuple[Json, int]
PREFIX = "/bitcoin/_sandbox"
DECIMALS = 8
MOST_BLOCKS = 10_000


def add_routes(blueprint: Blueprint, node: Caller, miner: Miner) -> None:
    blueprint.register_error_handler(BadWish, lambda error: ({"error": str(error)}, 400))
    blueprint.register_error_handler(RpcRefused, lambda error: ({"error": error.message, "code": error.code}, 409))
    blueprint.register_error_handler(requests.RequestException, lambda _: ({"error": "the node is away"}, 502))
    _payer_routes(blueprint, node)
    _miner_routes(blueprint, node, miner)


def _payer_routes(blueprint: Blueprint, node: Caller) -> None:
    @blueprint.post("/_sandbox/bitcoin/pay")
    def pay_action() -> Reply:
        asked = http.get_json()
        wish = wishes.payment(asked, "bitcoin", ["BTC"])
        if wish is None:
            return {"paid": False}
        return {"paid": True, **_pay(node, {**wish, "mine": asked.get("mine", 0)})}

    @blueprint.post(f"{PREFIX}/pay")
    def pay() -> Reply:
        return _pay(node, http.get_json())

    @blueprint.post(f"{PREFIX}/bump")
    def bump() -> Reply:
        asked = http.get_json()
        return _sent(node, node.wallet("bumpfee", asked["txId"])["txid"], asked)


def _miner_routes(blueprint: Blueprint, node: Caller, miner: Miner) -> None:
    @blueprint.post(f"{PREFIX}/mine")
    def mine() -> Reply:
        asked = http.get_json(silent=True) or {}
        count = _count(asked.get("blocks", 1))
        return {"blocks": _mine_empty(node, count) if asked.get("empty") else _mine(node, count)}

    @blueprint.post(f"{PREFIX}/reorg")
    def reorg() -> Reply:
        asked = http.get_json()
        depth = _count(asked["depth"])
        first = node.call("getblockcount") - depth + 1
        if first < 1:
            raise BadWish("the chain is not as long")
        node.call("invalidateblock", node.call("getblockhash", first))
        return {"blocks": _mine_empty(node, _count(asked.get("blocks", depth + 1)))}

    @blueprint.post(f"{PREFIX}/mining")
    def mining() -> Reply:
        is_on = bool(http.get_json()["auto"])
        miner.turn(on=is_on)
        return {"auto": is_on}


def _pay(node: Caller, asked: Json) -> Json:
    amount = _amount(asked["amount"])
    tx_id = node.wallet("sendtoaddress", asked["address"], amount, replaceable=bool(asked.get("rbf", True)))
    return _sent(node, tx_id, asked)


def _sent(node: Caller, tx_id: str, asked: Json) -> Json:
    if asked.get("mine"):
        _mine(node, _count(asked["mine"]))
    return {"txId": tx_id}


def _mine(node: Caller, count: int) -> list[str]:
    hashes: list[str] = node.call("generatetoaddress", count, NOBODY)
    return hashes


def _mine_empty(node: Caller, count: int) -> list[str]:
    return [node.call("generateblock", NOBODY, [])["hash"] for _ in range(count)]


def _amount(value: object) -> str:
    satoshis = wishes.units(value, DECIMALS)
    if not satoshis:
        raise BadWish("nothing to pay")
    return f"{Decimal(satoshis).scaleb(-DECIMALS):.{DECIMALS}f}"


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MOST_BLOCKS:
        raise BadWish(f"no number of blocks: {value!r}")
    return value
