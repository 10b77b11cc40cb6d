"""One stack a test process, on free ports and in a directory of its own; its schedules run when a test says so."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.alipay import Alipay
from tests.support.evm import EvmNode, running_node
from tests.support.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App


def pytest_configure() -> None:
    """eth_account, by which tests sign, loads py_ecc, which lets calls of the whole process go 100,000 deep: JSON
    that is nested too deep would then end a Python 3.11 instead of being refused. Loaded here, it changes nothing.
    """
    limit = sys.getrecursionlimit()
    import py_ecc  # noqa: F401

    sys.setrecursionlimit(limit)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Every server, the sandbox and the API. Tests that stop or kill a server bring it back."""
    from infra.local.stack import Stack

    settings = {"RATE_LIMIT_PER_MINUTE": "1000000"}
    with Stack(tmp_path_factory.mktemp("stack"), durable=False, settings=settings, sandbox_time_scale=0.001) as up:
        up.scheduler.stop()
        yield up


@pytest.fixture(scope="session")
def app(stack: Stack) -> Iterator[App]:
    """The application over the same servers, in this process: for sweeps (`app.resolve(5)`) and for looking."""
    import os

    from paygate import bootstrap
    from paygate.config import read_settings

    names = {name: os.environ.get(name) for name in stack.env}
    os.environ.update(stack.env)  # boto3 reads where AWS is from here
    built = bootstrap.build(read_settings(stack.env))
    yield built
    built.database.close()
    for name, value in names.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="session")
def shop(stack: Stack, app: App) -> Shop:
    from paygate.services.api_keys import BEARER, ApiKeys

    key = ApiKeys(app.keys, app.settings.api_key_pepper).issue("tests", BEARER, ["admin"])
    return Shop(stack.gateway.url, key.token)


@pytest.fixture(scope="session")
def alipay(stack: Stack) -> Alipay:
    return Alipay(stack.sandbox.url)


@pytest.fixture(scope="module")
def evm_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmNode]:
    """An Ethereum node of the module's own, which mines at once."""
    with running_node(tmp_path_factory.mktemp("ethereum")) as node:
        yield node


@pytest.fixture(scope="module")
def bsc_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmNode]:
    from infra.local.servers.anvil import BSC

    with running_node(tmp_path_factory.mktemp("bsc"), network=BSC) as node:
        yield node
