"""Nodes of Ethereum and BSC that refuse, lag, turn and lie: true ones behind a proxy that changes answers."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from paygate import budget
from paygate.adapters.chains.evm.chain import EvmChain
from paygate.chain_ports import TransactionState
from paygate.domain.errors import NodeMisled, NodeUnavailable
from tests.contract.chains.evm_driver import EvmDriver, bsc, ethereum
from tests.contract.chains.watching import Watching, block_of, found, read
from tests.support.faulty_node import FaultyNode, RpcError, Wrong, faulty, rpc

LOGS, BLOCK, RECEIPT = "eth_getLogs", "eth_getBlockByNumber", "eth_getTransactionReceipt"


@pytest.fixture(scope="module")
def tokens(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmDriver]:
    """BSC: tokens only, so that ranges are asked for."""
    with bsc(request, tmp_path_factory.mktemp("bsc")) as opened:
        yield opened


@pytest.fixture
def node(tokens: EvmDriver) -> Iterator[FaultyNode]:
    with faulty(tokens.url) as opened:
        yield opened


def width(params: list[Any]) -> int:
    asked = params[0]
    return int(asked["toBlock"], 16) - int(asked["fromBlock"], 16) + 1 if "fromBlock" in asked else 1


# ---------------------------------------------------------------- ranges

REFUSALS: dict[str, RpcError] = {
    "limit exceeded": RpcError(-32005, "query returned more than 10000 results"),
    "invalid params": RpcError(-32602, "block range too large"),
    "server error": RpcError(-32000, "exceed maximum block range: 50"),
    "another": RpcError(-32614, "limited to a 5 range"),
    "one of its own": RpcError(35, "ranges over 10000 blocks are not supported"),
}


@pytest.mark.parametrize("kind", REFUSALS)
@pytest.mark.parametrize("most", [1, 3])
def test_x11_a_range_that_is_refused_is_halved_and_nothing_is_skipped(
    tokens: EvmDriver, node: FaultyNode, kind: str, most: int
) -> None:
    first, keys = tokens.node.height + 1, [tokens.new_key() for _ in range(9)]
    tx_ids = [tokens.node.pay_token(key, 5) for key in keys]
    node.change = rpc(
        lambda method, params, result: REFUSALS[kind] if method == LOGS and width(params) > most else result
    )
    chain = tokens.chain(node.url)
    scan = read(chain, first, *keys, tell_from=first + 99)
    assert [each.tx_id for each in scan.transfers] == tx_ids
    asked = len(node.asked)
    read(chain, first, *keys, tell_from=first + 99)
    again = [call["params"] for each in node.asked[asked:] for call in each.calls if call["method"] == LOGS]
    assert max(map(width, again)) <= most  # what it gives is remembered


@pytest.mark.parametrize("status", [400, 413, 500])
def test_x11_so_is_one_that_is_refused_in_http(tokens: EvmDriver, node: FaultyNode, status: int) -> None:
    first, key = tokens.node.height + 1, tokens.new_key()
    for _ in range(5):
        tokens.node.pay_token(key, 5)
    error = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"planted"}}'

    def refuse(asked: Any) -> Wrong | None:
        is_wide = any(call["method"] == LOGS and width(call["params"]) > 2 for call in asked.calls)
        return Wrong(status, error) if is_wide else None

    node.fault = refuse
    assert len(read(tokens.chain(node.url), first, key, tell_from=first + 99).transfers) == 5


def test_x11_so_is_one_whose_answer_is_too_long(tokens: EvmDriver, node: FaultyNode) -> None:
    first, key = tokens.node.height + 1, tokens.new_key()
    for _ in range(5):
        tokens.node.pay_token(key, 5)

    def inflate(asked: Any, body: bytes) -> bytes:
        is_wide = any(call["method"] == LOGS and width(call["params"]) > 2 for call in asked.calls)
        return body + b" " * (33 << 20 if is_wide else 0)

    node.change = inflate
    assert len(read(tokens.chain(node.url), first, key, tell_from=first + 99).transfers) == 5


def test_x11_a_single_block_that_is_refused_is_not_passed(tokens: EvmDriver, node: FaultyNode) -> None:
    first = tokens.node.height + 1
    tokens.mine(4)
    bad = hex(first + 2)
    node.change = rpc(
        lambda method, params, result: (
            RpcError(-32005)
            if method == LOGS and int(params[0]["fromBlock"], 16) <= int(bad, 16) <= int(params[0]["toBlock"], 16)
            else result
        )
    )
    with pytest.raises(NodeUnavailable):
        read(tokens.chain(node.url), first, tokens.new_key(), tell_from=first + 99)


def test_after_a_time_out_less_is_asked_for(tokens: EvmDriver, node: FaultyNode) -> None:
    first, key = tokens.node.height + 1, tokens.new_key()
    for _ in range(6):
        tokens.node.pay_token(key, 5)
    node.fault = lambda asked: next(
        (Wrong(504) for call in asked.calls if call["method"] == LOGS and width(call["params"]) > 2), None
    )
    chain = tokens.chain(node.url)
    tries = 0
    for tries in range(1, 9):  # noqa: B007
        try:
            assert len(read(chain, first, key, tell_from=first + 99).transfers) == 6
            break
        except NodeUnavailable:
            continue
    assert 1 < tries < 5


@pytest.mark.parametrize("refusal", [RpcError(-32600, "no batches"), Wrong(413)])
def test_a_node_without_batches_is_asked_one_by_one(tokens: EvmDriver, node: FaultyNode, refusal: object) -> None:
    first, key = tokens.node.height + 1, tokens.new_key()
    tx_id = tokens.node.pay_token(key, 5)
    tokens.mine(3)
    error = json.dumps({"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "planted"}}).encode()
    wrong = refusal if isinstance(refusal, Wrong) else Wrong(200, error)
    node.fault = lambda asked: wrong if len(asked.calls) > 1 else None
    chain = tokens.chain(node.url)
    assert found(chain, first, key) == [("USDT", key, 5, tx_id)]
    assert chain.head().latest.height == first + 3
    assert chain.transaction(tx_id).state is TransactionState.DONE


# ---------------------------------------------------------------- nodes that lag, one behind another's address


def test_a_block_that_a_lagging_node_lacks_is_not_an_empty_one(tokens: EvmDriver, node: FaultyNode) -> None:
    """Its answers by range would simply be empty."""
    first, key = tokens.node.height + 1, tokens.new_key()
    tokens.node.pay_token(key, 5)
    last = tokens.node.height

    def lag(method: str, params: list[Any], result: Any) -> Any:
        if method == LOGS:
            return [] if "fromBlock" in params[0] else RpcError(-32000, "unknown block")
        return None if method == BLOCK and params[0] == hex(last) else result

    node.change = rpc(lag)
    chain = tokens.chain(node.url)
    for tell_from in (first, last + 1):
        with pytest.raises(NodeUnavailable):
            chain.scan(first, last, Watching(key), tell_from)


def test_a_range_is_empty_only_to_a_node_that_has_its_end(tokens: EvmDriver, node: FaultyNode) -> None:
    """Behind one address, one node may give the logs and another all headers that are asked for afterwards."""
    first, key = tokens.node.height + 1, tokens.new_key()
    tokens.node.pay_token(key, 5)

    def lag(asked: Any, body: bytes) -> bytes:
        is_behind = any(call["method"] == LOGS for call in asked.calls)
        answers = rpc(lambda method, params, result: [] if method == LOGS else None)
        return answers(asked, body) if is_behind else body

    node.change = lag
    with pytest.raises(NodeUnavailable):
        read(tokens.chain(node.url), first, key, tell_from=first + 99)


def test_no_filter_names_more_than_nodes_take(tokens: EvmDriver, node: FaultyNode) -> None:
    first = tokens.node.height + 1
    tokens.mine(1)
    keys = {tokens.new_key() for _ in range(1001)}
    for tell_from in (first, first + 9):
        start = len(node.asked)
        read(tokens.chain(node.url), first, *keys, is_few=True, tell_from=tell_from)
        calls = [call for asked in node.asked[start:] for call in asked.calls if call["method"] == LOGS]
        named = [call["params"][0]["topics"][2] for call in calls]
        assert max(map(len, named)) <= 500
        assert {topic[26:] for topics in named for topic in topics} == keys


@pytest.mark.parametrize("is_told", [True, False])
def test_logs_of_another_branch_are_not_taken(tokens: EvmDriver, node: FaultyNode, *, is_told: bool) -> None:
    first, key = tokens.node.height + 1, tokens.new_key()
    tokens.node.pay_token(key, 5)

    def other(method: str, params: list[Any], result: Any) -> Any:
        return [{**log, "blockHash": "0x" + "ab" * 32} for log in result] if method == LOGS else result

    node.change = rpc(other)
    with pytest.raises(NodeUnavailable):
        read(tokens.chain(node.url), first, key, tell_from=first if is_told else first + 99)


@pytest.mark.parametrize("is_told", [True, False])
def test_removed_logs_are_not_taken(tokens: EvmDriver, node: FaultyNode, *, is_told: bool) -> None:
    first, key = tokens.node.height + 1, tokens.new_key()
    tokens.node.pay_token(key, 5)
    node.change = rpc(
        lambda method, params, result: [{**log, "removed": True} for log in result] if method == LOGS else result
    )
    with pytest.raises(NodeUnavailable):
        read(tokens.chain(node.url), first, key, tell_from=first if is_told else first + 99)


@pytest.mark.parametrize("opened", [ethereum, bsc])
def test_x7_a_chain_that_turns_during_a_scan(
    opened: Callable[..., AbstractContextManager[EvmDriver]], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Between any two of its requests: either the scan fails, or it told the branch that it read."""
    with opened(request, tmp_path) as own, faulty(own.url) as node:
        for moment in range(1, 8):
            first, key = own.node.height + 1, own.new_key()
            own.node.pay_token(key, 5)
            own.pay(own.chain().assets[-1], key, 6)
            own.mine(2)
            old = hashes(own, first)
            chain, start = own.chain(node.url), len(node.asked)

            def turn(
                _asked: Any, *, own: EvmDriver = own, at: int = start + moment, node: FaultyNode = node
            ) -> None:
                if len(node.asked) == at:
                    own.node.reorg(4)

            node.fault = turn
            head = own.node.height
            try:
                scan = chain.scan(first, head, Watching(key), first)
            except NodeUnavailable:
                continue
            told = {block.height: block.hash for block in scan.blocks}
            assert told in (old, hashes(own, first))
            assert {block_of(each).hash for each in scan.transfers} <= set(told.values())
            assert len(scan.transfers) == (2 if told == old else 0)


def hashes(driver: EvmDriver, first: int) -> dict[int, str]:
    return {height: driver.node.block(height)["hash"][2:] for height in range(first, driver.node.height + 1)}


def test_headers_that_do_not_follow_each_other_are_not_taken(tokens: EvmDriver, node: FaultyNode) -> None:
    first = tokens.node.height + 1
    tokens.mine(4)

    def torn(method: str, params: list[Any], result: Any) -> Any:
        return (
            {**result, "parentHash": "0x" + "ab" * 32}
            if method == BLOCK and params[0] == hex(first + 2)
            else result
        )

    node.change = rpc(torn)
    with pytest.raises(NodeUnavailable):
        read(tokens.chain(node.url), first, tokens.new_key())


def test_a_receipt_that_is_lost_for_a_moment_proves_nothing(ether: EvmDriver) -> None:
    first, key = ether.node.height + 1, ether.new_key()
    tx_ids = [ether.node.pay_eth(key, 5), ether.node.pay_token(key, 5)]
    transfers = read(ether.chain(), first, key).transfers
    with faulty(ether.url) as node:
        node.change = rpc(lambda method, params, result: None if method == RECEIPT else result)
        chain = ether.chain(node.url)
        for each in transfers:
            with pytest.raises(NodeUnavailable):
                chain.standing([each])
        with pytest.raises(NodeUnavailable):
            read(chain, first, key)
        for tx_id in tx_ids:
            with pytest.raises(NodeUnavailable):
                chain.transaction(tx_id)


@pytest.mark.parametrize("half", [RECEIPT, "eth_getTransactionByHash"])
def test_what_is_of_another_block_is_not_taken(ether: EvmDriver, half: str) -> None:
    first, key = ether.node.height + 1, ether.new_key()
    tx_id = ether.node.pay_eth(key, 5)
    transfers = read(ether.chain(), first, key).transfers
    with faulty(ether.url) as node:
        node.change = rpc(
            lambda method, params, result: {**result, "blockHash": "0x" + "ab" * 32} if method == half else result
        )
        chain = ether.chain(node.url)
        with pytest.raises(NodeUnavailable):
            chain.standing(transfers)
        with pytest.raises(NodeUnavailable):
            chain.transaction(tx_id)
        if half == RECEIPT:
            with pytest.raises(NodeUnavailable):
                read(chain, first, key)


def test_a_node_behind_the_block_of_a_transfer_does_not_say_that_it_is_gone(tokens: EvmDriver) -> None:
    first, key = tokens.node.height + 1, tokens.new_key()
    tokens.node.pay_token(key, 5)
    transfers = read(tokens.chain(), first, key).transfers
    with faulty(tokens.url) as node:
        node.change = rpc(lambda method, params, result: None)
        with pytest.raises(NodeUnavailable):
            tokens.chain(node.url).standing(transfers)


# ---------------------------------------------------------------- the head, and what is final


def test_a_node_without_the_tag_is_final_as_deep_as_the_chain_can_turn(tokens: EvmDriver, node: FaultyNode) -> None:
    tokens.mine(100)
    node.change = rpc(
        lambda method, params, result: RpcError(-32602, "unknown tag") if params[:1] == ["finalized"] else result
    )
    chain = tokens.chain(node.url)
    head = chain.head()
    assert head.final_height == head.latest.height - chain.depth


@pytest.mark.parametrize("answer", [None, RpcError(-39001, "finalized block not found"), RpcError(-32000)])
def test_what_is_final_is_not_guessed_while_nothing_is(tokens: EvmDriver, node: FaultyNode, answer: object) -> None:
    node.change = rpc(lambda method, params, result: answer if params[:1] == ["finalized"] else result)
    with pytest.raises(NodeUnavailable):
        tokens.chain(node.url).head()


def test_a_final_block_above_the_head_misleads(tokens: EvmDriver, node: FaultyNode) -> None:
    node.change = rpc(
        lambda method, params, result: {**result, "number": hex(2**40)} if params[:1] == ["finalized"] else result
    )
    with pytest.raises(NodeMisled):
        tokens.chain(node.url).head()


# ---------------------------------------------------------------- lies

LIES: dict[str, Callable[[Any], Any]] = {
    "another number": lambda block: {**block, "number": "0x1"},
    "no number": lambda block: {key: value for key, value in block.items() if key != "number"},
    "a number of JSON": lambda block: {**block, "number": 5},
    "no hash": lambda block: {**block, "hash": None},
    "a short hash": lambda block: {**block, "hash": "0xab"},
    "a time beyond time": lambda block: {**block, "timestamp": "0x" + "f" * 16},
    "a list": lambda block: [block],
    "a text": lambda block: "block",
    "true": lambda block: True,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_block_that_cannot_be_misleads(tokens: EvmDriver, node: FaultyNode, lie: str) -> None:
    tokens.mine(2)
    node.change = rpc(lambda method, params, result: LIES[lie](result) if method == BLOCK else result)
    with pytest.raises(NodeMisled):
        tokens.chain(node.url).block(tokens.node.height)
    with pytest.raises(NodeMisled):
        chain = tokens.chain(node.url)
        chain.scan(tokens.node.height, tokens.node.height, Watching(tokens.new_key()), 0)


LOG_LIES: dict[str, Callable[[Any], Any]] = {
    "no topics": lambda log: {**log, "topics": None},
    "no block": lambda log: {**log, "blockNumber": None},
    "half a transaction": lambda log: {**log, "transactionHash": "0xab"},
    "an index below zero": lambda log: {**log, "logIndex": "-0x1"},
    "no index": lambda log: {**log, "logIndex": None},
    "no hex": lambda log: {**log, "data": "0x" + "g" * 64},
    "a text": lambda log: "log",
}


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("lie", LOG_LIES)
def test_logs_that_cannot_be_mislead(tokens: EvmDriver, node: FaultyNode, lie: str, *, is_told: bool) -> None:
    first, key = tokens.node.height + 1, tokens.new_key()
    tokens.node.pay_token(key, 5)
    node.change = rpc(
        lambda method, params, result: [LOG_LIES[lie](log) for log in result] if method == LOGS else result
    )
    with pytest.raises(NodeMisled):
        read(tokens.chain(node.url), first, key, tell_from=first if is_told else first + 99)


ODD_LOGS: dict[str, Callable[[Any], Any]] = {
    "another contract": lambda log: {**log, "address": "0x" + "ab" * 20},
    "another event": lambda log: {**log, "topics": ["0x" + "ab" * 32, *log["topics"][1:]]},
    "four topics": lambda log: {**log, "topics": [*log["topics"], "0x" + "00" * 32]},
    "two topics": lambda log: {**log, "topics": log["topics"][:2]},
    "a longer receiver": lambda log: {**log, "topics": [*log["topics"][:2], "0x" + "1" + log["topics"][2][3:]]},
    "more data": lambda log: {**log, "data": log["data"] + "00" * 32},
    "no data": lambda log: {**log, "data": "0x"},
}


@pytest.mark.parametrize("odd", ODD_LOGS)
def test_x2_logs_that_were_not_asked_for_are_no_money(tokens: EvmDriver, node: FaultyNode, odd: str) -> None:
    first, key = tokens.node.height + 1, tokens.new_key()
    tokens.node.pay_token(key, 5)
    node.change = rpc(
        lambda method, params, result: [ODD_LOGS[odd](log) for log in result] if method == LOGS else result
    )
    for is_few in (True, False):
        assert found(tokens.chain(node.url), first, key, is_few=is_few) == []


def test_hex_in_capitals_is_the_same_hex(tokens: EvmDriver, node: FaultyNode) -> None:
    first, key = tokens.node.height + 1, tokens.new_key()
    tx_id = tokens.node.pay_token(key, 5)

    def loud(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: loud(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [loud(inner) for inner in value]
        return f"0x{value[2:].upper()}" if isinstance(value, str) and value.startswith("0x") else value

    node.change = rpc(lambda method, params, result: loud(result))
    chain = tokens.chain(node.url)
    assert found(chain, first, key) == [("USDT", key, 5, tx_id)]
    transfers = read(chain, first, key).transfers
    assert list(chain.standing(transfers)) == list(transfers)


@pytest.mark.parametrize("status", ["0x2", None, 1])
def test_a_status_that_is_none_misleads(tokens: EvmDriver, node: FaultyNode, status: object) -> None:
    tx_id = tokens.node.pay_token(tokens.new_key(), 5)
    node.change = rpc(lambda method, params, result: {**result, "status": status} if method == RECEIPT else result)
    with pytest.raises(NodeMisled):
        tokens.chain(node.url).transaction(tx_id)


# ---------------------------------------------------------------- answers to other questions


def change_ids(change: Callable[[Any], Any]) -> Callable[[Any, bytes], bytes]:
    def changed(_asked: Any, body: bytes) -> bytes:
        content = json.loads(body)
        for each in content if isinstance(content, list) else [content]:
            each["id"] = change(each["id"])
        return json.dumps(content).encode()

    return changed


@pytest.mark.parametrize("wrong", [1000, "0", None, [1]])
def test_an_answer_to_another_question_is_none(tokens: EvmDriver, node: FaultyNode, wrong: object) -> None:
    node.change = change_ids(lambda _id: wrong)
    for question in (lambda chain: chain.head(), lambda chain: chain.block(1)):
        with pytest.raises(NodeUnavailable):
            question(tokens.chain(node.url))


def test_answers_in_another_order_are_told_apart(tokens: EvmDriver, node: FaultyNode) -> None:
    node.change = lambda _asked, body: json.dumps(
        content[::-1] if isinstance(content := json.loads(body), list) else content
    ).encode()
    assert tokens.chain(node.url).head() == tokens.chain().head()


def test_an_answer_that_is_left_out_is_noticed(tokens: EvmDriver, node: FaultyNode) -> None:
    node.change = lambda _asked, body: json.dumps(json.loads(body)[:-1]).encode()
    with pytest.raises(NodeUnavailable):
        tokens.chain(node.url).head()


def test_a_node_that_limits_how_often_it_is_asked_is_not_asked_again(tokens: EvmDriver, node: FaultyNode) -> None:
    node.change = rpc(lambda method, params, result: RpcError(429) if method == LOGS else result)
    first = tokens.node.height + 1
    tokens.mine(8)
    chain: EvmChain = tokens.chain(node.url)
    with pytest.raises(NodeUnavailable):
        read(chain, first, tokens.new_key(), tell_from=first + 99)
    assert sum(call["method"] == LOGS for asked in node.asked for call in asked.calls) == 1


def test_no_call_outlasts_the_budget(tokens: EvmDriver, node: FaultyNode) -> None:
    node.fault = lambda _asked: Wrong(seconds=3)
    chain = tokens.chain(node.url)
    with budget.limit(0.2), pytest.raises(NodeUnavailable):
        chain.head()
    node.fault = lambda _asked: None
    asked = len(node.asked)
    with budget.limit(0), pytest.raises(NodeUnavailable):
        chain.head()
    assert len(node.asked) == asked


# ---------------------------------------------------------------- traces

TRACE = "debug_traceBlockByHash"


def test_whether_a_node_traces_is_asked_once(ether: EvmDriver) -> None:
    first, key = ether.node.height + 1, ether.new_key()
    ether.node.pay_inside(key, 7)
    ether.node.pay_eth(key, 5)
    with faulty(ether.url) as node:
        node.change = rpc(lambda method, params, result: RpcError(-32601) if method == TRACE else result)
        chain = ether.chain(node.url)
        for _ in range(3):
            assert [each.units for each in read(chain, first, key).transfers] == [5]
        assert sum(call["method"] == TRACE for asked in node.asked for call in asked.calls) == 1
        forced = ether.chain(node.url, traces="debug")
        with pytest.raises(NodeUnavailable):
            read(forced, first, key)


def test_final_blocks_whose_traces_a_node_forgot_are_read_without(ether: EvmDriver) -> None:
    """A node that prunes would stop the chain for good. What may still turn, and who insists, waits for traces."""
    first, key = ether.node.height + 1, ether.new_key()
    ether.node.pay_inside(key, 7)
    ether.node.pay_eth(key, 5)
    last = ether.node.height
    with faulty(ether.url) as node:
        chain, forced = ether.chain(node.url), ether.chain(node.url, traces="debug")
        assert [each.units for each in read(chain, first, key, tell_from=last + 1).transfers] == [7, 5]
        lost = lambda result: [{"txHash": each["txHash"], "error": "missing trie node"} for each in result]  # noqa: E731
        for forgotten in (lambda _result: RpcError(-32000), lost):
            node.change = rpc(
                lambda method, params, result, forgotten=forgotten: forgotten(result) if method == TRACE else result
            )
            assert [each.units for each in read(chain, first, key, tell_from=last + 1).transfers] == [5]
            with pytest.raises(NodeUnavailable):
                read(chain, first, key)
            with pytest.raises(NodeUnavailable):
                read(forced, first, key, tell_from=last + 1)


def test_a_block_whose_traces_are_refused_later_is_not_passed(ether: EvmDriver) -> None:
    first, key = ether.node.height + 1, ether.new_key()
    with faulty(ether.url) as node:
        chain = ether.chain(node.url)
        ether.mine(1)
        read(chain, first, key)
        ether.node.pay_inside(key, 7)
        node.change = rpc(lambda method, params, result: RpcError(-32000) if method == TRACE else result)
        with pytest.raises(NodeUnavailable):
            read(chain, first, key)
        node.change = lambda _asked, body: body
        assert [each.units for each in read(chain, first, key).transfers] == [7]
