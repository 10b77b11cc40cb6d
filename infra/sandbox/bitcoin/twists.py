"""What the node can do wrong beyond what every rail can (infra/sandbox/mishaps.py), by the fault's kind:

lag           answer as of `blocks` ago (6)
lying_head    tell a head that is `ahead` blocks (1000) higher than there is, with a hash of nothing
wrong_chain   say that the chain is `chain` (main), and that its first block is that of main
tampered      a block or transaction with one satoshi more in its last output
warming_up    error -28, as while a node starts
unauthorized  HTTP 401
too_many      HTTP 429, as hosted nodes answer who asks too often
rpc_error     error `code` (-1) with `message`
"""

import copy
from collections.abc import Callable
from typing import Any

from werkzeug import Response

from infra.sandbox import mishaps
from infra.sandbox.bitcoin import blocks, transactions
from infra.sandbox.bitcoin.codec import Malformed
from infra.sandbox.bitcoin.node import Node
from infra.sandbox.bitcoin.rpc.numbers import Amount
from infra.sandbox.bitcoin.rpc.server import unauthorized
from infra.sandbox.bitcoin.transactions import Transaction
from infra.sandbox.mishaps import Options, Outcome, Work

MAIN_GENESIS = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
NOBODYS = "5a" * 32
HEADS = ("blocks", "headers")
Answer = Any
Change = Callable[[str, Answer, Options], Answer]


def view(node: Node, kind: str, options: Options) -> Node:
    """The node as it was, for a fault that is about time."""
    if kind != "lag":
        return node
    past, behind = copy.copy(node), int(options.get("blocks", 6))
    past.chain = copy.copy(node.chain)
    past.chain.active = node.chain.active[: max(len(node.chain.active) - behind, 1)]
    return past


def _lying_head(method: str, result: Answer, options: Options) -> Answer:
    ahead = int(options.get("ahead", 1000))
    if method == "getblockcount":
        return result + ahead
    if method == "getbestblockhash":
        return NOBODYS
    if method == "getblockchaininfo":
        return {**result, **{name: result[name] + ahead for name in HEADS}, "bestblockhash": NOBODYS}
    return result


def _wrong_chain(method: str, result: Answer, options: Options) -> Answer:
    if method == "getblockchaininfo":
        return {**result, "chain": options.get("chain", "main")}
    if method == "getblockhash" and result == blocks.genesis().hash:
        return MAIN_GENESIS
    return result


def _tampered(method: str, result: Answer, _options: Options) -> Answer:
    if method == "getblock" and isinstance(result, str):
        return tampered_block(result)
    if method == "getrawtransaction" and isinstance(result, str):
        return tampered(transactions.from_hex(result)).serialized().hex()
    for told in (result, *(result.get("tx", ()) if isinstance(result, dict) else ())):
        if isinstance(told, dict) and told.get("vout"):
            last = told["vout"][-1]
            last["value"] = Amount(last["value"] + 1)
    return result


def tampered_block(text: str) -> str:
    try:
        block = blocks.read(bytes.fromhex(text))
    except (Malformed, ValueError):
        return text
    *kept, last = block.transactions
    return blocks.Block(block.header, (*kept, tampered(last))).serialized().hex()


def tampered(honest: Transaction) -> Transaction:
    *kept, last = honest.outputs
    more = transactions.Output(last.value + 1, last.script)
    return Transaction(honest.version, honest.inputs, (*kept, more), honest.lock_time)


def _unauthorized(_work: Work, _options: Options) -> Outcome:
    return unauthorized(), "HTTP 401"


def _too_many(_work: Work, _options: Options) -> Outcome:
    return Response("Too Many Requests", 429, {"Retry-After": "1"}, content_type="text/plain"), "HTTP 429"


CHANGES: dict[str, Change] = {"lying_head": _lying_head, "wrong_chain": _wrong_chain, "tampered": _tampered}
OWN = {"unauthorized": _unauthorized, "too_many": _too_many}
ERRORS = {"warming_up": (-28, "Loading block index…"), "rpc_error": (-1, "an error")}
ALL = {*mishaps.KINDS, *CHANGES, *OWN, *ERRORS, "lag"}
