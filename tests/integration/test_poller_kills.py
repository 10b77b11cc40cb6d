"""Pollers that are killed at any moment while payers pay and the chain turns: no money is lost or doubled."""

from __future__ import annotations

import os
import secrets
import signal
import time
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

import pytest

from infra.local.servers.postgres import APP
from tests.support.at_once import at_once
from tests.support.chain_payers import Payers
from tests.support.chain_shop import ChainShop, chain_shop
from tests.support.evm import running_node
from tests.support.hd import chain_settings
from tests.support.poller_process import Passage, Pollers, pollers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.evm import EvmNode

KILLED = -signal.SIGKILL
PAYMENTS = 40


@pytest.fixture(scope="module")
def evm_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmNode]:
    """What is final lies 64 blocks back: the chain may turn without contradicting itself."""
    with running_node(tmp_path_factory.mktemp("ethereum"), slots_in_an_epoch=32) as node:
        yield node


@pytest.fixture
def settings(evm_node: EvmNode) -> dict[str, str]:
    """Addresses of the test's own: what the node has at them is its payments'."""
    return {
        **chain_settings(secrets.token_bytes(16)),
        **evm_node.server.env,
        "USDT_ERC20_CONFIRMATIONS": "2",
        "ETHEREUM_TRACES": "none",  # this node forgets the traces of blocks that are a hundred deep
    }


@pytest.fixture
def shop(stack: Stack, app: App, settings: Mapping[str, str]) -> Iterator[ChainShop]:
    with chain_shop(stack, "USDT_ERC20", settings) as found:
        yield found


@pytest.fixture
def passage(stack: Stack, shop: ChainShop) -> Iterator[Passage]:
    with Passage(stack.postgres.url(APP, shop.database)) as open_one:
        yield open_one


@pytest.fixture
def door(stack: Stack, settings: Mapping[str, str], passage: Passage) -> Iterator[Pollers]:
    with pollers({**stack.env, **settings, "DATABASE_URL": passage.url}, "ethereum") as opened:
        yield opened


def payers(shop: ChainShop, node: EvmNode, seed: int) -> Payers:
    """Their chain was read before."""
    found = Payers(shop, node, Random(seed))
    found.arrive(PAYMENTS)
    shop.follow()
    return found


def test_killed_at_every_message_to_postgresql(
    shop: ChainShop, evm_node: EvmNode, passage: Passage, door: Pollers
) -> None:
    """From the first to the last, COMMIT among them."""
    crowd, kills = payers(shop, evm_node, seed=7), 0
    for at in range(1, 300):
        for _ in range(2):
            crowd.act()
        shop.run("UPDATE chain_cursors SET watched_until = NULL")  # the dead one's lease
        passage.aim(at)
        [pid] = door.send(1, 0.1)
        passage.name(pid)
        if door.await_end()[pid] != KILLED:
            break  # no run has as many
        kills += 1
    assert kills > 20
    crowd.calm()
    assert (crowd.wrong(), crowd.left()) == ({}, {})


def test_killed_at_any_moment(shop: ChainShop, evm_node: EvmNode, passage: Passage, door: Pollers) -> None:
    crowd, kills = payers(shop, evm_node, seed=11), 0
    passage.aim(0)
    for _ in range(25):
        shop.run("UPDATE chain_cursors SET watched_until = NULL")
        [pid] = door.send(1, 30)
        crowd.act()
        time.sleep(crowd.random.uniform(0.05, 0.4))
        crowd.act()
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        kills += door.await_end()[pid] == KILLED
    assert kills > 20
    crowd.calm()
    assert (crowd.wrong(), crowd.left()) == ({}, {})


NOBODY_FOLLOWS = """
CREATE FUNCTION nobody_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.watched_until := NULL; RETURN NEW; END $$;
CREATE TRIGGER nobody_follows BEFORE UPDATE ON chain_cursors FOR EACH ROW EXECUTE FUNCTION nobody_follows();
"""
"""No lease lasts: all who come follow at once."""


@pytest.mark.parametrize("count", [2, 8])
def test_as_many_as_come_follow_at_once(
    shop: ChainShop, evm_node: EvmNode, passage: Passage, door: Pollers, count: int
) -> None:
    crowd = payers(shop, evm_node, seed=count)
    passage.aim(0)
    shop.run(NOBODY_FOLLOWS)
    for _ in range(4):
        door.send(count, 1)
        for _ in range(5):
            crowd.act()
        assert {polled.is_followed_by_another for polled in at_once(*[shop.follow] * count)} == {False}
        assert set(door.await_end().values()) == {0}
    crowd.calm()
    assert (crowd.wrong(), crowd.left()) == ({}, {})


def test_a_chain_that_somebody_follows_is_left_to_them_until_their_lease_ends(shop: ChainShop) -> None:
    shop.create("1")
    shop.follow()
    for until_then, is_left in (("+ interval '1 minute'", True), ("- interval '1 second'", False)):
        shop.run(f"UPDATE chain_cursors SET watcher = 'another', watched_until = now() {until_then}")
        assert shop.follow().is_followed_by_another is is_left
