"""The local stack's bitcoind: found or not, it starts rich, and keeps its chain whatever happens to it."""

import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from infra.local.server import StartFailed
from infra.local.servers import bitcoind
from infra.local.servers.bitcoind import Bitcoind
from infra.sandbox.bitcoin.client import NodeRpc
from tests.support import bitcoin
from tests.support.bitcoin import Bitcoin

ELSEWHERE = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"  # the program of BIP 173's examples, on regtest


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bitcoin]:
    with bitcoin.opened("bitcoind", tmp_path_factory.mktemp("bitcoin")) as up:
        yield up


def test_it_starts_with_many_coins_and_synchronized(node: Bitcoin) -> None:
    assert len(node.node.wallet("listunspent")) >= 60
    chain = node.rpc("getblockchaininfo")
    assert (chain["chain"], chain["initialblockdownload"]) == ("regtest", False)
    assert node.env["BITCOIN_NETWORK"] == "regtest"


def test_thirty_payments_wait_at_once(node: Bitcoin) -> None:
    paid = {node.pay(ELSEWHERE, 10_000 + number) for number in range(30)}
    assert paid <= set(node.waiting())
    node.mine()
    assert node.waiting() == []


def test_its_password_is_its_own_and_nobody_elses_to_read(node: Bitcoin) -> None:
    stranger = NodeRpc(node.env["BITCOIN_RPC_URL"], node.env["BITCOIN_RPC_USER"], "another")
    with closing(stranger), pytest.raises(requests.HTTPError) as refused:
        stranger.call("getblockcount")
    assert refused.value.response.status_code == 401
    for name in ("bitcoin.conf", "password"):
        assert stat.S_IMODE((node.server.directory / name).stat().st_mode) == 0o600
    assert node.env["BITCOIN_RPC_PASSWORD"] not in node.server.log.read_text()


def test_a_restart_keeps_chain_and_mempool_and_a_kill_keeps_the_chain(node: Bitcoin) -> None:
    tip = node.mine()[0]
    waiting = node.pay(ELSEWHERE, 50_000)
    env = node.env
    node.server.restart()
    assert (node.rpc("getbestblockhash"), node.waiting()) == (tip, [waiting])
    tip = node.mine()[0]
    node.server.kill()
    node.server.start()
    assert node.rpc("getbestblockhash") == tip
    assert isinstance(node.server, Bitcoind)
    assert node.server.env == env


def test_what_is_named_and_is_no_program_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITCOIND", str(tmp_path / "bitcoind"))
    with pytest.raises(StartFailed, match="BITCOIND names no program"):
        bitcoind.binary()


def test_without_one_there_is_none_and_starting_says_where_to_put_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BITCOIND", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bitcoind.binary() is None
    with pytest.raises(StartFailed, match="on the PATH"):
        Bitcoind(tmp_path).start()
