"""A transaction by its id, on nodes with an index of all (-txindex) and without.

Without one, a node knows a transaction that waits, and the outputs that nobody has spent: any of those tells the
transaction's block. So money that lies at an address of ours is found; a transaction whose first outputs are all
spent again is not. Sources: getrawtransaction and gettxout, Bitcoin Core's RPC reference.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from paygate.adapters.chains.bitcoin import wire
from paygate.adapters.chains.bitcoin.blocks import from_hex, transfers
from paygate.adapters.chains.bitcoin.rpc import NO_SUCH_THING, CallRefused, member, required
from paygate.chain_ports import FoundTransaction, TransactionState
from paygate.domain.errors import NodeMisled, NodeUnavailable

if TYPE_CHECKING:
    from paygate.adapters.chains.bitcoin.blocks import Blocks
    from paygate.adapters.chains.bitcoin.rpc import CoreRpc

_ID = re.compile("[0-9a-f]{64}", re.ASCII)
_IN_WORDS, _ONLY_BLOCKS = True, False
_OUTPUTS_TRIED = 64
_UNKNOWN = FoundTransaction(TransactionState.UNKNOWN)


def find(rpc: CoreRpc, blocks: Blocks, tx_id: str) -> FoundTransaction:
    if not _ID.fullmatch(tx_id):
        return _UNKNOWN
    (known,) = rpc.each(("getrawtransaction", tx_id, _IN_WORDS))
    if isinstance(known, CallRefused) and known.number == NO_SUCH_THING:
        hashed = _block_of_unspent(rpc, blocks, tx_id)
        return _in_block(rpc, blocks, hashed, tx_id) if hashed else _UNKNOWN
    if "blockhash" in required(known):
        return _in_block(rpc, blocks, member(known, "blockhash", str), tx_id)
    return _waiting(member(known, "hex", str), tx_id)


def _waiting(raw: str, tx_id: str) -> FoundTransaction:
    try:
        transaction = wire.read_transaction(from_hex(raw))
    except ValueError:
        raise NodeMisled("a transaction is none") from None
    if transaction.id != tx_id:
        raise NodeMisled("the node tells another transaction than it was asked for")
    return FoundTransaction(TransactionState.WAITING, transfers(transaction, None))


def _in_block(rpc: CoreRpc, blocks: Blocks, hashed: str, tx_id: str) -> FoundTransaction:
    place = rpc.call("getblockheader", hashed, _IN_WORDS)
    if member(place, "confirmations", int) < 1:  # -1: a block of a branch that lost
        return _UNKNOWN
    block, transactions = blocks.read(member(place, "height", int), hashed)
    for transaction in transactions:
        if transaction.id == tx_id:
            return FoundTransaction(TransactionState.DONE, transfers(transaction, block), block)
    raise NodeUnavailable("the transaction is not in the block that the node names")


def _block_of_unspent(rpc: CoreRpc, blocks: Blocks, tx_id: str) -> str | None:
    outputs = rpc.all(*(("gettxout", tx_id, number, _ONLY_BLOCKS) for number in range(_OUTPUTS_TRIED)))
    unspent = next((output for output in outputs if output is not None), None)
    if unspent is None:
        return None
    best = rpc.call("getblockheader", member(unspent, "bestblock", str), _IN_WORDS)
    (hashed,) = blocks.hashes([member(best, "height", int) - member(unspent, "confirmations", int) + 1])
    return hashed
