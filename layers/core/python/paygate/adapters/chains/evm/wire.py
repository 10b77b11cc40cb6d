"""JSON-RPC's numbers, hashes and blocks (ethereum.org, "JSON-RPC API": quantities, unformatted data)."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from paygate.chain_ports import Block
from paygate.domain.errors import NodeMisled

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}", re.ASCII)
_WORD = re.compile(r"0x([0-9a-fA-F]{64})", re.ASCII)
_ADDRESS = re.compile(r"0x([0-9a-fA-F]{40})", re.ASCII)


@contextmanager
def readable(what: str) -> Iterator[None]:
    """What a node says inside of this has a shape; raises NodeMisled where it has not."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise NodeMisled(f"{what} cannot be read: {type(error).__name__}") from None


def quantity(text: str) -> int:
    if not _QUANTITY.fullmatch(text):
        raise ValueError("not a quantity")
    return int(text, 16)


def word(text: str) -> str:
    """32 bytes, as hashes are: lower-case hex without 0x."""
    return _matched(_WORD, text)


def address(text: str) -> str:
    """20 bytes, as an address's key is."""
    return _matched(_ADDRESS, text)


def written(height: int) -> str:
    return hex(height)


def block(header: dict[str, Any], height: int | None = None) -> Block:
    """A header; raises NodeMisled when it is another's than the one that was asked for."""
    with readable("a block"):
        found = Block(
            quantity(header["number"]),
            word(header["hash"]),
            word(header["parentHash"]),
            datetime.fromtimestamp(quantity(header["timestamp"]), UTC),
        )
    if height is not None and found.height != height:
        raise NodeMisled("a block has another number than the one that was asked for")
    return found


def _matched(shape: re.Pattern[str], text: str) -> str:
    match = shape.fullmatch(text)
    if match is None:
        raise ValueError("not hex of that length")
    return match[1].lower()
