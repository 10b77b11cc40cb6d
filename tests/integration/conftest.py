"""What the scenarios share beside the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.books import Books
from tests.support.notification import Notifications, notifications
from tests.support.passing import Passing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from tests.support.alipay import Alipay


@pytest.fixture(scope="session")
def books(stack: Stack) -> Books:
    return Books(stack.postgres)


@pytest.fixture(scope="session")
def passing(stack: Stack, books: Books) -> Passing:
    return Passing(books, stack.redis)


@pytest.fixture(scope="session")
def notified(stack: Stack) -> Notifications:
    return notifications(stack.gateway.url, stack.sandbox.state)


@pytest.fixture
def script(alipay: Alipay) -> Iterator[Alipay]:
    """The sandbox with a fault script that ends with the test."""
    yield alipay
    alipay.clear_faults()
