"""What PostgreSQL says of a row that it refuses holds the row: none of it is for a log."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.shop import new_order
from tests.support.spy import logs, planted
from tests.support.statements import Entry, camt053

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from tests.support.books import Books
    from tests.support.shop import Shop


@contextmanager
def refusing(books: Books, table: str, check: str) -> Iterator[None]:
    """PostgreSQL refuses such rows of the table, as a fault of ours would have it."""
    books.run(f"ALTER TABLE {table} ADD CONSTRAINT refused_by_a_test CHECK ({check}) NOT VALID")
    try:
        yield
    finally:
        books.run(f"ALTER TABLE {table} DROP CONSTRAINT refused_by_a_test")


def test_a_payment_that_cannot_be_stored_is_not_quoted(stack: Stack, shop: Shop, books: Books) -> None:
    order, openid = new_order(), planted("openid")
    with refusing(books, "payments", f"order_id <> '{order}'"):
        response = shop.create(orderId=order, metadata={"openid": openid}, description=planted("description"))
    assert response.status_code == 500
    log = logs(stack)
    assert "refused_by_a_test" in log, "the log says what refused it"
    assert openid not in log
    assert "planted-description" not in log
    assert openid not in response.text


def test_a_transfer_that_cannot_be_stored_is_not_quoted(stack: Stack, shop: Shop, books: Books) -> None:
    payer = planted("payer")
    body = camt053(stack.env["BANK_EUR_IBAN"], [Entry("12345.67", planted("text"), payer=payer)])
    with refusing(books, "transfers", "units <> 1234567"):
        response = shop.call("POST", "/bank-statements", data=body, headers={"Content-Type": "application/xml"})
    assert response.status_code == 500
    log = logs(stack)
    assert payer not in log
    assert "planted-text" not in log
