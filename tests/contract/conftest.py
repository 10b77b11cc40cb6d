from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.contract.bank_customer import BankCustomer, new_reference
from tests.contract.sandbox_client import Door, Inbox, Merchant, Sandbox, inbox
from tests.contract.unionpay_merchant import UnionPayMerchant
from tests.contract.wechat_pay_merchant import WechatPayMerchant
from tests.support.tron import Tron


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.kill()


@pytest.fixture(scope="session")
def merchant(sandbox: Sandbox) -> Merchant:
    return Merchant(sandbox.settings(), sandbox.url)


@pytest.fixture(scope="session")
def unionpay(sandbox: Sandbox) -> UnionPayMerchant:
    return UnionPayMerchant(sandbox.settings(), sandbox.url)


@pytest.fixture(scope="session")
def wechat_pay(sandbox: Sandbox) -> WechatPayMerchant:
    return WechatPayMerchant(sandbox.settings(), sandbox.url)


@pytest.fixture(scope="session")
def bank(sandbox: Sandbox) -> BankCustomer:
    return BankCustomer(sandbox, sandbox.settings())


@pytest.fixture
def reference() -> str:
    return new_reference()


@pytest.fixture(scope="session")
def wechat_pay_door(sandbox: Sandbox) -> Door:
    return sandbox.at("wechat_pay")


@pytest.fixture(scope="session")
def tron(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tron]:
    """A chain that grows only when a test says so."""
    with Tron.alone(tmp_path_factory.mktemp("tron")) as running:
        yield running


@pytest.fixture
def sandbox_of_one(tmp_path: Path) -> Iterator[Sandbox]:
    """A process of the test's own, to kill, with ten times longer to wait."""
    running = Sandbox(tmp_path, time_scale=0.005)
    yield running
    running.kill()


@pytest.fixture
def sandbox_in_a_hurry(tmp_path: Path) -> Iterator[Sandbox]:
    running = Sandbox(tmp_path, time_scale=0.00001)
    yield running
    running.kill()


@pytest.fixture
def shop() -> Iterator[Inbox]:
    """The merchant's notify_url."""
    with inbox() as opened:
        yield opened


@pytest.fixture
def number() -> str:
    return uuid4().hex[:28]
