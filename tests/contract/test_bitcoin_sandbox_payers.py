"""What payers and miners may do to a payment, the same on a real node and in the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support import bitcoin
from tests.support.bitcoin import btc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.bitcoin import Bitcoin


@pytest.fixture(scope="module", params=bitcoin.KINDS)
def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bitcoin]:
    with bitcoin.opened(request.param, tmp_path_factory.mktemp("bitcoin")) as up:
        yield up


@pytest.fixture
def shop(node: Bitcoin) -> str:
    return node.new_address()


def received(node: Bitcoin, tx_id: str, address: str) -> list[int]:
    outputs = node.rpc("getrawtransaction", tx_id, 2)["vout"]
    return [int(out["value"] * 10**8) for out in outputs if out["scriptPubKey"].get("address") == address]


def confirmations(node: Bitcoin, tx_id: str) -> int:
    return int(node.rpc("getrawtransaction", tx_id, 2).get("confirmations", 0))


def test_a_payment_waits_and_is_mined(node: Bitcoin, shop: str) -> None:
    paid = node.pay(shop, 123_456)
    assert paid in node.waiting()
    assert received(node, paid, shop) == [123_456]
    mined = node.mine(2)
    assert confirmations(node, paid) == 2
    assert paid in node.rpc("getblock", mined[0])["tx"]


def test_one_transaction_pays_many_and_one_twice(node: Bitcoin, shop: str) -> None:
    other = node.new_address()
    paid = node.pay_many([(shop, 10_000), (other, 20_000), (shop, 30_000)])
    assert received(node, paid, shop) == [10_000, 30_000]
    assert received(node, paid, other) == [20_000]
    scripts = [out["scriptPubKey"]["address"] for out in node.rpc("getrawtransaction", paid, 2)["vout"]]
    assert scripts[:3] == [shop, other, shop]
    node.mine()


def test_a_bumped_payment_is_another_transaction(node: Bitcoin, shop: str) -> None:
    paid = node.pay(shop, 40_000)
    bumped = node.bump(paid)
    assert paid not in node.waiting()
    assert received(node, bumped, shop) == [40_000]
    node.mine()
    assert confirmations(node, bumped) == 1


@pytest.mark.parametrize("rbf", [True, False])
def test_a_double_spend_takes_a_waiting_payment_away(node: Bitcoin, shop: str, *, rbf: bool) -> None:
    paid = node.pay(shop, 50_000, rbf=rbf)
    sequences = {entry["sequence"] < 0xFFFFFFFE for entry in node.rpc("getrawtransaction", paid, 2)["vin"]}
    assert sequences == {rbf}
    instead = node.double_spend(paid)
    assert paid not in node.waiting()
    assert instead in node.waiting()
    assert received(node, instead, shop) == []
    node.mine()


def test_a_reorg_puts_payments_back_and_they_are_mined_again(node: Bitcoin, shop: str) -> None:
    paid = node.pay(shop, 60_000)
    mined = node.mine(3)
    height = node.rpc("getblockcount")
    node.reorg(3)
    assert node.rpc("getblockcount") == height + 1
    assert node.rpc("getblockheader", mined[0])["confirmations"] == -1
    assert paid in node.waiting()
    assert {tip["status"] for tip in node.rpc("getchaintips")} == {"active", "invalid"}
    again = node.mine()[0]
    assert node.rpc("getrawtransaction", paid, 2)["blockhash"] == again


def test_a_transaction_is_dropped(node: Bitcoin, shop: str) -> None:
    paid = node.pay(shop, 70_000)
    assert received(node, paid, shop) == [70_000]
    node.drop(paid)
    assert paid not in node.waiting()
    node.mine()


def test_blocks_take_their_time_from_the_clock(node: Bitcoin) -> None:
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    node.set_time(at)
    mined = node.mine()[0]
    assert node.rpc("getblockheader", mined)["time"] == at.timestamp()
    node.set_time(None)


def test_money_in_the_answers_is_exact(node: Bitcoin, shop: str) -> None:
    paid = node.pay(shop, 1_000_001)
    values = [out["value"] for out in node.rpc("getrawtransaction", paid, 2)["vout"]]
    assert btc(1_000_001) in values
    node.mine()
