"""Transfers and transactions that are looked up again."""

from dataclasses import replace
from typing import Any

import pytest

from paygate.chain_ports import ChainTransfer, TransactionState
from paygate.domain.assets import USDT_ON_ETHEREUM
from paygate.domain.errors import NodeMisled, NodeUnavailable
from tests.unit.tron_side import OURS, OURS_TOO, Call, NativeTransfer, Node, Watched, chain, log_of

INFO = "/wallet/gettransactioninfobyid"
UNKNOWN, WAITING, FAILED, DONE = TransactionState


def paid(*, final: int = 0) -> tuple[Node, list[ChainTransfer]]:
    node = Node()
    node.mine(Call([log_of(OURS, 1), log_of(OURS_TOO, 2)]), Call([log_of(OURS, 3)]))
    node.mine(Call([log_of(OURS, 4)]))
    node.empty(3)
    node.final = final
    return node, list(chain(node).scan(1, 5, Watched(), 0).transfers)


@pytest.mark.parametrize("final", [0, 4])
def test_transfers_stand(final: int) -> None:
    node, found = paid(final=final)
    told = chain(node)
    told.head()
    assert told.standing(found) == found
    assert told.standing(found[::-1]) == [found[2], found[1], found[0], found[3]]  # block by block
    assert list(told.standing([])) == []


def test_each_block_is_read_once() -> None:
    node, found = paid()
    node.asked.clear()
    chain(node).standing(found)
    assert node.names().count("/wallet/gettransactioninfobyblocknum") == 2


def test_those_of_a_block_that_turned_do_not_stand() -> None:
    node, found = paid()
    node.turn(4)
    assert list(chain(node).standing(found)) == found[:3]
    node.turn(6)
    assert list(chain(node).standing(found)) == []


def test_the_same_transaction_in_another_block_is_another_transfer() -> None:
    node, found = paid()
    last = node.blocks[2].calls
    del node.blocks[2:]
    node.mine(*last, later=3000)
    assert list(chain(node).standing(found)) == found[:3]


def test_nothing_is_said_of_a_chain_that_turns_meanwhile() -> None:
    node, found = paid()

    def turn(_: Any, said: Any) -> Any:
        node.turn(4)
        node.twisted.clear()
        return said

    node.twisted["/wallet/gettransactioninfobyblocknum"] = turn
    with pytest.raises(NodeUnavailable):
        chain(node).standing(found[3:])


@pytest.mark.parametrize(
    "change",
    [
        {"units": 5},
        {"key": OURS_TOO},
        {"index": "7"},
        {"tx_id": "ab" * 32},
        {"asset": USDT_ON_ETHEREUM},
        {"block": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_not_there_does_not_stand(change: dict[str, Any]) -> None:
    node, found = paid()
    assert list(chain(node).standing([replace(found[0], **change), found[3]])) == [found[3]]


def test_a_node_that_is_behind_takes_nothing_away() -> None:
    node, found = paid()
    del node.blocks[2:]
    with pytest.raises(NodeUnavailable):
        chain(node).standing(found)


def test_a_node_that_lacks_receipts_takes_nothing_away() -> None:
    node, found = paid()
    node.twisted["/wallet/gettransactioninfobyblocknum"] = lambda *_: []
    with pytest.raises(NodeUnavailable):
        chain(node).standing(found)


def test_a_transaction_and_all_that_it_brought_to_whomever() -> None:
    node, found = paid()
    call = Call([log_of("ee" * 20, 8), log_of(OURS, 9)])
    node.mine(call)
    told = chain(node).transaction(call.tx_id)
    assert (told.state, [(each.key, each.units, each.index) for each in told.transfers]) == (
        DONE,
        [("ee" * 20, 8, "0"), (OURS, 9, "1")],
    )
    assert list(chain(node).transaction(found[0].tx_id).transfers) == found[:2]
    assert chain(node).transaction(found[0].tx_id).block == found[0].block


@pytest.mark.parametrize(
    ("call", "state"),
    [
        (Call([log_of(OURS, 5)], "OUT_OF_ENERGY"), FAILED),
        (Call([log_of(OURS, 5)], "REVERT"), FAILED),
        (NativeTransfer(), DONE),
        (NativeTransfer(result="OUT_OF_TIME"), FAILED),
        (Call(), DONE),
    ],
)
def test_a_transaction_that_brought_nothing(call: Call, state: TransactionState) -> None:
    node = Node()
    node.mine(call)
    told = chain(node).transaction(call.tx_id)
    assert (told.state, list(told.transfers), told.block) == (state, [], chain(node).block(1))


@pytest.mark.parametrize(
    "change", [{"receipt": {"result": "OUT_OF_TIME"}}, {"result": "FAILED"}], ids=["receipt", "result"]
)
def test_each_sign_of_failure_is_one(change: dict[str, Any]) -> None:
    node, found = paid()
    node.twisted[INFO] = lambda _, said: said | change
    told = chain(node).transaction(found[0].tx_id)
    assert (told.state, list(told.transfers)) == (FAILED, [])


@pytest.mark.parametrize("name", ["gettransactioninfobyid", "gettransactionbyid", "gettransactionfrompending"])
def test_an_error_is_no_word_on_a_transaction(name: str) -> None:
    node, _ = paid()
    node.twisted[f"/wallet/{name}"] = lambda *_: {"Error": "class java.lang.NullPointerException : null"}
    with pytest.raises(NodeUnavailable):
        chain(node).transaction("ab" * 32)


def test_a_node_that_has_nothing_knows_not_what_is_unknown() -> None:
    node = Node()
    node.twisted["/wallet/getblock"] = lambda *_: {}
    with pytest.raises(NodeUnavailable):
        chain(node).transaction("ab" * 32)


@pytest.mark.parametrize("tx_id", ["ab" * 32, "", "AB" * 32, "0x" + "ab" * 31, "ab" * 31, "٣" * 64])
def test_a_transaction_that_nobody_knows(tx_id: str) -> None:
    assert chain(Node()).transaction(tx_id).state is UNKNOWN


def test_a_transaction_that_waits() -> None:
    node = Node()
    call = Call([log_of(OURS, 5)])
    node.pending.append(call)
    assert chain(node).transaction(call.tx_id).state is WAITING
    node.mine(call)
    node.twisted[INFO] = lambda *_: {}  # the node has it in a block, and no receipt yet
    node.pending.clear()
    told = chain(node).transaction(call.tx_id)
    assert (told.state, list(told.transfers)) == (WAITING, [])


@pytest.mark.parametrize(
    ("twist", "error"),
    [
        pytest.param(lambda _, said: said | {"id": "ab" * 32}, NodeMisled, id="another's"),
        pytest.param(lambda _, said: said | {"blockNumber": "1"}, NodeMisled, id="no number"),
        pytest.param(lambda _, said: said | {"blockTimeStamp": 1}, NodeMisled, id="another block's"),
        pytest.param(lambda _, said: said | {"blockNumber": 2}, NodeUnavailable, id="a block without it"),
        pytest.param(lambda _, said: said | {"blockNumber": 9}, NodeUnavailable, id="a block above the head"),
        pytest.param(lambda *_: [], NodeUnavailable, id="a list"),
    ],
)
def test_a_receipt_that_does_not_fit(twist: Any, error: type[Exception]) -> None:
    node, found = paid()
    node.twisted[INFO] = twist
    with pytest.raises(error):
        chain(node).transaction(found[0].tx_id)
