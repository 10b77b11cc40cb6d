"""The head, single blocks, and how a TRON node is asked at all."""

import json
import time
from typing import Any

import pytest

from paygate.adapters.chains.tron.chain import MAINNET_GENESIS, MAINNET_USDT
from paygate.adapters.rails.http import HttpAnswer
from paygate.domain.errors import NodeMisled, NodeUnavailable, OutcomeUnknown
from tests.unit.tron_side import API_KEY, SECRET_URL, Call, Node, Watched, chain, log_of, time_of

NEWEST, FINAL = "/wallet/getblock", "/walletsolidity/getblock"


def grown(count: int = 20, final: int = 2) -> Node:
    node = Node()
    node.empty(count)
    node.final = final
    return node


def test_the_head() -> None:
    node = grown()
    head, last = chain(node).head(), node.blocks[-1]
    assert (head.latest.height, head.latest.hash, head.latest.parent) == (20, last.id, last.parent)
    assert (head.latest.time, head.final_height) == (time_of(last), 2)
    assert not any(question.get("detail") for _, question in node.asked)  # headers only


def test_a_final_block_above_the_newest() -> None:
    node = grown()
    node.twisted[NEWEST] = lambda *_: node.blocks[1].header()
    with pytest.raises(NodeMisled):
        chain(node).head()


@pytest.mark.parametrize("path", [NEWEST, FINAL])
def test_a_node_without_blocks(path: str) -> None:
    node = grown()
    node.twisted[path] = lambda *_: {}
    with pytest.raises(NodeUnavailable):
        chain(node).head()


def test_mainnet_s_contract_is_on_mainnet() -> None:
    node = grown()
    with pytest.raises(NodeMisled, match="another chain"):
        chain(node, token=MAINNET_USDT).head()
    first = node.blocks[0].header() | {"blockID": MAINNET_GENESIS}
    node.twisted[FINAL] = lambda question, said: first if question.get("id_or_num") == "0" else said
    assert chain(node, token=MAINNET_USDT).head().latest.height == 20


def test_a_test_network_stays_the_same_one() -> None:
    node = grown()
    told = chain(node)
    told.head()
    told.head()
    assert sum(question.get("id_or_num") == "0" for _, question in node.asked) == 1
    other = grown(19)
    other.blocks[0] = other.blocks[0].__class__(0, "96" * 32, 0, ())
    node.blocks = other.blocks  # the head falls back: it is asked again what chain this is
    with pytest.raises(NodeMisled, match="another chain"):
        told.head()


def test_a_block_by_height() -> None:
    node = grown()
    told = chain(node)
    told.head()
    for height in (0, 1, 2, 3, 20):
        found, made = told.block(height), node.blocks[height]
        assert found is not None
        assert (found.height, found.hash, found.time) == (height, made.id, time_of(made))
    assert told.block(21) is None


def test_another_block_than_was_asked_for() -> None:
    node = grown()
    node.twisted[NEWEST] = lambda *_: node.blocks[7].header()
    with pytest.raises(NodeMisled):
        chain(node).block(8)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param(b'{"Error":"class java.lang.Exception"}', 200, id="java-tron's error"),
        pytest.param(b'{"Error":"The key exceeds the frequency limit(15)"}', 403, id="TronGrid's limit"),
        pytest.param(b"{}", 429, id="too many"),
        pytest.param(b"{}", 503, id="unavailable"),
        pytest.param(b"{}", 404, id="not found"),
        pytest.param(b"{}", 301, id="elsewhere"),
        pytest.param(b"<html>", 200, id="a page"),
        pytest.param(b"", 200, id="nothing"),
        pytest.param(b"\xff\xfe", 200, id="not UTF-8"),
        pytest.param(b"[" * 100_000, 200, id="too deep"),
        pytest.param(b"[]", 200, id="a list"),
        pytest.param(b"null", 200, id="null"),
        pytest.param(b'"x"', 200, id="text"),
        pytest.param(b'{"blockID":1}', 200, id="no hash"),
        pytest.param(b'{"blockID":"00"}', 200, id="half a hash"),
    ],
)
def test_no_answer_to_rely_on(answer: bytes, status: int) -> None:
    node = grown()
    for path in (NEWEST, FINAL, "/wallet/getblockbynum"):
        node.twisted[path] = lambda *_: HttpAnswer(status, answer, {})
    told = chain(node)
    for ask in (told.head, lambda: told.block(3), lambda: told.scan(3, 3, Watched(), 0)):
        with pytest.raises(NodeUnavailable):
            ask()


@pytest.mark.parametrize("status", [201, 400, 403, 404, 429, 500, 503])
def test_a_true_answer_under_a_status_of_failure(status: int) -> None:
    node = grown()
    node.twisted[NEWEST] = lambda _, said: HttpAnswer(status, json.dumps(said).encode(), {})
    with pytest.raises(NodeUnavailable, match=str(status)):
        chain(node).head()


def test_an_empty_answer_below_the_head() -> None:
    node = grown()
    node.twisted[NEWEST] = lambda question, said: {} if question.get("id_or_num") == "7" else said
    with pytest.raises(NodeUnavailable):
        chain(node).block(7)


@pytest.mark.parametrize(
    "change",
    [
        {"number": "1"},
        {"number": -1},
        {"number": True},
        {"number": 1.0},
        {"timestamp": None},
        {"timestamp": 1 << 60},
    ],
)
def test_numbers_that_are_none(change: dict[str, Any]) -> None:
    node = grown(1)
    said = node.blocks[1].header()
    said["block_header"]["raw_data"] |= change
    node.twisted[NEWEST] = lambda *_: said
    with pytest.raises(NodeUnavailable):
        chain(node).block(1)


def test_a_parent_of_another_height() -> None:
    node = grown(3)
    said = node.blocks[3].header()
    said["block_header"]["raw_data"]["parentHash"] = node.blocks[1].id
    node.twisted[NEWEST] = lambda *_: said
    with pytest.raises(NodeMisled):
        chain(node).block(3)


def test_no_answer_says_where_it_was_asked() -> None:
    """The address of some providers holds a key, and their errors quote it."""
    node = grown()
    for said in (OutcomeUnknown(SECRET_URL), {"Error": API_KEY}, HttpAnswer(403, API_KEY.encode(), {})):
        node.twisted[FINAL] = lambda *_, said=said: said
        told = chain(node, api_key=API_KEY)
        with pytest.raises(NodeUnavailable) as caught:
            told.head()
        assert caught.value.__cause__ is None
        for shown in (str(caught.value), repr(caught.value), repr(told)):
            assert API_KEY not in shown
            assert SECRET_URL not in shown


def test_a_key_is_sent_where_there_is_one_and_questions_are_spread() -> None:
    node = grown()
    chain(node).head()
    assert all("TRON-PRO-API-KEY" not in headers for headers in node.headers)
    node.headers.clear()
    started = time.monotonic()
    chain(node, api_key=API_KEY).head()  # three questions
    assert [headers["TRON-PRO-API-KEY"] for headers in node.headers] == [API_KEY] * 3
    assert time.monotonic() - started >= 2 / 12


def test_an_address_that_ends_with_a_slash() -> None:
    node = grown()
    assert chain(node, api_url=SECRET_URL + "/").head().latest.height == 20
    assert node.names()[:2] == [FINAL, NEWEST]


def test_nothing_is_shown_before_a_block_has_it() -> None:
    node = grown()
    node.pending.append(Call([log_of("a1" * 20, 5)]))
    told = chain(node)
    last = told.head().latest
    assert (told.unconfirmed(["a1" * 20]), list(told.missed({"a1" * 20: 0}, last))) == (None, [])
