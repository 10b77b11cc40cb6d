"""L9 and L10: sweeps over more rows than a batch, while the rows change, and two of them at once."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import pytest

from paygate import bootstrap
from paygate.services.drain import BATCH
from tests.support.at_once import at_once
from tests.support.shop import reference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.passing import Passing
    from tests.support.shop import Shop

MORE_THAN_A_BATCH = 2 * BATCH + 5


@pytest.fixture
def many(shop: Shop) -> list[dict[str, Any]]:
    """Payments that the rail does not know before their payer opens the page."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda _: shop.created(channel="WEB"), range(MORE_THAN_A_BATCH)))


@pytest.fixture
def other_app(app: App) -> Iterator[App]:
    """The same application once more, as another function would have it."""
    with ExitStack() as stack:
        built = bootstrap.build(app.settings)
        stack.callback(built.database.close)
        yield built


def ids(payments: list[dict[str, Any]]) -> list[str]:
    return [payment["paymentId"] for payment in payments]


def calls(alipay: Alipay, method: str, payments: list[dict[str, Any]]) -> Counter[int]:
    """How many of the payments were asked about how often."""
    found = Counter(call["out_trade_no"] for call in alipay.see("calls", method=method)["calls"])
    return Counter(found[reference(payment)] for payment in payments)


def test_l9_expiry_misses_no_row_while_rows_leave(
    shop: Shop, alipay: Alipay, app: App, passing: Passing, many: list[dict[str, Any]]
) -> None:
    """Payers pay from the end of the list while the sweep comes from its beginning."""
    passing.window(ids(many))
    has_begun = threading.Event()
    late = list(reversed(many))[::3]

    def pay() -> None:
        has_begun.set()
        for payment in late:
            alipay.pay(payment)

    with ThreadPoolExecutor(1) as pool:
        paying = pool.submit(pay)
        has_begun.wait()
        app.expire(30)
        paying.result()

    for payment in many:
        shop.await_state(payment["paymentId"], "SETTLED" if payment in late else "EXPIRED")
    closes = calls(alipay, "alipay.trade.close", many)
    assert set(closes) <= {0, 1}  # none for those whose money was faster
    assert closes[1] >= len(many) - len(late)


def test_l9_resolve_misses_no_row_while_it_moves_them(
    shop: Shop, script: Alipay, app: App, books: Books, passing: Passing, many: list[dict[str, Any]]
) -> None:
    """Each look moves the row's own place in the order; a third of them settle, their callbacks lost."""
    lost = many[::3]
    for payment in lost:
        script.fault("withhold", method="callback", out_trade_no=reference(payment))
        script.pay(payment)
    passing.pause(ids(many))

    report = app.resolve(30)

    assert report.attempts >= len(many)
    assert calls(script, "alipay.trade.query", many) == {1: len(many)}
    found = {payment["paymentId"]: shop.status(payment["paymentId"])["state"] for payment in many}
    assert found == {payment["paymentId"]: "SETTLED" if payment in lost else "PENDING" for payment in many}
    due = {row[0] for row in books.run("SELECT payment_id FROM attempts WHERE next_query_at <= now()")}
    assert not due & set(found)


@pytest.mark.parametrize("sweep", ["resolve", "expire"])
def test_l10_two_overlapping_sweeps_take_each_row_once(
    alipay: Alipay,
    books: Books,
    app: App,
    other_app: App,
    passing: Passing,
    many: list[dict[str, Any]],
    sweep: str,
) -> None:
    if sweep == "expire":
        passing.window(ids(many))
    else:
        passing.pause(ids(many))

    at_once(*(partial(getattr(one, sweep), 30) for one in (app, other_app, app)))

    method = {"resolve": "alipay.trade.query", "expire": "alipay.trade.close"}[sweep]
    assert calls(alipay, method, many) == {1: len(many)}
    expected = {"resolve": [], "expire": ["payment.failed"]}[sweep]
    assert [books.kinds(payment_id) for payment_id in ids(many)] == [expected] * len(many)


def test_however_many_keys_and_signatures_are_old_one_sweep_drops_them(app: App, books: Books) -> None:
    old = "now() - interval '50 hours'"
    books.run(
        "INSERT INTO idempotency_keys (key, request_hash, resource_id, leased_until, created_at)"
        f" SELECT 'old-' || n, sha256('old'), 'PAY_x', {old}, {old} FROM generate_series(1, 12000) AS n"
    )
    books.run(
        "INSERT INTO seen_signatures (signature, seen_at)"
        f" SELECT sha256(n::text::bytea), {old} FROM generate_series(1, 6000) AS n"
    )
    app.expire(10)
    for table, column in (("idempotency_keys", "created_at"), ("seen_signatures", "seen_at")):
        assert books.run(f"SELECT count(*) FROM {table} WHERE {column} < now() - interval '49 hours'") == [[0]]
