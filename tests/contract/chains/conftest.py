from collections.abc import Iterator

import pytest

from tests.contract.chains.abilities import Can
from tests.contract.chains.drivers import OPENERS, Driver


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
