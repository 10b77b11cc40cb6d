"""Refunds from a treasury on Ethereum and BSC: prepared, signed by an outside library, checked, sent, and mined."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from eth_account import Account

from paygate.adapters.chains.evm import rlp
from paygate.adapters.chains.evm.chain import MOST_BYTES
from paygate.adapters.chains.evm.treasury import EvmTreasury
from paygate.chain_ports import PayoutOrder, Signed, TransactionState, Unsigned
from paygate.domain.assets import ETH
from paygate.domain.errors import (
    InvalidField,
    NodeMisled,
    NodeUnavailable,
    NotYetReplaceable,
    TransactionRefused,
    TreasuryMissing,
    TreasuryTooPoor,
)
from paygate.domain.money import Asset
from tests.contract.chains.adapters import http
from tests.contract.chains.evm_driver import EvmDriver
from tests.contract.chains.treasury_keys import Holder, new_holder, order
from tests.support.faulty_node import NO_ANSWERS, Asked, RpcError, Wrong, faulty, rpc

ETHER = 10**18


@dataclass
class Payer:
    """A treasury, its key, and the node that it pays on."""

    driver: EvmDriver
    holder: Holder

    @property
    def encoding(self) -> Any:
        return self.driver.settings.encoding

    @property
    def usdt(self) -> Asset:
        return self.driver.settings.usdt

    def treasury(self, url: str | None = None, *, is_patient: bool = True, **changes: Any) -> EvmTreasury:
        url = url or self.driver.url
        settings = replace(self.driver.settings, rpc_url=url, treasury=self.holder.key, **changes)
        return EvmTreasury(settings, http(MOST_BYTES, is_patient=is_patient))

    def order(self, units: int, asset: Asset | None = None, recipient: str | None = None) -> PayoutOrder:
        return order(asset or self.usdt, units, self.encoding, recipient)

    def prepare(self, asked: PayoutOrder, nonce: int = 0, replaces: Unsigned | None = None) -> Unsigned:
        return self.treasury().prepare(asked, nonce, (), replaces)

    def sign(self, unsigned: Unsigned, secret: bytes | None = None, **changes: Any) -> str:
        """By what the document says alone, as any signer would."""
        fields = transaction_of(unsigned) | changes
        signed = Account.sign_transaction(fields, secret or self.holder.secret)
        return "0x" + signed.raw_transaction.hex().removeprefix("0x")

    def pay(self, asked: PayoutOrder, unsigned: Unsigned, **changes: Any) -> str:
        signed = self.treasury().check(asked, unsigned, self.sign(unsigned, **changes))
        return self.send(signed)

    def send(self, signed: Signed) -> str:
        """It is in a block when the call comes back, unless mining is paused."""
        self.treasury().send(signed)
        if self.driver.node._is_mining:
            self.driver.node.rpc.receipt(f"0x{signed.tx_id}")
        return signed.tx_id

    def state(self, tx_id: str) -> TransactionState:
        return self.driver.chain().transaction(tx_id).state


def transaction_of(unsigned: Unsigned) -> dict[str, Any]:
    document = unsigned.document
    numbers = ("chainId", "nonce", "value", "gas", "maxFeePerGas", "maxPriorityFeePerGas", "gasPrice")
    fields: dict[str, Any] = {name: int(document[name]) for name in numbers if name in document}
    fields |= {"to": document["to"], "data": document["data"]}
    return fields | ({"type": 2} if document["type"] == "2" else {})


@pytest.fixture
def payer(ether: EvmDriver) -> Payer:
    return rich(ether)


@pytest.fixture
def any_payer(either: EvmDriver) -> Payer:
    return rich(either)


def rich(driver: EvmDriver, wei: int = ETHER, tokens: int = 1000) -> Payer:
    holder = new_holder()
    driver.node.rpc.call("anvil_setBalance", f"0x{holder.key}", hex(wei))
    if tokens:
        driver.node.pay_token(holder.key, tokens)
    return Payer(driver, holder)


# ---------------------------------------------------------------- paying


def test_tokens_arrive_exactly_and_only_they_leave(any_payer: Payer) -> None:
    node, asked = any_payer.driver.node, any_payer.order(250)
    tx_id = any_payer.pay(asked, any_payer.prepare(asked))
    assert any_payer.state(tx_id) is TransactionState.DONE
    assert (node.tokens(asked.recipient), node.tokens(any_payer.holder.key)) == (250, 750)
    receipt = node.receipt(tx_id)
    assert receipt is not None
    paid = int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)
    assert node.ether(any_payer.holder.key) == ETHER - paid


def test_ether_arrives_exactly(payer: Payer) -> None:
    node, asked = payer.driver.node, payer.order(7 * 10**17 + 1, ETH)
    tx_id = payer.pay(asked, payer.prepare(asked))
    assert payer.state(tx_id) is TransactionState.DONE
    assert node.ether(asked.recipient) == 7 * 10**17 + 1
    assert node.tokens(payer.holder.key) == 1000


def test_the_document_is_what_a_signer_needs(payer: Payer) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    document = unsigned.document
    encoding = payer.encoding
    assert document["pays"] == {"asset": "USDT", "amount": "0.000250", "to": asked.address}
    assert (document["from"], document["to"]) == (
        encoding.text(payer.holder.key),
        encoding.text(payer.driver.settings.token),
    )
    assert (document["chainId"], document["nonce"], document["value"], document["type"]) == ("1", "0", "0", "2")
    assert (unsigned.nonce, unsigned.tx_id, unsigned.outpoints, unsigned.expires_at) == (0, None, (), None)
    signed = Account.sign_transaction(transaction_of(unsigned), payer.holder.secret)
    assert payer.treasury().check(asked, unsigned, signed.raw_transaction.hex()).tx_id == signed.hash.hex()
    by_hash = Account.unsafe_sign_hash(document["signingHash"], payer.holder.secret)
    assert (by_hash.r, by_hash.s) == (signed.r, signed.s)


def test_fees_leave_room_for_six_full_blocks(payer: Payer) -> None:
    document = payer.prepare(payer.order(1)).document
    base = int(payer.driver.node.block()["baseFeePerGas"], 16)
    tip = int(document["maxPriorityFeePerGas"])
    assert int(document["maxFeePerGas"]) == 2 * base + tip
    assert tip > 0


def test_on_a_chain_without_a_base_fee_there_is_one_price(payer: Payer) -> None:
    with faulty(payer.driver.url) as node:
        node.change = rpc(lambda method, _, result: without_base_fee(result) if "Block" in method else result)
        asked = payer.order(250)
        unsigned = payer.treasury(node.url).prepare(asked, 0, (), None)
    assert (unsigned.document["type"], "maxFeePerGas" in unsigned.document) == ("0", False)
    legacy = Account.sign_transaction(transaction_of(unsigned), payer.holder.secret)
    by_hash = Account.unsafe_sign_hash(unsigned.document["signingHash"], payer.holder.secret)
    assert (by_hash.r, by_hash.s) == (legacy.r, legacy.s)
    assert payer.state(payer.pay(asked, unsigned)) is TransactionState.DONE
    assert payer.driver.node.tokens(asked.recipient) == 250


def without_base_fee(block: Any) -> Any:
    return {name: value for name, value in block.items() if name != "baseFeePerGas"}


def test_nonces_count_what_waits(payer: Payer) -> None:
    assert payer.treasury().next_nonce() == 0
    asked = payer.order(1)
    with payer.driver.node.mining_paused():
        payer.pay(asked, payer.prepare(asked))
        assert payer.treasury().next_nonce() == 1
    assert payer.treasury().next_nonce() == 1


def test_a_node_whose_pool_is_behind_its_blocks_does_not_lower_the_nonce(payer: Payer) -> None:
    asked = payer.order(1)
    payer.pay(asked, payer.prepare(asked))
    with faulty(payer.driver.url) as node:
        node.change = rpc(lambda _, params, result: "0x0" if "pending" in params else result)
        assert payer.treasury(node.url).next_nonce() == 1
        node.change = rpc(lambda _, params, result: RpcError(-32602) if "pending" in params else result)
        assert payer.treasury(node.url).next_nonce() == 1


# ---------------------------------------------------------------- taking another's place


def test_of_two_versions_one_is_mined(any_payer: Payer) -> None:
    node, asked = any_payer.driver.node, any_payer.order(250)
    first = any_payer.prepare(asked)
    with node.mining_paused():
        stuck = any_payer.pay(asked, first)
        second = any_payer.prepare(asked, replaces=first)
        assert second.nonce == first.nonce
        assert second.document["gas"] == first.document["gas"]  # it cannot count on what it replaces
        taken = any_payer.pay(asked, second)
    assert any_payer.state(taken) is TransactionState.DONE
    assert any_payer.state(stuck) is TransactionState.UNKNOWN
    with pytest.raises(TransactionRefused, match="nonce is in a block"):
        any_payer.treasury().send(any_payer.treasury().check(asked, first, any_payer.sign(first)))
    assert node.tokens(asked.recipient) == 250


def test_a_replacement_pays_an_eighth_more_of_both(payer: Payer) -> None:
    asked = payer.order(1)
    first = payer.prepare(asked)
    second = payer.prepare(asked, replaces=first)
    for fee in ("maxFeePerGas", "maxPriorityFeePerGas"):
        assert int(second.document[fee]) * 8 >= int(first.document[fee]) * 9


def test_it_pays_more_than_what_the_signer_chose_to_pay(payer: Payer) -> None:
    asked = payer.order(1)
    first = payer.prepare(asked)
    chosen = {each: 5 * int(first.document[each]) for each in ("maxFeePerGas", "maxPriorityFeePerGas")}
    with payer.driver.node.mining_paused():
        tx_id = payer.pay(asked, first, **chosen)
        with pytest.raises(TransactionRefused, match="waits"):
            payer.pay(asked, payer.prepare(asked, replaces=first))
        second = payer.prepare(asked, replaces=replace(first, tx_id=tx_id))
        taken = payer.pay(asked, second)
    assert payer.state(taken) is TransactionState.DONE
    assert payer.driver.node.tokens(asked.recipient) == 1


def test_what_is_mined_is_not_replaced(payer: Payer) -> None:
    asked = payer.order(1)
    first = payer.prepare(asked)
    payer.pay(asked, first)
    with pytest.raises(NotYetReplaceable):
        payer.prepare(asked, replaces=first)


def test_a_nonce_that_is_used_is_not_prepared(payer: Payer) -> None:
    asked = payer.order(1)
    payer.pay(asked, payer.prepare(asked))
    with pytest.raises(NodeUnavailable):
        payer.prepare(payer.order(2), nonce=0)


# ---------------------------------------------------------------- what is signed

WRONG_NUMBERS: dict[str, tuple[dict[str, Any], str]] = {
    "chainId": ({"chainId": 56}, "another chain than 1"),
    "nonce": ({"nonce": 1}, "another nonce than 0"),
    "value": ({"value": 1}, "nothing else"),
    "fee": ({"maxFeePerGas": 10**12}, "price"),
    "tip above the fee": ({"maxFeePerGas": 1, "maxPriorityFeePerGas": 2}, "price"),
    "gas": ({"gas": 5_000_000}, "price"),
}


@pytest.mark.parametrize("kind", WRONG_NUMBERS)
def test_other_numbers_are_refused(payer: Payer, kind: str) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    changes, why = WRONG_NUMBERS[kind]
    refuse(payer, asked, unsigned, payer.sign(unsigned, **changes), why)


def test_ten_times_the_price_is_taken_and_no_more(payer: Payer) -> None:
    """Nor for half of the gas."""
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    most, gas = int(unsigned.document["maxFeePerGas"]), int(unsigned.document["gas"])
    payer.treasury().check(asked, unsigned, payer.sign(unsigned, maxFeePerGas=10 * most))
    refuse(payer, asked, unsigned, payer.sign(unsigned, maxFeePerGas=10 * most + 1, gas=gas // 2), "price")


def test_other_calls_are_refused(payer: Payer) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    for other in (payer.order(251, recipient=asked.recipient), payer.order(250)):
        refuse(payer, asked, unsigned, payer.sign(unsigned, data=payer.prepare(other).document["data"]))
    refuse(payer, asked, unsigned, payer.sign(unsigned, to=payer.encoding.text(payer.driver.node.look_alike[2:])))
    refuse(payer, asked, unsigned, payer.sign(unsigned, data=unsigned.document["data"] + "00"))
    refuse(payer, asked, unsigned, payer.sign(unsigned, to=asked.address, value=250, data="0x"))
    refuse(payer, asked, unsigned, payer.sign(unsigned, to=b"", data="0x00"))
    slot = {"address": payer.encoding.text(payer.driver.settings.token), "storageKeys": []}
    refuse(payer, asked, unsigned, payer.sign(unsigned, accessList=[slot]))


def test_other_ether_is_refused(payer: Payer) -> None:
    asked = payer.order(250, ETH)
    unsigned = payer.prepare(asked)
    refuse(payer, asked, unsigned, payer.sign(unsigned, value=251))
    refuse(payer, asked, unsigned, payer.sign(unsigned, to=payer.order(1).address))
    refuse(payer, asked, unsigned, payer.sign(unsigned, data="0x00"))


def test_another_signer_is_refused(payer: Payer) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    refuse(payer, asked, unsigned, payer.sign(unsigned, new_holder().secret), "not signed by the treasury")


def test_other_types_of_transaction(payer: Payer) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    fields = transaction_of(unsigned)
    price, tip = fields.pop("maxFeePerGas"), fields.pop("maxPriorityFeePerGas")
    del fields["type"]
    secret = payer.holder.secret
    treasury = payer.treasury()
    for kind in ({}, {"type": 1, "accessList": []}):
        signed = Account.sign_transaction({**fields, **kind, "gasPrice": price}, secret)
        assert treasury.check(asked, unsigned, signed.raw_transaction.hex()).tx_id == signed.hash.hex()
    for_any = Account.sign_transaction(
        {**{name: value for name, value in fields.items() if name != "chainId"}, "gasPrice": price}, secret
    )
    refuse(payer, asked, unsigned, for_any.raw_transaction.hex(), "no chain in particular")
    lent = Account.sign_authorization({"chainId": 1, "address": "0x" + "11" * 20, "nonce": 1}, secret)
    code = {"type": 4, "authorizationList": [lent], "maxFeePerGas": price, "maxPriorityFeePerGas": tip}
    setting = Account.sign_transaction({**fields, **code}, secret)
    refuse(payer, asked, unsigned, setting.raw_transaction.hex(), "type")


@pytest.mark.parametrize(
    "text", ["", "0x", "0x02", "no hex", "0x02c0", "00" * 2000, "0x02f8", "0xc0", "0xff", "{}"]
)
def test_what_is_no_transaction_is_refused(payer: Payer, text: str) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    refuse(payer, asked, unsigned, text)


def test_the_unsigned_one_and_one_with_its_other_signature_are_refused(payer: Payer) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    refuse(payer, asked, unsigned, unsigned.document["unsignedRaw"])
    raw = bytes.fromhex(payer.sign(unsigned)[2:])
    order_of_curve = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    *fields, parity, r, s = rlp.decode(raw[1:])
    mirrored = [rlp.integer(1 - rlp.read_integer(parity)), r, rlp.integer(order_of_curve - rlp.read_integer(s))]
    refuse(payer, asked, unsigned, (b"\2" + rlp.encode([*fields, *mirrored])).hex(), "EIP-2")


def refuse(payer: Payer, asked: PayoutOrder, unsigned: Unsigned, signed: str, why: str = ".") -> None:
    with pytest.raises(InvalidField, match=why) as refused:
        payer.treasury().check(asked, unsigned, signed)
    assert refused.value.field == "transaction"


# ---------------------------------------------------------------- too little


def test_without_tokens_or_ether_nothing_is_prepared(ether: EvmDriver) -> None:
    with pytest.raises(TreasuryTooPoor, match=r"0\.001000 USDT; this takes 0\.001001"):
        rich(ether).prepare(rich(ether).order(1001))
    with pytest.raises(TreasuryTooPoor, match="ETH"):
        rich(ether, wei=0).prepare(rich(ether).order(1))
    poor = rich(ether, wei=10**10, tokens=0)
    with pytest.raises(TreasuryTooPoor, match="ETH"):
        poor.prepare(poor.order(10**10 + 1, ETH))
    with pytest.raises(TreasuryTooPoor, match="ETH"):
        poor.prepare(poor.order(10**10, ETH))


def test_what_would_fail_is_not_prepared(payer: Payer) -> None:
    payer.driver.node.blacklist(payer.holder.key)
    with pytest.raises(TransactionRefused, match="would fail"):
        payer.prepare(payer.order(1))
    with pytest.raises(TransactionRefused, match="would fail"):
        payer.prepare(payer.order(1, ETH, recipient=payer.driver.settings.token))


def test_a_recipient_that_burns_gas_is_refused(payer: Payer) -> None:
    with faulty(payer.driver.url) as node:
        node.change = rpc(lambda method, _, result: hex(300_001) if method == "eth_estimateGas" else result)
        with pytest.raises(TransactionRefused, match="too much gas"):
            payer.treasury(node.url).prepare(payer.order(1, ETH), 0, (), None)


def test_a_network_without_a_treasury(ether: EvmDriver) -> None:
    with pytest.raises(TreasuryMissing):
        EvmTreasury(ether.settings, http(MOST_BYTES))


# ---------------------------------------------------------------- sending


def test_sent_again_it_is_no_fault_before_and_after_it_is_mined(payer: Payer) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    signed = payer.treasury().check(asked, unsigned, payer.sign(unsigned))
    with payer.driver.node.mining_paused():
        payer.send(signed)
        payer.send(signed)
    payer.send(signed)
    assert payer.driver.node.tokens(asked.recipient) == 250


def test_a_node_that_only_says_that_it_has_it_is_believed(payer: Payer) -> None:
    """Behind one address are many nodes, and the next may not have it yet."""
    signed = a_signed_one(payer)
    with faulty(payer.driver.url) as node:
        node.fault = refusing(RpcError(-32000, "already known"))
        payer.treasury(node.url).send(signed)


def test_an_answer_that_is_lost_is_unknown_and_sending_again_settles_it(payer: Payer) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    signed = payer.treasury().check(asked, unsigned, payer.sign(unsigned))
    with faulty(payer.driver.url) as node:

        def lose(asked: Asked) -> Wrong:
            payer.driver.node.rpc._http.post(payer.driver.url, data=asked.body)
            return Wrong(hangs_up=True)

        node.fault = lose
        with pytest.raises(NodeUnavailable):
            payer.treasury(node.url).send(signed)
    payer.send(signed)
    assert payer.state(signed.tx_id) is TransactionState.DONE
    assert payer.driver.node.tokens(asked.recipient) == 250


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("nonce too low: next nonce 5, tx nonce 4", "nonce is in a block"),
        ("insufficient funds for gas * price + value", "too little"),
        ("replacement transaction underpriced", "nearly as much"),
        ("transaction underpriced", "pays less for gas"),
        ("see https://node.example/key-of-ours", "refuses it"),
    ],
)
def test_a_refusal_is_told_in_words_of_ours(payer: Payer, message: str, reason: str) -> None:
    signed = a_signed_one(payer)
    with faulty(payer.driver.url) as node:
        node.fault = refusing(RpcError(-32000, message))
        with pytest.raises(TransactionRefused, match=reason) as refused:
            payer.treasury(node.url).send(signed)
    assert "key-of-ours" not in str(refused.value)


@pytest.mark.parametrize("error", [RpcError(429), RpcError(-32005, "limit"), RpcError(-32000, "txpool is full")])
def test_not_now_is_no_refusal(payer: Payer, error: RpcError) -> None:
    signed = a_signed_one(payer)
    with faulty(payer.driver.url) as node:
        node.fault = refusing(error)
        with pytest.raises(NodeUnavailable):
            payer.treasury(node.url).send(signed)


@pytest.mark.parametrize("kind", NO_ANSWERS)
def test_a_node_that_gives_no_answer_decides_nothing(payer: Payer, kind: str) -> None:
    signed = a_signed_one(payer)
    with faulty(payer.driver.url) as node:
        node.fault = lambda _asked: NO_ANSWERS[kind]
        treasury = payer.treasury(node.url, is_patient=False)
        for step in (
            treasury.next_nonce,
            lambda: treasury.prepare(payer.order(1), 0, (), None),
            lambda: treasury.send(signed),
        ):
            with pytest.raises(NodeUnavailable):
                step()


def test_a_node_of_another_chain_is_not_believed(payer: Payer) -> None:
    elsewhere = payer.treasury(chain_id=56)
    for step in (elsewhere.next_nonce, lambda: elsewhere.prepare(payer.order(1), 0, (), None)):
        with pytest.raises(NodeMisled):
            step()
    with faulty(payer.driver.url) as node:
        node.change = rpc(lambda _, params, result: "0x" + "11" * 32)
        with pytest.raises(NodeMisled):
            payer.treasury(node.url).send(a_signed_one(payer))


@pytest.mark.parametrize("method", ["eth_getBalance", "eth_gasPrice", "eth_estimateGas", "eth_call", "eth_chainId"])
def test_what_cannot_be_read_prepares_nothing(payer: Payer, method: str) -> None:
    with faulty(payer.driver.url) as node:
        treasury = payer.treasury(node.url)
        for planted in ("nonsense", None, {}, "0x"):
            node.change = rpc(lambda asked, _, result, said=planted: said if asked == method else result)
            with pytest.raises(NodeMisled):
                treasury.prepare(payer.order(1), 0, (), None)


def refusing(error: RpcError) -> Callable[[Asked], Wrong | None]:
    """Transactions never reach the node."""

    def answer(asked: Asked) -> Wrong | None:
        [call, *_] = asked.calls
        if call["method"] != "eth_sendRawTransaction":
            return None
        said = {"code": error.code, "message": error.message}
        return Wrong(body=json.dumps({"jsonrpc": "2.0", "id": call["id"], "error": said}).encode())

    return answer


def a_signed_one(payer: Payer) -> Signed:
    asked = payer.order(1)
    unsigned = payer.prepare(asked)
    return payer.treasury().check(asked, unsigned, payer.sign(unsigned))
