"""A rich wallet at a node of ours: made once, with coins enough to pay many at the same time."""

from decimal import Decimal

from infra.sandbox.bitcoin.client import NOBODY, WALLET, Caller, RpcRefused

MATURE_AFTER = 100
COINS = 10
"""Blocks whose subsidies can be spent at once, before any other block is mined."""

PIECES, PIECE = 60, Decimal(5)
"""A payment that spends another's change waits in its line, of at most 25 (Core's -limitdescendantcount)."""

NOT_FOUND, ALREADY_THERE, ALREADY_LOADED = -18, -4, -35


def fill(node: Caller) -> None:
    """Make the wallet and its coins, or what an interrupted run left to make."""
    open_wallet(node)
    missing = MATURE_AFTER + COINS - int(node.call("getblockcount"))
    own = max(missing - MATURE_AFTER, 0)
    for count, address in ((own, node.wallet("getnewaddress")), (missing - own, NOBODY)):
        if count > 0:
            node.call("generatetoaddress", count, address)
    if len(node.wallet("listunspent", 0)) < PIECES:
        pieces = {node.wallet("getnewaddress"): PIECE for _ in range(PIECES)}
        node.wallet("sendmany", "", pieces)
        node.call("generatetoaddress", 1, NOBODY)
    # While its newest block is a day old, a node takes itself for one that still downloads the chain.
    if node.call("getblockchaininfo")["initialblockdownload"]:
        node.call("generatetoaddress", 1, NOBODY)


def open_wallet(node: Caller) -> None:
    try:
        node.call("loadwallet", WALLET)
    except RpcRefused as refused:
        if refused.code in (ALREADY_LOADED, ALREADY_THERE):
            return
        if refused.code != NOT_FOUND:
            raise
        node.call("createwallet", WALLET)
