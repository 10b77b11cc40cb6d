"""Money that waits for a block, found by the node itself: what is there now and pays one of so many scripts.

Source: getdescriptoractivity, Bitcoin Core 29.0 and later; raw() describes any script (doc/descriptors.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.chains.bitcoin.amounts import satoshis
from paygate.adapters.chains.bitcoin.rpc import NO_SUCH_METHOD, CallRefused, TooMuch, member, required
from paygate.chain_ports import ChainTransfer
from paygate.domain.assets import BTC
from paygate.domain.errors import NodeMisled, NodeUnavailable

if TYPE_CHECKING:
    from collections.abc import Collection

    from paygate.adapters.chains.bitcoin.rpc import CoreRpc

_RECEIVED = "receive"


def waiting(rpc: CoreRpc, scripts: Collection[str]) -> list[ChainTransfer] | None:
    """All of it, or None where the node cannot tell. What was replaced, spent elsewhere or dropped is not there."""
    if not scripts:
        return []
    try:
        answers = _ask(rpc, scripts)
    except TooMuch:
        return _in_halves(rpc, sorted(scripts))
    info, activity = answers
    if isinstance(activity, CallRefused) and activity.number == NO_SUCH_METHOD:
        return None
    # After a start the mempool fills from a file for a while: what is not there yet is not gone.
    if not member(required(info), "loaded", bool):
        raise NodeUnavailable("the node still reads its mempool")
    entries = member(required(activity), "activity", list)
    received = (each for each in entries if member(each, "type", str) == _RECEIVED and "blockhash" not in each)
    return [found for each in received if (found := _transfer(each, scripts)).units]


def _ask(rpc: CoreRpc, scripts: Collection[str]) -> list[Any]:
    descriptors = [f"raw({script})" for script in scripts]
    return rpc.each(("getmempoolinfo",), ("getdescriptoractivity", [], descriptors, True))


def _in_halves(rpc: CoreRpc, scripts: list[str]) -> list[ChainTransfer] | None:
    """Thousands of tiny outputs to one address must not hide what others were sent."""
    if len(scripts) == 1:
        raise NodeUnavailable("more waits for one address than can be read")
    middle = len(scripts) // 2
    first, second = waiting(rpc, scripts[:middle]), waiting(rpc, scripts[middle:])
    return None if first is None or second is None else first + second


def _transfer(entry: Any, scripts: Collection[str]) -> ChainTransfer:
    script = member(member(entry, "output_spk", dict), "hex", str)
    if script not in scripts:
        raise NodeMisled("the node tells of money at an address that it was not asked for")
    units = satoshis(entry.get("amount"))
    return ChainTransfer(BTC, script, units, member(entry, "txid", str), str(member(entry, "vout", int)), None)
