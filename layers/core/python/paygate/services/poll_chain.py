"""Follow a chain: read its blocks one after the other, and book what they brought to addresses of ours.

The cursor moves by blocks that were read, each the child of the one before, together with what they hold: what dies
in between was never read, and two who read the same blocks move it once. What a node claims of heights beyond that
counts for nothing: a transfer is as deep as blocks were read over it. A chain that turned is gone back to the fork,
and what stood above it is undone.
"""

from __future__ import annotations

import logging
import time
from bisect import bisect_left
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from paygate.chain_ports import Reading, Scan
from paygate.domain.errors import Conflict, NodeMisled, NodeUnavailable, NotFound, PaygateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from paygate.chain_ports import Block, Chain, Chains, ChainStore, Cursor, Head, Touched
    from paygate.ports import Clock, Ids, Meter
    from paygate.services.book_transfers import BookTransfers
    from paygate.services.pay_out import PayOut

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""At the head, how long to wait for a block at most: money that waits for one shows sooner."""

TROUBLE_SECONDS = 2.0
DISPUTE_PATIENCE = timedelta(minutes=10)
"""A node that contradicts what was final is more likely wrong than right, for so long."""

STALLED_AFTER = timedelta(minutes=15)
_STALLED_BLOCKS = 20
_MOST_OPEN = 10_000
_RIPE_AT_ONCE = 500
_BACK_AT_FIRST = 64
_BEHIND = 6  # hardly any chain turns deeper: there starts who knows no block yet, and reads who need not hurry
_CLOCKS_DIFFER = timedelta(minutes=10)
_LEASE_MARGIN_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Polled:
    """How far the chain was followed, in how many blocks, and how often its node gave no answer to rely on."""

    network: str
    height: int = 0
    blocks: int = 0
    turns: int = 0
    troubles: int = 0
    is_followed_by_another: bool = False
    is_off: bool = False


@dataclass
class _Run:
    blocks: int = 0
    turns: int = 0
    troubles: int = 0
    balanced_at: int = -1
    head: Block | None = None
    upto: int = 0
    """How far there was something to read at that head: nothing, where nobody has an address."""


class PollChain:
    """One run: to the head, and on from there for as long as a payment is open and time is left."""

    def __init__(
        self,
        chains: Chains,
        store: ChainStore,
        book: BookTransfers,
        payouts: PayOut,
        clock: Clock,
        ids: Ids,
        meter: Meter,
        most_seconds: int,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._chains = chains
        self._store = store
        self._book = book
        self._payouts = payouts
        self._clock = clock
        self._ids = ids
        self._meter = meter
        self._most_seconds = most_seconds
        self._wait = wait

    def __call__(self, network: str, seconds: float) -> Polled:
        """Raises Unavailable (PostgreSQL). A node's faults cost time only; a chain that is off is left at once."""
        seconds = min(seconds, self._most_seconds)
        deadline = time.monotonic() + seconds
        try:
            chain = self._chains.by_name(network)
        except NotFound:
            return Polled(network, is_off=True)
        run = _Run()
        if not self._is_started(chain, run):
            return self._told(network, run)
        watcher = self._ids.new("EVT")
        if not self._store.follow(network, watcher, int(seconds) + _LEASE_MARGIN_SECONDS):
            return Polled(network, is_followed_by_another=True)
        try:
            self._follow(chain, run, deadline)
        finally:
            self._store.leave(network, watcher)
        return self._told(network, run)

    def _follow(self, chain: Chain, run: _Run, deadline: float) -> None:
        while True:
            pause = chain.block_seconds
            try:
                is_there = self._step(chain, run)
            except (NodeUnavailable, NodeMisled) as error:
                self._note(chain, run, error)
                is_there, pause = True, TROUBLE_SECONDS
            except Conflict:
                is_there = False
            left = deadline - time.monotonic()
            pause = min(pause, LOOK_SECONDS) if is_there else 0
            if left <= pause or (is_there and not self._store.has_open(chain.network)):
                return
            if pause:
                self._wait(pause)

    # ------------------------------------------------------------ where to begin

    def _is_started(self, chain: Chain, run: _Run) -> bool:
        if self._store.cursor(chain.network) is not None:
            return True
        try:
            head = chain.head()
            block = self._first_block(chain, head)
            self._store.start(chain.network, block, head.final_height)
        except (NodeUnavailable, NodeMisled) as error:
            self._note(chain, run, error)
            return False
        return True

    def _first_block(self, chain: Chain, head: Head) -> Block:
        """One of the newest, or one before the first address was given to anybody."""
        since = self._store.first_address_at(chain.network)
        block, back = _required(chain, max(head.latest.height - _BEHIND, 0)), _BACK_AT_FIRST
        while since is not None and block.time > since - _CLOCKS_DIFFER and block.height > 0:
            block, back = _required(chain, max(block.height - back, 0)), back * 2
        return block

    # ------------------------------------------------------------ one step

    def _step(self, chain: Chain, run: _Run) -> bool:
        """Read the next blocks, if there are any; whether that was all there are."""
        network = chain.network
        head = chain.head()
        cursor = self._store.cursor(network)
        if cursor is None:
            raise NodeUnavailable("nothing was read yet")
        run.head = head.latest
        if self._store.first_address_at(network) is None:
            return self._skip(chain, cursor, head)
        doubt = self._ripen(chain, cursor)  # also while a block further up cannot be read
        is_open = self._store.has_open(network)
        upto = head.latest.height if is_open else max(head.final_height, head.latest.height - _BEHIND)
        run.upto = upto
        last = min(upto, cursor.block.height + chain.most_blocks)
        if last <= cursor.block.height:
            if self._has_turned(cursor, head):
                self._turn(chain, run, cursor)
                return False
            self._look_around(chain, run, cursor, head)
            _raise(doubt)
            return True
        tell_from = min(head.final_height, head.latest.height - chain.depth) + 1
        scan = chain.scan(cursor.block.height + 1, last, self._store.watch(network), tell_from)
        _require_whole(scan, cursor.block.height + 1, last, tell_from)
        if scan.blocks[0].parent != cursor.block.hash:
            self._turn(chain, run, cursor)
            return False
        touched = self._store.advance(cursor, Reading(scan, min(head.final_height, last), tell_from - chain.depth))
        run.blocks += last - cursor.block.height
        self._heard(network, touched)
        is_there = last >= upto
        if is_there and (read := self._store.cursor(network)):
            self._look_around(chain, run, read, head)
            _raise(self._ripen(chain, read))
        return is_there

    def _skip(self, chain: Chain, cursor: Cursor, head: Head) -> bool:
        """Nobody was ever given an address here: there is nothing to read before somebody is."""
        block = _required(chain, max(head.latest.height - _BEHIND, 0))
        if block.height > cursor.block.height:
            reading = Reading(Scan([block], []), head.final_height, block.height - chain.depth)
            self._store.advance(cursor, reading)
        return True

    def _ripen(self, chain: Chain, cursor: Cursor) -> NodeUnavailable | NodeMisled | None:
        """What is deep enough is looked up once more, and is money then.

        What keeps it from being so is answered, not raised: the chain may have turned, and that is looked at next.
        """
        while ripe := self._store.ripe(cursor, _RIPE_AT_ONCE):
            try:
                standing = chain.standing(ripe)
            except (NodeUnavailable, NodeMisled) as trouble:
                return trouble
            self._heard(chain.network, self._store.finalise(chain.network, standing))
            if len(standing) < len(ripe):
                return NodeMisled("transfers that were read in a block are not in it")
        return None

    def _look_around(self, chain: Chain, run: _Run, cursor: Cursor, head: Head) -> None:
        """At the head: what became of refunds, what waits for a block, and what blocks do not show."""
        self._follow_payouts(chain, cursor)
        if head.latest.hash == cursor.block.hash:
            self._look_ahead(chain, cursor)
        if chain.hides is None or run.balanced_at == cursor.final_height:
            return
        known = self._store.known(chain.network, chain.hides, cursor.final_height, _MOST_OPEN)
        if known:
            missed = chain.missed(known, _required(chain, cursor.final_height))
            self._heard(chain.network, self._store.keep_missed(chain.network, missed, known))
        run.balanced_at = cursor.final_height

    def _follow_payouts(self, chain: Chain, cursor: Cursor) -> None:
        try:
            self._payouts.follow(chain, cursor)
        except (NodeUnavailable, NodeMisled):
            raise
        except PaygateError as error:
            log.warning("refunds are followed later: %s", type(error).__name__)

    def _look_ahead(self, chain: Chain, cursor: Cursor) -> None:
        network = chain.network
        found = chain.unconfirmed(self._store.open_keys(network, _MOST_OPEN))
        if found is None:
            return
        # What left for a block that came meanwhile is not gone.
        is_all = chain.head().latest.hash == cursor.block.hash
        self._heard(network, self._store.keep_unconfirmed(network, found, is_all=is_all))

    # ------------------------------------------------------------ chains that turn

    def _has_turned(self, cursor: Cursor, head: Head) -> bool:
        """Whether the node's branch lacks what was read. One that is only behind says nothing else of it."""
        latest = head.latest
        if latest.height == cursor.block.height:
            return latest.hash != cursor.block.hash
        return latest.height < cursor.block.height and any(
            height == latest.height and known != latest.hash for height, known in self._store.hashes(cursor.network)
        )

    def _turn(self, chain: Chain, run: _Run, cursor: Cursor) -> None:
        """Back to the newest block that both know."""
        fork = self._fork(chain, cursor)
        if fork.height == cursor.block.height:
            raise NodeUnavailable("the node has the block that was read last, and says otherwise elsewhere")
        if fork.height < cursor.final_height and not self._is_settled_dispute(cursor):
            raise NodeMisled("the node contradicts what the chain called final")
        touched = self._store.turn_back(cursor, fork)
        run.turns += 1
        log.warning("turned back", extra={"network": chain.network, "height": fork.height})
        self._heard(chain.network, touched)

    def _fork(self, chain: Chain, cursor: Cursor) -> Block:
        known = [entry for entry in self._store.hashes(cursor.network) if entry[0] <= cursor.block.height]
        ours: dict[int, Block] = {}

        def is_lost(entry: tuple[int, str]) -> bool:
            found = chain.block(entry[0])
            if found is None or found.hash != entry[1]:
                return True
            ours[found.height] = found
            return False

        first_lost = bisect_left(known, True, key=is_lost)  # noqa: FBT003  # False … False True … True
        if first_lost == 0:
            raise NodeMisled("the node knows none of the blocks that were read")
        return ours[known[first_lost - 1][0]]

    def _is_settled_dispute(self, cursor: Cursor) -> bool:
        now = self._clock.now()
        self._store.dispute(cursor, now)
        return cursor.disputed_since is not None and now - cursor.disputed_since >= DISPUTE_PATIENCE

    # ------------------------------------------------------------ what the world hears

    def _heard(self, network: str, touched: Touched) -> None:
        """Book at once; who dies before leaves it queued."""
        for _ in range(touched.misfits):
            self._meter.alarm("RailFactDidNotFit", rail=network)
        for payment_id in touched.payments:
            try:
                self._book(payment_id)
            except PaygateError as error:
                log.warning("booked later: %s", type(error).__name__)

    def _note(self, chain: Chain, run: _Run, error: PaygateError) -> None:
        run.troubles += 1
        log.warning("the node is of no help: %s", error, extra={"network": chain.network})
        if isinstance(error, NodeMisled):
            self._meter.alarm("NodeMisled", network=chain.network)

    def _told(self, network: str, run: _Run) -> Polled:
        """A node without peers answers well, and knows no new block: that is an alarm, too."""
        cursor = self._store.cursor(network)
        self._tell_lag(network, run, cursor)
        since = cursor.moved_at if cursor else self._store.first_address_at(network)
        usual = timedelta(seconds=self._chains.by_name(network).block_seconds * _STALLED_BLOCKS)
        if since is not None and self._clock.now() - since > max(usual, STALLED_AFTER):
            self._meter.alarm("ChainStalled", network=network)
        height = cursor.block.height if cursor else 0
        return Polled(network, height, run.blocks, run.turns, run.troubles)

    def _tell_lag(self, network: str, run: _Run, cursor: Cursor | None) -> None:
        """None when all was read that there was. What a silent node has, nobody knows: only the time counts."""
        if run.head is None:
            if cursor is not None:
                silent = self._clock.now() - cursor.moved_at
                self._meter.gauge("PollerLagMinutes", _minutes(silent), network=network)
            return
        behind = max(run.upto - cursor.block.height, 0) if cursor is not None else 0
        lag = run.head.time - cursor.block.time if cursor is not None and behind else timedelta()
        self._meter.gauge("PollerLagBlocks", behind, network=network)
        self._meter.gauge("PollerLagMinutes", _minutes(lag), network=network)


def _minutes(lag: timedelta) -> float:
    return round(max(lag.total_seconds(), 0) / 60, 1)


def _raise(trouble: Exception | None) -> None:
    if trouble is not None:
        raise trouble


def _required(chain: Chain, height: int) -> Block:
    block = chain.block(height)
    if block is None:
        raise NodeUnavailable("the node lacks a block below its head")
    return block


def _require_whole(scan: Scan, first: int, last: int, tell_from: int) -> None:
    """Both ends, every block that was asked for, each the child of the one before, and no transfer elsewhere."""
    told = {block.height: block for block in scan.blocks}
    wanted = {first, last, *range(max(first, tell_from), last + 1)}
    if not wanted <= told.keys() or list(told) != sorted(told):
        raise NodeMisled("blocks of the range are missing")
    for block in scan.blocks:
        before = told.get(block.height - 1)
        if before is not None and before.hash != block.parent:
            raise NodeMisled("a block is not the child of the one before")
    for transfer in scan.transfers:
        place = transfer.block
        if place is None or not first <= place.height <= last:
            raise NodeMisled("a transfer is outside of its range")
        if place.height in told and told[place.height].hash != place.hash:
            raise NodeMisled("a transfer is in a block that is not the chain's")
