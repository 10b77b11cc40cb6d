"""Blocks as a TRON node tells them, checked as far as their own words go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from paygate.adapters.chains.tron.node import TooMuch
from paygate.adapters.rails.exact_json import inner, text
from paygate.chain_ports import Block
from paygate.domain.errors import NodeMisled, NodeUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paygate.adapters.chains.tron.node import TronNode

NEWEST, FINAL = "/wallet", "/walletsolidity"
SUCCESS = "SUCCESS"

_AT_ONCE = 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NUMBER_DIGITS = 16
_MOST = 1 << 53  # beyond any height and any time in milliseconds


@dataclass(frozen=True, slots=True)
class FullBlock:
    """`outcomes`: by each transaction's id, what became of it as the block's maker wrote it (`contractRet`)."""

    block: Block
    milliseconds: int
    outcomes: Mapping[str, str]


class Blocks:
    """A node's blocks. What it calls final is read where nothing turns any more."""

    def __init__(self, node: TronNode) -> None:
        self._node = node
        self._final_height = -1

    def newest(self) -> tuple[Block, int]:
        """The newest block, and the highest final one. The lower is asked first: it only grows meanwhile."""
        final, latest = self._header(FINAL), self._header(NEWEST)
        if final is None or latest is None:
            raise NodeUnavailable("tron's node has no block")
        if final.height > latest.height:
            raise NodeMisled("tron's node has a final block above its newest")
        self._final_height = final.height
        return latest, final.height

    def is_final(self, height: int) -> bool:
        return height <= self._final_height

    def view(self, height: int) -> str:
        return FINAL if self.is_final(height) else NEWEST

    def header(self, height: int) -> Block | None:
        """None above the node's head, which is asked for then: an empty answer alone may be anybody's."""
        found = self._header(self.view(height), id_or_num=str(height))
        if found is None and self.newest()[0].height >= height:
            raise NodeUnavailable("tron's node lacks a block below its head")
        if found is not None and found.height != height:
            raise NodeMisled("tron's node answered with another block")
        return found

    def full(self, height: int) -> FullBlock:
        return next(self.between(height, height))

    def between(self, first: int, last: int) -> Iterator[FullBlock]:
        """Each the child of the one before, read a few at once: a block may have two megabytes."""
        before: Block | None = None
        while first <= last:
            upto = min(first + _AT_ONCE - 1, last)
            if self.is_final(first) and not self.is_final(upto):
                upto = self._final_height
            for full in self._some_or_less(first, upto):
                if before is not None and full.block.parent != before.hash:
                    raise NodeUnavailable("tron's chain turned while it was read")
                before = full.block
                yield full
            first = upto + 1

    def require_unturned(self, block: Block) -> None:
        """What is final does not turn. Below the newest, answers that name no block's hash may be of another branch
        than the block that was read before them: the node must still be on that block's.
        """
        if not self.is_final(block.height) and self.header(block.height) != block:
            raise NodeUnavailable("tron's chain turned while it was read")

    def _some_or_less(self, first: int, last: int) -> list[FullBlock]:
        try:
            return self._some(first, last)
        except TooMuch:
            if first == last:
                raise
        half = (first + last) // 2
        return self._some_or_less(first, half) + self._some_or_less(half + 1, last)

    def _some(self, first: int, last: int) -> list[FullBlock]:
        """getblockbylimitnext excludes its end, and some providers' includes it: what is beyond is dropped."""
        view = self.view(first)
        if first == last:
            said = self._node.ask(f"{view}/getblockbynum", num=first)
            told = [said] if said != {} else []
        else:
            said = self._node.ask(f"{view}/getblockbylimitnext", startNum=first, endNum=last + 1)
            told = said.get("block", []) if isinstance(said, dict) else said
        if not (isinstance(said, dict) and isinstance(told, list)):
            raise _unreadable()
        fulls = sorted((_full(each) for each in told), key=lambda full: full.block.height)
        found = [full for full in fulls if full.block.height <= last]
        if [full.block.height for full in found] != list(range(first, last + 1)):
            raise NodeUnavailable("tron's node lacks a block")
        return found

    def _header(self, view: str, **which: str) -> Block | None:
        said = self._node.ask(f"{view}/getblock", detail=False, **which)
        return None if said == {} else read_header(said)[0]


def read_header(said: Any) -> tuple[Block, int]:
    """The block and its time in milliseconds. A block's id begins with its number (TRON developer documentation,
    "Block"). Numbers that are zero are left out, as in every message of Protocol Buffers.
    """
    content = said if isinstance(said, dict) else {}
    raw = inner(inner(content, "block_header"), "raw_data")
    name, parent = text(content, "blockID"), text(raw, "parentHash")
    height, milliseconds = raw.get("number", 0), raw.get("timestamp", 0)
    is_readable = (
        _HASH.fullmatch(name) and _HASH.fullmatch(parent) and _is_count(height) and _is_count(milliseconds)
    )
    if not is_readable:
        raise _unreadable()
    if _number(name) != height or (height > 0 and _number(parent) != height - 1):
        raise NodeMisled("a block of tron's has another number than its id")
    return Block(height, name, parent, _EPOCH + timedelta(milliseconds=milliseconds)), milliseconds


def _full(said: Any) -> FullBlock:
    block, milliseconds = read_header(said)
    transactions = said.get("transactions", [])
    if not isinstance(transactions, list):
        raise _unreadable()
    outcomes = dict(_outcome(each) for each in transactions)
    if len(outcomes) != len(transactions):
        raise NodeMisled("a block of tron's has a transaction twice")
    root = text(said["block_header"]["raw_data"], "txTrieRoot")
    if not outcomes and root.strip("0"):  # of a block without transactions it is zero
        raise NodeUnavailable("tron's node left a block's transactions out")
    return FullBlock(block, milliseconds, outcomes)


def _outcome(said: Any) -> tuple[str, str]:
    content = said if isinstance(said, dict) else {}
    name, results = text(content, "txID"), content.get("ret")
    if not _HASH.fullmatch(name):
        raise _unreadable()
    is_told = isinstance(results, list) and len(results) == 1 and isinstance(results[0], dict)
    return name, text(results[0], "contractRet") if is_told and results else ""


def is_hash(name: str) -> bool:
    return _HASH.fullmatch(name) is not None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST


def _number(name: str) -> int:
    return int(name[:_NUMBER_DIGITS], 16)


def _unreadable() -> NodeUnavailable:
    return NodeUnavailable("a block of tron's cannot be read")
