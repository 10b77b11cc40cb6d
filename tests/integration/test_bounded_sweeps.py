"""Ten thousand open payments: what one run of a sweep asks of the rail, in which order, and two runs at once."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.local.servers.postgres import APP, OWNER
from migrations import upgrade
from paygate import bootstrap
from tests.support.at_once import at_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay

DATABASE = "bounded_sweeps"
OPEN, MOST = 10_000, 60
FILL = (
    """INSERT INTO payments (id, order_id, user_id, method, channel, state, price, currency, decimals, due,
        due_asset, due_decimals, request_id, created_at, updated_at, expires_at, version)
    SELECT 'PAY_SWEEP' || lpad(i::text, 21, '0'), 'ORDER_' || i, i, 'ALIPAY', 'WEB', 'PENDING', 10000, 'CNY', 2,
        10000, 'CNY', 2, 'fill', now() - interval '2 day', now(), now() - interval '1 day' + i * interval '1 s', 2
    FROM generate_series(1, :count) i""",
    """INSERT INTO attempts (payment_id, number, rail, reference, status, rail_expires_at, created_at,
        next_query_at)
    SELECT id, 1, 'alipay', substr(id, 5) || '01', 'OPEN', expires_at, created_at, expires_at FROM payments""",
)


@pytest.fixture(scope="module")
def apps(stack: Stack, app: App) -> Iterator[list[App]]:
    """Two applications, as two functions would have them, on one database whose payments are all long due."""
    stack.postgres.create_database(DATABASE)
    with ExitStack() as open_ones:
        open_ones.callback(stack.postgres.drop_database, DATABASE)
        upgrade(stack.postgres.url(OWNER, DATABASE))
        with stack.postgres.admin(DATABASE) as admin:
            admin.run(FILL[0], count=OPEN)
            admin.run(FILL[1])
        settings = replace(app.settings, database_url=stack.postgres.url(APP, DATABASE), relay_queue_url=None)
        built = [bootstrap.build(settings) for _ in range(2)]
        for each in built:
            open_ones.callback(each.database.close)
        yield built


def asked(alipay: Alipay, method: str) -> Counter[str]:
    calls: list[dict[str, Any]] = alipay.see("calls", method=method)["calls"]
    return Counter(call["out_trade_no"] for call in calls if call["out_trade_no"].startswith("SWEEP"))


def references(first: int, last: int) -> set[str]:
    return {f"SWEEP{number:021}01" for number in range(first, last + 1)}


def test_l10_a_run_asks_about_the_oldest_within_its_bound_and_two_runs_share(
    apps: list[App], alipay: Alipay
) -> None:
    reports = at_once(*[lambda each=each: each.resolve(20, most=MOST) for each in apps])
    assert [report.attempts for report in reports] == [MOST, MOST]
    calls = asked(alipay, "alipay.trade.query")
    assert set(calls) == references(1, 2 * MOST)
    assert set(calls.values()) == {1}
    apps[0].resolve(20, most=MOST)
    calls = asked(alipay, "alipay.trade.query")
    assert set(calls) == references(1, 3 * MOST)  # the next run goes on where they stopped
    assert set(calls.values()) == {1}


def test_l10_expiry_closes_the_oldest_within_its_bound_and_two_runs_share(apps: list[App], alipay: Alipay) -> None:
    reports = at_once(*[lambda each=each: each.expire(20, most=MOST) for each in apps])
    assert [report.payments for report in reports] == [MOST, MOST]
    calls = asked(alipay, "alipay.trade.close")
    assert set(calls) == references(1, 2 * MOST)
    assert set(calls.values()) == {1}
