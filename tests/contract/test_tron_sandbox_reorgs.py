"""The simulated TRON chain turns, and survives its node's death."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.tron_wallet import fresh, info
from tests.support.tron import Process, Tron


def test_other_blocks_take_the_place_of_the_last(tron: Tron) -> None:
    ahead = tron.chain["head"]["timestamp"] + 60_000
    base, *old = tron.mine(4, timestamp=ahead)  # ahead of the clock, so that other blocks have the same times
    tron.reorg(3)
    new = [tron.ask("wallet/getblockbynum", num=each["number"]) for each in old]
    assert new[0]["block_header"]["raw_data"]["parentHash"] == base["id"]
    assert tron.head == old[-1]["number"] + 1
    for before, after in zip(old, new, strict=True):
        assert before["id"] != after["blockID"]
        assert tron.ask("wallet/getblockbyid", value=before["id"]) == {}


def test_transactions_come_again_in_another_block(tron: Tron) -> None:
    receiver = fresh()
    tx_id = tron.pay(receiver, "3", mine=1)
    number = info(tron, tx_id)["blockNumber"]
    before = tron.ask("wallet/getblockbynum", num=number)
    tron.mine(2)
    tron.reorg(3, transactions="again")
    after = tron.ask("wallet/getblockbynum", num=number)
    assert before["blockID"] != after["blockID"]
    assert before["transactions"] == after["transactions"]
    assert info(tron, tx_id)["blockNumber"] == number
    assert tron.account(receiver)["usdt"] == "3000000"


def test_transactions_wait_again(tron: Tron) -> None:
    receiver = fresh()
    tx_id = tron.pay(receiver, "3", mine=1)
    number = info(tron, tx_id)["blockNumber"]
    assert tron.reorg(1, transactions="pending")["pending"] == [tx_id]
    assert info(tron, tx_id) == {}
    assert tron.account(receiver)["usdt"] == "0"
    tron.mine()
    assert info(tron, tx_id)["blockNumber"] == number + 2
    assert tron.account(receiver)["usdt"] == "3000000"


def test_transactions_drop_out_and_their_money_is_back(tron: Tron) -> None:
    payer = tron.chain["payer"]
    before = tron.account(payer)
    receiver = fresh()
    tx_id = tron.pay(receiver, "3", mine=1)
    tron.pay_many((receiver, "1"), (fresh(), "1"), mine=1)
    tron.reorg(2, transactions="drop", blocks=5)
    assert info(tron, tx_id) == {}
    assert tron.ask("wallet/gettransactionbyid", value=tx_id) == {}
    assert tron.account(payer) == before
    assert tron.account(receiver)["usdt"] == "0"


def test_what_is_final_stays_unless_it_is_forced(tron: Tron) -> None:
    tron.mine(30)
    refused = tron.session.post(f"{tron.url}/_sandbox/reorg", json={"depth": 19}, timeout=10)
    assert refused.status_code == 400
    solid = tron.chain["solid"]
    tron.reorg(18)
    assert tron.ask("wallet/getblockbyid", value=solid["id"])["blockID"] == solid["id"]
    tron.reorg(25, force=True)
    assert tron.ask("wallet/getblockbyid", value=solid["id"]) == {}


def test_what_waits_can_be_lost(tron: Tron) -> None:
    tx_id = tron.pay(fresh(), "1")
    tron.forget(tx_id)
    assert tron.ask("wallet/gettransactionbyid", value=tx_id) == {}
    assert tron.ask("wallet/gettransactioninfobyblocknum", num=tron.mine()[0]["number"]) == []


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    running = Process(tmp_path)
    yield running
    running.kill()


def test_a_killed_node_comes_back_with_its_chain(process: Process) -> None:
    tron = Tron(process.url)
    tron.clock(auto=False)
    receiver = fresh()
    done = tron.pay(receiver, "1", mine=1)
    waiting = tron.pay(receiver, "2")
    chain = tron.chain
    process.kill()
    process.start()
    tron = Tron(process.url)
    assert tron.chain == chain
    assert info(tron, done)["blockNumber"] == chain["head"]["number"]
    tron.mine()
    assert info(tron, waiting)["blockNumber"] == chain["head"]["number"] + 1
    assert tron.account(receiver)["usdt"] == "3000000"
