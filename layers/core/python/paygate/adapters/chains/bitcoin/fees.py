"""What a transaction must pay to be mined soon, and to take another's place.

Sources: estimatesmartfee, getmempoolinfo, getmempoolentry in Bitcoin Core's RPC reference; doc/policy/
mempool-replacements.md, rules 3, 4 and 6 (BIP 125, "Implementation Details").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paygate.adapters.chains.bitcoin.amounts import satoshis
from paygate.adapters.chains.bitcoin.rpc import NO_SUCH_THING, CallRefused, member, required
from paygate.domain.errors import NodeMisled, NotYetReplaceable

if TYPE_CHECKING:
    from paygate.adapters.chains.bitcoin.rpc import CoreRpc

SOON = 6  # blocks: an hour
LEAST_RATE, USUAL_RATE, MOST_RATE = 1_000, 10_000, 500_000
"""Satoshis for a thousand virtual bytes: what every node relays, what is paid where the node has no estimate, and
what no estimate makes us pay.
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """The chain's height, and the rate that is paid now."""

    height: int
    rate: int

    def fee(self, virtual_bytes: int, replaced: Replaced | None = None) -> int:
        wanted = _of(virtual_bytes, self.rate)
        return max(wanted, replaced.least(virtual_bytes)) if replaced else wanted


@dataclass(frozen=True, slots=True)
class Replaced:
    """A transaction whose place is taken: its own fee and size, and the fees of all that would go with it."""

    fee: int
    virtual_bytes: int
    family_fees: int

    def least(self, virtual_bytes: int) -> int:
        """Raises NotYetReplaceable where somebody hung so much on it that it costs more than is ever paid."""
        more_for_all = self.family_fees + _of(virtual_bytes, LEAST_RATE)
        higher_rate = -(-self.fee * virtual_bytes // self.virtual_bytes) + _of(virtual_bytes, LEAST_RATE)
        least = max(more_for_all, higher_rate)
        if least > _of(virtual_bytes, MOST_RATE):
            raise NotYetReplaceable("a higher fee than is ever paid would be needed")
        return least


def terms(rpc: CoreRpc, chain: str) -> Terms:
    """Raises NodeMisled for another chain's node."""
    info, pool, estimate = rpc.all(("getblockchaininfo",), ("getmempoolinfo",), ("estimatesmartfee", SOON))
    if member(info, "chain", str) != chain:
        raise NodeMisled("the node serves another chain than BITCOIN_NETWORK says")
    told = estimate.get("feerate") if isinstance(estimate, dict) else None
    usual = USUAL_RATE if told is None else satoshis(told)
    least = max(LEAST_RATE, satoshis(pool.get("mempoolminfee", 0) if isinstance(pool, dict) else 0))
    return Terms(member(info, "blocks", int), min(max(usual, least), MOST_RATE))


def replaced(rpc: CoreRpc, tx_id: str, fee: int, virtual_bytes: int) -> Replaced:
    (entry,) = rpc.each(("getmempoolentry", tx_id))
    if isinstance(entry, CallRefused) and entry.number == NO_SUCH_THING:
        return Replaced(fee, virtual_bytes, fee)  # never sent, or forgotten here: others may still have it
    family = satoshis(member(required(entry), "fees", dict).get("descendant"))
    return Replaced(fee, virtual_bytes, max(fee, family))


def _of(virtual_bytes: int, rate: int) -> int:
    return -(-virtual_bytes * rate // 1000)
