"""What is asked about the mempool, and what enters it (rpc/mempool.cpp)."""

from typing import Any

from infra.sandbox.bitcoin import transactions
from infra.sandbox.bitcoin.codec import Malformed
from infra.sandbox.bitcoin.node import Node
from infra.sandbox.bitcoin.pool import MISSING, RELAY_FEE, Candidate, Refused, fee_for
from infra.sandbox.bitcoin.rpc import views
from infra.sandbox.bitcoin.rpc.errors import (
    ALREADY_THERE,
    DESERIALIZATION,
    NOT_FOUND,
    PARAMETER,
    REJECTED,
    VERIFY,
    RpcError,
)
from infra.sandbox.bitcoin.rpc.numbers import Amount, satoshis
from infra.sandbox.bitcoin.rpc.registry import hash_of, method, mistyped
from infra.sandbox.bitcoin.transactions import Transaction

Json = dict[str, Any]
MOST_TESTED = 25
USUAL_MOST_RATE = 10**7  # 0.1 bitcoins for a thousand virtual bytes
LARGEST_RATE = 10**8
TOO_MUCH = "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)"


@method()
def getrawmempool(node: Node, verbose: bool = False, mempool_sequence: bool = False) -> Json | list[str]:
    pool = node.pool
    if verbose and mempool_sequence:
        raise RpcError(PARAMETER, "Verbose results cannot contain mempool sequence values.")
    if verbose:
        return {tx_id: views.waiting(node, each) for tx_id, each in pool.waiting.items()}
    return (
        {"txids": list(pool.waiting), "mempool_sequence": pool.changes} if mempool_sequence else list(pool.waiting)
    )


@method()
def getmempoolentry(node: Node, txid: str) -> Json:
    return views.waiting(node, _waiting(node, txid))


@method()
def getmempoolancestors(node: Node, txid: str, verbose: bool = False) -> Json | list[str]:
    each = _waiting(node, txid)
    others = [one for one in node.pool.with_ancestors([each]) if one is not each]
    ids = [one.transaction.txid for one in others]
    return {one.transaction.txid: views.waiting(node, one) for one in others} if verbose else ids


@method()
def getmempooldescendants(node: Node, txid: str, verbose: bool = False) -> Json | list[str]:
    each = _waiting(node, txid)
    others = [one for one in node.pool.with_descendants([each]) if one is not each]
    ids = [one.transaction.txid for one in others]
    return {one.transaction.txid: views.waiting(node, one) for one in others} if verbose else ids


def _waiting(node: Node, txid: str) -> Any:
    found = node.pool.waiting.get(hash_of(txid, "txid"))
    if found is None:
        raise RpcError(NOT_FOUND, "Transaction not in mempool")
    return found


@method()
def getmempoolinfo(node: Node) -> Json:
    waiting = list(node.pool.waiting.values())
    weights = [each.transaction.size for each in waiting]
    return {
        "loaded": True,
        "size": len(waiting),
        "bytes": sum(each.transaction.vsize for each in waiting),
        "usage": 1000 * len(waiting) + sum(weights),
        "total_fee": Amount(sum(each.fee for each in waiting)),
        "maxmempool": 300_000_000,
        "mempoolminfee": Amount(RELAY_FEE),
        "minrelaytxfee": Amount(RELAY_FEE),
        "incrementalrelayfee": Amount(RELAY_FEE),
        "unbroadcastcount": len(waiting),
        "fullrbf": True,
    }


@method()
def gettxspendingprevout(node: Node, outputs: list[Any]) -> list[Json]:
    """Which waiting transaction spends each of these outputs."""
    if not outputs:
        raise RpcError(PARAMETER, "Invalid parameter, outputs are missing")
    told = []
    for asked in outputs:
        tx_id, place = hash_of(str(asked.get("txid", "")), "txid"), int(asked.get("vout", -1))
        if place < 0:
            raise RpcError(PARAMETER, "Invalid parameter, vout cannot be negative")
        by = node.pool.spenders.get((tx_id, place))
        told.append({"txid": tx_id, "vout": place, **({"spendingtxid": by} if by else {})})
    return told


@method()
def sendrawtransaction(node: Node, hexstring: str, maxfeerate: Any = None, maxburnamount: Any = None) -> str:
    read = decoded(hexstring, "TX decode failed. Make sure the tx has at least one input.")
    burnt = 0 if maxburnamount is None else satoshis(maxburnamount)
    if any(output.script[:1] == b"\x6a" and output.value > burnt for output in read.outputs):
        raise RpcError(VERIFY, "Unspendable output exceeds maximum configured by user (maxburnamount)")
    try:
        candidate = node.pool.examine(read)
    except Refused as refused:
        return _refused(read, refused)
    if candidate.fee > _most_fee(read, maxfeerate):
        raise RpcError(VERIFY, TOO_MUCH)
    node.send(candidate)
    return read.txid


def _refused(read: Transaction, refused: Refused) -> str:
    """What waits already may be sent again (BroadcastTransaction in node/transaction.cpp)."""
    if refused.reason == "txn-already-in-mempool":
        return read.txid
    if refused.reason == "txn-already-known":
        raise RpcError(ALREADY_THERE, "Transaction outputs already in utxo set")
    raise RpcError(VERIFY if refused.reason == MISSING else REJECTED, str(refused))


@method()
def testmempoolaccept(node: Node, rawtxs: list[Any], maxfeerate: Any = None) -> list[Json]:
    """One transaction at a time: packages are not understood."""
    if not 1 <= len(rawtxs) <= MOST_TESTED:
        raise RpcError(PARAMETER, f"Array must contain between 1 and {MOST_TESTED} transactions.")
    if len(rawtxs) > 1:
        raise RpcError(PARAMETER, "This node tests one transaction at a time.")
    if problem := mistyped(rawtxs[0], str):
        raise RpcError(-3, problem)
    read = decoded(rawtxs[0], f"TX decode failed: {rawtxs[0]} Make sure the tx has at least one input.")
    told: Json = {"txid": read.txid, "wtxid": read.wtxid}
    try:
        candidate = node.pool.examine(read)
    except Refused as refused:
        reason = "missing-inputs" if refused.reason == MISSING else refused.reason
        return [{**told, "allowed": False, "reject-reason": reason, "reject-details": str(refused)}]
    if candidate.fee > _most_fee(read, maxfeerate):
        return [{**told, "allowed": False, "reject-reason": "max-fee-exceeded"}]
    return [{**told, "allowed": True, "vsize": read.vsize, "fees": _fees(candidate)}]


def _fees(candidate: Candidate) -> Json:
    rate = candidate.fee * 1000 // candidate.transaction.vsize
    effective = {"effective-feerate": Amount(rate), "effective-includes": [candidate.transaction.wtxid]}
    return {"base": Amount(candidate.fee), **effective}


def _most_fee(read: Transaction, rate: Any) -> int:
    """0 takes any (ParseFeeRate in rpc/util.cpp)."""
    wanted = USUAL_MOST_RATE if rate is None else satoshis(rate)
    if wanted >= LARGEST_RATE:
        raise RpcError(PARAMETER, "Fee rates larger than or equal to 1BTC/kvB are not accepted")
    return fee_for(read.vsize, wanted) if wanted else transactions.MOST_MONEY


def decoded(text: str, complaint: str) -> Transaction:
    try:
        return transactions.from_hex(text)
    except Malformed:
        raise RpcError(DESERIALIZATION, complaint) from None
