"""TRON's adapter on the simulated node: what every chain tells is in the suite, here is what is TRON's own."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from paygate.adapters.chains.tron.chain import TronChain
from paygate.chain_ports import TransactionState
from paygate.domain.assets import USDT_ON_TRON as USDT
from paygate.domain.errors import NodeMisled, NodeUnavailable
from tests.contract.chains.tron_driver import TronDriver, tron
from tests.contract.chains.watching import Watching, block_of, found, read
from tests.support.faulty_node import Asked, faulty
from tests.support.tron import Tron

INFOS = "gettransactioninfobyblocknum"


@pytest.fixture(scope="module")
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TronDriver]:
    with tron(request, tmp_path_factory.mktemp("tron")) as opened:
        yield opened


@pytest.fixture
def node(door: TronDriver) -> Iterator[Tron]:
    yield door.node
    door.node.heal()
    door.node.require_key("")
    door.node.forget()


@pytest.fixture
def chain(door: TronDriver, node: Tron) -> TronChain:
    return door.chain()


@pytest.fixture
def key(door: TronDriver) -> str:
    return door.new_key()


def test_money_has_six_decimals(door: TronDriver, node: Tron, chain: TronChain, key: str) -> None:
    """X1."""
    tx_id = node.pay(door.address(key), "9.996")
    (made,) = node.mine()
    (transfer,) = read(chain, made["number"], key).transfers
    assert (transfer.asset, transfer.units, transfer.tx_id) == (USDT, 9_996_000, tx_id)
    assert (block_of(transfer).height, block_of(transfer).hash) == (made["number"], made["id"])
    assert int(block_of(transfer).time.timestamp() * 1000) == made["timestamp"]
    assert transfer.sender == node.chain["payer"]


def test_what_looks_like_money(door: TronDriver, node: Tron, chain: TronChain, key: str) -> None:
    """X2, X3, X6."""
    first, address = node.head + 1, door.address(key)
    node.fake(address, "5")
    node.zero(address)
    node.pay_trx(address, "5")
    failed = [node.fail(address, "5", how) for how in ("energy", "revert")]
    true = node.pay(address, "5")
    node.mine()
    assert found(chain, first, key) == [("USDT", key, 5_000_000, true)]
    for tx_id in failed:
        assert chain.transaction(tx_id).state is TransactionState.FAILED
        assert node.ask("wallet/gettransactioninfobyid", value=tx_id)["result"] == "FAILED"


def test_one_transaction_pays_two_and_one_of_them_twice(door: TronDriver, node: Tron, chain: TronChain) -> None:
    """X4."""
    one, two = door.new_key(), door.new_key()
    first = node.head + 1
    tx_id = node.pay_many((door.address(one), "1"), (door.address(two), "2"), (door.address(one), "4"))
    node.mine()
    transfers = read(chain, first, one, two).transfers
    assert [(each.key, each.units, each.tx_id) for each in transfers] == [
        (one, 1_000_000, tx_id),
        (two, 2_000_000, tx_id),
        (one, 4_000_000, tx_id),
    ]
    assert len({each.index for each in transfers}) == 3
    assert list(chain.transaction(tx_id).transfers) == list(transfers)


def test_finality_lags(door: TronDriver, node: Tron, chain: TronChain, key: str) -> None:
    first = node.head + 1
    door.pay(USDT, key, 7)
    head = chain.head()
    assert (head.latest.height, head.final_height) == (node.head, node.solid)
    assert head.final_height < first
    seen = read(chain, first, key).transfers
    node.finalize()
    assert chain.head().final_height >= first
    assert read(chain, first, key).transfers == seen  # the same, read from what is final
    assert chain.standing(seen) == seen
    assert all(asked["method"].startswith("walletsolidity/") for asked in node.calls()[-2:])


def test_a_turn_takes_money_and_may_bring_it_again(door: TronDriver, chain: TronChain, key: str) -> None:
    """X7."""
    node = door.node
    first = node.head + 1
    tx_id = door.pay(USDT, key, 7)
    before = read(chain, first, key)
    node.mine(2)
    node.reorg(3, transactions="pending")
    assert read(chain, first, key).transfers == []
    assert list(chain.standing(before.transfers)) == []
    assert chain.transaction(tx_id).state is TransactionState.WAITING
    (again,) = node.mine()
    (transfer,) = read(chain, first, key).transfers
    assert (transfer.tx_id, transfer.index, transfer.units) == (tx_id, before.transfers[0].index, 7)
    assert block_of(transfer).hash == again["id"]
    assert list(chain.standing([*before.transfers, transfer])) == [transfer]


def test_a_transaction_that_waits_and_is_lost(door: TronDriver, node: Tron, chain: TronChain, key: str) -> None:
    tx_id = door.wait(USDT, key, 7)
    told = chain.transaction(tx_id)
    assert (told.state, list(told.transfers), told.block) == (TransactionState.WAITING, [], None)
    assert chain.unconfirmed([key]) is None
    node.forget(tx_id)
    assert chain.transaction(tx_id).state is TransactionState.UNKNOWN


@pytest.mark.parametrize("view", ["wallet", "walletsolidity"])
@pytest.mark.parametrize("kind", ["truncated_infos", "missing_infos"])
def test_receipts_that_are_missing(door: TronDriver, node: Tron, key: str, view: str, kind: str) -> None:
    first, chain = node.head + 1, door.chain()
    node.pay(door.address(door.new_key()), "1")
    node.pay(door.address(key), "2")
    node.mine()
    if view == "walletsolidity":
        node.finalize()
    chain.head()
    node.fault(kind, f"{view}/{INFOS}", of=str(first))
    with pytest.raises(NodeUnavailable):
        chain.scan(first, first, Watching(key), first)
    assert [each.units for each in chain.scan(first, first, Watching(key), first).transfers] == [2_000_000]


def test_a_node_that_lags(door: TronDriver, node: Tron, chain: TronChain, key: str) -> None:
    first = node.head + 1
    door.pay(USDT, key, 7)
    (transfer,) = read(chain, first, key).transfers
    node.fault("lag", "wallet/getblock", blocks=5)
    with pytest.raises(NodeUnavailable):  # the block was told, and the node's head is now below it
        chain.scan(first, first, Watching(key), first)
    node.fault("lag", "wallet/getblockbynum", blocks=5)
    with pytest.raises(NodeUnavailable):
        chain.standing([transfer])
    assert chain.standing([transfer]) == [transfer]


def test_a_node_that_lies_about_its_head(door: TronDriver, node: Tron, chain: TronChain, key: str) -> None:
    door.pay(USDT, key, 7)
    node.fault("lying_head", "wallet/getblock", ahead=1000)
    with pytest.raises(NodeMisled):  # its parent has the number that it should have itself
        chain.head()
    node.fault("lag", "wallet/getblock", blocks=30)
    with pytest.raises(NodeMisled):  # what is final is above it
        chain.head()
    node.fault("wrong_chain", f"wallet/{INFOS}")
    read(chain, node.head, key)


def test_a_node_that_changes_its_chain(node: Tron, chain: TronChain) -> None:
    node.mine(2)
    head = chain.head().latest
    node.fault("wrong_chain", "*", count=1000)
    other = chain.block(head.height)
    assert other is not None
    assert other.hash != head.hash
    node.reorg(2, blocks=1)  # the head falls back, and it is asked which chain this is
    with pytest.raises(NodeMisled, match="another chain"):
        chain.head()


@pytest.mark.parametrize(
    ("kind", "options"),
    [("too_many", {}), ("error", {}), ("garbage", {}), ("http_error", {}), ("drop", {}), ("drop_after", {})],
)
@pytest.mark.parametrize("method", ["getblock", "getblockbynum", INFOS])
def test_no_answer_to_rely_on(
    door: TronDriver, node: Tron, key: str, kind: str, options: dict[str, Any], method: str
) -> None:
    first, chain = node.head + 1, door.chain()
    door.pay(USDT, key, 7)
    node.fault(kind, f"wallet/{method}", **options)
    with pytest.raises(NodeUnavailable):
        chain.scan(first, first, Watching(key), first)
    assert len(chain.scan(first, first, Watching(key), first).transfers) == 1


def test_a_key_is_asked_for(door: TronDriver, node: Tron) -> None:
    node.require_key("k3y")
    for key in (None, "another"):
        with pytest.raises(NodeUnavailable):
            door.chain(api_key=key).head()
    assert door.chain(api_key="k3y").head().latest.height == node.head


Change = Callable[[Any], Any]


def changed(path: str, change: Change) -> Callable[[Asked, bytes], bytes]:
    def twisted(asked: Asked, body: bytes) -> bytes:
        return json.dumps(change(json.loads(body))).encode() if asked.path.endswith(path) else body

    return twisted


def outcome(name: str) -> Change:
    def change(block: Any) -> Any:
        for each in block["transactions"]:
            each["ret"] = [{"contractRet": name}]
        return block

    return change


def test_the_block_has_a_say_as_well(door: TronDriver, node: Tron, key: str) -> None:
    """X3: `contractRet`."""
    first = node.head + 1
    tx_id = door.pay(USDT, key, 7)
    with faulty(node.url) as proxy:
        chain = door.chain(proxy.url)
        assert len(read(chain, first, key).transfers) == 1
        proxy.change = changed("/wallet/getblockbynum", outcome("OUT_OF_TIME"))
        assert read(chain, first, key).transfers == []
        assert chain.transaction(tx_id).state is TransactionState.FAILED


def test_a_turn_between_the_block_and_its_receipts(door: TronDriver, node: Tron, key: str) -> None:
    first = node.head + 1
    door.pay(USDT, key, 7)
    with faulty(node.url) as proxy:
        chain = door.chain(proxy.url)

        def turn(body: Any) -> Any:
            proxy.change = lambda _asked, body: body
            node.reorg(node.head - first + 1, transactions="again")
            return body

        for path in ("/wallet/getblockbynum", f"/wallet/{INFOS}"):
            proxy.change = changed(path, turn)
            with pytest.raises((NodeUnavailable, NodeMisled)):
                chain.scan(first, first, Watching(key), first)
        assert [each.units for each in read(chain, first, key).transfers] == [7]


def test_many_blocks_take_few_questions(door: TronDriver, node: Tron, key: str) -> None:
    first = node.head + 1
    node.mine(20)
    door.pay(USDT, key, 7)
    with faulty(node.url) as proxy:
        chain = door.chain(proxy.url)
        watch = Watching(key, door.new_key())
        scan = chain.scan(first, first + 20, watch, first + 19)
        assert [block.height for block in scan.blocks] == [first, first + 19, first + 20]
        assert (len(scan.transfers), watch.asked) == (1, 1)
        assert len(proxy.asked) == 21 + 5 + 1  # receipts, blocks, and whether it turned
