"""What is known of chains: `chain_ports.ChainStore` over PostgreSQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from paygate.adapters.postgres.statements import sql
from paygate.chain_ports import Block, ChainTransfer, Cursor, GivenAddress, Touched
from paygate.domain.errors import Conflict
from paygate.domain.money import Asset

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from paygate.adapters.postgres.database import Database, Run
    from paygate.chain_ports import Reading
    from paygate.ports import Clock, Ids

_FEW = 500
"""So many addresses are still looked for by the node: a filter of a thousand is slower than ours."""

_KEYS_AT_ONCE = 10_000


class PostgresChains:
    """`families` names, by network, the addresses that chains share."""

    def __init__(self, database: Database, families: Mapping[str, str], clock: Clock, ids: Ids) -> None:
        self._database = database
        self._families = families
        self._clock = clock
        self._ids = ids

    # ------------------------------------------------------------ the cursor

    def cursor(self, network: str, /) -> Cursor | None:
        rows = self._database.once(sql("chain_cursor"), network=network)
        if not rows:
            return None
        height, block_hash, time, final_height, moved_at, disputed_since = rows[0]
        return Cursor(network, Block(height, block_hash, "", time), final_height, moved_at, disputed_since)

    def start(self, network: str, block: Block, final_height: int, /) -> None:
        with self._database.transaction() as run:
            run(
                sql("chain_start"),
                network=network,
                height=block.height,
                hash=block.hash,
                time=block.time,
                final_height=min(final_height, block.height),
            )
            _keep_blocks(run, network, [block], block.height)

    def first_address_at(self, network: str, /) -> datetime | None:
        family = self._families[network]
        networks = ",".join(each for each in self._families if self._families[each] == family)
        [[since]] = self._database.once(sql("chain_first_address"), networks=networks)
        return None if since is None else cast("datetime", since)

    def has_open(self, network: str, /) -> bool:
        return bool(self._database.once(sql("chain_has_open"), network=network))

    def follow(self, network: str, watcher: str, seconds: int, /) -> bool:
        with self._database.transaction() as run:
            return bool(run(sql("chain_follow"), network=network, watcher=watcher, seconds=seconds))

    def leave(self, network: str, watcher: str, /) -> None:
        self._database.once(sql("chain_leave"), network=network, watcher=watcher)

    # ------------------------------------------------------------ blocks, and what is in them

    def watch(self, network: str, /) -> AddressWatch:
        return AddressWatch(self._database, self._families[network])

    def advance(self, cursor: Cursor, reading: Reading, /) -> Touched:
        network, found = cursor.network, reading.scan.transfers
        with self._database.transaction() as run:
            _move(run, cursor, reading.last, reading.final_height)
            _keep_blocks(run, network, reading.scan.blocks, reading.forget_below)
            absent = run(
                sql("chain_drop_absent"),
                network=network,
                first=reading.first.height,
                last=reading.last.height,
                present=_dedupes(found),
            )
            kept = self._keep(run, network, found)
        return Touched({*kept.payments, *_owners(absent)}, kept.misfits)

    def hashes(self, network: str, /) -> Sequence[tuple[int, str]]:
        return [
            (height, block_hash) for height, block_hash in self._database.once(sql("chain_hashes"), network=network)
        ]

    def turn_back(self, cursor: Cursor, fork: Block, /) -> Touched:
        with self._database.transaction() as run:
            _move(run, cursor, fork, 0)
            run(sql("chain_forget_above"), network=cursor.network, height=fork.height)
            orphaned = run(sql("chain_orphan"), network=cursor.network, height=fork.height)
        return Touched(_owners(orphaned))

    def dispute(self, cursor: Cursor, at: datetime, /) -> None:
        with self._database.transaction() as run:
            run(sql("chain_dispute"), at=at, **_place(cursor))

    # ------------------------------------------------------------ what is in no block, and what blocks do not show

    def open_keys(self, network: str, limit: int, /) -> Collection[str]:
        return [key for (key,) in self._database.once(sql("chain_open_keys"), network=network, limit=limit)]

    def keep_unconfirmed(self, network: str, found: Sequence[ChainTransfer], /, *, is_all: bool) -> Touched:
        with self._database.transaction() as run:
            kept = self._keep(run, network, found)
            gone = []
            if is_all:
                gone = run(sql("chain_drop_unconfirmed"), network=network, present=_dedupes(found))
        return Touched({*kept.payments, *_owners(gone)}, kept.misfits)

    def known(self, network: str, asset: Asset, final_height: int, limit: int, /) -> Mapping[str, int]:
        rows = self._database.once(
            sql("chain_known"), network=network, asset=asset.code, final_height=final_height, limit=limit
        )
        return {key: int(units) for key, units in rows}

    def address_of(self, payment_id: str, /) -> GivenAddress | None:
        rows = self._database.once(sql("chain_address"), payment_id=payment_id)
        return GivenAddress(*rows[0]) if rows else None

    def may_claim(self, payment_id: str, tx_id: str, key_id: str, most: int, most_of_key: int, /) -> bool:
        with self._database.transaction() as run:
            run(sql("chain_claim_lock"), payment_id=payment_id)
            [[is_kept]] = run(
                sql("chain_claim"),
                payment_id=payment_id,
                tx_id=tx_id,
                key_id=key_id,
                most=most,
                most_of_key=most_of_key,
            )
        return bool(is_kept)

    def keep_claimed(self, network: str, found: Sequence[ChainTransfer], /) -> Touched:
        with self._database.transaction() as run:
            run(sql("chain_lock"), network=network)
            keys = ",".join({each.key for each in found})
            rows = run(sql("chain_balanced"), family=self._families[network], keys=keys)
            balanced = {key for (key,) in rows}
            return self._keep(run, network, [each for each in found if each.key not in balanced])

    def keep_missed(self, network: str, found: Sequence[ChainTransfer], known: Mapping[str, int], /) -> Touched:
        if not found:
            return Touched(())
        was_known = [{"key": each.key, "units": known[each.key]} for each in found]
        final_height = max(each.block.height for each in found if each.block)
        with self._database.transaction() as run:
            run(sql("chain_lock"), network=network)
            rows = run(
                sql("chain_still_known"),
                family=self._families[network],
                known=json.dumps(was_known),
                final_height=final_height,
            )
            still = {key for (key,) in rows}
            return self._keep(run, network, [each for each in found if each.key in still])

    # ------------------------------------------------------------ what is final

    def ripe(self, cursor: Cursor, limit: int, /) -> Sequence[ChainTransfer]:
        rows = self._database.once(
            sql("chain_ripe"),
            network=cursor.network,
            height=cursor.block.height,
            final_height=cursor.final_height,
            limit=limit,
        )
        return [_transfer(cursor.network, row) for row in rows]

    def finalise(self, network: str, standing: Sequence[ChainTransfer], /) -> Touched:
        rows = [{"dedupe": dedupe(each), "hash": each.block.hash} for each in standing if each.block]
        with self._database.transaction() as run:
            final = run(sql("chain_finalise"), network=network, transfers=json.dumps(rows))
        return Touched(_owners(final))

    def _keep(self, run: Run, network: str, found: Sequence[ChainTransfer]) -> Touched:
        if not found:
            return Touched(())
        now = self._clock.now()
        rows = {dedupe(each): _row(each, self._ids.new("TRF"), now) for each in found}
        kept = run(
            sql("chain_keep_transfers"),
            network=network,
            family=self._families[network],
            transfers=json.dumps(list(rows.values())),
        )
        strays = [transfer_id for owner, transfer_id in kept if owner is None]
        misfits = run(sql("chain_misfits"), ids=",".join(strays)) if strays else []
        return Touched(_owners(kept), len(misfits))


class AddressWatch:
    """`chain_ports.Watch`: the few addresses there are, or questions to the index."""

    def __init__(self, database: Database, family: str) -> None:
        self._database = database
        self._family = family
        rows = database.once(sql("chain_few"), family=family, limit=_FEW + 1)
        self.few = frozenset(key for (key,) in rows) if len(rows) <= _FEW else None

    def ours(self, keys: Collection[str], /) -> Collection[str]:
        if self.few is not None:
            return self.few.intersection(keys)
        wanted = list(keys)
        found: set[str] = set()
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            part = ",".join(wanted[start : start + _KEYS_AT_ONCE])
            found.update(key for (key,) in self._database.once(sql("chain_ours"), family=self._family, keys=part))
        return found


def dedupe(transfer: ChainTransfer) -> str:
    """What a transfer is known by. The amount and the receiver are in it because a log's index is its block's: in
    another block the same transaction's logs may have others' indexes.
    """
    return f"{transfer.tx_id}:{transfer.index}:{transfer.units}:{transfer.key}"


def _move(run: Run, cursor: Cursor, to: Block, final_height: int) -> None:
    moved = run(
        sql("chain_move"),
        height=to.height,
        hash=to.hash,
        time=to.time,
        final_height=final_height,
        **_place(cursor),
    )
    if not moved:
        raise Conflict("somebody else read these blocks")


def _place(cursor: Cursor) -> dict[str, Any]:
    return {
        "network": cursor.network,
        "before_height": cursor.block.height,
        "before_hash": cursor.block.hash,
    }


def _keep_blocks(run: Run, network: str, blocks: Iterable[Block], forget_below: int) -> None:
    rows = [{"height": block.height, "hash": block.hash} for block in blocks]
    run(sql("chain_keep_blocks"), network=network, blocks=json.dumps(rows), forget_below=forget_below)


def _row(transfer: ChainTransfer, new_id: str, now: datetime) -> dict[str, Any]:
    block = transfer.block
    return {
        "id": new_id,
        "dedupe": dedupe(transfer),
        "index": transfer.index,
        "tx_id": transfer.tx_id,
        "key": transfer.key,
        "units": transfer.units,
        "asset": transfer.asset.code,
        "decimals": transfer.asset.decimals,
        "height": block.height if block else None,
        "hash": block.hash if block else None,
        "at": (block.time if block else now).isoformat(),
        "sender": transfer.sender,
    }


def _transfer(network: str, row: list[Any]) -> ChainTransfer:
    asset, decimals, key, units, tx_id, index, height, block_hash, happened_at = row
    block = Block(height, block_hash, "", happened_at)
    return ChainTransfer(Asset(asset, decimals, network), key, int(units), tx_id, index, block)


def _dedupes(found: Iterable[ChainTransfer]) -> str:
    return ",".join(dedupe(each) for each in found)


def _owners(rows: Iterable[Sequence[Any]]) -> frozenset[str]:
    return frozenset(row[0] for row in rows if row[0] is not None)
