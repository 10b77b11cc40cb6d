"""Addresses on chains, as create gives them out: one payment, one address, and nobody else's ever again (X10)."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest

from paygate import bootstrap
from paygate.adapters.postgres.ledger import PostgresLedger
from paygate.adapters.system.clock import SystemClock, SystemIds
from paygate.adapters.system.sealer import AesGcmSealer
from paygate.config import read_settings
from paygate.domain.assets import priced_in
from paygate.domain.errors import InvalidField
from paygate.domain.money import parse_money
from paygate.domain.payment import Payment
from paygate.ports import Claim
from paygate.services.commands import CreatePayment
from paygate.strategies import registry
from tests.support import hd
from tests.support.at_once import at_once
from tests.support.shop import new_key, new_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.books import Books

METHODS = {"USDT_TRC20": "USDT", "USDT_ERC20": "USDT", "USDT_BEP20": "USDT", "ETH": "ETH", "BTC": "BTC"}
TOLERANCE = {"USDT_TRC20_TOLERANCE": "0.05", "BTC_CONFIRMATIONS": "0.5:2,6"}


@pytest.fixture(scope="module")
def settings(stack: Stack, app: App) -> dict[str, str]:
    """Accounts of this module's own, whose counters begin at nought."""
    return {**stack.env, **hd.chain_settings(os.urandom(32)), **TOLERANCE}


@pytest.fixture(scope="module")
def apps(settings: dict[str, str]) -> Iterator[list[App]]:
    """Two gateways on one database, as two functions are."""
    built = [bootstrap.build(read_settings(settings)) for _ in range(2)]
    yield built
    for one in built:
        one.database.close()


def create(app: App, method: str, key: str | None = None, amount: str = "1.5", **fields: Any) -> dict[str, Any]:
    strategy = registry.strategy(method)
    price = parse_money(amount, priced_in(METHODS[method], strategy.rail))
    order_id = fields.pop("order_id", None) or new_order()
    command = CreatePayment(order_id, 1, price, method, request_id="addresses", **fields)
    answered = app.payments.create_payment(command, Claim(key or new_key(), b"h" * 32))
    assert answered.answer.status == 201
    return dict(json.loads(answered.answer.body))


def seen(app: App, payment: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(app.payments.get_payment_status(payment["paymentId"])))


def kept(books: Books, payment: dict[str, Any]) -> list[Any]:
    [row] = books.run(
        "SELECT d.family, d.key, d.network, d.address, d.account, d.path, d.index, d.confirmations,"
        " d.waits_for_finality, a.reference, a.status, a.next_query_at, p.state, p.tolerance, p.due_network"
        " FROM addresses d JOIN attempts a USING (payment_id) JOIN payments p ON p.id = d.payment_id"
        " WHERE d.payment_id = :id",
        id=payment["paymentId"],
    )
    return row


@pytest.mark.parametrize("method", METHODS)
def test_the_address_is_written_with_the_payment(apps: list[App], books: Books, method: str) -> None:
    payment = create(apps[0], method)
    action, network = payment["action"], registry.strategy(method).rail
    assert (payment["state"], payment["channel"], payment["due"]) == ("PENDING", "ADDRESS", None)
    assert (payment["amount"], payment["currency"]) == (action["amount"], METHODS[method])
    assert (action["type"], action["network"], action["asset"]) == ("CRYPTO", network, METHODS[method])
    family, key, on, text, account, path, index, blocks, is_final, reference, *rest = kept(books, payment)
    assert (on, text, reference) == (network, action["address"], action["address"])
    assert (family, path.endswith(f"/0/{index}")) == (
        {"tron": "tron", "bitcoin": "bitcoin"}.get(network, "evm"),
        True,
    )
    assert (blocks, is_final) == (action["confirmationsRequired"], method != "BTC")
    assert rest == ["OPEN", None, "PENDING", 50_000 if method == "USDT_TRC20" else 0, network]
    [[upcoming]] = books.run("SELECT next_index FROM address_counters WHERE account = :account", account=account)
    assert upcoming == index + 1
    assert key == apps[1].settings.rails[network].encoding.key(text)
    assert seen(apps[1], payment)["action"] == action


def test_a_retry_is_told_the_same_address(apps: list[App]) -> None:
    key, order_id = new_key(), new_order()
    first = create(apps[0], "USDT_TRC20", key, order_id=order_id)
    again = [create(app, "USDT_TRC20", key, order_id=order_id) for app in reversed(apps)]
    assert again == [first, first]


def test_a_retry_that_only_postgresql_knows_is_told_the_same_address(
    apps: list[App], books: Books, stack: Stack
) -> None:
    key, order_id = new_key(), new_order()
    first = create(apps[0], "BTC", key, order_id=order_id)
    with stack.redis.client() as redis:
        redis.flushdb()
    assert create(apps[1], "BTC", key, order_id=order_id) == first
    assert books.run("SELECT count(*) FROM payments WHERE order_id = :id", id=order_id) == [[1]]


def test_many_at_once_never_share_an_address(apps: list[App]) -> None:
    """Both chains of one account among them, over two gateways' connections."""
    asked = [
        partial(create, app, method)
        for app, method in zip(cycle(apps), ["ETH", "USDT_BEP20", "USDT_ERC20"] * 20, strict=False)
    ]
    with ThreadPoolExecutor(12) as threads:
        payments = list(threads.map(lambda each: each(), asked))
    addresses = {payment["action"]["address"] for payment in payments}
    assert len(addresses) == len(payments) == 60


def test_one_key_many_times_at_once_is_one_address(apps: list[App], books: Books, stack: Stack) -> None:
    """Without Redis, whoever loses has taken an index that stays unused: a gap, and no second address."""
    key, order_id = new_key(), new_order()
    stack.redis.pause()
    try:
        told = at_once(*[partial(create, app, "BTC", key, order_id=order_id) for app in apps * 4])
    finally:
        stack.redis.resume()
    assert len({payment["action"]["address"] for payment in told}) == 1
    [[count, index]] = books.run(
        "SELECT count(*), max(index) FROM addresses JOIN payments p ON p.id = payment_id WHERE order_id = :id",
        id=order_id,
    )
    assert count == 1
    create(apps[0], "BTC")
    [[later]] = books.run("SELECT max(index) FROM addresses WHERE family = 'bitcoin' AND account = :account",
                          account=apps[0].settings.rails["bitcoin"].account.name)  # fmt: skip
    assert later > index


def test_an_address_stays_its_payment_s(apps: list[App], books: Books) -> None:
    """X10: neither cancelling nor the end of its time gives an address to another payment."""
    first = create(apps[0], "USDT_TRC20")
    apps[0].payments.cancel_payment(first["paymentId"])
    later = [create(apps[0], "USDT_TRC20")["action"]["address"] for _ in range(3)]
    assert first["action"]["address"] not in later
    assert kept(books, first)[3] == first["action"]["address"]


def test_what_is_due_less_what_is_tolerated(apps: list[App], books: Books) -> None:
    payment = create(apps[0], "USDT_TRC20", amount="10")
    facts = []
    for units, number in ((9_949_999, 1), (1, 2)):
        books.run(
            "INSERT INTO transfers (id, rail, dedupe, role, status, units, asset, decimals, network, payment_id,"
            " happened_at) VALUES (:id, 'tron', :id, 'PAYMENT', 'FINAL', :units, 'USDT', 6, 'tron', :owner, now())",
            id=f"TRF_{payment['paymentId'][5:]}{number}",
            units=units,
            owner=payment["paymentId"],
        )
        books.run(
            "INSERT INTO transfer_queue (transfer_id) SELECT id FROM transfers WHERE payment_id = :id"
            " ON CONFLICT DO NOTHING",
            id=payment["paymentId"],
        )
        apps[0].resolve(10)
        found = seen(apps[0], payment)
        facts.append((found["state"], found["amountReceived"], found["exceptions"]))
    assert facts == [("CONFIRMING", "9.949999", []), ("SETTLED", "9.950000", [])]


def test_dust_is_refused_before_an_index_is_taken(apps: list[App], books: Books) -> None:
    account = apps[0].settings.rails["bitcoin"].account.name
    counted = partial(books.run, "SELECT next_index FROM address_counters WHERE account = :a", a=account)
    before = counted()
    with pytest.raises(InvalidField):
        create(apps[0], "BTC", amount="0.00000293")
    assert counted() == before


def test_a_stored_payment_knows_its_tolerance(apps: list[App]) -> None:
    payment = create(apps[0], "USDT_TRC20")
    clock = SystemClock()
    sealer = AesGcmSealer(dict(apps[0].settings.encryption_key))
    with PostgresLedger(apps[0].database, sealer, SystemIds(clock)).transaction() as tx:
        stored = tx.payment(payment["paymentId"])
        [(_, by_address)] = tx.trade("tron", payment["action"]["address"], None)
    assert isinstance(stored, Payment)
    assert stored.tolerance == by_address.tolerance == 50_000
