"""The tests' door to payers: JSON under /tron/_sandbox/, and /_sandbox/tron/pay for any payment.

POST   /_sandbox/tron/pay   {"action", "decision": "pay" | "decline", "amount"?}: pays what a payment asks for
POST   pay         {"address", "amount", "token"?: "usdt"}: a transfer of a token
POST   pay_many    {"payments": [{"address", "amount"}, …], "token"?}: all in one transaction
POST   pay_trx     {"address", "amount"}: plain TRX
POST   fake        {"address", "amount"}: of the look-alike token
POST   zero        {"address", "from"?}: a transfer of nothing, in the name of whomever
POST   fail        {"address", "amount", "how"?: "energy" | "revert"}: a transfer that is in a block and did nothing
POST   fund        {"address", "trx"?, "usdt"?, "energy"?}: an account of the test's own; energy is staked
POST   blacklist   {"address", "listed"?: true}; POST destroy {"address"}: as Tether does
GET    accounts/<address>

Amounts are decimal text. Each answers {"txId"}, and {"mine": n} in any makes n blocks at once (the first holds it).
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint
from flask import request as http

from infra.sandbox import wishes
from infra.sandbox.ledger import Db
from infra.sandbox.tron import keys, state
from infra.sandbox.tron.context import Node
from infra.sandbox.tron.contracts import Token
from infra.sandbox.tron.payer import LIFETIME_MS, Payer, units
from infra.sandbox.tron.state import Written
from infra.sandbox.tron.transactions import Transaction
from infra.sandbox.wishes import BadWish

Json = dict[str, Any]
Step = Callable[[Payer, Json], Transaction]
PREFIX = "/tron/_sandbox"
TRANSFER_ENERGY_SHORT = 30_000
"""In sun it is far below what a transfer takes."""


def add_routes(blueprint: Blueprint, node: Node) -> None:
    @blueprint.post("/_sandbox/tron/pay")
    def pay_action() -> Json:
        wish = wishes.payment(http.get_json(), "tron", ["USDT"])
        return {"paid": True, **_take(node, _pay, wish)} if wish else {"paid": False}

    for name, step in STEPS.items():
        blueprint.add_url_rule(f"{PREFIX}/{name}", f"step_{name}", _route(node, step), methods=["POST"])

    @blueprint.post(f"{PREFIX}/fund")
    def fund() -> Json:
        return _fund(node, http.get_json())

    @blueprint.get(f"{PREFIX}/accounts/<address>")
    def seen_account(address: str) -> Json:
        with node.ledger.transaction() as db:
            node.chain.advance(db)
            return _account(node, db, _address(address))


def _route(node: Node, step: Step) -> Callable[[], Json]:
    return lambda: _take(node, step, http.get_json())


def _take(node: Node, step: Step, asked: Json) -> Json:
    with node.ledger.transaction() as db:
        node.chain.advance(db)
        sent = step(Payer(node, db, int(asked.get("lifetime_ms", LIFETIME_MS))), asked)
        return {"txId": sent.id, **_mined(node, db, asked)}


def _mined(node: Node, db: Db, asked: Json) -> Json:
    blocks = node.chain.mine(db, int(asked.get("mine", 0)))
    return {"block": {"number": blocks[0].number, "id": blocks[0].id}} if blocks else {}


def _pay(payer: Payer, asked: Json) -> Transaction:
    return payer.pay(asked.get("token", "usdt"), _address(asked["address"]), units(asked["amount"]))


def _pay_many(payer: Payer, asked: Json) -> Transaction:
    payments = [(_address(each["address"]), units(each["amount"])) for each in asked["payments"]]
    return payer.pay_many(asked.get("token", "usdt"), payments)


def _zero(payer: Payer, asked: Json) -> Transaction:
    owner = _address(asked["from"]) if "from" in asked else payer.node.chain.network.payer_address
    return payer.move_nothing(asked.get("token", "usdt"), owner, _address(asked["address"]))


def _fail(payer: Payer, asked: Json) -> Transaction:
    address, amount = _address(asked["address"]), units(asked["amount"])
    if asked.get("how", "energy") == "energy":
        return payer.pay("usdt", address, amount, fee_limit=TRANSFER_ENERGY_SHORT * 100)
    nobody = keys.NOBODY[:-1] + "1"
    return payer.trigger("usdt", "transferFrom(address,address,uint256)", nobody, address, max(1, amount))


def _blacklist(payer: Payer, asked: Json) -> Transaction:
    name = "addBlackList" if asked.get("listed", True) else "removeBlackList"
    return payer.trigger("usdt", f"{name}(address)", _address(asked["address"]))


def _fund(node: Node, asked: Json) -> Json:
    address, sent = _address(asked["address"]), []
    with node.ledger.transaction() as db:
        node.chain.advance(db)
        payer = Payer(node, db)
        if "trx" in asked:
            sent.append(payer.pay_trx(address, units(asked["trx"])))
        if "usdt" in asked:
            sent.append(payer.pay("usdt", address, units(asked["usdt"])))
        if "energy" in asked:
            Written(db, node.chain.head(db).number).set(f"energy_limit:{address}", str(int(asked["energy"])))
            node.mempool.forget()
        return {"txIds": [each.id for each in sent], **_mined(node, db, asked)}


def _account(node: Node, db: Db, address: str) -> Json:
    books = Written(db, node.chain.head(db).number)
    held = {
        name: str(token.balance(books, address))
        for name, where in node.chain.network.contracts.items()
        if isinstance(token := node.chain.contracts[where], Token)
    }
    return {"address": keys.base58check(address), "hex": address, "sun": str(state.balance(books, address)), **held}


def _address(text: str) -> str:
    try:
        return keys.any_form(text)
    except keys.NoAddress:
        raise BadWish(f"no address: {text!r}") from None


STEPS: dict[str, Step] = {
    "pay": _pay,
    "pay_many": _pay_many,
    "pay_trx": lambda payer, asked: payer.pay_trx(_address(asked["address"]), units(asked["amount"])),
    "fake": lambda payer, asked: _pay(payer, {**asked, "token": "lookalike"}),
    "zero": _zero,
    "fail": _fail,
    "blacklist": _blacklist,
    "destroy": lambda payer, asked: payer.trigger("usdt", "destroyBlackFunds(address)", _address(asked["address"])),
}
