from collections.abc import Iterator

import pytest

from tests.contract.chains.abilities import Can
from tests.contract.chains.drivers import OPENERS, Driver
from tests.contract.chains.evm_driver import EvmDriver, bsc, ethereum


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that needs an ability is not made for a chain that does not have it."""
    if "driver" in metafunc.fixturenames:
        needed: set[Can] = {each for mark in metafunc.definition.iter_markers("needs") for each in mark.args}
        able = [name for name, (_, can) in OPENERS.items() if needed <= can]
        metafunc.parametrize("driver", able, indirect=True, scope="session")


@pytest.fixture(scope="session")
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """One node for all tests: each pays addresses of its own, in blocks that it remembers the first of."""
    opener, _ = OPENERS[request.param]
    with opener(request, tmp_path_factory.mktemp(request.param)) as opened:
        yield opened


@pytest.fixture(scope="module")
def ether(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmDriver]:
    """An Ethereum node with a module's tests alone on it."""
    with ethereum(request, tmp_path_factory.mktemp("ethereum")) as opened:
        yield opened


@pytest.fixture(scope="module", params=[ethereum, bsc])
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmDriver]:
    with request.param(request, tmp_path_factory.mktemp("node")) as opened:
        yield opened
