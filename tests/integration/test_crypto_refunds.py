"""Refunds on a chain: where they may go, and that the transactions which pay one never pay it twice."""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from eth_account import Account

from paygate.chain_ports import PayoutStatus
from paygate.domain.errors import InvalidField, RefundNotPossible
from paygate.ports import Claim
from paygate.services.commands import RefundPayment
from paygate.services.pay_out import payout_document
from tests.support.at_once import at_once
from tests.support.chain_shop import ChainShop, chain_shop
from tests.support.hd import chain_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from paygate.chain_ports import Payout
    from tests.support.evm import EvmNode

USDT = 10**6
PAYER = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"  # EIP-55's own example


@dataclass(frozen=True)
class Paying:
    """A shop with a treasury, whose key is the test's."""

    shop: ChainShop
    node: EvmNode
    secret: bytes
    treasury: str

    def settled(self, amount: str = "10", **fields: Any) -> dict[str, Any]:
        payment = self.shop.create(amount, **fields)
        self.node.pay_token(payment["action"]["address"], int(amount) * USDT)
        self.confirm()
        return payment

    def confirm(self) -> None:
        """Deep enough also where nobody waits for a payment, and the newest blocks are left for later."""
        self.node.mine(8)
        self.shop.follow()

    def refunding(self, amount: str = "4") -> tuple[dict[str, Any], str]:
        payment = self.settled()
        refund_id: str = self.shop.refund(payment, amount=amount, address=PAYER)["refundId"]
        return payment, refund_id

    def sign(self, payout: Payout, **changes: Any) -> str:
        told = json.loads(payout_document(payout))["transaction"]
        numbers = ("chainId", "nonce", "value", "gas", "maxFeePerGas", "maxPriorityFeePerGas")
        fields = {name: int(told[name]) for name in numbers} | {"to": told["to"], "data": told["data"], "type": 2}
        raw: bytes = Account.sign_transaction(fields | changes, self.secret).raw_transaction
        return "0x" + bytes(raw).hex()

    def statuses(self, refund_id: str) -> list[str]:
        text = "SELECT status FROM payouts WHERE refund_id = :id ORDER BY version"
        return [status for (status,) in self.shop.run(text, id=refund_id)]

    def open_cases(self, payment: Mapping[str, Any]) -> int:
        text = "SELECT count(*) FROM operator_cases WHERE payment_id = :id AND closed_at IS NULL"
        return int(self.shop.run(text, id=payment["paymentId"])[0][0])

    def state(self, refund_id: str) -> str:
        return str(json.loads(self.shop.app.payments.get_refund(refund_id))["state"])


@pytest.fixture(scope="module")
def paying(stack: Stack, app: App, evm_node: EvmNode) -> Iterator[Paying]:
    del app
    secret = secrets.token_bytes(32)
    treasury = Account.from_key(secret).address
    evm_node.rpc.call("anvil_setBalance", treasury, hex(10**20))
    evm_node.pay_token(treasury, 10**6 * USDT)
    settings = {
        **chain_settings(secrets.token_bytes(16)),
        **evm_node.server.env,
        "USDT_ERC20_CONFIRMATIONS": "1",
        "ETHEREUM_TREASURY": treasury,
    }
    with chain_shop(stack, "USDT_ERC20", settings) as shop:
        yield Paying(shop, evm_node, secret, treasury)


# ---------------------------------------------------------------- where it may go


def test_addresses_that_a_refund_may_not_go_to(paying: Paying) -> None:
    payment, other = paying.settled(), paying.shop.create("10")
    own, others = payment["action"]["address"], other["action"]["address"]
    refused = {
        "nothing": None,
        "its own": own,
        "its own in lower case": own.lower(),
        "another payment's": others,
        "the treasury": paying.treasury,
        "the token": paying.node.token,
        "a wrong checksum": PAYER.replace("fB", "Fb"),
        "TRON's": "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8",
        "Bitcoin's": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "too short": PAYER[:-2],
        "empty": "",
    }
    for address in refused.values():
        with pytest.raises(InvalidField) as refusal:
            paying.shop.refund(payment, amount="1", address=address)
        assert refusal.value.field == "address", address
    assert paying.shop.run("SELECT id FROM refunds WHERE payment_id = :id", id=payment["paymentId"]) == []
    lower = paying.shop.refund(payment, amount="1", address=PAYER.lower())
    assert (lower["address"], lower["state"], lower["amount"]) == (PAYER, "PENDING", "1.000000")


def test_the_same_key_is_free_again_after_a_refusal(paying: Paying) -> None:
    payment, key = paying.settled(), uuid.uuid4()
    claim = Claim(key.hex, key.bytes * 2)
    asked = partial(RefundPayment, payment["paymentId"], "a request", amount="1")
    with pytest.raises(InvalidField):
        paying.shop.app.payments.refund_payment(asked(address="nowhere"), claim)
    first = paying.shop.app.payments.refund_payment(asked(address=PAYER), claim)
    again = paying.shop.app.payments.refund_payment(asked(address=PAYER), claim)
    assert (first.answer.status, first.is_replay, again.is_replay) == (201, False, True)
    assert again.answer.body == first.answer.body
    assert len(paying.shop.status(payment)["refunds"]) == 1


# ---------------------------------------------------------------- what pays it


def test_prepared_by_many_at_once_it_is_one_transaction(paying: Paying) -> None:
    _, refund_id = paying.refunding()
    found = at_once(*[partial(paying.shop.app.pay_out.prepare, refund_id) for _ in range(6)])
    assert {payout.version for payout in found} == {1}
    assert len({payout.unsigned.nonce for payout in found}) == 1
    again = at_once(*[partial(paying.shop.app.pay_out.prepare, refund_id, replaces=True) for _ in range(2)])
    assert {payout.unsigned.nonce for payout in again} == {found[0].unsigned.nonce}


def test_refunds_at_once_never_share_a_number(paying: Paying) -> None:
    refunds = [paying.refunding("1")[1] for _ in range(4)]
    found = at_once(*[partial(paying.shop.app.pay_out.prepare, refund_id) for refund_id in refunds])
    numbers = [payout.unsigned.nonce or 0 for payout in found]
    assert sorted(numbers) == list(range(min(numbers), min(numbers) + 4))


@pytest.fixture
def alone(paying: Paying) -> Paying:
    """Nothing that was numbered before is left: else what follows could not be mined."""
    paying.shop.run("UPDATE payouts SET status = 'LAPSED' WHERE status = 'PREPARED'")
    paying.shop.run("DELETE FROM treasury_nonces")
    return paying


def test_an_older_version_may_pay_and_the_newer_cannot_then(alone: Paying) -> None:
    payment, refund_id = alone.refunding()
    pay_out, before = alone.shop.app.pay_out, alone.node.tokens(PAYER)
    first = pay_out.prepare(refund_id)
    second = pay_out.prepare(refund_id, replaces=True)
    assert (first.version, second.version) == (1, 2)
    assert pay_out.broadcast(refund_id, alone.sign(first)).status is PayoutStatus.SENT
    with pytest.raises(InvalidField, match="another"):
        pay_out.broadcast(refund_id, alone.sign(second))
    alone.confirm()
    assert alone.state(refund_id) == "SUCCEEDED"
    assert sorted(alone.statuses(refund_id)) == ["DONE", "LAPSED"]
    assert alone.node.tokens(PAYER) - before == 4 * USDT
    assert alone.shop.status(payment)["amountRefunded"] == "4.000000"


def test_one_that_waits_is_replaced_for_more_and_only_the_second_is_mined(alone: Paying) -> None:
    """Also when its signer paid more for the first than was prepared; and who lost is not sent again."""
    payment, refund_id = alone.refunding()
    pay_out, before = alone.shop.app.pay_out, alone.node.tokens(PAYER)
    with alone.node.mining_paused():
        first = pay_out.prepare(refund_id)
        fee = int(json.loads(payout_document(first))["transaction"]["maxFeePerGas"])
        raised = alone.sign(first, maxFeePerGas=2 * fee, maxPriorityFeePerGas=fee)
        assert pay_out.broadcast(refund_id, raised).status is PayoutStatus.SENT
        second = pay_out.prepare(refund_id, replaces=True)
        assert int(json.loads(payout_document(second))["transaction"]["maxFeePerGas"]) > 2 * fee
        assert pay_out.broadcast(refund_id, raised).version == 1, "the first is still known as the first"
        assert pay_out.broadcast(refund_id, alone.sign(second)).status is PayoutStatus.SENT
    alone.shop.run("UPDATE payouts SET sent_at = now() - interval '1 hour' WHERE refund_id = :id", id=refund_id)
    alone.shop.create("1")  # somebody waits: the chain is read to its head
    alone.shop.follow()
    assert alone.open_cases(payment) == 0
    alone.confirm()
    assert (alone.state(refund_id), alone.node.tokens(PAYER) - before) == ("SUCCEEDED", 4 * USDT)
    assert alone.statuses(refund_id) == ["LAPSED", "DONE"]


def test_nothing_prepared_is_broadcast(paying: Paying) -> None:
    _, refund_id = paying.refunding()
    with pytest.raises(RefundNotPossible):
        paying.shop.app.pay_out.broadcast(refund_id, "0x00")


def test_signed_and_never_sent_is_sent_by_who_reads_the_chain(alone: Paying) -> None:
    """Killed between the two."""
    payment, refund_id = alone.refunding()
    pay_out, before = alone.shop.app.pay_out, alone.node.tokens(PAYER)
    payout = pay_out.prepare(refund_id)
    treasury = pay_out._treasuries.by_name("ethereum")
    signed = treasury.check(pay_out._order(pay_out._refund(refund_id)), payout.unsigned, alone.sign(payout))
    assert pay_out._store.sign(payout, signed)
    assert alone.statuses(refund_id) == ["SIGNED"]
    alone.shop.follow()
    assert alone.statuses(refund_id) == ["SENT"]
    alone.confirm()
    assert (alone.state(refund_id), alone.node.tokens(PAYER) - before) == ("SUCCEEDED", 4 * USDT)
    assert alone.open_cases(payment) == 0


def test_one_that_failed_for_good_gives_its_number_up_with_all_that_share_it(alone: Paying) -> None:
    """A signer may give too little gas: it is mined, and moves nothing."""
    payment, refund_id = alone.refunding()
    pay_out, before = alone.shop.app.pay_out, alone.node.tokens(PAYER)
    first = pay_out.prepare(refund_id)
    pay_out.prepare(refund_id, replaces=True)
    alone.shop.create("1")  # somebody waits: the chain is read to its head
    pay_out.broadcast(refund_id, alone.sign(first, gas=30_000))
    alone.shop.follow()
    assert sorted(alone.statuses(refund_id)) == ["PREPARED", "SENT"], "not final: it may yet be mined otherwise"
    alone.confirm()
    assert sorted(alone.statuses(refund_id)) == ["FAILED", "LAPSED"]
    assert (alone.state(refund_id), alone.open_cases(payment)) == ("PENDING", 1)
    third = pay_out.prepare(refund_id)
    assert (third.version, third.unsigned.nonce) == (3, (first.unsigned.nonce or 0) + 1)
    pay_out.broadcast(refund_id, alone.sign(third))
    alone.confirm()
    assert (alone.state(refund_id), alone.node.tokens(PAYER) - before) == ("SUCCEEDED", 4 * USDT)
    assert alone.statuses(refund_id)[2:] == ["DONE"]
    assert alone.open_cases(payment) == 0


def test_money_that_was_lost_is_not_given_back(alone: Paying) -> None:
    """The chain turned after the refund was taken on."""
    payment, refund_id = alone.refunding()
    alone.shop.run("UPDATE transfers SET status = 'REVERSED' WHERE payment_id = :id", id=payment["paymentId"])
    alone.shop.app.resolve._transfers(payment["paymentId"])
    assert alone.shop.status(payment)["state"] == "REVERSED"
    with pytest.raises(RefundNotPossible, match="withdrawn"):
        alone.shop.app.pay_out.prepare(refund_id)
    alone.shop.run("UPDATE transfers SET status = 'FINAL' WHERE payment_id = :id", id=payment["paymentId"])
    alone.shop.app.resolve._transfers(payment["paymentId"])
    assert alone.shop.status(payment)["state"] == "SETTLED"
    assert alone.shop.app.pay_out.prepare(refund_id).version == 1


# ---------------------------------------------------------------- documents


def test_create_answers_what_is_read_afterwards(paying: Paying) -> None:
    """Every member, in its order, whoever asks."""

    def read(document: str) -> str:
        return json.dumps(json.loads(document))

    payments = paying.shop.app.payments
    for method in ("USDT_ERC20", "ETH", "USDT_BEP20", "USDT_TRC20", "BTC"):
        payment = paying.shop.create("1", method)
        payment_id, answered = payment["paymentId"], json.dumps(payment)
        assert payment["chain"]["confirmationsRequired"] == payment["action"]["confirmationsRequired"]
        assert read(payments.get_payment_status(payment_id)) == answered
        assert read(payments.batch_get_payment_status([payment_id])[payment_id]) == answered
        [listed] = payments.get_order_payments(payment["orderId"], 10, None).documents
        assert read(listed) == answered
