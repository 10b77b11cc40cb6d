"""Money that was seen and is gone: replaced, spent elsewhere, forgotten, in a block that lost. And dying nodes."""

from collections.abc import Callable, Iterator

import pytest

from paygate.chain_ports import TransactionState
from paygate.domain.errors import NodeUnavailable
from tests.contract.chains.bitcoin_node import Eyes, payee
from tests.contract.chains.watching import read
from tests.support import bitcoin
from tests.support.bitcoin import FEE, Bitcoin


@pytest.fixture(scope="module", params=bitcoin.KINDS)
def eyes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eyes]:
    with bitcoin.opened(request.param, tmp_path_factory.mktemp("bitcoin")) as node:
        yield Eyes(node)


# ---------------------------------------------------------------- before a block


def test_a_payment_with_a_higher_fee_takes_the_place_of_the_first(eyes: Eyes) -> None:
    receiver = payee()
    first = eyes.node.pay(receiver.address, 5000)
    assert [each.tx_id for each in eyes.waiting(receiver)] == [first]
    second = eyes.node.bump(first)
    assert [(each.tx_id, each.units) for each in eyes.waiting(receiver)] == [(second, 5000)]
    assert eyes.chain.transaction(first).state is TransactionState.UNKNOWN
    assert [each.tx_id for each in eyes.mined(receiver)] == [second]


@pytest.mark.parametrize("rbf", [True, False])
def test_a_payment_that_is_replaced_by_one_that_does_not_pay_us_waits_no_longer(eyes: Eyes, *, rbf: bool) -> None:
    """X8. What a transaction says of itself (BIP 125) counts for nothing: any may be replaced."""
    receiver = payee()
    tx_id = eyes.node.pay(receiver.address, 5000, rbf=rbf)
    assert len(eyes.waiting(receiver)) == 1
    eyes.node.double_spend(tx_id)
    assert eyes.waiting(receiver) == []
    assert eyes.mined(receiver) == []


def test_coins_that_are_spent_elsewhere_in_a_block_pay_nobody_here(eyes: Eyes) -> None:
    """The other transaction never showed before its block: a miner had it from its sender."""
    receiver = payee()
    tx_id = eyes.node.pay(receiver.address, 5000)
    assert len(eyes.waiting(receiver)) == 1
    spent = eyes.node.rpc("getrawtransaction", tx_id, 2)["vin"]
    coins = [eyes.node._coin(each["txid"], each["vout"]) for each in spent]
    other = eyes.node._raw(coins, [(eyes.node.new_address(), sum(coin["amount"] for coin in coins) - FEE)])
    signed = eyes.node.node.wallet("signrawtransactionwithwallet", other)["hex"]
    eyes.node.rpc("generateblock", eyes.node.new_address(), [signed])
    assert eyes.waiting(receiver) == []
    assert eyes.chain.transaction(tx_id).state is TransactionState.UNKNOWN


def test_a_payment_that_the_network_forgot_waits_no_longer(eyes: Eyes) -> None:
    receiver = payee()
    eyes.node.mine()  # what another test left waiting may be younger than two weeks
    tx_id = eyes.node.pay(receiver.address, 5000)
    assert len(eyes.waiting(receiver)) == 1
    eyes.node.drop(tx_id)
    assert eyes.waiting(receiver) == []


# ---------------------------------------------------------------- blocks that lose


def test_money_in_a_block_that_lost_does_not_stand_and_waits_again(eyes: Eyes) -> None:
    receiver = payee()
    eyes.node.pay(receiver.address, 5000)
    (mined,) = eyes.mined(receiver)
    eyes.node.mine(2)
    eyes.node.reorg(3)
    assert list(eyes.chain.standing([mined])) == []
    assert [each.tx_id for each in eyes.waiting(receiver)] == [mined.tx_id]
    assert eyes.chain.transaction(mined.tx_id).state is TransactionState.WAITING


def test_mined_again_it_is_one_transfer_in_its_new_block(eyes: Eyes) -> None:
    """X7: what tells it apart is the same as before, so that it counts once."""
    receiver = payee()
    eyes.node.pay(receiver.address, 5000)
    (before,) = eyes.mined(receiver)
    eyes.node.reorg(1)
    (after,) = eyes.mined(receiver)
    assert (after.tx_id, after.index, after.key, after.units) == (
        before.tx_id,
        before.index,
        before.key,
        before.units,
    )
    assert after.block != before.block
    assert eyes.chain.standing([before, after]) == [after]


def test_a_turn_shows_by_hashes_at_heights_and_parents(eyes: Eyes) -> None:
    fork = eyes.chain.head().latest
    eyes.node.pay(payee().address, 5000)  # or both blocks were the same
    (lost,) = eyes.node.mine()
    won = eyes.node.reorg(1)
    blocks = read(eyes.chain, fork.height + 1).blocks
    assert [block.hash for block in blocks] == won
    assert blocks[0].parent == fork.hash
    assert lost not in won


def test_a_node_that_does_not_reach_a_transfers_block_knows_nothing_of_it(eyes: Eyes) -> None:
    """That one is behind: it does not say that the block lost."""
    receiver = payee()
    eyes.node.pay(receiver.address, 5000)
    (mined,) = eyes.mined(receiver)
    assert mined.block is not None
    eyes.node.rpc("invalidateblock", mined.block.hash)
    with pytest.raises(NodeUnavailable):
        eyes.chain.standing([mined])
    eyes.node.rpc("reconsiderblock", mined.block.hash)
    assert eyes.chain.standing([mined]) == [mined]


# ---------------------------------------------------------------- nodes that die


@pytest.fixture
def own_node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bitcoin]:
    with bitcoin.opened(bitcoin.KINDS[0], tmp_path_factory.mktemp("own")) as node:
        yield node


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_node_that_comes_back_goes_on_where_it_was(own_node: Bitcoin, end: str) -> None:
    eyes, receiver = Eyes(own_node), payee()
    own_node.pay(receiver.address, 5000)
    (mined,) = eyes.mined(receiver)
    ends: dict[str, Callable[[], object]] = {"kill": own_node.server.kill, "stop": own_node.server.stop}
    ends[end]()
    for asked in (eyes.chain.head, lambda: eyes.chain.standing([mined]), lambda: eyes.waiting(receiver)):
        with pytest.raises(NodeUnavailable):
            asked()
    own_node.server.start()
    assert eyes.chain.standing([mined]) == [mined]
    assert eyes.newest(receiver) == [mined]
