"""What a scan of TRON's blocks takes for money, and what it takes from no node."""

from typing import Any

import pytest

from paygate.chain_ports import Block, ChainTransfer, Scan
from paygate.domain.assets import USDT_ON_TRON
from paygate.domain.errors import AnswerTooLong, NodeMisled, NodeUnavailable
from tests.unit.tron_side import (
    LOOKALIKE,
    OURS,
    OURS_TOO,
    PAYER,
    Call,
    Made,
    NativeTransfer,
    Node,
    Watched,
    chain,
    log_of,
    time_of,
)

INFOS, RANGE = "/wallet/gettransactioninfobyblocknum", "/wallet/getblockbylimitnext"


def scan(node: Node, watch: Watched | None = None, *, tell_from: int = 0) -> Scan:
    return chain(node).scan(1, node.blocks[-1].height, watch or Watched(), tell_from)


def units(node: Node) -> list[int]:
    return [transfer.units for transfer in scan(node).transfers]


def block(made: Made) -> Block:
    return Block(made.height, made.id, made.parent, time_of(made))


def test_a_transfer_to_us() -> None:
    node = Node()
    call = Call([log_of(OURS, 3_500_000)])
    made = node.mine(Call([log_of("ee" * 20, 1)]), call)
    (found,) = scan(node).transfers
    sender = "TSAmUR87fg9YkTq91TQ9di2xxcMFXrBuxA"
    assert found == ChainTransfer(USDT_ON_TRON, OURS, 3_500_000, call.tx_id, "0", block(made), sender)


def test_one_transaction_pays_two_payments_and_one_of_them_twice() -> None:
    """X4. Each is told apart by its log's place in the transaction, whatever else stands between."""
    node = Node()
    other = log_of(OURS, 9, token=LOOKALIKE)
    node.mine(Call([log_of(OURS, 1), other, log_of(OURS_TOO, 2), log_of(OURS, 4)]))
    found = scan(node).transfers
    assert [(each.key, each.units, each.index) for each in found] == [
        (OURS, 1, "0"),
        (OURS_TOO, 2, "2"),
        (OURS, 4, "3"),
    ]


def approval() -> dict[str, Any]:
    return log_of(OURS, 5) | {"topics": ["8c5be1e5" + "00" * 28, PAYER.rjust(64, "0"), OURS.rjust(64, "0")]}


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(Call([log_of(OURS, 5, token=LOOKALIKE)]), id="look-alike contract"),
        pytest.param(Call([log_of(OURS, 0)]), id="zero value"),
        pytest.param(Call([approval()]), id="another event of the token"),
        pytest.param(Call([log_of(OURS, 5) | {"topics": []}]), id="no topic"),
        pytest.param(Call([log_of(OURS, 5)], "OUT_OF_ENERGY"), id="out of energy"),
        pytest.param(Call([log_of(OURS, 5)], "REVERT"), id="reverted"),
        pytest.param(Call([]), id="no log"),
        pytest.param(NativeTransfer([]), id="TRX"),
    ],
)
def test_what_is_no_money(call: Call) -> None:
    """X2, X3, X6."""
    node = Node()
    node.mine(call, Call([log_of(OURS, 7)]))
    assert units(node) == [7]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda info, _: info.update(result="FAILED"), id="result"),
        pytest.param(lambda info, _: info["receipt"].update(result="OUT_OF_TIME"), id="receipt"),
        pytest.param(lambda info, _: info["receipt"].pop("result"), id="no result in the receipt"),
        pytest.param(lambda _, told: told["ret"][0].update(contractRet="REVERT"), id="contractRet"),
        pytest.param(lambda _, told: told.pop("ret"), id="no contractRet"),
    ],
)
def test_every_sign_of_failure_counts_even_beside_a_log(change: Any) -> None:
    """X3."""
    node = Node()
    node.mine(Call([log_of(OURS, 5)]))
    info, told = node.blocks[1].infos(), node.blocks[1].whole()
    change(info[0], told["transactions"][0])
    node.twisted = {INFOS: lambda *_: info, "/wallet/getblockbynum": lambda *_: told}
    assert units(node) == []


def test_a_log_of_the_token_in_another_form_is_nothing_to_pass_over() -> None:
    node = Node()
    node.mine(Call([log_of(OURS, 5) | {"data": "05"}]))
    with pytest.raises(NodeMisled):
        scan(node)


def test_an_old_contract_s_topics_carry_the_whole_address() -> None:
    node = Node()
    log = log_of(OURS, 5)
    log["topics"][2] = ("41" + OURS).rjust(64, "0")
    node.mine(Call([log]))
    assert scan(node).transfers[0].key == OURS


def test_the_database_is_asked_once_for_all() -> None:
    node, watch = Node(), Watched()
    for number in range(12):
        node.mine(Call([log_of(OURS, 1), log_of(f"{number:040x}", 1)]))
    assert len(scan(node, watch).transfers) == 12
    assert watch.asked == [{OURS} | {f"{number:040x}" for number in range(12)}]


def test_nobody_s_receipts_are_asked_for_where_there_is_nobody() -> None:
    node, watch = Node(), Watched(frozenset(), frozenset())
    node.mine(Call([log_of(OURS, 5)]))
    assert (scan(node, watch).transfers, watch.asked) == ([], [])
    assert INFOS not in node.names()


def test_blocks_are_told_at_both_ends_and_from_where_they_were_asked() -> None:
    node = Node()
    node.empty(9)
    assert [each.height for each in scan(node, tell_from=7).blocks] == [1, 7, 8, 9]
    assert [each.height for each in scan(node, tell_from=99).blocks] == [1, 9]
    assert scan(node, tell_from=0).blocks == [block(made) for made in node.blocks[1:]]


def test_a_scan_asks_little() -> None:
    node = Node()
    node.empty(20)
    scan(node)
    assert {name: node.names().count(name) for name in set(node.names())} == {
        INFOS: 20,
        RANGE: 4,
        "/wallet/getblock": 1,
    }


def test_what_is_final_is_read_where_nothing_turns() -> None:
    node = Node()
    node.empty(12)
    node.final = 7
    told = chain(node)
    assert told.head().final_height == 7
    node.asked.clear()
    told.scan(1, 12, Watched(), 0)
    by_view = {
        view: [q for path, q in node.asked if path.startswith(view + "/")]
        for view in ("/wallet", "/walletsolidity")
    }
    assert [q["num"] for q in by_view["/walletsolidity"] if "num" in q] == [1, 2, 3, 4, 5, 6, 7]
    assert [q["num"] for q in by_view["/wallet"] if "num" in q] == [8, 9, 10, 11, 12]
    node.asked.clear()
    told.scan(1, 7, Watched(), 0)  # and it is not asked whether it turned
    assert "/walletsolidity/getblock" not in node.names()


def test_a_range_whose_end_is_told_as_well() -> None:
    """Alchemy's getblockbylimitnext."""
    node = Node()
    node.empty(9)
    node.twisted[RANGE] = lambda q, _: node.say(RANGE, q | {"endNum": q["endNum"] + 1})
    assert len(scan(node).blocks) == 9


def test_blocks_come_in_any_order() -> None:
    node = Node()
    node.empty(5)
    node.twisted[RANGE] = lambda _, said: {"block": said["block"][::-1]}
    assert len(scan(node).blocks) == 5


def test_a_range_that_is_too_long_is_halved() -> None:
    """X11."""
    node = Node()
    for number in range(5):
        node.mine(Call([log_of(OURS, number + 1)]))

    def long(question: dict[str, Any], said: Any) -> Any:
        return AnswerTooLong("long") if question["endNum"] - question["startNum"] > 2 else said

    node.twisted[RANGE] = long
    assert units(node) == [1, 2, 3, 4, 5]
    assert [path for path in node.names() if path == "/wallet/getblockbynum"] == ["/wallet/getblockbynum"]
    node.twisted["/wallet/getblockbynum"] = lambda *_: AnswerTooLong("one alone")
    with pytest.raises(NodeUnavailable):
        scan(node)


# ---------------------------------------------------------------- nodes that lag, lie or turn


def short(_: Any, said: Any) -> Any:
    return said[:-1]


def twice(_: Any, said: Any) -> Any:
    return [*said, said[0]]


def foreign(_: Any, said: Any) -> Any:
    return [said[0] | {"id": "ab" * 32}]


def elsewhere(_: Any, said: Any) -> Any:
    return [info | {"blockNumber": 2} for info in said]


def another_time(_: Any, said: Any) -> Any:
    return [info | {"blockTimeStamp": info["blockTimeStamp"] + 3000} for info in said]


@pytest.mark.parametrize(
    ("twist", "error"),
    [
        pytest.param(short, NodeUnavailable, id="truncated"),
        pytest.param(lambda *_: [], NodeUnavailable, id="empty"),
        pytest.param(lambda *_: {}, NodeUnavailable, id="no list"),
        pytest.param(lambda *_: ["x"], NodeUnavailable, id="not receipts"),
        pytest.param(lambda *_: "x", NodeUnavailable, id="text"),
        pytest.param(lambda _, said: [{"log": info["log"]} for info in said], NodeMisled, id="no ids"),
        pytest.param(lambda _, said: [info | {"log": ["x"]} for info in said], NodeUnavailable, id="not logs"),
        pytest.param(twice, NodeMisled, id="twice"),
        pytest.param(foreign, NodeMisled, id="another transaction's"),
        pytest.param(elsewhere, NodeMisled, id="another height's"),
        pytest.param(another_time, NodeMisled, id="another branch's"),
    ],
)
def test_receipts_that_do_not_cover_the_block(twist: Any, error: type[Exception]) -> None:
    node = Node()
    node.mine(Call([log_of(OURS, 1)]), Call([log_of(OURS_TOO, 2)]))
    node.twisted[INFOS] = twist
    with pytest.raises(error):
        scan(node)


def test_a_block_whose_transactions_were_left_out() -> None:
    node = Node()
    made = node.mine(Call([log_of(OURS, 1)]))
    node.twisted = {"/wallet/getblockbynum": lambda *_: made.header(), INFOS: lambda *_: []}
    with pytest.raises(NodeUnavailable):
        scan(node)


@pytest.mark.parametrize(
    "twist",
    [
        pytest.param(lambda *_: {}, id="none"),
        pytest.param(lambda _, said: {"block": said["block"][:-1]}, id="the last missing"),
        pytest.param(lambda _, said: {"block": said["block"][1:]}, id="the first missing"),
        pytest.param(lambda _, said: {"block": [*said["block"], said["block"][0]]}, id="one twice"),
        pytest.param(lambda *_: {"block": "x"}, id="no list"),
        pytest.param(lambda *_: [], id="a list alone"),
        pytest.param(lambda _, said: {"block": [*said["block"][:-1], {}]}, id="no block"),
    ],
)
def test_blocks_that_are_not_the_range(twist: Any) -> None:
    node = Node()
    node.empty(3)
    node.twisted[RANGE] = twist
    with pytest.raises(NodeUnavailable):
        scan(node)


def test_a_range_above_the_head() -> None:
    node = Node()
    node.empty(3)
    for last in (4, 8):
        with pytest.raises(NodeUnavailable):
            chain(node).scan(3, last, Watched(), 0)
    with pytest.raises(NodeUnavailable):
        chain(node).scan(4, 4, Watched(), 0)


def test_a_chain_that_turned_between_two_questions() -> None:
    node = Node()
    node.empty(8)

    def turn(question: dict[str, Any], said: Any) -> Any:
        if question["num"] == 5:  # the first five blocks were told
            node.turn(5)
            node.twisted.clear()
        return said

    node.twisted[INFOS] = turn
    with pytest.raises(NodeUnavailable):
        chain(node).scan(1, 8, Watched(), 0)
    assert len(chain(node).scan(1, 8, Watched(), 0).blocks) == 8


def test_a_chain_that_turned_while_receipts_were_read() -> None:
    """Another branch has the same transaction, and there it failed: receipts name no block's hash."""
    node = Node()
    paid = Call([log_of(OURS, 5)])
    node.mine(paid)

    def turn(_: Any, said: Any) -> Any:
        node.turn(1)
        node.twisted.clear()
        return said

    node.twisted[INFOS] = turn
    with pytest.raises(NodeUnavailable):
        scan(node)


def test_a_turned_block_s_money_is_gone() -> None:
    node = Node()
    node.mine(Call([log_of(OURS, 5)]))
    before = scan(node)
    node.turn(1)
    after = scan(node)
    assert ([each.units for each in before.transfers], after.transfers) == ([5], [])
    assert before.blocks[0].hash != after.blocks[0].hash


def test_a_block_s_id_begins_with_its_number() -> None:
    node = Node()
    node.empty(1)
    node.twisted["/wallet/getblockbynum"] = lambda _, said: said | {"blockID": f"{2:016x}" + said["blockID"][16:]}
    with pytest.raises(NodeMisled):
        scan(node)


def test_a_transaction_that_a_block_has_twice() -> None:
    node = Node()
    made = node.mine(Call([log_of(OURS, 5)]))
    told = made.whole()["transactions"]
    node.twisted["/wallet/getblockbynum"] = lambda _, said: said | {"transactions": [*told, *told]}
    with pytest.raises(NodeMisled):
        scan(node)


def test_dust_by_the_thousand_hides_no_payment() -> None:
    """X12."""
    node, watch = Node(), Watched()
    for number in range(3):
        node.mine(*(Call([log_of(OURS_TOO, 1)] * 10, salt=f"{number} {each}") for each in range(400)))
    node.mine(Call([log_of(OURS, 10_000_000)]))
    found = scan(node, watch).transfers
    assert len(found) == 12_001
    assert found[-1].units == 10_000_000
    assert len({(each.tx_id, each.index) for each in found}) == 12_001
    assert len(watch.asked) == 2  # never for more than so many at once
