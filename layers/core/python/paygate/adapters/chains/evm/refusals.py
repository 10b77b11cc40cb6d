"""A node's errors, in words of ours: its own may quote a URL, and that a key.

Codes say little: geth's is -32000 for all of them, and every kind of node has its own words for the same.
"""

from __future__ import annotations

from typing import Any

from paygate.domain.errors import NodeUnavailable

REVERTED = "the contract that is called refuses it"
# EIP-1474's "limit exceeded"; JSON-RPC's own, which say that the call was not understood or broke the node.
_NOT_NOW = frozenset({429, -32005, -32600, -32601, -32603, -32700})
_REVERTED_CODE = 3

_POOR = "the treasury holds too little for it"
_WORDS = (
    ("revert", REVERTED),
    ("always failing", REVERTED),
    ("nonce too low", "another transaction with its nonce is in a block"),
    ("nonce too high", "transactions with lower nonces are missing"),
    ("replacement", "another transaction with its nonce waits, and pays nearly as much or more"),
    ("insufficient", _POOR),
    ("upfront cost", _POOR),
    ("underpriced", "it pays less for gas than is taken"),
    ("less than block base fee", "it pays less for gas than is taken"),
    ("feetoolow", "it pays less for gas than is taken"),
    ("configured cap", "it pays more for gas than the node takes"),
    ("intrinsic gas", "its gas is too little"),
    ("gas limit", "its gas is more than a block has"),
    ("gas required exceeds", "it would take more gas than is given"),
    ("chain id", "it is signed for another chain"),
    ("chainid", "it is signed for another chain"),
)
_BUSY = ("pool is full", "too many", "rate limit", "limit exceeded", "timeout", "timed out", "syncing", "try again")
_KNOWN = ("already known", "alreadyknown", "already imported")


class Refusal(Exception):
    """`reason` is ours; `is_known`: the node has that very transaction already, as it says."""

    def __init__(self, reason: str, *, is_known: bool) -> None:
        super().__init__(reason)
        self.reason, self.is_known = reason, is_known


def result(answer: Any) -> Any:
    """A JSON-RPC answer's. Raises Refusal, and NodeUnavailable for "not now" and for what is no answer."""
    error = answer.get("error")
    if error is None and "result" in answer:
        return answer["result"]
    code = error.get("code") if isinstance(error, dict) else None
    words = str(error.get("message", "")).lower() if isinstance(error, dict) else ""
    if error is None or (type(code) is int and code in _NOT_NOW) or any(each in words for each in _BUSY):
        raise NodeUnavailable("the node cannot do it now")
    known = any(each in words for each in _KNOWN)
    said = [reason for part, reason in _WORDS if part in words]
    if code == _REVERTED_CODE:
        said = [REVERTED]
    raise Refusal(said[0] if said else f"the node refuses it ({_number(code)})", is_known=known)


def _number(code: object) -> str:
    return str(code) if type(code) is int else "without a code"
