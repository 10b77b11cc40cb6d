"""Databases that watch so many addresses, of which as many are open as the chain has blocks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, Self

from tests.bench.chains.made import BLOCKS, UNITS
from tests.bench.sizes import patient
from tests.support import hd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.config import Settings
    from tests.bench.chains.made import Made
    from tests.bench.world import World

FEW, MANY = 1_000, 1_000_000
_ID = "'PAY_' || lpad(i::text, 26, '0')"
_KEY = "lpad(to_hex(i), 40, '0')"
_OPEN = f"i <= {BLOCKS}"
_FILL = (
    f"""INSERT INTO payments (id, order_id, user_id, method, channel, state, price, currency, decimals, due,
        due_asset, due_decimals, due_network, failure_reason, request_id, created_at, updated_at, expires_at,
        version, sequence)
    SELECT {_ID}, 'FILL_' || i, i, '{{method}}', 'WEB', CASE WHEN {_OPEN} THEN 'PENDING' ELSE 'EXPIRED' END,
        {UNITS}, '{{asset}}', {{decimals}}, {UNITS}, '{{asset}}', {{decimals}}, '{{network}}',
        CASE WHEN {_OPEN} THEN NULL ELSE 'EXPIRED' END, 'fill', now() - interval '1 hour', now(),
        now() + interval '1 day', 2, CASE WHEN {_OPEN} THEN 0 ELSE 1 END
    FROM generate_series(1, {{count}}) i""",
    f"""INSERT INTO addresses (family, key, payment_id, network, address, account, path, index, confirmations,
        waits_for_finality, created_at)
    SELECT 'evm', {_KEY}, {_ID}, '{{network}}', '0x' || {_KEY}, 'evm', 'm/0/' || i, i, 1, true,
        now() - interval '1 hour'
    FROM generate_series(1, {{count}}) i""",
    f"""INSERT INTO attempts (payment_id, number, rail, reference, status, rail_expires_at, created_at)
    SELECT {_ID}, 1, '{{network}}', lpad(i::text, 26, '0') || '01', 'OPEN', now() + interval '1 day', now()
    FROM generate_series(1, {BLOCKS}) i""",
    f"""INSERT INTO timeline (payment_id, version, from_state, to_state, reason, at)
    SELECT {_ID}, 1, NULL, 'CREATED', 'created', now() FROM generate_series(1, {BLOCKS}) i UNION ALL
    SELECT {_ID}, 2, 'CREATED', 'PENDING', 'accepted', now() FROM generate_series(1, {BLOCKS}) i""",
)


class Found(NamedTuple):
    """How far the chain was read, transfers of ours that are final, those not booked yet, and settled payments."""

    height: int
    transfers: int
    queued: int
    settled: int


class Stored:
    """One database. `back` has its chain to be read again."""

    def __init__(self, world: World, made: Made, method: str, count: int) -> None:
        from migrations import upgrade
        from paygate.strategies import registry

        self._world, self._made, self.count = world, made, count
        asset = registry.strategy(method).asset
        assert asset is not None
        assert asset.network is not None
        self.network = asset.network
        self.name = f"bench_{self.network}_{count}"
        world.postgres.create_database(self.name)
        upgrade(world.postgres.url("paygate_owner", self.name))
        of = {"method": method, "asset": asset.code, "decimals": asset.decimals, "network": self.network}
        with patient(world, self.name) as admin:
            admin.run("SET session_replication_role = replica")  # foreign keys hold by construction
            for statement in _FILL:
                admin.run(statement.format(count=count, **of))
            admin.run("VACUUM ANALYZE")
        self.back()

    @property
    def env(self) -> Mapping[str, str]:
        """Both networks' node is this one: on the wire they do not differ."""
        root = hd.seeded(b"the same in every run")
        prefix = self.network.upper()
        return {
            **os.environ,
            "DATABASE_URL": self._world.postgres.url(database=self.name),
            "EVM_XPUB": root.at("44'/60'/0'").text(),
            f"{prefix}_RPC_URL": self._made.url,
            f"{prefix}_CHAIN_ID": str(self._made.chain_id),
            f"{prefix}_USDT_CONTRACT": self._made.token,
            **({"ETHEREUM_TRACES": "none"} if self.network == "ethereum" else {}),  # of states that the node forgot
            "CHAIN_FOLLOW_SECONDS": "600",
        }

    @property
    def settings(self) -> Settings:
        from paygate.config import read_settings

        return read_settings(self.env)

    def back(self) -> None:
        """As before the first block was read."""
        made = self._made
        with patient(self._world, self.name) as admin:
            admin.run("TRUNCATE transfers, transfer_queue, chain_blocks, chain_cursors CASCADE")
            admin.run(
                "INSERT INTO chain_cursors (network, height, block_hash, block_time, final_height)"
                " VALUES (:network, :height, :hash, to_timestamp(:time), :height)",
                network=self.network,
                height=made.first - 1,
                hash=made.before.removeprefix("0x"),
                time=made.before_time,
            )
            admin.run("CHECKPOINT")

    def found(self) -> Found:
        with self._world.postgres.admin(self.name) as admin:
            [[height]] = admin.run("SELECT height FROM chain_cursors")
            [[transfers]] = admin.run("SELECT count(*) FROM transfers WHERE status = 'FINAL'")
            [[queued]] = admin.run("SELECT count(*) FROM transfer_queue")
            [[settled]] = admin.run("SELECT count(*) FROM payments WHERE state = 'SETTLED'")
        return Found(height, transfers, queued, settled)

    @property
    def head(self) -> int:
        return self._made.head

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._world.postgres.drop_database(self.name)
