from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.contract.sandbox_client import Inbox, Merchant, Sandbox, inbox


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.kill()


@pytest.fixture(scope="session")
def merchant(sandbox: Sandbox) -> Merchant:
    return Merchant(sandbox.settings(), sandbox.url)


@pytest.fixture
def shop() -> Iterator[Inbox]:
    """The merchant's notify_url."""
    with inbox() as opened:
        yield opened


@pytest.fixture
def number() -> str:
    return uuid4().hex[:28]
