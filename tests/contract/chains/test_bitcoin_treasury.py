"""Refunds in bitcoins on a node: what is prepared, signed elsewhere, checked, sent, and replaced."""

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from coincurve import PrivateKey

from infra.sandbox.bitcoin.client import NOBODY, NodeRpc
from infra.sandbox.bitcoin.codec import hash160
from paygate.adapters.chains.bitcoin.amounts import satoshis
from paygate.adapters.chains.bitcoin.fees import terms
from paygate.adapters.chains.bitcoin.outputs import WALLET
from paygate.adapters.chains.bitcoin.rpc import CoreRpc
from paygate.adapters.chains.bitcoin.treasury import BitcoinTreasury
from paygate.chain_ports import PayoutOrder, Unsigned
from paygate.domain.assets import BTC
from paygate.domain.errors import (
    InvalidField,
    NodeMisled,
    NodeUnavailable,
    NotYetReplaceable,
    TransactionRefused,
    TreasuryTooPoor,
)
from paygate.domain.money import Money
from tests.contract.chains.bitcoin_node import Payee, http, payee, settings
from tests.support import bitcoin, bitcoin_signer

NOBODY_ELSE: frozenset[str] = frozenset()
SENDS = 1_000_000
ALONE = 110
"""Virtual bytes of one input and one output."""


@dataclass
class Shop:
    """A treasury with a key of its own, on a node."""

    node: bitcoin.Bitcoin
    key: bytes
    url: str = ""

    @property
    def script(self) -> str:
        return "0014" + hash160(PrivateKey(self.key).public_key.format()).hex()

    @property
    def treasury(self) -> BitcoinTreasury:
        own = replace(settings(self.node.env), treasury=self.script)
        return BitcoinTreasury(replace(own, rpc_url=self.url or own.rpc_url), http())

    def fill(self, *amounts: int) -> list[str]:
        """Confirmed outputs, as outpoints. What else waits goes on waiting."""
        tx_id = self.node.pay_many([(Payee(self.script).address, units) for units in amounts])
        self.node.rpc("generateblock", NOBODY, [tx_id])
        return [f"{tx_id}:{place}" for place in range(len(amounts))]

    def cost(self, virtual_bytes: int) -> int:
        """A real node has an estimate once it saw some fees; until then, and in the sandbox, 10 satoshis a byte."""
        env = self.node.env
        rpc = CoreRpc(env["BITCOIN_RPC_URL"], env["BITCOIN_RPC_USER"], env["BITCOIN_RPC_PASSWORD"], http())
        return terms(rpc, "regtest").fee(virtual_bytes)

    def prepare(self, order: PayoutOrder, *taken: str, replaces: Unsigned | None = None) -> Unsigned:
        return self.treasury.prepare(order, None, taken, replaces)

    def signed(self, unsigned: Unsigned) -> str:
        return bitcoin_signer.final(unsigned.document["psbt"], [self.key])

    def pay(self, order: PayoutOrder, unsigned: Unsigned) -> None:
        self.treasury.send(self.treasury.check(order, unsigned, self.signed(unsigned)))


@pytest.fixture(scope="module", params=bitcoin.KINDS)
def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[bitcoin.Bitcoin]:
    with bitcoin.opened(request.param, tmp_path_factory.mktemp("bitcoin")) as opened:
        yield opened


@pytest.fixture
def shop(node: bitcoin.Bitcoin) -> Shop:
    """Its pool is empty, whatever the test before left there."""
    node.mine()
    return Shop(node, os.urandom(32))


def barely_filled(shop: Shop) -> tuple[Shop, str]:
    """A shop with one output that just pays for `order()`. A block may teach a real node another estimate."""
    while True:
        cost = shop.cost(ALONE)
        (only,) = shop.fill(SENDS + cost + 50)
        if shop.cost(ALONE) == cost:
            return shop, only
        shop = Shop(shop.node, os.urandom(32))


def order(units: int = SENDS, receiver: Payee | None = None) -> PayoutOrder:
    to = receiver or payee()
    return PayoutOrder("REF_1", Money(units, BTC), to.key, to.address)


def paid(unsigned: Unsigned) -> list[tuple[str, int]]:
    return [(each["address"], satoshis(each["amount"])) for each in unsigned.document["outputs"]]


def fee(unsigned: Unsigned) -> int:
    return satoshis(unsigned.document["fee"])


# ---------------------------------------------------------------- prepare


def test_a_refund_is_paid_and_the_rest_comes_back(shop: Shop) -> None:
    (outpoint,) = shop.fill(5_000_000)
    asked = order()
    made = shop.prepare(asked)
    assert list(made.outpoints) == [outpoint]
    assert made.nonce is None
    assert paid(made) == [(asked.address, SENDS), (shop.treasury.address, 4_000_000 - fee(made))]
    told = shop.node.rpc("decodepsbt", made.document["psbt"])
    assert told["tx"]["txid"] == made.tx_id == made.document["txId"]
    assert satoshis(told["fee"]) == fee(made)
    assert [each["sequence"] for each in told["tx"]["vin"]] == [0xFFFFFFFD]
    assert told["tx"]["locktime"] == shop.node.rpc("getblockcount")
    shop.pay(asked, made)
    shop.node.mine()
    output = shop.node.rpc("gettxout", made.tx_id, 0)
    assert (output["scriptPubKey"]["hex"], satoshis(output["value"])) == (asked.recipient, SENDS)


def test_the_fee_is_for_its_real_size(shop: Shop) -> None:
    shop.fill(700_000, 700_000)
    asked = order()
    made = shop.prepare(asked)
    told = shop.node.rpc("decoderawtransaction", shop.signed(made))
    size = made.document["virtualBytes"]
    assert len(made.outpoints) == 2
    assert told["vsize"] <= size <= told["vsize"] + 2
    assert fee(made) == shop.cost(size)


def test_the_smallest_that_suffices_is_spent(shop: Shop) -> None:
    _, fitting, _ = shop.fill(900_000, 1_100_000, 9_000_000)
    assert list(shop.prepare(order()).outpoints) == [fitting]


def test_outputs_that_others_spend_are_left_alone(shop: Shop) -> None:
    first, second = shop.fill(2_000_000, 3_000_000)
    assert list(shop.prepare(order(), first).outpoints) == [second]
    with pytest.raises(TreasuryTooPoor):
        shop.prepare(order(), first, second)


def test_what_waits_for_a_block_is_not_spent_and_what_waits_to_spend_is_not_offered(shop: Shop) -> None:
    shop.node.pay(shop.treasury.address, 5_000_000)
    with pytest.raises(TreasuryTooPoor):
        shop.prepare(order())
    shop.node.mine()
    asked = order()
    shop.pay(asked, shop.prepare(asked))
    with pytest.raises(TreasuryTooPoor):  # the change waits
        shop.prepare(order())
    shop.node.mine()
    shop.prepare(order())


def test_amount_and_fee_must_be_there(shop: Shop) -> None:
    shop.fill(SENDS)
    with pytest.raises(TreasuryTooPoor):
        shop.prepare(order())


def test_change_that_is_dust_goes_to_the_miner(shop: Shop) -> None:
    cost = shop.cost(ALONE)
    shop.fill(SENDS + cost + 500)
    asked = order()
    made = shop.prepare(asked)
    assert paid(made) == [(asked.address, SENDS)]
    assert fee(made) == cost + 500
    shop.pay(asked, made)


def test_dust_is_refunded_to_nobody(shop: Shop) -> None:
    with pytest.raises(TransactionRefused, match="dust"):
        shop.prepare(order(545))


def test_another_chain_is_noticed(shop: Shop) -> None:
    own = replace(settings(shop.node.env, "signet"), treasury=shop.script)
    with pytest.raises(NodeMisled):
        BitcoinTreasury(own, http()).prepare(order(), None, NOBODY_ELSE, None)


def test_a_node_that_is_away_is_unavailable(shop: Shop) -> None:
    shop.fill(5_000_000)
    asked = order()
    made = shop.prepare(asked)
    signed = shop.treasury.check(asked, made, shop.signed(made))
    away = Shop(shop.node, shop.key, "http://127.0.0.1:9").treasury
    for work in (lambda: away.prepare(asked, None, NOBODY_ELSE, None), lambda: away.send(signed)):
        with pytest.raises(NodeUnavailable):
            work()


@pytest.mark.parametrize("node", ["bitcoind"], indirect=True)
def test_a_wallet_at_the_node_spares_it_the_search(shop: Shop) -> None:
    """Its answers are used: without the address in it, there is no money. The sandbox has one wallet only."""
    env = shop.node.env
    shop.fill(5_000_000)
    rpc = shop.node.rpc
    rpc("createwallet", WALLET, True, True, "", False, True)  # noqa: FBT003
    try:
        with pytest.raises(TreasuryTooPoor):
            shop.prepare(order())
        described = rpc("getdescriptorinfo", f"addr({shop.treasury.address})")["descriptor"]
        wallet = NodeRpc(
            f"{env['BITCOIN_RPC_URL']}/wallet/{WALLET}", env["BITCOIN_RPC_USER"], env["BITCOIN_RPC_PASSWORD"]
        )
        (kept,) = wallet.call("importdescriptors", [{"desc": described, "timestamp": 0}])
        assert kept["success"]
        wallet.close()
        assert len(shop.prepare(order()).outpoints) == 1
    finally:
        rpc("unloadwallet", WALLET)


# ---------------------------------------------------------------- check


def test_a_signed_psbt_is_as_good_as_the_transaction(shop: Shop) -> None:
    shop.fill(2_000_000, 1_900_000)
    asked = order(3_000_000)
    made = shop.prepare(asked)
    psbt = bitcoin_signer.sign(made.document["psbt"], [shop.key])
    from_psbt, from_hex = (shop.treasury.check(asked, made, text) for text in (psbt, shop.signed(made)))
    assert from_psbt == from_hex
    assert from_psbt.tx_id == made.tx_id


@pytest.mark.parametrize("place", [0, 1])
def test_another_receiver_or_amount_is_refused(shop: Shop, place: int) -> None:
    shop.fill(5_000_000)
    asked = order()
    made = shop.prepare(asked)
    psbt = made.document["psbt"]
    for changed in (
        bitcoin_signer.with_output(psbt, place, script=bytes.fromhex(payee().key)),
        bitcoin_signer.with_output(psbt, place, add=-1),  # and so a higher fee
        bitcoin_signer.with_output(psbt, place, add=1),
    ):
        for signed in (bitcoin_signer.final(changed, [shop.key]), bitcoin_signer.sign(changed, [shop.key])):
            with pytest.raises(InvalidField, match="not what was prepared"):
                shop.treasury.check(asked, made, signed)


def test_another_refund_s_transaction_is_refused(shop: Shop) -> None:
    shop.fill(5_000_000)
    asked = order()
    made = shop.prepare(asked)
    with pytest.raises(InvalidField):
        shop.treasury.check(order(), made, shop.signed(made))
    with pytest.raises(InvalidField):
        shop.treasury.check(order(SENDS + 1, Payee(asked.recipient)), made, shop.signed(made))


def test_only_the_treasury_s_own_complete_signature_counts(shop: Shop) -> None:
    shop.fill(2_000_000, 1_900_000)
    asked = order(3_000_000)
    made = shop.prepare(asked)
    psbt, raw = made.document["psbt"], shop.signed(made)
    broken = raw.replace(raw[-100:-98], f"{int(raw[-100:-98], 16) ^ 1:02x}")
    by_another = bitcoin_signer.sign(psbt, [os.urandom(32)])
    for signed in (psbt, by_another, broken, psbt[:40], "planted", "", raw + "00", b64encode(b"psbt\xff").decode()):
        with pytest.raises(InvalidField):
            shop.treasury.check(asked, made, signed)


def test_a_signature_of_another_kind_is_refused(shop: Shop) -> None:
    """The byte behind it says what it covers; all else is right."""
    shop.fill(5_000_000)
    asked = order()
    made = shop.prepare(asked)
    key = "21" + PrivateKey(shop.key).public_key.format().hex()
    signed = shop.signed(made)
    assert f"01{key}" in signed
    with pytest.raises(InvalidField, match="not signed by the treasury"):
        shop.treasury.check(asked, made, signed.replace(f"01{key}", f"02{key}"))


# ---------------------------------------------------------------- send


def test_sending_again_is_no_fault_wherever_it_is(shop: Shop) -> None:
    shop.fill(5_000_000)
    asked = order()
    made = shop.prepare(asked)
    signed = shop.treasury.check(asked, made, shop.signed(made))
    shop.treasury.send(signed)
    shop.treasury.send(signed)
    shop.node.mine()
    shop.treasury.send(signed)
    assert shop.treasury.check(asked, made, shop.signed(made)) == signed


def test_what_cannot_be_mined_is_refused_with_the_reason(shop: Shop) -> None:
    shop.fill(5_000_000)
    asked, other = order(), order()
    made, rival = shop.prepare(asked), shop.prepare(other)
    signed = shop.treasury.check(asked, made, shop.signed(made))
    shop.pay(other, rival)
    with pytest.raises(TransactionRefused, match=r"insufficient fee|mempool-conflict"):
        shop.treasury.send(signed)
    shop.node.mine()
    with pytest.raises(TransactionRefused, match="missing"):
        shop.treasury.send(signed)


# ---------------------------------------------------------------- replace


def test_a_replacement_spends_the_same_for_more_and_one_of_them_is_mined(shop: Shop) -> None:
    shop.fill(5_000_000)
    asked = order()
    first = shop.prepare(asked)
    shop.pay(asked, first)
    second = shop.prepare(asked, replaces=first)
    assert set(first.outpoints) <= set(second.outpoints)
    assert fee(second) >= fee(first) + second.document["virtualBytes"]
    assert paid(second)[0] == paid(first)[0]
    shop.pay(asked, second)
    assert shop.node.waiting() == [second.tx_id]
    shop.node.mine()
    with pytest.raises(TransactionRefused):
        shop.treasury.send(shop.treasury.check(asked, first, shop.signed(first)))
    with pytest.raises(NotYetReplaceable):
        shop.prepare(asked, replaces=second)


def test_a_replacement_takes_another_input_when_its_own_do_not_suffice(shop: Shop) -> None:
    shop, only = barely_filled(shop)
    asked = order()
    first = shop.prepare(asked)
    shop.pay(asked, first)
    with pytest.raises(TreasuryTooPoor):
        shop.prepare(asked, replaces=first)
    (more,) = shop.fill(1_000_000)
    second = shop.prepare(asked, replaces=first)
    assert set(second.outpoints) == {only, more}
    shop.pay(asked, second)
    shop.node.mine()


def test_what_hangs_on_the_replaced_one_is_paid_for_too(shop: Shop) -> None:
    """The receiver spends the refund before it is mined: whoever replaces it pays for both (rule 3)."""
    shop.fill(5_000_000)
    own = Shop(shop.node, os.urandom(32))
    asked = order(receiver=Payee(own.script))
    first = shop.prepare(asked)
    shop.pay(asked, first)
    child = _spend(own, first, costs=20_000)
    assert set(shop.node.waiting()) == {first.tx_id, child}
    second = shop.prepare(asked, replaces=first)
    assert fee(second) >= fee(first) + 20_000 + second.document["virtualBytes"]
    shop.pay(asked, second)
    assert shop.node.waiting() == [second.tx_id]
    shop.node.mine()


def test_a_price_that_nobody_should_pay_is_not_paid(shop: Shop) -> None:
    shop.fill(50_000_000)
    own = Shop(shop.node, os.urandom(32))
    asked = order(receiver=Payee(own.script))
    first = shop.prepare(asked)
    shop.pay(asked, first)
    _spend(own, first, costs=500_000)
    with pytest.raises(NotYetReplaceable):
        shop.prepare(asked, replaces=first)
    shop.node.mine()


def _spend(owner: Shop, source: Unsigned, costs: int) -> str:
    address = owner.treasury.address
    left = bitcoin.btc(SENDS - costs)
    psbt = owner.node.rpc("createpsbt", [{"txid": source.tx_id, "vout": 0}], [{address: f"{left:.8f}"}])
    raw = bitcoin_signer.final(owner.node.rpc("utxoupdatepsbt", psbt), [owner.key])
    return str(owner.node.rpc("sendrawtransaction", raw))


def test_the_prepared_transaction_survives_its_keeping_as_json(shop: Shop) -> None:
    shop.fill(5_000_000)
    asked = order()
    made = shop.prepare(asked)
    kept = replace(made, document=json.loads(json.dumps(made.document)))
    assert shop.treasury.check(asked, kept, shop.signed(made)).tx_id == made.tx_id
