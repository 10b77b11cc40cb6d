"""P3, E2: every server may be killed or hang under load; afterwards nothing is lost, doubled or stuck."""

from __future__ import annotations

import gc
import logging
from typing import TYPE_CHECKING

import pytest

from tests.support.storm import storm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    # kafka-python leaves sockets that failed to connect to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ENOUGH_ORDERS = 60
MINUTE = 60


@pytest.fixture(autouse=True)
def quiet_consumer(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.CRITICAL, logger="kafka")  # kept records keep its dead sockets
    yield
    gc.collect()


def test_p3_every_server_is_killed_or_hangs_for_seconds(tmp_path: Path) -> None:
    """The gateway first: the leases of what it was doing run out while the others die."""
    with storm(tmp_path, rate=10) as under:
        stack = under.stack
        under.well_again()
        under.kill(stack.gateway, 0.3)
        under.well_again()
        under.kill(stack.postgres, 1)
        under.well_again()
        under.kill(stack.scheduler, 0.5)
        under.kill_functions()
        under.well_again()
        under.kill(stack.redis, 1)
        under.kill(stack.sandbox, 1)
        under.well_again()
        under.kill_broker(2)
        under.hang(stack.redis, 1)
        under.hang(stack.postgres, 1.5)
        under.well_again()
        under.calm(40)
        assert len(under.load.orders) >= ENOUGH_ORDERS
        under.check()


@pytest.mark.soak
@pytest.mark.timeout(2 * 60 * MINUTE)
@pytest.mark.parametrize("rounds", [2])
def test_p3_every_server_is_away_for_minutes(tmp_path: Path, rounds: int) -> None:
    with storm(tmp_path, rate=4) as under:
        stack = under.stack
        for _ in range(rounds):
            for server in (stack.gateway, stack.postgres, stack.scheduler, stack.redis, stack.sandbox):
                under.kill(server, 2 * MINUTE)
                under.kill_functions()
                under.well_again(100)
            under.kill_broker(2 * MINUTE)
            for server in (stack.redis, stack.postgres, stack.kafka):
                under.hang(server, MINUTE / 2)
                under.well_again(100)
        under.calm(5 * MINUTE)
        under.check()


@pytest.mark.soak
@pytest.mark.timeout(30 * MINUTE)
def test_e2_kafka_is_down_for_ten_minutes_under_load(tmp_path: Path) -> None:
    with storm(tmp_path, rate=8) as under:
        under.well_again()
        under.kill_broker(10 * MINUTE)
        assert under.load.failures == []
        under.well_again()
        under.calm(5 * MINUTE)
        under.check()
