"""Handing a signed transaction to a node, and whether a node knows one (java-tron, Wallet.broadcastTransaction)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.chains.tron.blocks import FINAL, NEWEST
from paygate.adapters.rails.exact_json import text
from paygate.domain.errors import NodeMisled, NodeUnavailable, TransactionRefused

if TYPE_CHECKING:
    from paygate.adapters.chains.tron.node import TronNode
    from paygate.chain_ports import Signed

_DUPLICATE = "DUP_TRANSACTION_ERROR"
# api.proto, Return.response_code. Any other, SERVER_BUSY and OTHER_ERROR among them, decides nothing.
_REFUSALS = {
    "SIGERROR": "its signature is not taken",
    "CONTRACT_VALIDATE_ERROR": "the treasury cannot do what it says",
    "CONTRACT_EXE_ERROR": "the token's contract refuses it",
    "BANDWITH_ERROR": "the treasury has neither bandwidth nor TRX for it",
    "TAPOS_ERROR": "the block that it refers to is not on the chain",
    "TOO_BIG_TRANSACTION_ERROR": "it is too big",
    "TRANSACTION_EXPIRATION_ERROR": "it has expired",
}
_ASKED = (
    *((FINAL, "gettransactionbyid"), (FINAL, "gettransactioninfobyid")),
    *((NEWEST, "gettransactionbyid"), (NEWEST, "gettransactioninfobyid"), (NEWEST, "gettransactionfrompending")),
)


def send(node: TronNode, signed: Signed) -> None:
    """Raises TransactionRefused, and NodeUnavailable when nobody knows: then it is to be sent again."""
    said = node.ask(f"{NEWEST}/broadcasthex", transaction=signed.raw)
    if not isinstance(said, dict):
        raise NodeUnavailable("tron's node answered what cannot be read")
    if said.get("result") is True:
        if text(said, "txid") != signed.tx_id:
            raise NodeMisled("tron's node took another transaction than it was given")
        return
    code = text(said, "code")
    if code == _DUPLICATE:
        return
    if code not in _REFUSALS:
        raise NodeUnavailable("tron's node cannot take it now")
    if not is_known(node, signed.tx_id):  # what is in a block may have expired since
        raise TransactionRefused(f"{_REFUSALS[code]} ({code})")


def is_known(node: TronNode, tx_id: str) -> bool:
    """Whether it waits, or is in a block, as far as the node knows of either."""
    for view, question in _ASKED:
        said = node.ask(f"{view}/{question}", value=tx_id)
        if not isinstance(said, dict):
            raise NodeUnavailable("tron's node answered what cannot be read")
        if said:
            return True
    return False
