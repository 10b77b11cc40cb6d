"""Handing a signed transaction to a node, which may have it already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.chains.evm import refusals
from paygate.adapters.chains.evm.wire import quantity, readable, word
from paygate.domain.errors import NodeMisled, TransactionRefused

if TYPE_CHECKING:
    from paygate.adapters.chains.evm.node import Node
    from paygate.chain_ports import Signed


def send(node: Node, signed: Signed, chain_id: int) -> None:
    """Raises TransactionRefused, and NodeUnavailable when nobody knows: then it is to be sent again."""
    try:
        answer = node.provider.make_request("eth_sendRawTransaction", [signed.raw])  # type: ignore[arg-type]
        found = refusals.result(answer)
    except refusals.Refusal as refusal:
        _require_known(node, signed, chain_id, refusal)
        return
    with readable("a transaction's hash"):
        if word(found) != signed.tx_id:
            raise NodeMisled("the node took another transaction than it was given")


def _require_known(node: Node, signed: Signed, chain_id: int, refusal: refusals.Refusal) -> None:
    """A nonce is too low as well when the very transaction that has it is in a block."""
    asked, known = node.ask_all([("eth_chainId", []), ("eth_getTransactionByHash", ["0x" + signed.tx_id])])
    with readable("the chain's id"):
        if quantity(asked) != chain_id:
            raise NodeMisled("the node serves another chain than the one that is configured")
    if known is None and not refusal.is_known:
        raise TransactionRefused(refusal.reason)
