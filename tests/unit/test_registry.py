from datetime import UTC, datetime
from inspect import signature

import pytest

from paygate.domain.assets import CURRENCIES, priced_in
from paygate.domain.money import Money
from paygate.domain.payment import Payment
from paygate.domain.states import PaymentState
from paygate.ports import Attempt, AttemptStatus
from paygate.strategies import registry

AT = datetime(2026, 1, 1, tzinfo=UTC)


def payment(method: str, channel: str, price: Money, description: str | None = None) -> Payment:
    state = PaymentState.CREATED
    return Payment(
        "PAY_1", "ORDER_1", 1, method, channel, state, price, price, "r", AT, AT, AT, description=description
    )


def attempt(rail: str) -> Attempt:
    return Attempt("PAY_1", 1, rail, "R1", AttemptStatus.STARTED, AT, AT, None)


@pytest.mark.parametrize("method", registry.METHODS, ids=lambda method: method.name)
def test_every_line_names_what_is_there(method: registry.Method) -> None:
    strategy = registry.strategy(method.name)
    adapter = registry.load(method.adapter)
    assert (strategy.method, strategy.rail) == (method.name, method.rail) == (strategy.method, adapter.name)
    assert list(signature(adapter).parameters) == ["settings", "urls", "clock", "http"]
    assert registry.load(method.settings)({}) is None
    assert registry.method(method.name) is method
    assert registry.method_of_rail(method.rail).rail == method.rail


@pytest.mark.parametrize("method", registry.METHODS, ids=lambda method: method.name)
def test_every_strategy_makes_the_same_order_of_the_same_payment(method: registry.Method) -> None:
    strategy = registry.strategy(method.name)
    price = Money(12345, priced_in(strategy.currencies[0], strategy.rail))
    asked = payment(method.name, strategy.channels[0], strategy.due(price))
    order = strategy.order(asked, attempt(method.rail))
    assert order == strategy.order(asked, attempt(method.rail))
    assert (order.reference, order.expires_at, order.amount) == ("R1", AT, price)


def test_names_that_nobody_knows() -> None:
    assert registry.method("CASH") is None
    assert registry.method_of_rail("cash") is None


def test_an_alipay_order_is_named_after_what_is_bought() -> None:
    strategy = registry.strategy("ALIPAY")
    assert strategy.channels == ("QR", "WEB", "H5", "APP")
    price = Money(1, CURRENCIES["CNY"])
    made = attempt("alipay")
    assert strategy.order(payment("ALIPAY", "QR", price, "Tea"), made).subject == "Tea"
    assert strategy.order(payment("ALIPAY", "QR", price), made).subject == "Order ORDER_1"
