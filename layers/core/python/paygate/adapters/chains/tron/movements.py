"""What a block's transactions did with the token, from their receipts (`TransactionInfo`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from paygate.adapters.chains.addresses.tron import TronEncoding
from paygate.adapters.chains.tron.blocks import SUCCESS
from paygate.adapters.rails.exact_json import inner, text
from paygate.chain_ports import ChainTransfer
from paygate.domain.assets import USDT_ON_TRON
from paygate.domain.errors import NodeMisled, NodeUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paygate.adapters.chains.tron.blocks import FullBlock
    from paygate.chain_ports import Block

TRANSFER = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""Keccak of `Transfer(address,address,uint256)` (ERC-20; TRON developer documentation, "TRC-20")."""

_WORD = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ADDRESS_DIGITS = 40
_TOPICS = 3
_ENCODING = TronEncoding()


class Movement(NamedTuple):
    """A transfer of the token to whomever; cheap, for most are nobody's of ours."""

    key: str
    units: int
    tx_id: str
    place: str
    sender: str
    block: Block

    def told(self) -> ChainTransfer:
        sender = _ENCODING.text(self.sender)
        return ChainTransfer(USDT_ON_TRON, self.key, self.units, self.tx_id, self.place, self.block, sender)


def of_block(infos: Any, full: FullBlock, token: str) -> Iterator[Movement]:
    """All of a block's. A list that does not cover the block's transactions, one for each, is refused whole."""
    listed = infos if infos != {} else []  # a node has no list for a block that it thinks is empty
    if not isinstance(listed, list) or not all(isinstance(info, dict) for info in listed):
        raise NodeUnavailable("tron's receipts cannot be read")
    covered = {text(info, "id") for info in listed}
    if not covered <= full.outcomes.keys():
        raise NodeMisled("tron's receipts are of another block")
    if len(listed) != len(covered):
        raise NodeMisled("tron's node has a receipt twice")
    if len(covered) < len(full.outcomes):
        raise NodeUnavailable("tron's node lacks receipts")
    for info in listed:
        yield from of_transaction(info, full, token)


def of_transaction(info: dict[str, Any], full: FullBlock, token: str) -> Iterator[Movement]:
    """Of one that the block has. A transfer's place is its log's in the transaction's list."""
    if info.get("blockNumber", 0) != full.block.height or info.get("blockTimeStamp", 0) != full.milliseconds:
        raise NodeMisled("a receipt of tron's is of another block")
    if not is_success(info, full) or text(inner(info, "receipt"), "result") != SUCCESS:
        return
    tx_id, logs = text(info, "id"), info.get("log", [])
    for place, log in enumerate(logs if isinstance(logs, list) else [None]):
        if not isinstance(log, dict):
            raise NodeUnavailable("tron's receipts cannot be read")
        if text(log, "address")[-_ADDRESS_DIGITS:].lower() != token:
            continue
        topics = log.get("topics") or [""]
        if topics[0] == TRANSFER:
            units = _units(log, topics)
            if units:
                yield Movement(_key(topics[2]), units, tx_id, str(place), _key(topics[1]), full.block)


def is_success(info: dict[str, Any], full: FullBlock) -> bool:
    """The block, the receipt and its outer result agree. What calls no contract has no result in its receipt."""
    receipt = text(inner(info, "receipt"), "result")
    if receipt not in ("", SUCCESS) or text(info, "result") == "FAILED":
        return False
    return full.outcomes[text(info, "id")] == SUCCESS


def _units(log: dict[str, Any], topics: list[Any]) -> int:
    """The configured contract tells every transfer in this form, so that another form is no token's of ours."""
    data = text(log, "data")
    words = [data, *topics]
    if len(topics) != _TOPICS or not all(isinstance(word, str) and _WORD.fullmatch(word) for word in words):
        raise NodeMisled("a transfer of tron's token cannot be read")
    return int(data, 16)


def _key(topic: str) -> str:
    """Above the address's 20 bytes stand zeros, and in old contracts' events the 41 of TRON's form."""
    return topic[-_ADDRESS_DIGITS:]
