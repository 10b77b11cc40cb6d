"""What is money on Ethereum and BSC and what only looks like it, tried on nodes."""

from dataclasses import replace

import pytest

from paygate.adapters.chains.evm.settings import DEBUG, NONE
from paygate.chain_ports import ChainTransfer, TransactionState
from paygate.domain.assets import ETH, USDT_ON_BSC, USDT_ON_ETHEREUM
from tests.contract.chains.evm_driver import EvmDriver
from tests.contract.chains.watching import Watching, block_of, found, read, told


def test_x1_usdt_has_six_decimals_on_ethereum_and_eighteen_on_bsc(either: EvmDriver) -> None:
    chain, first, key = either.chain(), either.node.height + 1, either.new_key()
    either.node.pay_token(key, 10**18)
    [transfer] = read(chain, first, key).transfers
    expected = {"ethereum": USDT_ON_ETHEREUM, "bsc": USDT_ON_BSC}[chain.network]
    assert (transfer.asset, transfer.units) == (expected, 10**18)


def test_a_sum_that_no_64_bits_hold_is_exact(either: EvmDriver) -> None:
    chain, first, key = either.chain(), either.node.height + 1, either.new_key()
    either.node.pay_token(key, 2**70 + 1)
    assert [each.units for each in read(chain, first, key).transfers] == [2**70 + 1]


@pytest.mark.parametrize("is_few", [True, False])
def test_x2_a_look_alike_a_transfer_of_nothing_and_an_approval_are_no_money(
    either: EvmDriver, *, is_few: bool
) -> None:
    node, first, key = either.node, either.node.height + 1, either.new_key()
    made = [node.fake_transfer(key, 10**9), node.zero_transfer(key, key), node.approve_token(key, 10**9)]
    chain = either.chain()
    assert found(chain, first, key, is_few=is_few) == []
    for tx_id in made:
        seen = chain.transaction(tx_id)
        assert (seen.state, seen.transfers) == (TransactionState.DONE, [])


def test_x5_tokens_that_a_contract_sends_are_found_by_their_logs(either: EvmDriver) -> None:
    chain, first, key = either.chain(), either.node.height + 1, either.new_key()
    tx_id = either.node.pay_many([(key, 5)])
    assert found(chain, first, key) == [("USDT", key, 5, tx_id)]


def test_x6_ether_on_bsc_is_nothing(either: EvmDriver) -> None:
    chain, first, key = either.chain(), either.node.height + 1, either.new_key()
    either.node.pay_eth(key, 10**18)
    assert [each.asset.code for each in read(chain, first, key).transfers] == ["ETH"] * (
        chain.network == "ethereum"
    )


@pytest.mark.parametrize("traces", ["auto", DEBUG])
def test_x5_ether_that_a_contract_sends_is_found_by_traces(ether: EvmDriver, traces: str) -> None:
    chain, first, key = ether.chain(traces=traces), ether.node.height + 1, ether.new_key()
    tx_id = ether.node.pay_inside(key, 7)
    [transfer] = read(chain, first, key).transfers
    assert told(transfer) == ("ETH", key, 7, tx_id)
    assert [each for each in chain.transaction(tx_id).transfers if each.key == key] == [transfer]
    assert chain.standing([transfer]) == [transfer]


def test_x5_without_traces_it_is_missed_at_a_final_block_and_only_there(ether: EvmDriver) -> None:
    chain, first, key = ether.chain(traces=NONE), ether.node.height + 1, ether.new_key()
    ether.node.pay_eth(key, 5)
    ether.node.pay_inside(key, 7)
    assert [each.units for each in read(chain, first, key).transfers] == [5]
    ether.node.finalize()
    block = chain.block(chain.head().final_height)
    assert block is not None
    assert [(each.units, each.index, each.tx_id) for each in chain.missed({key: 5}, block)] == [
        (7, "balance", block.hash)
    ]
    before = chain.block(first - 1)
    assert before is not None
    assert chain.missed({key: 0}, before) == []


def test_a_call_that_failed_sent_nothing_though_its_transaction_succeeded(ether: EvmDriver) -> None:
    chain, first, key = ether.chain(), ether.node.height + 1, ether.new_key()
    tx_id = ether.node.pay_inside_in_vain(key, 7)
    assert found(chain, first, key) == []
    seen = chain.transaction(tx_id)
    assert (seen.state, [each for each in seen.transfers if each.key == key]) == (TransactionState.DONE, [])


def test_a_contract_that_is_made_with_money_is_nobody(ether: EvmDriver) -> None:
    first = ether.node.height + 1
    tx_hash = ether.node.rpc.call("eth_sendTransaction", {"from": ether.node.payer, "value": "0x5", "data": "0x00"})
    made = ether.node.receipt(tx_hash.removeprefix("0x"))
    assert made is not None
    assert found(ether.chain(traces=NONE), first, made["contractAddress"][2:].lower()) == []


def test_x7_mined_again_in_another_block_it_is_the_same_transaction_there(ether: EvmDriver) -> None:
    chain, node, first, key = ether.chain(), ether.node, ether.node.height + 1, ether.new_key()
    tx_ids = [node.pay_token(key, 5), node.pay_eth(key, 6)]
    before = read(chain, first, key).transfers
    node.reorg(2, keep=tx_ids)
    assert list(chain.standing(before)) == []
    again = read(chain, first, key).transfers
    assert sorted(map(told, again)) == sorted(map(told, before))
    assert {block_of(each).hash for each in again}.isdisjoint(block_of(each).hash for each in before)
    assert list(chain.standing(again)) == list(again)
    assert {chain.transaction(each).state for each in tx_ids} == {TransactionState.DONE}


@pytest.mark.parametrize("asset", [USDT_ON_ETHEREUM, ETH])
def test_what_is_told_of_a_transfer_must_be_in_its_transaction_to_stand(ether: EvmDriver, asset: object) -> None:
    chain, first, key = ether.chain(), ether.node.height + 1, ether.new_key()
    for each in chain.assets:
        ether.pay(each, key, 5)
    [transfer] = [each for each in read(chain, first, key).transfers if each.asset == asset]
    changed: list[ChainTransfer] = [
        replace(transfer, units=6),
        replace(transfer, key=ether.new_key()),
        replace(transfer, index="9"),
        replace(transfer, asset=USDT_ON_BSC),
    ]
    assert chain.standing([*changed, transfer]) == [transfer]
    from_store = replace(transfer, sender=None, block=replace(block_of(transfer), parent=""))
    assert chain.standing([from_store]) == [from_store]


def test_addresses_beyond_what_one_filter_names_are_found(either: EvmDriver) -> None:
    chain, first = either.chain(), either.node.height + 1
    keys = [either.new_key() for _ in range(1001)]
    paid = [sorted(keys)[number] for number in (0, 500, 1000)]
    for key in paid:
        either.node.pay_token(key, 5)
    last = either.node.height
    for tell_from in (first, last + 1):
        scan = chain.scan(first, last, Watching(*keys, is_few=True), tell_from)
        assert [each.key for each in sorted(scan.transfers, key=lambda each: block_of(each).height)] == paid


def test_of_many_addresses_all_are_asked_for_together(ether: EvmDriver) -> None:
    chain, first, key = ether.chain(), ether.node.height + 1, ether.new_key()
    for number in range(6):
        ether.node.pay_many([(ether.new_key(), 1), (key if number == 3 else ether.new_key(), 2)])
    watch = Watching(key)
    assert len(chain.scan(first, ether.node.height, watch, first).transfers) == 1
    assert watch.asked == 1
