"""Nodes that are of no help: behind, pruned, without an index, old, overloaded, wrong. None of it is taken for an
answer, and none of it shows the password.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from paygate.adapters.chains.bitcoin.rpc import NO_SUCH_METHOD
from paygate.chain_ports import ChainTransfer, TransactionState
from paygate.domain.errors import NodeMisled, NodeUnavailable, PaygateError
from tests.contract.chains.bitcoin_node import DUST, Eyes, payee
from tests.contract.chains.watching import Watching
from tests.support import bitcoin
from tests.support.faulty_node import NO_ANSWERS, FaultyNode, RpcError, Wrong, faulty, rpc

Change = Callable[[str, list[Any], Any], Any]


@pytest.fixture(scope="module", params=bitcoin.KINDS)
def eyes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eyes]:
    with bitcoin.opened(request.param, tmp_path_factory.mktemp("bitcoin")) as node:
        yield Eyes(node)


@pytest.fixture
def between(eyes: Eyes) -> Iterator[FaultyNode]:
    with faulty(eyes.node.env["BITCOIN_RPC_URL"]) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def paid(eyes: Eyes) -> ChainTransfer:
    """In a block with others."""
    receiver, other = payee(), payee()
    eyes.node.pay_many([(receiver.address, 1000), (other.address, 2000)])
    eyes.node.pay(other.address, 3000)
    (mined,) = eyes.mined(receiver)
    return mined


def asking(eyes: Eyes, paid: ChainTransfer, url: str) -> dict[str, Callable[[], object]]:
    """Everything that a node is asked for."""
    chain = eyes.through(url)
    assert paid.block is not None
    height, watch = paid.block.height, Watching(paid.key)
    return {
        "head": chain.head,
        "block": lambda: chain.block(height),
        "scan": lambda: chain.scan(height, height, watch, height),
        "unconfirmed": lambda: chain.unconfirmed([paid.key]),
        "standing": lambda: chain.standing([paid]),
        "transaction": lambda: chain.transaction(paid.tx_id),
    }


def answering(method: str, result: Any) -> Change:
    """A node that answers one method so, and all others truly."""
    return lambda asked, _params, true: result if asked == method else true


# ---------------------------------------------------------------- no answer


@pytest.mark.parametrize("name", [name for name in NO_ANSWERS if name != "too slow"])
def test_what_is_no_answer_raises_whatever_was_asked(
    eyes: Eyes, paid: ChainTransfer, between: FaultyNode, name: str
) -> None:
    between.fault = lambda _asked: NO_ANSWERS[name]
    for ask in asking(eyes, paid, between.url).values():
        with pytest.raises(NodeUnavailable) as raised:
            ask()
        assert_secret(raised.value, eyes)


def test_an_answer_that_takes_too_long_is_none(eyes: Eyes, between: FaultyNode) -> None:
    between.fault = lambda _asked: Wrong(200, b"[]", seconds=1.5)
    with pytest.raises(NodeUnavailable, match="out of reach"):
        eyes.through(between.url).head()


@pytest.mark.parametrize("code", [-28, -1, -32603, -20])
def test_an_error_raises_whatever_was_asked(
    eyes: Eyes, paid: ChainTransfer, between: FaultyNode, code: int
) -> None:
    """-28: the node is starting (RPC_IN_WARMUP)."""
    between.change = rpc(lambda _method, _params, _result: RpcError(code, "planted"))
    for ask in asking(eyes, paid, between.url).values():
        with pytest.raises(NodeUnavailable, match=str(code)) as raised:
            ask()
        assert "planted" not in str(raised.value)


def test_a_full_queue_is_no_answer(eyes: Eyes, between: FaultyNode) -> None:
    between.fault = lambda _asked: Wrong(503, b"Work queue depth exceeded")
    with pytest.raises(NodeUnavailable, match="503"):
        eyes.through(between.url).head()


def test_a_wrong_password_is_told_by_its_status_and_not_shown(eyes: Eyes) -> None:
    chain = eyes.through(eyes.node.env["BITCOIN_RPC_URL"], rpc_password="not-the-pässword")
    with pytest.raises(NodeUnavailable, match="401") as raised:
        chain.head()
    assert "not-the-pässword" not in repr(raised.value)


@pytest.mark.parametrize(
    "answers",
    [
        [{"id": 1, "result": {}}],
        [{"id": 0, "result": {}}, {"id": 0, "result": {}}],
        [{"id": 0}],
        [{"id": 0, "error": "none"}],
        [{"id": "0", "result": {}}],
        [5],
        [{"id": 0, "result": {"chain": "regtest", "blocks": 1.5}}],
        [{"id": 0, "result": {"chain": "regtest", "blocks": "1"}}],
    ],
    ids=["another's", "twice", "neither", "no code", "text", "no object", "fraction", "text for a number"],
)
def test_an_answer_that_does_not_fit_what_was_asked_is_none(
    eyes: Eyes, between: FaultyNode, answers: list[Any]
) -> None:
    between.fault = lambda _asked: Wrong(200, json.dumps(answers).encode())
    with pytest.raises(NodeUnavailable):
        eyes.through(between.url).head()


def assert_secret(error: PaygateError, eyes: Eyes) -> None:
    seen, chained = repr(error) + str(error), error.__context__
    assert eyes.node.env["BITCOIN_RPC_PASSWORD"] not in seen + repr(chained)
    assert "planted" not in seen


# ---------------------------------------------------------------- another chain, or part of one


def test_another_chain_than_the_configured_one_is_noticed(eyes: Eyes) -> None:
    with pytest.raises(NodeMisled, match="another chain"):
        eyes.through(eyes.node.env["BITCOIN_RPC_URL"], chain="signet").head()


@pytest.mark.parametrize("changed", [{"initialblockdownload": True}, {"headers": 1_000_000}])
def test_a_node_that_still_fetches_blocks_has_no_head(
    eyes: Eyes, between: FaultyNode, changed: dict[str, Any]
) -> None:
    between.change = rpc(lambda _method, _params, info: {**info, **changed} if isinstance(info, dict) else info)
    with pytest.raises(NodeUnavailable, match="fetches"):
        eyes.through(between.url).head()


def test_a_block_that_is_just_on_its_way_does_not_hold_up_the_head(eyes: Eyes, between: FaultyNode) -> None:
    def one_more(_method: str, _params: list[Any], info: Any) -> Any:
        return {**info, "headers": info["headers"] + 1} if isinstance(info, dict) else info

    between.change = rpc(one_more)
    assert eyes.through(between.url).head() == eyes.chain.head()


# ---------------------------------------------------------------- what cannot be so


def test_another_block_than_was_asked_for_is_noticed(eyes: Eyes, paid: ChainTransfer, between: FaultyNode) -> None:
    genesis = eyes.node.rpc("getblockhash", 0)
    between.change = rpc(answering("getblock", eyes.node.rpc("getblock", genesis, 0)))
    with pytest.raises(NodeMisled, match="another block"):
        asking(eyes, paid, between.url)["scan"]()
    header = eyes.node.rpc("getblockheader", genesis, False)  # noqa: FBT003
    between.change = rpc(answering("getblockheader", header))
    with pytest.raises(NodeMisled, match="another block"):
        asking(eyes, paid, between.url)["block"]()


def test_a_block_with_an_amount_that_was_changed_is_noticed(
    eyes: Eyes, paid: ChainTransfer, between: FaultyNode
) -> None:
    true, false = ((units).to_bytes(8, "little").hex() + "16" + paid.key for units in (1000, 1_000_000))
    between.change = rpc(
        lambda method, _params, result: result.replace(true, false) if method == "getblock" else result
    )
    for name in ("scan", "standing", "transaction"):
        with pytest.raises(NodeMisled):
            asking(eyes, paid, between.url)[name]()


def test_a_block_of_which_the_end_is_missing_is_noticed(
    eyes: Eyes, paid: ChainTransfer, between: FaultyNode
) -> None:
    between.change = rpc(lambda method, _params, result: result[:-20] if method == "getblock" else result)
    with pytest.raises(NodeMisled):
        asking(eyes, paid, between.url)["scan"]()


def test_a_branch_that_changes_while_it_is_read_is_read_again_later(
    eyes: Eyes, paid: ChainTransfer, between: FaultyNode
) -> None:
    assert paid.block is not None
    eyes.node.mine(2)
    stranger = eyes.node.rpc("getblockhash", 3)

    def turned(method: str, params: list[Any], result: Any) -> Any:
        is_last = method == "getblockhash" and paid.block is not None and params[0] == paid.block.height + 2
        return stranger if is_last else result

    between.change = rpc(turned)
    chain, height = eyes.through(between.url), paid.block.height
    with pytest.raises(NodeUnavailable, match="turned"):
        chain.scan(height, height + 2, Watching(paid.key), height)


def test_a_transaction_that_waits_is_what_was_asked_for(eyes: Eyes, between: FaultyNode) -> None:
    asked, other = (eyes.node.pay(payee().address, 1000) for _ in range(2))
    between.change = rpc(answering("getrawtransaction", {"hex": eyes.node.rpc("getrawtransaction", other)}))
    with pytest.raises(NodeMisled):
        eyes.through(between.url).transaction(asked)


def test_nothing_is_no_money_before_a_block_either(eyes: Eyes, paid: ChainTransfer, between: FaultyNode) -> None:
    entry = {"type": "receive", "amount": 0, "txid": "ab" * 32, "vout": 0, "output_spk": {"hex": paid.key}}
    between.change = rpc(answering("getdescriptoractivity", {"activity": [entry]}))
    assert eyes.through(between.url).unconfirmed([paid.key]) == []


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ({"output_spk": {"hex": "0014" + "ee" * 20}}, NodeMisled),
        ({"amount": "much"}, NodeUnavailable),
        ({"amount": 0.123456789}, NodeUnavailable),
        ({"amount": -1}, NodeUnavailable),
        ({"amount": True}, NodeUnavailable),
        ({"txid": None}, NodeUnavailable),
        ({"vout": "0"}, NodeUnavailable),
        ({"type": 5}, NodeUnavailable),
        ({"output_spk": []}, NodeUnavailable),
    ],
    ids=str,
)
def test_money_that_waits_is_told_as_it_must_be(
    eyes: Eyes, paid: ChainTransfer, between: FaultyNode, entry: dict[str, Any], error: type[PaygateError]
) -> None:
    true = {"type": "receive", "amount": 1, "txid": "ab" * 32, "vout": 0, "output_spk": {"hex": paid.key}}
    chain = eyes.through(between.url)
    between.change = rpc(answering("getdescriptoractivity", {"activity": [true]}))
    assert [each.units for each in chain.unconfirmed([paid.key]) or ()] == [100_000_000]
    between.change = rpc(answering("getdescriptoractivity", {"activity": [true | entry]}))
    with pytest.raises(error):
        chain.unconfirmed([paid.key])


# ---------------------------------------------------------------- nodes that offer less


def test_a_node_without_the_method_shows_nothing_before_a_block(
    eyes: Eyes, paid: ChainTransfer, between: FaultyNode
) -> None:
    """Core before 29."""
    between.change = rpc(answering("getdescriptoractivity", RpcError(NO_SUCH_METHOD, "Method not found")))
    assert eyes.through(between.url).unconfirmed([paid.key]) is None


def test_a_mempool_that_is_not_read_whole_yet_tells_nothing(
    eyes: Eyes, paid: ChainTransfer, between: FaultyNode
) -> None:
    """After a start: what is not there yet is not gone."""
    between.change = rpc(answering("getmempoolinfo", {"loaded": False}))
    with pytest.raises(NodeUnavailable, match="mempool"):
        eyes.through(between.url).unconfirmed([paid.key])


def test_dust_that_fills_an_answer_is_asked_for_in_parts(eyes: Eyes, between: FaultyNode) -> None:
    """X12: what is sent to one address hides no payment to another."""
    receivers = [payee() for _ in range(8)]
    eyes.node.pay_many([(each.address, DUST) for each in receivers for _ in range(20)])
    chain = eyes.through(between.url)
    chain._rpc._http.max_bytes = 30_000
    found = chain.unconfirmed([each.key for each in receivers])
    assert found is not None
    assert len({(each.tx_id, each.index) for each in found}) == len(found) == 160
    chain._rpc._http.max_bytes = 3000
    with pytest.raises(NodeUnavailable, match="more"):
        chain.unconfirmed([each.key for each in receivers])


# ---------------------------------------------------------------- without an index of all transactions


@pytest.fixture
def unindexed(between: FaultyNode) -> FaultyNode:
    """A node without -txindex: it knows what waits, by id, and nothing in blocks unless they are named."""

    def forgetful(method: str, _params: list[Any], result: Any) -> Any:
        is_mined = method == "getrawtransaction" and "blockhash" in result
        return RpcError(-5, "No such mempool transaction. Use -txindex …") if is_mined else result

    between.change = rpc(forgetful)
    return between


def test_without_an_index_money_that_nobody_spent_is_found_all_the_same(
    eyes: Eyes, paid: ChainTransfer, unindexed: FaultyNode
) -> None:
    eyes.node.mine()
    found = eyes.through(unindexed.url).transaction(paid.tx_id)
    assert found.state is TransactionState.DONE
    assert paid in found.transfers


def test_without_an_index_what_waits_is_found_and_what_nobody_sent_is_not(
    eyes: Eyes, unindexed: FaultyNode
) -> None:
    chain = eyes.through(unindexed.url)
    assert chain.transaction(eyes.node.pay(payee().address, 1000)).state is TransactionState.WAITING
    assert chain.transaction("ab" * 32).state is TransactionState.UNKNOWN


def test_a_transaction_in_a_block_that_lost_is_unknown(
    eyes: Eyes, paid: ChainTransfer, between: FaultyNode
) -> None:
    def lost(method: str, params: list[Any], result: Any) -> Any:
        is_told = method == "getblockheader" and params[1] is True
        return {**result, "confirmations": -1} if is_told else result

    between.change = rpc(lost)
    assert eyes.through(between.url).transaction(paid.tx_id).state is TransactionState.UNKNOWN
