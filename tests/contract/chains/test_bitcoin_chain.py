"""What the adapter sees on a node: blocks, payments in them, payments that wait for one, transactions by id."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from paygate.chain_ports import TransactionState
from paygate.domain.assets import BTC
from tests.contract.chains.bitcoin_node import DUST, Eyes, Payee, payee
from tests.contract.chains.watching import Watching, read
from tests.support import bitcoin
from tests.support.bitcoin import FEE, btc


@pytest.fixture(scope="module", params=bitcoin.KINDS)
def eyes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eyes]:
    with bitcoin.opened(request.param, tmp_path_factory.mktemp("bitcoin")) as node:
        yield Eyes(node)


# ---------------------------------------------------------------- blocks


def test_the_head_is_the_newest_block(eyes: Eyes) -> None:
    (hashed,) = eyes.node.mine()
    head = eyes.chain.head()
    told = eyes.node.rpc("getblockheader", hashed)
    assert head.latest.hash == hashed
    assert head.latest.height == told["height"]
    assert head.latest.parent == told["previousblockhash"]
    assert head.latest.time == datetime.fromtimestamp(told["time"], UTC)


def test_what_99_blocks_follow_is_settled(eyes: Eyes) -> None:
    head = eyes.chain.head()
    followed = head.latest.height - head.final_height
    assert followed == 99
    assert eyes.chain.depth > followed


def test_a_block_is_known_by_its_height_and_nothing_is_above_the_head(eyes: Eyes) -> None:
    height = eyes.height
    block = eyes.chain.block(height - 3)
    assert block is not None
    assert (block.height, block.hash) == (height - 3, eyes.node.rpc("getblockhash", height - 3))
    assert eyes.chain.block(height + 1) is None


# ---------------------------------------------------------------- payments in blocks


@pytest.mark.parametrize("is_few", [True, False])
def test_a_payment_is_found_in_its_block(eyes: Eyes, *, is_few: bool) -> None:
    receiver, other = payee(), payee()
    tx_id = eyes.node.pay(receiver.address, 123_456_789)
    (hashed,) = eyes.node.mine()
    (found,) = eyes.newest(receiver, other, is_few=is_few)
    assert (found.asset, found.key, found.units, found.tx_id) == (BTC, receiver.key, 123_456_789, tx_id)
    assert found.block is not None
    assert found.block.hash == hashed
    assert found.sender is None


@pytest.mark.parametrize("satoshis", [546, 100_000_000, 100_000_001, 1_999_999_999])
def test_amounts_are_exact(eyes: Eyes, satoshis: int) -> None:
    receiver = payee()
    eyes.node.pay(receiver.address, satoshis)
    assert [each.units for each in eyes.waiting(receiver)] == [satoshis]
    assert [each.units for each in eyes.mined(receiver)] == [satoshis]


def test_several_outputs_of_one_transaction_are_a_transfer_each(eyes: Eyes) -> None:
    """Two to one payment add up, one more pays another (X4)."""
    first, second = payee(), payee()
    tx_id = eyes.node.pay_many([(first.address, 1000), (second.address, 7000), (first.address, 2000)])
    waiting = {(each.tx_id, each.index, each.key, each.units) for each in eyes.waiting(first, second)}
    mined = {(each.tx_id, each.index, each.key, each.units) for each in eyes.mined(first, second)}
    assert waiting == mined
    assert mined == {(tx_id, "0", first.key, 1000), (tx_id, "1", second.key, 7000), (tx_id, "2", first.key, 2000)}


@pytest.mark.parametrize(
    "script", ["76a914{}88ac", "a914{}87", "5120{}aaaaaaaaaaaaaaaaaaaaaaaa", "0020{}" + "b" * 24]
)
def test_an_address_of_any_kind_is_matched_by_its_script(eyes: Eyes, script: str) -> None:
    receiver = Payee(script.format(os.urandom(20).hex()))
    eyes.node.pay(receiver.address, 5000)
    assert [each.key for each in eyes.waiting(receiver)] == [receiver.key]
    assert [each.key for each in eyes.mined(receiver)] == [receiver.key]


def test_mined_coins_are_no_payment(eyes: Eyes) -> None:
    receiver = payee()
    (hashed,) = eyes.node.rpc("generatetoaddress", 1, receiver.address)
    assert eyes.newest(receiver) == []
    coinbase = eyes.node.rpc("getblock", hashed)["tx"][0]
    assert list(eyes.chain.transaction(coinbase).transfers) == []


def test_an_output_of_nothing_is_no_money(eyes: Eyes) -> None:
    """X2. Nobody relays it; a miner may put it in a block."""
    receiver = payee()
    (coin,) = eyes.node._coins(FEE)
    raw = eyes.node._raw([coin], [(receiver.address, btc(0)), (eyes.node.new_address(), coin["amount"] - FEE)])
    signed = eyes.node.node.wallet("signrawtransactionwithwallet", raw)["hex"]
    hashed = eyes.node.rpc("generateblock", eyes.node.new_address(), [signed])["hash"]
    assert receiver.key in eyes.node.rpc("getblock", hashed, 0)
    assert eyes.newest(receiver) == []


def test_a_range_tells_its_ends_and_what_was_asked_for_and_each_is_the_child_of_the_one_before(eyes: Eyes) -> None:
    receiver = payee()
    first = eyes.height + 1
    for satoshis in (1000, 2000, 3000, 4000, 5000):
        eyes.node.pay(receiver.address, satoshis)
        eyes.node.mine()
    scan = read(eyes.chain, first, receiver.key, tell_from=first + 3)
    assert [block.height for block in scan.blocks] == [first, first + 3, first + 4]
    assert scan.blocks[2].parent == scan.blocks[1].hash
    assert [each.units for each in scan.transfers] == [1000, 2000, 3000, 4000, 5000]
    heights = [each.block.height for each in scan.transfers if each.block]
    assert heights == list(range(first, first + 5))


def test_the_database_is_asked_once_a_block_and_not_once_an_output(eyes: Eyes) -> None:
    receivers = [payee() for _ in range(50)]
    eyes.node.pay_many([(each.address, 1000) for each in receivers])
    eyes.node.mine()
    watch = Watching(*(each.key for each in receivers))
    height = eyes.height
    assert len(eyes.chain.scan(height, height, watch, height).transfers) == 50
    assert watch.asked == 1


def test_dust_by_the_thousand_hides_no_payment(eyes: Eyes) -> None:
    """X12: outputs as small as the network lets through, and one payment between them."""
    receiver = payee()
    send_dust(eyes, receiver, 1000)
    tx_id = eyes.node.pay(receiver.address, 50_000)
    waiting = eyes.waiting(receiver)
    mined = eyes.mined(receiver)
    for found in (waiting, mined):
        assert len(found) == 1001
        assert sum(each.units for each in found) == 1000 * DUST + 50_000
        assert [each.units for each in found if each.tx_id == tx_id] == [50_000]
    assert len(eyes.chain.standing(mined)) == 1001


def send_dust(eyes: Eyes, receiver: Payee, count: int) -> None:
    """As so many outputs of one transaction: one that Core writes, repeated in its bytes."""
    cost = btc(count * (DUST + 40))
    coins = eyes.node._coins(cost + FEE)
    change = sum((coin["amount"] for coin in coins), -cost - FEE)
    raw = eyes.node._raw(coins, [(receiver.address, btc(DUST)), (eyes.node.new_address(), change)])
    output = DUST.to_bytes(8, "little").hex() + "16" + receiver.key
    assert raw.count(f"02{output}") == 1
    many = "fd" + (count + 1).to_bytes(2, "little").hex() + output * count
    eyes.node._send(raw.replace(f"02{output}", many))


# ---------------------------------------------------------------- payments that wait


def test_a_payment_shows_before_its_block_and_then_no_longer_waits(eyes: Eyes) -> None:
    receiver = payee()
    assert eyes.waiting(receiver) == []
    tx_id = eyes.node.pay(receiver.address, 5000)
    (seen,) = eyes.waiting(receiver)
    assert (seen.tx_id, seen.key, seen.units, seen.block) == (tx_id, receiver.key, 5000, None)
    (mined,) = eyes.mined(receiver)
    assert (mined.tx_id, mined.index) == (seen.tx_id, seen.index)
    assert eyes.waiting(receiver) == []


def test_a_payment_that_came_before_its_address_was_watched_shows(eyes: Eyes) -> None:
    early, late = payee(), payee()
    eyes.node.pay(late.address, 5000)
    assert eyes.waiting(early) == []
    assert [each.key for each in eyes.waiting(early, late)] == [late.key]


def test_what_we_spend_is_no_payment(eyes: Eyes) -> None:
    """The node tells spending, and receiving, of each address."""
    own = eyes.node.new_address()
    key = eyes.node.rpc("validateaddress", own)["scriptPubKey"]
    tx_id = eyes.node.pay(own, 5000)
    eyes.node.mine()
    vout = next(
        out["n"]
        for out in eyes.node.rpc("getrawtransaction", tx_id, 2)["vout"]
        if out["scriptPubKey"]["hex"] == key
    )
    spent = eyes.node.rpc("createrawtransaction", [{"txid": tx_id, "vout": vout}], [{payee().address: "0.00004"}])
    signed = eyes.node.node.wallet("signrawtransactionwithwallet", spent)["hex"]
    eyes.node.rpc("sendrawtransaction", signed)
    assert eyes.waiting(Payee(key)) == []


def test_nobody_to_watch_is_not_asked_for(eyes: Eyes) -> None:
    assert eyes.chain.unconfirmed([]) == []


# ---------------------------------------------------------------- looking up again


def test_a_transfer_stands_while_its_block_does(eyes: Eyes) -> None:
    first, second = payee(), payee()
    eyes.node.pay(first.address, 1000)
    eyes.node.pay(second.address, 2000)
    mined = eyes.mined(first, second)
    assert sorted(each.units for each in eyes.chain.standing(mined)) == [1000, 2000]
    assert list(eyes.chain.standing([])) == []


def test_a_transfer_that_its_block_does_not_hold_does_not_stand(eyes: Eyes) -> None:
    receiver = payee()
    eyes.node.pay(receiver.address, 1000)
    (true,) = eyes.mined(receiver)
    false = [
        replace(true, tx_id="ab" * 32),
        replace(true, index="77"),
        replace(true, units=1001),
        replace(true, key=payee().key),
        replace(true, block=None),
    ]
    assert eyes.chain.standing([*false, true]) == [true]


def test_a_transaction_is_found_while_it_waits_and_in_its_block_and_no_other_is(eyes: Eyes) -> None:
    receiver, other = payee(), payee()
    tx_id = eyes.node.pay_many([(receiver.address, 1000), (other.address, 2000)])
    waiting = eyes.chain.transaction(tx_id)
    assert waiting.state is TransactionState.WAITING
    assert {(each.key, each.units, each.block) for each in waiting.transfers} >= {
        (receiver.key, 1000, None),
        (other.key, 2000, None),
    }
    (hashed,) = eyes.node.mine()
    done = eyes.chain.transaction(tx_id)
    assert done.state is TransactionState.DONE
    assert {each.block.hash for each in done.transfers if each.block} == {hashed}
    assert [(each.index, each.key, each.units) for each in done.transfers] == [
        (each.index, each.key, each.units) for each in waiting.transfers
    ]
    assert eyes.chain.transaction("ab" * 32).state is TransactionState.UNKNOWN
    assert eyes.chain.transaction("no id").state is TransactionState.UNKNOWN


def test_blocks_hide_nothing(eyes: Eyes) -> None:
    assert eyes.chain.hides is None
    assert list(eyes.chain.missed({payee().key: 0}, eyes.chain.head().latest)) == []
