"""The same story at every rail, through the gateway's door, whatever goes wrong at the rail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paygate.ports import Ability
from tests.support.abilities import is_able
from tests.support.at_once import at_once, until
from tests.support.rails import RAILS, RailSandbox, rail_sandboxes
from tests.support.shop import reference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.books import Books
    from tests.support.passing import Passing
    from tests.support.shop import Shop


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "rail" in metafunc.fixturenames:
        able = [rail for _, _, rail, _ in RAILS if is_able(rail, metafunc.definition)]
        metafunc.parametrize("rail", able, indirect=True)


@pytest.fixture
def rail(request: pytest.FixtureRequest, stack: Stack) -> Iterator[RailSandbox]:
    sandbox = rail_sandboxes(stack.sandbox.url)[request.param]
    yield sandbox
    sandbox.clear_faults()


def id_of(payment: dict[str, Any]) -> str:
    found: str = payment["paymentId"]
    return found


def test_paid_told_settled_refunded(shop: Shop, books: Books, app: App, rail: RailSandbox) -> None:
    payment = rail.settled(shop)
    assert payment["amountReceived"] == "100.00"
    assert books.kinds(id_of(payment)) == ["payment.settled"]
    first = shop.refund(id_of(payment), amount="60.00")
    assert first.status_code == 201, first.text
    books.due_now(id_of(payment))
    app.resolve(5)
    assert shop.await_state(id_of(payment), "PARTIALLY_REFUNDED")["amountRefunded"] == "60.00"
    assert shop.refund(id_of(payment), amount="40.01").status_code == 422
    assert shop.refund(id_of(payment)).status_code == 201
    books.due_now(id_of(payment))
    app.resolve(5)
    refunded = shop.await_state(id_of(payment), "REFUNDED")
    assert [refund["state"] for refund in refunded["refunds"]] == ["SUCCEEDED", "SUCCEEDED"]
    assert books.kinds(id_of(payment)) == ["payment.settled", "payment.refunded", "payment.refunded"]


def test_w1_the_same_callback_twenty_times_at_once(shop: Shop, books: Books, rail: RailSandbox) -> None:
    payment = rail.created(shop)
    rail.fault(payment, "duplicate", copies=20, count=9)
    rail.pay(payment)
    shop.await_state(id_of(payment), "SETTLED")
    sends = lambda: max(len(callback["sends"]) for callback in rail.callbacks(payment))  # noqa: E731
    until(lambda: sends() >= 20, "twenty callbacks")
    assert books.states(id_of(payment)).count("SETTLED") == 1
    assert books.kinds(id_of(payment)) == ["payment.settled"]


def test_w14_a_callback_that_never_comes(
    shop: Shop, books: Books, app: App, passing: Passing, rail: RailSandbox
) -> None:
    payment = rail.created(shop)
    rail.fault(payment, "withhold")
    rail.pay(payment)
    passing.pause([id_of(payment)])
    app.resolve(5)
    assert shop.status(id_of(payment))["state"] == "SETTLED"
    assert books.kinds(id_of(payment)) == ["payment.settled"]


def test_w3_the_payments_callback_after_the_refunds(
    shop: Shop, books: Books, app: App, passing: Passing, rail: RailSandbox
) -> None:
    payment = rail.created(shop)
    rail.fault(payment, "withhold", count=9)
    rail.pay(payment)
    passing.pause([id_of(payment)])
    app.resolve(5)
    assert shop.refund(id_of(payment), amount="60.00").status_code == 201
    books.due_now(id_of(payment))
    app.resolve(5)
    shop.await_state(id_of(payment), "PARTIALLY_REFUNDED")
    for callback in reversed(rail.callbacks(payment)):
        rail.resend(callback)
    app.resolve(5)
    assert shop.status(id_of(payment))["state"] == "PARTIALLY_REFUNDED"
    assert books.kinds(id_of(payment)) == ["payment.settled", "payment.refunded"]
    assert books.sums(id_of(payment))["refunded_outside"] == 0


@pytest.mark.parametrize("kind", ["wrong_amount", "wrong_currency", "other_order"])
def test_w7_w13_well_signed_and_not_ours(shop: Shop, books: Books, rail: RailSandbox, kind: str) -> None:
    """A rail whose word is asked for after each message settles nothing by the message, and all by its word."""
    payment = rail.created(shop)
    before = len(rail.await_told(payment))
    rail.fault(payment, kind, count=9)
    rail.pay(payment)
    rail.await_callbacks(payment, before + 1)
    found = shop.status(id_of(payment))
    assert found["state"] in ("PENDING", "SETTLED")
    if found["state"] == "SETTLED":
        assert rail.calls(payment) > 1
        assert found["amountReceived"] == "100.00"
    else:
        assert books.kinds(id_of(payment)) == []


@pytest.mark.parametrize("kind", ["bad_signature", "unsigned"])
def test_w5_a_callback_that_is_not_the_rails(shop: Shop, books: Books, rail: RailSandbox, kind: str) -> None:
    payment = rail.created(shop)
    told = len(rail.await_told(payment))
    rail.fault(payment, kind, count=9)
    before = rail.calls(payment)
    rail.pay(payment)
    callback = rail.await_callbacks(payment, told + 1)[told]
    assert 400 <= callback["sends"][0]["status"] < 600
    assert shop.status(id_of(payment))["state"] == "PENDING"
    assert books.kinds(id_of(payment)) == []
    assert rail.calls(payment) <= before + 1  # the payer's own step, at rails where that is a call


def test_l2_expiry_of_what_was_paid_settles(
    shop: Shop, books: Books, app: App, passing: Passing, rail: RailSandbox
) -> None:
    payment = rail.created(shop)
    rail.fault(payment, "withhold")
    rail.pay(payment)
    passing.window([id_of(payment)])
    app.expire(5)
    assert shop.status(id_of(payment))["state"] == "SETTLED"
    assert books.kinds(id_of(payment)) == ["payment.settled"]


def test_cancelled_is_cancelled_and_money_that_comes_all_the_same_is_late(shop: Shop, rail: RailSandbox) -> None:
    payment = rail.created(shop)
    assert shop.cancel(id_of(payment)).status_code == 200
    assert shop.status(id_of(payment))["state"] == "CANCELLED"
    if rail.try_to_pay(payment).ok:
        assert shop.await_state(id_of(payment), "SETTLED")["exceptions"] == ["LATE"]
    else:
        assert shop.status(id_of(payment))["state"] == "CANCELLED"


def test_a_payer_who_is_declined_may_try_again(shop: Shop, rail: RailSandbox) -> None:
    payment = rail.created(shop)
    rail.try_to_pay(payment, "decline")
    if rail.try_to_pay(payment).ok:
        shop.await_state(id_of(payment), "SETTLED")
    else:
        assert shop.status(id_of(payment), refresh="true")["state"] in ("PENDING", "FAILED")


def test_l8_one_order_paid_at_two_rails_at_once(shop: Shop, books: Books, stack: Stack, rail: RailSandbox) -> None:
    """Both payments are kept, exactly one is a DUPLICATE, its event says so, and it is offered for refund."""
    other = rail_sandboxes(stack.sandbox.url)["alipay"]
    first = rail.created(shop)
    second = other.created(shop, orderId=first["orderId"])
    at_once(lambda: rail.pay(first), lambda: other.pay(second))
    both = [shop.await_state(id_of(payment), "SETTLED") for payment in (first, second)]
    [duplicate] = [payment for payment in both if "DUPLICATE" in payment["exceptions"]]
    [event] = books.events(id_of(duplicate))
    assert event["exceptions"] == ["DUPLICATE"]
    [[kind, detail]] = books.run(
        "SELECT kind, detail FROM operator_cases WHERE payment_id = :id", id=id_of(duplicate)
    )
    assert (kind, detail["orderId"]) == ("DUPLICATE", first["orderId"])
    assert detail["refundable"] == f"100.00 {duplicate['currency']}"
    refund = shop.refund(id_of(duplicate))
    assert refund.status_code == 201, refund.text


@pytest.mark.needs(Ability.REPORT_CONSOLE_REFUNDS)
def test_r7_a_refund_in_the_rails_own_console(shop: Shop, books: Books, app: App, rail: RailSandbox) -> None:
    payment = rail.settled(shop)
    rail.do("console-refund", **{rail.order_name: reference(payment)}, amount=2500)
    found = shop.await_state(id_of(payment), "PARTIALLY_REFUNDED")
    assert found["amountRefunded"] == "25.00"
    assert books.sums(id_of(payment))["refunded_outside"] == 2500
    app.resolve(5)
