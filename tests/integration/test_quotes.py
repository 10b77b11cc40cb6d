"""Prices in money that states issue, paid in crypto: a rate is locked, or nothing is begun."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import base58
import pytest
import requests

from paygate import bootstrap
from paygate.config import read_settings
from paygate.domain.assets import priced_in
from paygate.domain.errors import InvalidField, QuoteUnavailable, RefundNotPossible
from paygate.domain.money import parse_money
from paygate.ports import Claim
from paygate.services import commands
from paygate.strategies import registry
from tests.support import hd
from tests.support.at_once import until
from tests.support.shop import new_key, new_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from paygate.services.answers import Answered
    from tests.support.books import Books
    from tests.support.shop import Shop

CREATED = 201


@dataclass(frozen=True)
class Market:
    """The control door of the sandboxed sources."""

    url: str

    def do(self, step: str, **body: Any) -> None:
        answer = requests.post(f"{self.url}/rates/_sandbox/{step}", json=body, timeout=30)
        assert answer.status_code == CREATED, answer.text

    def calls(self) -> int:
        return sum(requests.get(f"{self.url}/rates/_sandbox/calls", timeout=30).json().values())

    def reset(self) -> None:
        assert requests.delete(f"{self.url}/rates/_sandbox/faults", timeout=30).ok


@pytest.fixture
def market(stack: Stack) -> Iterator[Market]:
    door = Market(stack.sandbox.url)
    door.reset()
    yield door
    door.reset()


@pytest.fixture(scope="module")
def accounts(stack: Stack, app: App) -> dict[str, str]:
    return {**stack.env, **hd.chain_settings(os.urandom(32))}


@pytest.fixture
def gateway(accounts: dict[str, str], market: Market) -> Iterator[App]:
    """One that has asked nobody yet: what it is told it keeps for some seconds."""
    with built(accounts) as app:
        yield app


@contextmanager
def built(settings: dict[str, str]) -> Iterator[App]:
    app = bootstrap.build(read_settings(settings))
    try:
        yield app
    finally:
        app.database.close()


def create(app: App, method: str, amount: str, currency: str, key: str | None = None, **fields: Any) -> Answered:
    price = parse_money(amount, priced_in(currency, registry.strategy(method).rail))
    order_id = fields.pop("order_id", None) or new_order()
    command = commands.CreatePayment(order_id, 1, price, method, request_id="quotes", **fields)
    return app.payments.create_payment(command, Claim(key or new_key(), b"q" * 32))


def created(app: App, method: str, amount: str, currency: str, key: str | None = None) -> dict[str, Any]:
    answered = create(app, method, amount, currency, key)
    assert answered.answer.status == CREATED
    return dict(json.loads(answered.answer.body))


METHODS = ("USDT_TRC20", "USDT_ERC20", "USDT_BEP20", "ETH", "BTC")
EXACT = {"BTC": "50000", "ETH": "2000", "USDT": "0.9"}
DUE = {"BTC": "0.00200000", "ETH": "0.050000000000000000", "USDT": "111.12"}


@pytest.mark.parametrize("method", METHODS)
def test_a_euro_price_locks_a_rate(gateway: App, market: Market, books: Books, method: str) -> None:
    asset = registry.strategy(method).asset
    assert asset is not None
    market.do("rate", asset=asset.code, currency="EUR", rate=EXACT[asset.code])
    for source in ("coinbase", "kraken", "coingecko"):
        market.do("spread", source=source, basis_points=0)
    payment = created(gateway, method, "100.00", "EUR")
    due, quote = payment["due"], payment["quote"]
    assert (payment["amount"], payment["currency"], payment["state"]) == ("100.00", "EUR", "PENDING")
    assert (due["asset"], due["network"]) == (asset.code, asset.network)
    assert Decimal(due["amount"]) == Decimal(DUE[asset.code])
    assert payment["action"]["amount"].rstrip("0") == due["amount"].rstrip("0")
    assert (Decimal(quote["rate"]), quote["currency"], quote["asset"]) == (
        Decimal(EXACT[asset.code]),
        "EUR",
        asset.code,
    )
    assert [source["name"] for source in quote["sources"]] == ["coinbase", "coingecko", "kraken"]
    [[stored]] = books.run("SELECT quote FROM payments WHERE id = :id", id=payment["paymentId"])
    assert stored == quote


def test_what_is_created_is_what_is_shown_later(gateway: App) -> None:
    payment = created(gateway, "BTC", "100.00", "CNY")
    assert json.loads(gateway.payments.get_payment_status(payment["paymentId"])) == payment
    assert [source["name"] for source in payment["quote"]["sources"]] == ["coinbase", "coingecko"]


@pytest.mark.parametrize("currency", ["USD", "CNY", "JPY", "KWD", "VND"])
def test_every_kind_of_money_has_sources(gateway: App, currency: str) -> None:
    payment = created(gateway, "USDT_TRC20", "250", currency)
    assert len(payment["quote"]["sources"]) >= 2


def test_a_price_in_crypto_asks_nobody(gateway: App, market: Market) -> None:
    payment = created(gateway, "BTC", "0.001", "BTC")
    assert (payment["quote"], payment["due"], market.calls()) == (None, None, 0)


def test_a_burst_is_not_a_burst_of_calls(gateway: App, market: Market) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: created(gateway, "ETH", "10.00", "EUR"), range(16)))
    assert market.calls() == 3
    assert len({payment["action"]["address"] for payment in found}) == 16


# ---------------------------------------------------------------- refused


def stale(market: Market) -> None:
    for source in ("coinbase", "kraken", "coingecko"):
        market.do("age", source=source, seconds=600)


def apart(market: Market) -> None:
    market.do("spread", source="coingecko", basis_points=300)


def alone(market: Market) -> None:
    for source, kind in (("coinbase", "429"), ("coingecko", "garbage")):
        market.do("faults", source=source, kind=kind)


def down(market: Market) -> None:
    for source in ("coinbase", "kraken", "coingecko"):
        market.do("faults", source=source, kind="down")


@pytest.mark.parametrize("wrong", [stale, apart, alone, down], ids=lambda wrong: wrong.__name__)
def test_without_a_rate_nothing_is_begun_and_the_key_is_free(
    accounts: dict[str, str], gateway: App, market: Market, books: Books, wrong: Any
) -> None:
    key, order_id = new_key(), new_order()
    wrong(market)
    with pytest.raises(QuoteUnavailable):
        create(gateway, "BTC", "100.00", "EUR", key, order_id=order_id)
    [[keys, payments]] = books.run(
        "SELECT (SELECT count(*) FROM idempotency_keys WHERE key = :key),"
        " (SELECT count(*) FROM payments WHERE order_id = :order_id)",
        key=key,
        order_id=order_id,
    )
    assert (keys, payments) == (0, 0)
    market.reset()
    with built(accounts) as later:
        assert create(later, "BTC", "100.00", "EUR", key, order_id=order_id).answer.status == CREATED


def test_two_of_three_are_enough_and_the_slow_one_is_not_waited_for(gateway: App, market: Market) -> None:
    market.do("faults", source="kraken", kind="slow", seconds=8)
    payment = created(gateway, "BTC", "100.00", "EUR")
    assert [source["name"] for source in payment["quote"]["sources"]] == ["coinbase", "coingecko"]


def test_callers_are_told_to_try_again_and_may(shop: Shop, app: App, market: Market) -> None:
    """Over HTTP, with one key throughout; what a function was told it keeps for some seconds."""
    if "bitcoin" not in app.settings.rails:
        pytest.skip("this stack has no Bitcoin node")
    key, asked = new_key(), {"orderId": new_order(), "method": "BTC", "currency": "SEK", "amount": "500.00"}
    down(market)
    refused = shop.create(key=key, **asked)
    assert (refused.status_code, refused.json()["code"]) == (503, "quote_unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    market.reset()
    until(lambda: shop.create(key=key, **asked).status_code == CREATED, "a rate was locked", seconds=30)
    answers = {shop.create(key=key, **asked).content for _ in range(3)}
    assert len(answers) == 1
    payment = json.loads(answers.pop())
    assert shop.status(payment["paymentId"]) == payment


# ---------------------------------------------------------------- locked once


def test_a_retry_keeps_the_rate_whatever_becomes_of_it(
    accounts: dict[str, str], gateway: App, market: Market, stack: Stack
) -> None:
    key, order_id = new_key(), new_order()
    first = create(gateway, "BTC", "100.00", "EUR", key, order_id=order_id)
    market.do("rate", asset="BTC", currency="EUR", rate="99000")
    with built(accounts) as other:
        assert create(other, "BTC", "100.00", "EUR", key, order_id=order_id).answer == first.answer
    down(market)
    with stack.redis.client() as redis:
        redis.flushdb()
    with built(accounts) as other:
        again = create(other, "BTC", "100.00", "EUR", key, order_id=order_id)
    assert (again.answer, again.is_replay) == (first.answer, True)


def test_creates_of_one_key_at_once_lock_one_rate(accounts: dict[str, str], gateway: App, books: Books) -> None:
    key, order_id = new_key(), new_order()

    def attempt(app: App) -> bytes | None:
        try:
            return create(app, "ETH", "77.77", "CNY", key, order_id=order_id).answer.body
        except Exception as error:
            if getattr(error, "code", "") != "request_in_progress":
                raise
            return None

    with built(accounts) as other, ThreadPoolExecutor(6) as pool:
        bodies = set(pool.map(attempt, [gateway, other] * 3)) - {None}
    assert len(bodies) == 1
    [[count]] = books.run("SELECT count(*) FROM payments WHERE order_id = :id", id=order_id)
    assert count == 1


# ---------------------------------------------------------------- refunds in the price's currency


def paid(app: App, books: Books, method: str, amount: str, *, share: tuple[int, int] = (1, 1)) -> dict[str, Any]:
    """A EUR-priced payment to which final money came: `share` of what is due."""
    payment = created(app, method, amount, "EUR")
    books.run(
        "UPDATE payments SET received = div(due * :up, :down) WHERE id = :id",
        up=share[0],
        down=share[1],
        id=payment["paymentId"],
    )
    return payment


# Somebody's addresses: no key of ours is behind them.
PAYEES = {
    "ethereum": "0x" + "11" * 20,
    "bsc": "0x" + "11" * 20,
    "tron": base58.b58encode_check(b"\x41" + b"\x11" * 20).decode(),
    "bitcoin": base58.b58encode_check(b"\x6f" + b"\x11" * 20).decode(),
}


def refund(app: App, payment: dict[str, Any], **fields: Any) -> dict[str, Any]:
    address = PAYEES[payment["due"]["network"]] if payment["due"] else PAYEES[payment["action"]["network"]]
    command = commands.RefundPayment(payment["paymentId"], "refunds", address=address, **fields)
    answered = app.payments.refund_payment(command, Claim(new_key(), b"r" * 32))
    return dict(json.loads(answered.answer.body))


def test_a_refund_in_the_price_s_currency_converts_at_the_locked_rate(
    gateway: App, market: Market, books: Books
) -> None:
    market.do("rate", asset="USDT", currency="EUR", rate="0.9")
    payment = paid(gateway, books, "USDT_TRC20", "100.00")
    due = Decimal(payment["due"]["amount"])
    market.do("rate", asset="USDT", currency="EUR", rate="0.5")
    part = refund(gateway, payment, amount="33.33", currency="EUR")
    exact = due * Decimal("0.3333")
    assert part["currency"] == "USDT"
    assert 0 <= exact - Decimal(part["amount"]) < Decimal("0.000001")
    rest = refund(gateway, payment, amount="66.67", currency="EUR")
    assert Decimal(rest["amount"]) == due - Decimal(part["amount"])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "parts", [("100.00",), ("33.33", "33.33", "33.34"), ("0.01", "99.99"), ("12.34",) * 8 + ("1.28",)], ids=len
)
def test_parts_of_the_price_are_all_that_came(
    gateway: App, books: Books, method: str, parts: tuple[str, ...]
) -> None:
    payment = paid(gateway, books, method, "100.00")
    made = [Decimal(refund(gateway, payment, amount=part, currency="EUR")["amount"]) for part in parts]
    assert sum(made) == Decimal(payment["due"]["amount"])
    with pytest.raises(RefundNotPossible):
        refund(gateway, payment, amount="0.01", currency="EUR")


def test_all_of_the_price_of_what_was_overpaid_is_what_was_due(gateway: App, books: Books) -> None:
    payment = paid(gateway, books, "ETH", "100.00", share=(3, 2))
    assert refund(gateway, payment, amount="100.00", currency="EUR")["amount"] == payment["due"]["amount"]
    rest = refund(gateway, payment, currency="EUR")
    assert Decimal(rest["amount"]) == Decimal(payment["due"]["amount"]) / 2


def test_more_than_came_is_refused_in_either_money(gateway: App, books: Books) -> None:
    payment = paid(gateway, books, "BTC", "100.00", share=(1, 2))
    for amount, currency in (("50.01", "EUR"), ("100.00", "EUR"), (payment["due"]["amount"], "BTC")):
        with pytest.raises(RefundNotPossible):
            refund(gateway, payment, amount=amount, currency=currency)
    with pytest.raises(InvalidField):
        refund(gateway, payment, amount="1.00", currency="USD")
    assert Decimal(refund(gateway, payment, amount="50.00", currency="EUR")["amount"]) * 2 >= Decimal(
        payment["due"]["amount"]
    ) - Decimal("0.00000001")


def test_without_a_currency_an_amount_is_in_what_was_due(gateway: App, books: Books) -> None:
    payment = paid(gateway, books, "USDT_BEP20", "100.00")
    assert refund(gateway, payment, amount="1.5")["amount"] == "1.500000000000000000"
