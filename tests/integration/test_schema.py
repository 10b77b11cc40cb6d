"""What the database itself refuses, whatever the code above it believes. All as the application's own role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pg8000.native
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from tests.support.alipay import Alipay
    from tests.support.shop import Shop

FORBIDDEN, UNIQUE, CHECK, FOREIGN_KEY, NOT_NULL = "42501", "23505", "23514", "23503", "23502"


@pytest.fixture(scope="module")
def settled(shop: Shop, alipay: Alipay) -> dict[str, Any]:
    """A settled payment with a refund of 30.00, all of it written by the application."""
    payment = shop.created()
    alipay.pay(payment)
    shop.await_state(payment["paymentId"], "SETTLED")
    assert shop.refund(payment["paymentId"], amount="30.00").status_code == 201
    return payment


@pytest.fixture(scope="module")
def pending(shop: Shop) -> dict[str, Any]:
    return shop.created()


@pytest.fixture
def session(stack: Stack) -> Iterator[pg8000.native.Connection]:
    """An open transaction of the application's role; nothing of it stays."""
    parts = urlsplit(stack.postgres.url())
    connection = pg8000.native.Connection(
        parts.username or "",
        password=unquote(parts.password or ""),
        host=parts.hostname,
        port=parts.port,
        database=parts.path.lstrip("/"),
    )
    connection.run("BEGIN")
    try:
        yield connection
    finally:
        connection.run("ROLLBACK")
        connection.close()


def refused(session: pg8000.native.Connection, statement: str, payment: dict[str, Any]) -> tuple[str, str]:
    """The SQLSTATE and the constraint with which PostgreSQL refuses the statement."""
    named = {"id": payment["paymentId"], "order_id": payment["orderId"]}
    with pytest.raises(pg8000.native.DatabaseError) as failure:
        session.run(statement, **{name: value for name, value in named.items() if f":{name}" in statement})
    facts = failure.value.args[0]
    return facts["C"], facts.get("n", "")


APPEND_ONLY = [
    "UPDATE timeline SET reason = 'rewritten'",
    "DELETE FROM timeline",
    "UPDATE callback_inbox SET body = ''",
    "DELETE FROM callback_inbox",
    "UPDATE callback_outcomes SET outcome = ''",
    "DELETE FROM callback_outcomes",
    "UPDATE order_settlements SET payment_id = 'another'",
    "DELETE FROM order_settlements",
    "UPDATE outbox SET payload = '{}'",
    "DELETE FROM payments",
    "DELETE FROM attempts",
    "DELETE FROM refunds",
    "DELETE FROM operator_cases",
    "DELETE FROM api_keys",
    "TRUNCATE outbox",
    "INSERT INTO payment_transitions VALUES ('REFUNDED', 'CREATED')",
    "UPDATE payment_states SET state = 'ANY'",
    "DROP TABLE timeline",
    "ALTER TABLE payments DISABLE TRIGGER ALL",
    "CREATE TABLE public.mine (id int)",
]


@pytest.mark.parametrize("statement", APPEND_ONLY)
def test_the_application_may_not(
    session: pg8000.native.Connection, settled: dict[str, Any], statement: str
) -> None:
    assert refused(session, statement, settled)[0] == FORBIDDEN


MOVES = [("SETTLED", "PENDING"), ("REFUNDED", "CREATED"), ("PENDING", "CREATED"), ("EXPIRED", "PENDING"),
         ("FAILED", "CANCELLED"), ("CREATED", "REFUNDED"), ("PENDING", "PAID")]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), MOVES)
def test_a_move_that_the_table_does_not_have(
    session: pg8000.native.Connection, pending: dict[str, Any], before: str, after: str
) -> None:
    statement = f"INSERT INTO timeline VALUES (:id, 99, '{before}', '{after}', 'forced', now())"
    assert refused(session, statement, pending)[0] == FOREIGN_KEY


def test_the_same_insert_of_a_legal_move_is_taken(
    session: pg8000.native.Connection, pending: dict[str, Any]
) -> None:
    session.run(
        "INSERT INTO timeline VALUES (:id, 99, 'PENDING', 'EXPIRED', 'forced', now())", id=pending["paymentId"]
    )
    assert session.row_count == 1


PAYMENTS = {
    "due = 0": CHECK,
    "price = -1": CHECK,
    "received = -1": CHECK,
    "pending = -1": CHECK,
    "refunded = -1": CHECK,
    "refund_reserved = -1": CHECK,
    "refunded_outside = -1": CHECK,
    "refunded = received + 1": CHECK,
    "refund_reserved = received - refunded + 1": CHECK,
    "received = 0": CHECK,
    "settled_at = NULL": CHECK,
    "failure_reason = 'though it is settled'": CHECK,
    "state = 'FAILED', settled_at = NULL": CHECK,
    "sequence = 0, state = 'EXPIRED', failure_reason = 'EXPIRED'": CHECK,
    "sequence = -1": CHECK,
    "version = 0": CHECK,
    "exceptions = '{LUCKY}'": CHECK,
    "expires_at = created_at": CHECK,
    "decimals = 37": CHECK,
    "state = 'PAID'": CHECK,
    "state = NULL": NOT_NULL,
    "id = 'PAY_short'": CHECK,
}


@pytest.mark.parametrize(("change", "code"), PAYMENTS.items())
def test_a_payment_that_cannot_be(
    session: pg8000.native.Connection, settled: dict[str, Any], change: str, code: str
) -> None:
    assert refused(session, f"UPDATE payments SET {change} WHERE id = :id", settled)[0] == code


def test_the_last_of_the_money_may_be_reserved(session: pg8000.native.Connection, settled: dict[str, Any]) -> None:
    session.run(
        "UPDATE payments SET refund_reserved = received - refunded WHERE id = :id AND received - refunded = 7000",
        id=settled["paymentId"],
    )
    assert session.row_count == 1


ATTEMPT = (
    "INSERT INTO attempts (payment_id, number, rail, reference, status, rail_expires_at, created_at, rail_id)"
    " SELECT payment_id, {number}, rail, {reference}, '{status}', rail_expires_at, created_at, {rail_id}"
    " FROM attempts WHERE payment_id = :id"
)
ATTEMPTS = [
    pytest.param("2", "reference || 'X'", "STARTED", "NULL", "attempts_live", id="a second live one"),
    pytest.param("2", "reference", "DONE", "NULL", "attempts_rail_reference_key", id="the same reference"),
    pytest.param("1", "reference || 'X'", "DONE", "NULL", "attempts_pkey", id="the same number"),
    pytest.param("0", "reference || 'X'", "DONE", "NULL", "attempts_number_check", id="no number"),
    pytest.param("2", "reference || 'X'", "HOPEFUL", "NULL", "attempts_status_check", id="no status"),
]


@pytest.mark.parametrize(("number", "reference", "status", "rail_id", "constraint"), ATTEMPTS)
def test_an_attempt_that_cannot_be(
    session: pg8000.native.Connection,
    pending: dict[str, Any],
    number: str,
    reference: str,
    status: str,
    rail_id: str,
    constraint: str,
) -> None:
    statement = ATTEMPT.format(number=number, reference=reference, status=status, rail_id=rail_id)
    assert refused(session, statement, pending)[1] == constraint


def test_one_order_at_the_rail_pays_one_payment(session: pg8000.native.Connection, settled: dict[str, Any]) -> None:
    statement = ATTEMPT.format(number=2, reference="reference || 'X'", status="DONE", rail_id="rail_id")
    assert refused(session, statement, settled) == (UNIQUE, "attempts_by_rail_id")


def test_a_further_attempt_after_one_that_is_done(
    session: pg8000.native.Connection, settled: dict[str, Any]
) -> None:
    statement = ATTEMPT.format(number=2, reference="reference || 'X'", status="STARTED", rail_id="NULL")
    session.run(statement, id=settled["paymentId"])
    assert session.row_count == 1


OTHERS = {
    "UPDATE refunds SET amount = 0 WHERE payment_id = :id": CHECK,
    "UPDATE refunds SET state = 'FAILED' WHERE payment_id = :id": CHECK,
    "UPDATE refunds SET failure_reason = 'none' WHERE payment_id = :id": CHECK,
    "UPDATE refunds SET state = 'MAYBE' WHERE payment_id = :id": CHECK,
    "UPDATE refunds SET origin = 'NOWHERE' WHERE payment_id = :id": CHECK,
    "UPDATE refunds SET payment_id = 'PAY_none' WHERE payment_id = :id": FOREIGN_KEY,
    "INSERT INTO refunds SELECT 'REF_00000000000000000000000000', payment_id, amount, state, reference, origin,"
    " NULL, NULL, NULL, request_id, created_at, updated_at FROM refunds WHERE payment_id = :id": UNIQUE,
    "INSERT INTO order_settlements VALUES ('another order', :id)": UNIQUE,
    "INSERT INTO order_settlements VALUES (:order_id, :id)": UNIQUE,
    "INSERT INTO timeline SELECT * FROM timeline WHERE payment_id = :id": UNIQUE,
    "INSERT INTO outbox SELECT payment_id, sequence, 'EVT_other', kind, topics, payload, request_id FROM outbox"
    " WHERE payment_id = :id": UNIQUE,
    "INSERT INTO outbox SELECT payment_id, 9, event_id, kind, topics, payload, request_id FROM outbox"
    " WHERE payment_id = :id": UNIQUE,
    "INSERT INTO outbox VALUES (:id, 9, 'EVT_none', 'payment.settled', '{}', '{}', 'r')": CHECK,
    "INSERT INTO outbox_queue VALUES (:id, 99)": FOREIGN_KEY,
    "INSERT INTO callback_queue VALUES ('CBK_none', now())": FOREIGN_KEY,
    "INSERT INTO idempotency_keys VALUES ('', sha256(''), :id, 1, now())": CHECK,
    "INSERT INTO idempotency_keys VALUES (repeat('k', 256), sha256(''), :id, 1, now())": CHECK,
    "INSERT INTO idempotency_keys VALUES ('k', 'short', :id, 1, now())": CHECK,
    "INSERT INTO idempotency_keys VALUES ('k', sha256(''), :id, 1, now(), 201)": CHECK,
    "INSERT INTO callback_inbox SELECT 'CBK_other', rail, digest, body, headers, query FROM callback_inbox": UNIQUE,
    "INSERT INTO api_keys VALUES ('pk_x', 'x', 'BEARER', NULL, NULL, '{}')": CHECK,
    "INSERT INTO api_keys VALUES ('pk_x', 'x', 'SIGNING', 'hash', 'sealed', '{}')": CHECK,
    "INSERT INTO api_keys VALUES ('pk_x', 'x', 'BEARER', 'hash', NULL, '{root}')": CHECK,
}


@pytest.mark.parametrize(("statement", "code"), OTHERS.items())
def test_a_row_that_cannot_be(
    session: pg8000.native.Connection, settled: dict[str, Any], statement: str, code: str
) -> None:
    assert refused(session, statement, settled)[0] == code


def test_no_hand_moves_a_payment_or_a_refund_against_the_table(
    session: pg8000.native.Connection, settled: dict[str, Any]
) -> None:
    move = "UPDATE payments SET state = 'PENDING' WHERE id = :id"
    assert refused(session, move, settled)[0] == "23514"
    session.run("ROLLBACK")
    session.run("BEGIN")
    columns = "id, payment_id, amount, state, reference, origin, request_id, created_at, updated_at"
    values = "'REF_0000000000000000000000000A', :id, 1, 'SUCCEEDED', 'by hand', 'RAIL', 'r', now(), now()"
    session.run(f"INSERT INTO refunds ({columns}) VALUES ({values})", id=settled["paymentId"])
    back = "UPDATE refunds SET state = 'PENDING' WHERE payment_id = :id"
    assert refused(session, back, settled)[0] == "23514"
