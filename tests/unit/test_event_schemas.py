"""Events are what their published schemas say, and say nothing that their schemas do not."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from infra.local.server import ROOT
from paygate.domain import payment as payments
from paygate.domain.assets import CURRENCIES
from paygate.domain.events import Event, EventKind
from paygate.domain.ids import encode
from paygate.domain.money import Asset, Money
from paygate.domain.payment import Payment
from paygate.domain.quote import Quote, Rate
from paygate.domain.refund import OURS, OUTSIDE, Refund
from paygate.domain.states import PaymentState, RefundState

SCHEMAS: dict[str, dict[str, Any]] = {
    path.name.removesuffix(".schema.json"): json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "docs" / "events").glob("*.schema.json"))
}
OVER_A_NETWORK = {"network", "txIds"}
QUOTED = {"due", "quote"}
AT = datetime(2025, 10, 1, 8, 27, tzinfo=UTC)

numbers = count(1)


def identity(prefix: str) -> str:
    return encode(prefix, next(numbers))


def opened(units: int = 10_000, **changes: Any) -> Payment:
    price = Money(units, CURRENCIES["CNY"])
    payment = Payment(
        id=identity("PAY"),
        order_id="ORDER_456",
        user_id=1,
        method="ALIPAY",
        channel="QR",
        state=PaymentState.PENDING,
        price=price,
        due=price,
        request_id="9d1f5ef8-7f2b-4a51-9b0e-4f5c8a1f5a10",
        created_at=AT,
        updated_at=AT,
        expires_at=AT + timedelta(minutes=15),
    )
    return replace(payment, **changes)


def refund_of(payment: Payment, units: int, state: RefundState, origin: str = OURS) -> Refund:
    return Refund(
        id=identity("REF"),
        payment_id=payment.id,
        amount=Money(units, payment.due.asset),
        state=state,
        reference=f"R{next(numbers)}",
        origin=origin,
        reason=None,
        request_id="r",
        created_at=AT,
        updated_at=AT,
    )


def settled(units: int = 10_000, **changes: Any) -> Payment:
    payment = opened(units, **changes)
    return payments.settle(payment, units, AT, identity("EVT"), is_duplicate=False).after


def event_of(change: payments.Change) -> Event:
    assert change.event is not None
    return change.event


def check(event: Event) -> dict[str, Any]:
    """The event as a careful consumer reads it, after comparing it with its schema."""
    schema = SCHEMAS[event.kind]
    document: dict[str, Any] = json.loads(event.payload, parse_float=Decimal)
    Draft202012Validator(schema).validate(document)
    left_out = set() if "network" in document else OVER_A_NETWORK
    left_out = left_out if "quote" in document else left_out | QUOTED
    assert set(document) == set(schema["properties"]) - left_out
    return document


def test_every_kind_that_is_produced_has_a_schema() -> None:
    assert set(SCHEMAS) == set(EventKind)
    for kind, schema in SCHEMAS.items():
        Draft202012Validator.check_schema(schema)
        assert schema["title"] == kind


@given(units=st.integers(1, 10**14), late=st.booleans(), duplicate=st.booleans(), extra=st.integers(0, 10**6))
def test_a_settlement(units: int, *, late: bool, duplicate: bool, extra: int) -> None:
    payment = opened(units, state=PaymentState.EXPIRED if late else PaymentState.PENDING)
    change = payments.settle(payment, units + extra, AT, identity("EVT"), is_duplicate=duplicate)
    document = check(event_of(change))
    assert document["amount"] == Decimal(units).scaleb(-2) == Decimal(document["amountExact"])
    assert set(document["exceptions"]) == {
        name for name, holds in {"LATE": late, "DUPLICATE": duplicate, "OVERPAID": extra > 0}.items() if holds
    }


def test_the_first_fields_keep_their_names_and_types() -> None:
    document = check(event_of(payments.settle(opened(), 10_000, AT, identity("EVT"), is_duplicate=False)))
    promised = ["paymentId", "orderId", "userId", "amount", "method", "settledAt", "requestId"]
    assert list(document)[:7] == promised
    assert SCHEMAS["payment.settled"]["required"][:7] == promised
    assert document["settledAt"] == "2025-10-01T08:27:00.000Z"


@pytest.mark.parametrize(
    "change",
    [
        payments.fail(opened(), "ACQ.TRADE_CLOSED", AT, identity("EVT")),
        payments.expire(opened(), AT, identity("EVT")),
        payments.cancel(opened(), AT, identity("EVT")),
    ],
    ids=["failed", "expired", "cancelled"],
)
def test_a_failure_names_its_reason(change: payments.Change) -> None:
    assert check(event_of(change))["reason"] == change.after.failure_reason


@given(units=st.integers(1, 10_000), outside=st.booleans())
def test_a_refund(units: int, *, outside: bool) -> None:
    origin = OUTSIDE if outside else OURS
    payment = settled(refund_reserved=0 if outside else units)
    before = None if outside else refund_of(payment, units, RefundState.PENDING)
    after = refund_of(payment, units, RefundState.SUCCEEDED, origin)
    document = check(event_of(payments.refund_moved(payment, before, after, AT, identity("EVT"))))
    assert Decimal(document["refundAmountExact"]) == Decimal(units).scaleb(-2)
    assert document["state"] == ("REFUNDED" if units == 10_000 else "PARTIALLY_REFUNDED")


def test_a_refund_that_failed() -> None:
    payment = settled(refund_reserved=60)
    before = refund_of(payment, 60, RefundState.PENDING)
    after = before.to(RefundState.FAILED, AT, "ACQ.SELLER_BALANCE_NOT_ENOUGH")
    document = check(event_of(payments.refund_moved(payment, before, after, AT, identity("EVT"))))
    assert document["reason"] == "ACQ.SELLER_BALANCE_NOT_ENOUGH"
    assert document["state"] == "SETTLED"


def test_a_refund_that_came_back() -> None:
    payment = settled(refunded=60, state=PaymentState.PARTIALLY_REFUNDED)
    done = refund_of(payment, 60, RefundState.SUCCEEDED)
    after = done.to(RefundState.REVERSED, AT, "account closed")
    document = check(event_of(payments.refund_moved(payment, done, after, AT, identity("EVT"))))
    assert (document["reason"], document["state"]) == ("account closed", "SETTLED")
    assert document["amountRefundedExact"] == "0.00"


@pytest.mark.parametrize(
    ("was", "is_now", "kind", "state"),
    [
        (0, 40, EventKind.REVERSED, "REVERSED"),
        (40, 100, EventKind.REVERSED, "REVERSED"),
        (100, 40, EventKind.REINSTATED, "REVERSED"),
        (40, 0, EventKind.REINSTATED, "SETTLED"),
    ],
)
def test_money_that_was_withdrawn_and_came_back(was: int, is_now: int, kind: EventKind, state: str) -> None:
    before = replace(settled(), withdrawn=was, state=PaymentState.REVERSED if was else PaymentState.SETTLED)
    event = event_of(payments.withdraw(before, is_now, AT, identity("EVT")))
    document = check(event)
    assert (event.kind, document["state"]) == (kind, state)
    assert Decimal(document["amountWithdrawnExact"]) == Decimal(is_now).scaleb(-2)


def test_a_part_that_came() -> None:
    change = payments.receive(opened(), 4_000, 0, AT, identity("EVT"), "part received")
    assert change is not None
    document = check(event_of(change))
    assert (document["amountReceivedExact"], document["state"]) == ("40.00", "CONFIRMING")
    assert payments.receive(change.after, 4_000, 0, AT, identity("EVT"), "part received") is None


def test_money_that_came_over_a_network() -> None:
    """Every event of what came and went names the network and the transactions."""
    due = Money(100 * 10**6, Asset("USDT", 6, "tron"))
    payment, tx_ids = opened(price=due, due=due, method="USDT_TRC20"), ["ab" * 32]
    part = payments.receive(payment, 1, 0, AT, identity("EVT"), "transferred", tx_ids)
    assert part is not None
    done = payments.settle(payment, due.units, AT, identity("EVT"), is_duplicate=False, tx_ids=tx_ids)
    gone = payments.withdraw(done.after, due.units, AT, identity("EVT"))
    back = payments.withdraw(gone.after, 0, AT, identity("EVT"), tx_ids)
    told = [check(event_of(change)) for change in (part, done, gone, back)]
    assert [document["network"] for document in told] == ["tron"] * 4
    assert [document["txIds"] for document in told] == [tx_ids, tx_ids, [], tx_ids]


def test_a_price_in_other_money_than_what_is_due() -> None:
    rates = (Rate("coinbase", Decimal("7.12"), AT), Rate("coingecko", Decimal("7.14"), AT - timedelta(seconds=9)))
    quote = Quote("USDT", "CNY", Decimal("7.13"), rates, AT)
    asset = Asset("USDT", 6, "tron")
    paid = opened(due=quote.convert(Money(10_000, CURRENCIES["CNY"]), asset), quote=quote)
    for change in (
        payments.settle(paid, paid.due.units, AT, identity("EVT"), is_duplicate=False),
        payments.expire(paid, AT, identity("EVT")),
    ):
        document = check(event_of(change))
        assert document["due"] == {"amount": "14.030000", "asset": "USDT", "network": "tron"}
        assert document["quote"] == quote.fields()
        assert (document["amount"], document["currency"]) == (100, "CNY")
