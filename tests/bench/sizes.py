"""Create and status with a million payments stored, against a thousand: two databases, taken in turn."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pg8000.native import Connection

from tests.bench.figures import Figure, p50_ms
from tests.bench.requests import creator, reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paygate.bootstrap import App
    from tests.bench.world import World

FEW, MANY = 1_000, 1_000_000
_FILL = (
    """INSERT INTO payments (id, order_id, user_id, method, channel, state, price, currency, decimals, due,
        due_asset, due_decimals, received, request_id, created_at, updated_at, expires_at, settled_at, version,
        sequence)
    SELECT 'PAY_' || lpad(i::text, 26, '0'), 'FILL_' || i, i, 'ALIPAY', 'QR', 'SETTLED', 10000, 'CNY', 2, 10000,
        'CNY', 2, 10000, 'fill', now() - interval '1 day', now(), now(), now(), 3, 1
    FROM generate_series(1, {count}) i""",
    """INSERT INTO attempts (payment_id, number, rail, reference, status, rail_expires_at, created_at)
    SELECT 'PAY_' || lpad(i::text, 26, '0'), 1, 'alipay', lpad(i::text, 26, '0') || '01', 'DONE', now(), now()
    FROM generate_series(1, {count}) i""",
    """INSERT INTO timeline (payment_id, version, from_state, to_state, reason, at)
    SELECT 'PAY_' || lpad(i::text, 26, '0'), 1, NULL, 'CREATED', 'created', now()
    FROM generate_series(1, {count}) i""",
    """INSERT INTO idempotency_keys (key, request_hash, resource_id, leased_until)
    SELECT md5(i::text), sha256('x'), 'PAY_' || lpad(i::text, 26, '0'), now() FROM generate_series(1, {count}) i""",
)


def measure(world: World) -> Iterator[Figure]:
    few, many = _filled(world, FEW), _filled(world, MANY)
    with_many, with_few = p50_ms(creator(world, many), creator(world, few), rounds=500, warm=100)
    yield Figure("create_1m_vs_1k", with_many, with_few, "ms", 1.2)
    payment = "PAY_" + "777".rjust(26, "0")
    read_many, read_few = reader(world, payment, many), reader(world, payment, few)
    with_many, with_few = p50_ms(read_many, read_few, rounds=500, warm=100)
    yield Figure("status_1m_vs_1k", with_many, with_few, "ms", 1.2)
    for app in (few, many):
        app.database.close()


def _filled(world: World, count: int) -> App:
    """An application on a database of its own that holds `count` payments and all that belongs to them."""
    from migrations import upgrade
    from paygate import bootstrap

    name = f"bench_{count}"
    world.postgres.create_database(name)
    upgrade(world.postgres.url("paygate_owner", name))
    with patient(world, name) as admin:
        admin.run("SET session_replication_role = replica")  # foreign keys hold by construction
        for statement in _FILL:
            admin.run(statement.format(count=count))
        # The world's key, so that one token opens both.
        [key] = _keys(world)
        columns = "id, name, kind, secret_hash, scopes"
        admin.run(
            f"INSERT INTO api_keys ({columns}) VALUES (:a, :b, :c, :d, :e)", **dict(zip("abcde", key, strict=True))
        )
        admin.run("VACUUM ANALYZE")
    settings = bootstrap.app().settings
    return bootstrap.build(replace(settings, database_url=world.postgres.url(database=name)))


@contextmanager
def patient(world: World, database: str) -> Iterator[Connection]:
    """A superuser's connection that waits as long as a million rows take."""
    parts = urlsplit(world.postgres.url("postgres", database))
    connection = Connection(
        parts.username or "", password=parts.password, host=parts.hostname, port=parts.port, database=database
    )
    try:
        yield connection
    finally:
        connection.close()


def _keys(world: World) -> list[list[object]]:
    with world.postgres.admin("paygate") as admin:
        return list(admin.run("SELECT id, name, kind, secret_hash, scopes FROM api_keys"))
