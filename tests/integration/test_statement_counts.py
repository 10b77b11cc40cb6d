"""What a request costs PostgreSQL, counted on the wire."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from paygate import bootstrap
from paygate.domain.money import Asset, Money
from paygate.ports import Claim
from paygate.services.commands import CreatePayment
from tests.support.wire_counter import WireCounter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App


@pytest.fixture
def counter(stack: Stack) -> Iterator[WireCounter]:
    parts = urlsplit(stack.env["DATABASE_URL"])
    with WireCounter(parts.hostname or "", parts.port or 0) as counting:
        yield counting


@pytest.fixture
def counted(app: App, counter: WireCounter) -> Iterator[App]:
    parts = urlsplit(app.settings.database_url)
    through = parts._replace(netloc=parts.netloc.rsplit(":", 1)[0] + f":{counter.port}")
    built = bootstrap.build(replace(app.settings, database_url=through.geturl()))
    yield built
    built.database.close()


def new(channel: str) -> tuple[CreatePayment, Claim]:
    command = CreatePayment(
        order_id=uuid.uuid4().hex,
        user_id=1,
        price=Money(10_000, Asset("CNY", 2)),
        method="ALIPAY",
        channel=channel,
        description=None,
        return_url=None,
        expires_in_seconds=900,
        metadata={},
        request_id=str(uuid.uuid4()),
    )
    return command, Claim(uuid.uuid4().hex, bytes(32))


@pytest.mark.parametrize(("channel", "transactions", "work"), [("WEB", 1, 1), ("QR", 2, 4)])
def test_create_takes_two_transactions_and_four_statements_at_most(
    counted: App, counter: WireCounter, channel: str, transactions: int, work: int
) -> None:
    answered = counted.payments.create_payment(*new(channel))
    assert answered.answer.status == 201
    assert (counter.transactions, len(counter.work)) == (transactions, work), counter.work


def test_status_batch_and_orders_take_one_statement_each(counted: App, counter: WireCounter) -> None:
    command, claim = new("WEB")
    counted.payments.create_payment(command, claim)
    found = counted.payments.get_order_payments(command.order_id, 10, None)
    payment_id = found.documents[0].split('"')[3]
    for read in (
        lambda: counted.payments.get_payment_status(payment_id),
        lambda: counted.payments.batch_get_payment_status([payment_id] * 3),
        lambda: counted.payments.get_order_payments(command.order_id, 10, None),
    ):
        counter.statements.clear()
        read()
        assert (counter.transactions, len(counter.work)) == (1, 1)


def test_every_statement_runs_inside_a_transaction(counted: App, counter: WireCounter) -> None:
    counted.payments.create_payment(*new("QR"))
    counted.resolve(1)
    for statements in counter.connections:
        is_open = False
        for text in statements:
            if text == "BEGIN":
                assert not is_open
                is_open = True
            elif text in ("COMMIT", "ROLLBACK"):
                is_open = False
            else:
                assert is_open, text
