"""What the simulated TRON node can be told to do wrong."""

import json
from collections.abc import Iterator
from itertools import pairwise

import pytest
import requests

from tests.contract.tron_wallet import fresh
from tests.support.tron import Tron


@pytest.fixture(autouse=True)
def _healed(tron: Tron) -> Iterator[None]:
    yield
    tron.heal()
    tron.require_key("")


def number(tron: Tron, method: str = "wallet/getnowblock") -> int:
    return int(tron.ask(method)["block_header"]["raw_data"]["number"])


def test_a_node_that_lags_serves_an_old_chain_whole(tron: Tron) -> None:
    tx_id = tron.pay(fresh(), "1", mine=1)
    tron.mine(4)
    head = tron.head
    tron.fault("lag", blocks=7, count=6)
    assert number(tron) == head - 7
    assert number(tron, "walletsolidity/getnowblock") == head - 26
    assert tron.ask("wallet/getblockbynum", num=head) == {}
    assert tron.ask("wallet/gettransactioninfobyid", value=tx_id) == {}
    assert tron.ask("wallet/gettransactioninfobyblocknum", num=head) == []
    assert tron.ask("wallet/getnodeinfo")["block"].startswith(f"Num:{head - 7},")
    assert number(tron) == head


def test_a_node_lies_about_its_head(tron: Tron) -> None:
    head = tron.head
    tron.fault("lying_head", method="wallet/getnowblock", ahead=50)
    block = tron.ask("wallet/getnowblock")
    assert block["block_header"]["raw_data"]["number"] == int(block["blockID"][:16], 16) == head + 50
    assert tron.ask("wallet/getblockbynum", num=head + 50) == {}
    assert number(tron) == head


def test_a_node_of_another_chain_has_other_blocks_from_the_first_on(tron: Tron) -> None:
    ours = [tron.ask("wallet/getblockbynum", num=each) for each in (0, 1, 2)]
    tron.fault("wrong_chain", count=4)
    theirs = [tron.ask("wallet/getblockbynum", num=each) for each in (0, 1, 2)]
    assert not {each["blockID"] for each in ours} & {each["blockID"] for each in theirs}
    for below, above in pairwise(theirs):
        assert above["block_header"]["raw_data"]["parentHash"] == below["blockID"]
    assert tron.ask("wallet/getblockbyid", value=ours[1]["blockID"]) == {}
    assert tron.ask("wallet/getblockbynum", num=0) == ours[0]


def test_results_of_a_block_are_missing_or_cut(tron: Tron) -> None:
    for _ in range(4):
        tron.pay(fresh(), "1")
    block = tron.mine()[0]["number"]
    method = "wallet/gettransactioninfobyblocknum"
    tron.fault("missing_infos", method=method, of=block)
    tron.fault("truncated_infos", method=method, of=block)
    tron.fault("truncated_infos", method=method, of=block, keep=1)
    assert tron.ask(method, num=block - 1) == []
    assert [len(tron.ask(method, num=block)) for _ in range(4)] == [0, 2, 1, 4]


def test_a_node_that_breaks_says_so_with_status_200(tron: Tron) -> None:
    tron.fault("error", method="wallet/getblockbynum")
    answer = tron.session.post(f"{tron.url}/wallet/getblockbynum", json={"num": 1}, timeout=10)
    assert answer.status_code == 200
    assert answer.json() == {"Error": "class java.lang.NullPointerException : null"}


@pytest.mark.parametrize(("kind", "status"), [("too_many", 429), ("http_error", 502)])
def test_a_gateway_turns_calls_away(tron: Tron, kind: str, status: int) -> None:
    tron.fault(kind)
    assert tron.session.post(f"{tron.url}/wallet/getnowblock", timeout=10).status_code == status
    assert tron.session.post(f"{tron.url}/wallet/getnowblock", timeout=10).status_code == 200


def test_answers_are_garbage_late_or_none_at_all(tron: Tron) -> None:
    for kind in ("garbage", "delay", "drop"):
        tron.fault(kind, seconds=0.05)
    with pytest.raises(json.JSONDecodeError):
        tron.ask("wallet/getnowblock")
    assert tron.session.post(f"{tron.url}/wallet/getnowblock", timeout=10).elapsed.total_seconds() >= 0.05
    with pytest.raises(requests.ConnectionError):
        tron.ask("wallet/getnowblock")


def test_a_key_is_asked_for(tron: Tron) -> None:
    tron.require_key("secret")
    statuses = [
        requests.post(f"{tron.url}/wallet/getnowblock", headers=headers, timeout=10).status_code
        for headers in ({}, {"TRON-PRO-API-KEY": "other"}, {"TRON-PRO-API-KEY": "secret"})
    ]
    assert statuses == [429, 401, 200]


def test_calls_are_counted(tron: Tron) -> None:
    tron.ask("wallet/getblockbynum", num=1)
    seen = tron.calls("wallet/getblockbynum")
    assert seen[-1]["of"] == "1"
    tron.ask("wallet/getblockbynum", num=2)
    assert len(tron.calls("wallet/getblockbynum")) == len(seen) + 1


def test_a_fault_that_is_none_is_refused(tron: Tron) -> None:
    answer = tron.session.post(f"{tron.url}/_sandbox/faults", json={"kind": "nonsense"}, timeout=10)
    assert answer.status_code == 400
