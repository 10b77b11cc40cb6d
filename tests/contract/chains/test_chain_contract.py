"""What every chain promises (`chain_ports.Chain`), tried on its node."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from paygate.chain_ports import Chain, Scan, TransactionState
from paygate.domain.errors import NodeMisled, NodeUnavailable
from tests.contract.chains.abilities import Can
from tests.contract.chains.drivers import Driver
from tests.contract.chains.watching import Watching, block_of, found, read, told
from tests.support.faulty_node import NO_ANSWERS, faulty

UNITS = 123_456  # above what any chain calls dust


def next_height(chain: Chain) -> int:
    return chain.head().latest.height + 1


# ---------------------------------------------------------------- blocks


def test_the_head_grows_and_is_a_block_of_the_chain(driver: Driver) -> None:
    chain = driver.chain()
    before = chain.head()
    driver.mine(2)
    after = chain.head()
    assert after.latest.height == before.latest.height + 2
    assert chain.block(after.latest.height) == after.latest
    assert abs(after.latest.time - datetime.now(UTC)) < timedelta(hours=3)
    assert chain.block(after.latest.height + 1) is None


@pytest.mark.needs(Can.FINAL)
def test_blocks_become_final(driver: Driver) -> None:
    chain = driver.chain()
    height = chain.head().latest.height
    for _ in range(200):
        if chain.head().final_height >= height:
            break
        driver.mine(1)
    head = chain.head()
    assert height <= head.final_height <= head.latest.height


def test_blocks_are_told_from_where_they_are_asked_for_and_each_follows_the_other(driver: Driver) -> None:
    chain = driver.chain()
    first = next_height(chain)
    driver.mine(6)
    scan = chain.scan(first, first + 5, Watching(), first + 3)
    assert [block.height for block in scan.blocks] == [first, first + 3, first + 4, first + 5]
    assert [block.parent for block in scan.blocks[2:]] == [block.hash for block in scan.blocks[1:-1]]
    assert [chain.block(block.height) for block in scan.blocks] == list(scan.blocks)


def test_one_block_is_a_range_as_well(driver: Driver) -> None:
    chain = driver.chain()
    driver.mine(1)
    height = chain.head().latest.height
    for tell_from in (height, height + 1):
        assert [block.height for block in chain.scan(height, height, Watching(), tell_from).blocks] == [height]


# ---------------------------------------------------------------- money


def test_each_asset_is_found_to_the_unit(driver: Driver) -> None:
    chain = driver.chain()
    for asset in chain.assets:
        first, key = next_height(chain), driver.new_key()
        tx_id = driver.pay(asset, key, UNITS)
        [transfer] = read(chain, first, key).transfers
        assert told(transfer) == (asset.code, key, UNITS, tx_id)
        assert transfer.asset == asset
        assert chain.block(block_of(transfer).height) == block_of(transfer)


def test_it_is_found_the_same_however_it_is_looked_for(driver: Driver) -> None:
    """By all addresses or by few, block by block or at once, where blocks are told and where they are not."""
    chain = driver.chain()
    first, key = next_height(chain), driver.new_key()
    for asset in chain.assets:
        driver.pay(asset, key, UNITS)
        driver.mine(1)
        driver.pay(asset, key, UNITS + 1)
    last = chain.head().latest.height
    whole = sorted(read(chain, first, key).transfers, key=repr)
    assert len(whole) == 2 * len(chain.assets)
    ways: list[Callable[[], list[Scan]]] = [
        lambda: [read(chain, first, key, is_few=True)],
        lambda: [read(chain, first, key, tell_from=last + 1)],
        lambda: [read(chain, first, key, is_few=True, tell_from=last + 1)],
        lambda: [chain.scan(height, height, Watching(key), first) for height in range(first, last + 1)],
        lambda: [read(driver.chain(), first, key)],
    ]
    for way in ways:
        assert sorted((each for scan in way() for each in scan.transfers), key=repr) == whole


def test_the_block_of_a_transfer_is_told_where_no_other_is(driver: Driver) -> None:
    chain = driver.chain()
    first, key = next_height(chain), driver.new_key()
    driver.mine(2)
    driver.pay(chain.assets[0], key, UNITS)
    driver.mine(2)
    last = chain.head().latest.height
    scan = read(chain, first, key, tell_from=last + 1)
    [transfer] = scan.transfers
    assert block_of(transfer) in scan.blocks or chain.block(block_of(transfer).height) == block_of(transfer)
    assert {first, last} <= {block.height for block in scan.blocks}


def test_what_is_not_ours_is_not_told(driver: Driver) -> None:
    chain = driver.chain()
    first, ours = next_height(chain), driver.new_key()
    for asset in chain.assets:
        driver.pay(asset, driver.new_key(), UNITS)
    for is_few in (True, False):
        assert found(chain, first, ours, is_few=is_few) == []


def test_without_an_address_only_blocks_are_read(driver: Driver) -> None:
    chain = driver.chain()
    first = next_height(chain)
    driver.pay(chain.assets[0], driver.new_key(), UNITS)
    watch = Watching(is_few=True)
    scan = chain.scan(first, chain.head().latest.height, watch, first)
    assert (scan.transfers, watch.asked) == ([], 0)
    assert scan.blocks[0].height == first


@pytest.mark.needs(Can.SEVERAL)
def test_x4_one_transaction_pays_two_addresses_and_one_of_them_twice(driver: Driver) -> None:
    chain = driver.chain()
    for asset in chain.assets:
        first, one, other = next_height(chain), driver.new_key(), driver.new_key()
        tx_id = driver.pay_several(asset, [(one, UNITS), (other, UNITS), (one, UNITS + 1)])
        transfers = read(chain, first, one, other).transfers
        paid = sorted((each.key, each.units) for each in transfers)
        assert paid == sorted([(one, UNITS), (other, UNITS), (one, UNITS + 1)])
        assert {each.tx_id for each in transfers} == {tx_id}
        assert len({(each.index, each.key) for each in transfers}) == 3
        assert list(chain.standing(transfers)) == list(transfers)


@pytest.mark.needs(Can.FAIL)
def test_x3_a_transaction_that_failed_is_no_money(driver: Driver) -> None:
    chain = driver.chain()
    for asset in chain.assets:
        first, key = next_height(chain), driver.new_key()
        tx_id = driver.fail(asset, key, UNITS)
        assert found(chain, first, key) == []
        assert chain.transaction(tx_id).state is TransactionState.FAILED
        assert chain.transaction(tx_id).transfers == ()


@pytest.mark.needs(Can.NAME_SENDER)
def test_the_sender_is_named(driver: Driver) -> None:
    chain = driver.chain()
    first, key = next_height(chain), driver.new_key()
    for asset in chain.assets:
        driver.pay(asset, key, UNITS)
    senders = {each.sender for each in read(chain, first, key).transfers}
    assert len(senders) == 1
    assert None not in senders


@pytest.mark.needs(Can.HIDE)
def test_money_that_no_block_shows_is_missed(driver: Driver) -> None:
    chain, key = driver.chain(), driver.new_key()
    assert chain.hides is not None
    first = next_height(chain)
    driver.pay(chain.hides, key, UNITS)
    driver.hide(chain.hides, key, 7)
    driver.mine(1)
    block = chain.block(chain.head().latest.height)
    assert block is not None
    assert [each.units for each in read(chain, first, key).transfers] == [UNITS]
    [missed] = chain.missed({key: UNITS, driver.new_key(): 0}, block)
    assert (missed.asset, missed.key, missed.units, missed.block) == (chain.hides, key, 7, block)
    assert list(chain.standing([missed])) == [missed]
    assert list(chain.missed({key: UNITS + 7}, block)) == []
    assert [each.units for each in chain.missed({key: UNITS}, block)] == [7]


# ---------------------------------------------------------------- blocks that turn


@pytest.mark.needs(Can.TURN)
def test_x7_what_a_turn_took_stands_no_longer(driver: Driver) -> None:
    chain = driver.chain()
    driver.mine(1)
    first, kept, lost = next_height(chain), driver.new_key(), driver.new_key()
    for asset in chain.assets:
        driver.pay(asset, kept, UNITS)
    driver.mine(1)
    turning = next_height(chain)
    for asset in chain.assets:
        driver.pay(asset, lost, UNITS)
    transfers = read(chain, first, kept, lost).transfers
    assert list(chain.standing(transfers)) == list(transfers)

    driver.turn(len(chain.assets))

    assert {each.key for each in chain.standing(transfers)} == {kept}
    assert len(chain.standing(transfers)) == len(chain.assets)
    assert found(chain, turning, lost) == []
    was = {block_of(each).height: block_of(each).hash for each in transfers if each.key == lost}
    now = {height: block.hash for height in was if (block := chain.block(height)) is not None}
    assert not was.items() & now.items()


# ---------------------------------------------------------------- transactions


def test_a_transaction_is_known_by_its_id(driver: Driver) -> None:
    chain = driver.chain()
    assert chain.transaction("ab" * 32).state is TransactionState.UNKNOWN
    for asset in chain.assets:
        first, key = next_height(chain), driver.new_key()
        tx_id = driver.pay(asset, key, UNITS)
        seen = chain.transaction(tx_id)
        assert seen.state is TransactionState.DONE
        assert [each for each in seen.transfers if each.key == key] == list(read(chain, first, key).transfers)


@pytest.mark.needs(Can.WAIT)
def test_a_transaction_that_waits_for_a_block(driver: Driver) -> None:
    chain, key = driver.chain(), driver.new_key()
    asset, first = chain.assets[0], next_height(chain)
    tx_id = driver.wait(asset, key, UNITS)
    try:
        assert chain.transaction(tx_id).state is TransactionState.WAITING
        waiting = chain.unconfirmed([key, driver.new_key()])
        if waiting is not None:
            assert [(told(each), each.block) for each in waiting] == [((asset.code, key, UNITS, tx_id), None)]
        assert found(chain, first - 1, key) == []
    finally:
        driver.mine(1)
    assert found(chain, first, key) == [(asset.code, key, UNITS, tx_id)]
    assert not chain.unconfirmed([key])
    assert chain.transaction(tx_id).state is TransactionState.DONE


# ---------------------------------------------------------------- nodes that are of no help


def questions(chain: Chain, tx_id: str, height: int) -> dict[str, Callable[[], object]]:
    """Each question, of a chain that was asked nothing before."""
    transfers = chain.transaction(tx_id).transfers
    return {
        "head": lambda: None,
        "block": lambda: height,
        "scan": lambda: Watching(*(each.key for each in transfers)),
        "standing": lambda: transfers,
        "transaction": lambda: tx_id,
    }


def ask(chain: Chain, question: str, facts: dict[str, Callable[[], object]], height: int) -> object:
    given = facts[question]()
    if question == "head":
        return chain.head()
    if question == "scan":
        return chain.scan(height, height, given, height)  # type: ignore[arg-type]
    return getattr(chain, question)(given)


@pytest.mark.parametrize("kind", NO_ANSWERS)
@pytest.mark.parametrize("question", ["head", "block", "scan", "standing", "transaction"])
def test_a_node_without_an_answer_is_unavailable(driver: Driver, question: str, kind: str) -> None:
    """Whatever comes instead. Nothing is shown of where the node is, or of what it said."""
    height, facts = paid(driver)
    with faulty(driver.url) as node:
        chain = driver.impatient_chain(node.url + "/planted-key")
        node.fault = lambda _asked: NO_ANSWERS[kind]
        with pytest.raises(NodeUnavailable) as caught:
            ask(chain, question, facts, height)
    assert "planted" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


def test_a_node_that_is_not_there_is_unavailable(driver: Driver) -> None:
    with pytest.raises(NodeUnavailable):
        driver.impatient_chain("http://127.0.0.1:1").head()


def test_the_node_of_another_chain_misleads(driver: Driver) -> None:
    with pytest.raises(NodeMisled):
        driver.other_chain().head()


_paid: dict[int, tuple[int, dict[str, Callable[[], object]]]] = {}


def paid(driver: Driver) -> tuple[int, dict[str, Callable[[], object]]]:
    """One payment for all tests that only ask about one."""
    if id(driver) not in _paid:
        chain = driver.chain()
        tx_id = driver.pay(chain.assets[0], driver.new_key(), UNITS)
        height = chain.head().latest.height
        _paid[id(driver)] = height, questions(chain, tx_id, height)
    return _paid[id(driver)]
