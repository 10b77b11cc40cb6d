"""What the simulated node can do wrong, and what it keeps when it is killed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from infra.sandbox.bitcoin import app, faucet
from infra.sandbox.bitcoin.callers import OwnCaller
from infra.sandbox.bitcoin.client import RpcRefused
from infra.sandbox.bitcoin.node import Node
from infra.sandbox.bitcoin.rpc.server import Api
from infra.sandbox.ledger import Ledger
from tests.support import bitcoin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.bitcoin import Bitcoin


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bitcoin]:
    with bitcoin.opened("sandbox", tmp_path_factory.mktemp("bitcoin")) as up:
        yield up


@pytest.fixture(autouse=True)
def _no_fault_is_left(node: Bitcoin) -> Iterator[None]:
    yield
    requests.delete(f"{node.env['BITCOIN_RPC_URL']}/_sandbox/faults", timeout=10)


def control(node: Bitcoin, path: str, **asked: Any) -> Any:
    answer = requests.post(f"{node.env['BITCOIN_RPC_URL']}/_sandbox/{path}", json=asked, timeout=30)
    assert answer.ok, answer.text
    return answer.json()


def test_a_lagging_node_knows_an_older_head(node: Bitcoin) -> None:
    height, tip = node.rpc("getblockcount"), node.rpc("getbestblockhash")
    control(node, "faults", kind="lag", blocks=2, count=4)
    assert node.rpc("getblockcount") == height - 2
    assert node.rpc("getbestblockhash") != tip
    assert node.rpc("getblockchaininfo")["blocks"] == height - 2
    with pytest.raises(RpcRefused, match="out of range"):
        node.rpc("getblockhash", height)
    assert node.rpc("getblockcount") == height


def test_a_lying_node_has_not_the_blocks_that_it_tells_of(node: Bitcoin) -> None:
    height = node.rpc("getblockcount")
    control(node, "faults", kind="lying_head", ahead=7, count=3)
    assert node.rpc("getblockcount") == height + 7
    info = node.rpc("getblockchaininfo")
    assert (info["blocks"], info["headers"]) == (height + 7, height + 7)
    with pytest.raises(RpcRefused, match="out of range"):
        node.rpc("getblockhash", height + 7)
    with pytest.raises(RpcRefused, match="not found"):
        node.rpc("getblock", info["bestblockhash"])


def test_a_node_of_another_chain_says_so(node: Bitcoin) -> None:
    control(node, "faults", kind="wrong_chain", count=2)
    assert node.rpc("getblockchaininfo")["chain"] == "main"
    assert node.rpc("getblockhash", 0).startswith("000000000019d668")
    assert node.rpc("getblockchaininfo")["chain"] == "regtest"


@pytest.mark.parametrize("verbosity", [0, 2])
def test_a_tampered_block_is_not_the_one_that_was_asked_for(node: Bitcoin, verbosity: int) -> None:
    hashed = node.rpc("getbestblockhash")
    honest = node.rpc("getblock", hashed, verbosity)
    control(node, "faults", kind="tampered", method="getblock")
    told = node.rpc("getblock", hashed, verbosity)
    assert told != honest
    assert node.rpc("getblock", hashed, verbosity) == honest


@pytest.mark.parametrize(("kind", "status"), [("unauthorized", 401), ("too_many", 429), ("http_error", 502)])
def test_http_refusals_are_none_of_the_nodes_words(node: Bitcoin, kind: str, status: int) -> None:
    control(node, "faults", kind=kind, method="getblockcount")
    auth = (node.env["BITCOIN_RPC_USER"], node.env["BITCOIN_RPC_PASSWORD"])
    asked = {"jsonrpc": "2.0", "id": 1, "method": "getblockcount"}
    answer = requests.post(node.env["BITCOIN_RPC_URL"], json=asked, auth=auth, timeout=10)
    assert answer.status_code == status


def test_errors_come_as_asked_for_in_a_batch_as_well(node: Bitcoin) -> None:
    control(node, "faults", kind="warming_up")
    with pytest.raises(RpcRefused, match=r"\(-28\)"):
        node.rpc("getblockcount")
    control(node, "faults", kind="rpc_error", code=-5, message="Block not found", method="getblock")
    auth = (node.env["BITCOIN_RPC_USER"], node.env["BITCOIN_RPC_PASSWORD"])
    batch = [{"jsonrpc": "2.0", "id": n, "method": m} for n, m in enumerate(("getblockcount", "getblock"))]
    answer = requests.post(node.env["BITCOIN_RPC_URL"], json=batch, auth=auth, timeout=10)
    assert (answer.status_code, [each["error"]["code"] for each in answer.json()]) == (200, [-5, -5])


def test_garbage_and_silence(node: Bitcoin) -> None:
    control(node, "faults", kind="garbage", method="getblockcount")
    with pytest.raises(ValueError, match=r"utf-8|Unterminated|Invalid"):
        node.rpc("getblockcount")
    control(node, "faults", kind="drop", method="getblockcount")
    with pytest.raises(requests.ConnectionError):
        node.rpc("getblockcount")


def test_calls_are_listed(node: Bitcoin) -> None:
    node.rpc("getblockhash", 42)
    url = f"{node.env['BITCOIN_RPC_URL']}/_sandbox/calls"
    listed = requests.get(url, params={"method": "getblockhash", "of": "42"}, timeout=10).json()
    assert listed["count"] == 1
    assert listed["calls"][0]["outcome"] == "HTTP 200"


def test_a_fault_that_is_none_is_refused(node: Bitcoin) -> None:
    answer = requests.post(f"{node.env['BITCOIN_RPC_URL']}/_sandbox/faults", json={"kind": "sulk"}, timeout=10)
    assert answer.status_code == 400


def test_a_killed_node_has_lost_nothing(node: Bitcoin) -> None:
    address = node.new_address()
    mined = node.pay(address, 70_000)
    node.mine(3)
    node.reorg(2)
    child = node.pay(address, 80_000)
    known = {name: node.rpc(name) for name in ("getbestblockhash", "getrawmempool", "getchaintips")}
    entry = node.rpc("getmempoolentry", child)
    node.server.kill()
    node.server.start()
    assert {name: node.rpc(name) for name in known} == known
    assert node.rpc("getmempoolentry", child) == entry
    assert node.rpc("getrawtransaction", mined, 2)["confirmations"] > 1
    node.bump(child)
    assert node.new_address() != address
    node.mine()
    assert node.waiting() == []


def test_an_invalid_branch_comes_back_when_it_is_reconsidered(node: Bitcoin) -> None:
    paid = node.pay(node.new_address(), 90_000)
    lost = node.mine(2)
    node.reorg(2)
    assert paid in node.waiting()
    node.rpc("invalidateblock", node.rpc("getblockhash", node.rpc("getblockcount") - 2))
    node.rpc("reconsiderblock", lost[0])
    assert node.rpc("getbestblockhash") == lost[1]
    assert node.waiting() == []
    assert node.rpc("getrawtransaction", paid, 2)["confirmations"] == 2


def test_a_node_that_was_off_for_days_is_up_to_date_after_its_start(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "chain.sqlite3", app.SCHEMA)
    node = OwnCaller(Api(Node(ledger)))
    node.call("setmocktime", int(time.time()) - 3 * 24 * 3600)
    faucet.fill(node)
    height = node.call("getblockcount")
    again = OwnCaller(Api(Node(ledger)))
    assert again.call("getblockchaininfo")["initialblockdownload"] is True
    faucet.fill(again)
    info = again.call("getblockchaininfo")
    assert (info["initialblockdownload"], info["blocks"]) == (False, height + 1)
