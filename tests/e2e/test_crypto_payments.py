"""The five methods on chains as a shop sees them: over HTTP and Kafka, with schedules and nodes running."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import requests

from infra.local.listener import Listener
from infra.local.stack import Stack
from tests.support.at_once import until
from tests.support.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("crypto payments")

NETWORKS = {
    "USDT_TRC20": "tron",
    "USDT_ERC20": "ethereum",
    "USDT_BEP20": "bsc",
    "ETH": "ethereum",
    "BTC": "bitcoin",
}
AMOUNTS = {"USDT_TRC20": "88", "USDT_ERC20": "88", "USDT_BEP20": "88", "ETH": "0.05", "BTC": "0.0015"}
METHODS = list(NETWORKS)
PAYERS_PATH = "m/44'/1'/9'/0/0"
SECONDS = 60
HASTE = {"LOCAL_SCHEDULE_SCALE": "0.03", "CHAIN_FOLLOW_SECONDS": "1"}
Json = dict[str, Any]


def quick(directory: Path) -> Stack:
    """Of the module's own: its schedules run, and often."""
    return Stack(directory, durable=False, settings=HASTE, sandbox_time_scale=0.05)


class Till:
    def __init__(self, stack: Stack, listener: Listener | None = None) -> None:
        self.stack = stack
        self._listener = listener
        self.shop = Shop(stack.gateway.url, stack.api_key)

    def create(self, method: str, **fields: Any) -> Json:
        return self.shop.created(
            **{"method": method, "amount": AMOUNTS[method], "currency": method.partition("_")[0], **fields}
        )

    def pay(self, payment: Json, **wish: Any) -> str:
        url = f"{self.stack.sandbox.url}/_sandbox/{payment['action']['network']}/pay"
        answer = requests.post(url, json={"action": payment["action"], "decision": "pay", **wish}, timeout=30)
        assert answer.ok, answer.text
        return str(answer.json()["txId"])

    def settled(self, payment: Json) -> Json:
        return self.shop.await_state(payment["paymentId"], "SETTLED", seconds=SECONDS)

    def told(self, payment: Json) -> Json:
        """The event that the shop reads of it."""
        assert self._listener is not None
        record = self._listener.wait(payment["paymentId"], SECONDS)
        assert record is not None, "no event"
        return dict(json.loads(record.value))

    def received(self, payment: Json) -> str:
        return str(self.shop.status(payment["paymentId"])["amountReceived"])

    def someone(self, network: str) -> str:
        """An address that is no payment's."""
        return self.stack.wallet.address(network, PAYERS_PATH)

    def claim(self, payment: Json, tx_id: object) -> requests.Response:
        path = f"/payments/{payment['paymentId']}/claims"
        return self.shop.call("POST", path, json={"txId": tx_id})


@pytest.fixture(scope="module")
def till(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    directory = tmp_path_factory.mktemp("till")
    with quick(directory) as stack, Listener(stack.kafka.bootstrap_servers) as listener:
        yield Till(stack, listener)


@pytest.mark.parametrize("method", METHODS)
def test_a_payment_goes_from_its_address_to_its_event(till: Till, method: str) -> None:
    payment = till.create(method)
    action = payment["action"]
    assert payment["state"] == "PENDING"
    assert (action["type"], action["network"], action["amount"]) == ("CRYPTO", NETWORKS[method], payment["amount"])
    assert payment["chain"]["txIds"] == []

    tx_id = till.pay(payment)
    settled = till.settled(payment)
    assert [entry["state"] for entry in settled["timeline"]] == ["CREATED", "PENDING", "CONFIRMING", "SETTLED"]
    assert settled["amountReceived"] == payment["amount"]
    assert settled["chain"]["txIds"] == [tx_id]

    event = till.told(payment)
    assert (event["network"], event["txIds"]) == (NETWORKS[method], [tx_id])
    assert (event["method"], event["paymentId"]) == (method, payment["paymentId"])


def test_two_payments_never_share_an_address(till: Till) -> None:
    payments = [till.create(method) for method in ("ETH", "USDT_ERC20", "USDT_BEP20", "USDT_TRC20", "BTC") * 2]
    assert len({payment["action"]["address"] for payment in payments}) == len(payments)


def test_a_price_in_euros_is_paid_in_bitcoins_at_a_locked_rate(till: Till) -> None:
    payment = till.create("BTC", amount="80.00", currency="EUR")
    assert len(payment["quote"]["sources"]) >= 2
    assert payment["due"]["amount"] == payment["action"]["amount"]
    till.pay(payment)
    assert till.settled(payment)["amountReceived"] == payment["due"]["amount"]
    event = till.told(payment)
    assert (event["due"], event["quote"]) == (payment["due"], payment["quote"])


def test_less_than_is_due_settles_nothing(till: Till) -> None:
    payment = till.create("USDT_BEP20")
    till.pay(payment, amount="87.99")
    until(lambda: till.received(payment) == "87.990000000000000000", "the part is final", SECONDS)
    assert till.shop.status(payment["paymentId"])["state"] == "CONFIRMING"
    till.pay(payment, amount="0.01")
    assert till.settled(payment)["exceptions"] == []


# ---------------------------------------------------------------- claims


def test_a_payer_may_say_which_transaction_paid(till: Till) -> None:
    payment, other = till.create("BTC"), till.create("BTC")
    tx_id = till.pay(payment)
    claimed = till.claim(payment, tx_id)
    assert (claimed.status_code, claimed.json()["amount"]) == (200, "0.00150000")
    assert till.claim(other, "ab" * 32).json()["outcome"] == "NOT_FOUND"
    assert till.settled(payment)["amountReceived"] == "0.00150000", "it counts once"
    assert till.claim(other, tx_id).json()["outcome"] == "PAYS_ANOTHER"
    assert till.received(other) == "0.00000000"


@pytest.mark.parametrize("tx_id", ["", "0x12", "zz" * 32, 12], ids=["empty", "short", "no hex", "a number"])
def test_what_is_no_transaction_cannot_be_claimed(till: Till, tx_id: object) -> None:
    refused = till.claim(till.create("ETH"), tx_id)
    assert (refused.status_code, refused.json()["field"]) == (400, "txId")


# ---------------------------------------------------------------- refunds


@pytest.fixture(scope="module")
def paid(till: Till) -> dict[str, Json]:
    payments = {method: till.create(method) for method in METHODS}
    for payment in payments.values():
        till.pay(payment)
    return {method: till.settled(payment) for method, payment in payments.items()}


@pytest.mark.parametrize("method", METHODS)
def test_a_refund_waits_for_a_signed_transaction_to_the_address_it_names(
    till: Till, paid: dict[str, Json], method: str
) -> None:
    payment_id, address = paid[method]["paymentId"], till.someone(NETWORKS[method])
    answer = till.shop.refund(payment_id, amount="0.0001", address=address)
    assert answer.status_code in (201, 202), answer.text
    refund = answer.json()
    assert (refund["state"], refund["address"]) == ("PENDING", address)
    shown = till.shop.call("GET", f"/refunds/{refund['refundId']}").json()
    assert (shown["state"], shown["address"]) == ("PENDING", address)


WRONG = {
    "USDT_TRC20": ["0x00000000219ab540356cBB839Cbe05303d7705Fa", "T" + "1" * 33],
    "USDT_ERC20": ["0x00000000219ab540356cBB839Cbe05303d7705fA", "0x00"],
    "USDT_BEP20": ["TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"],
    "ETH": ["", "0x" + "0" * 41],
    "BTC": ["bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "0x00000000219ab540356cBB839Cbe05303d7705Fa"],
}
"""Of another network, of none, or with a letter's case that its checksum does not have."""


@pytest.mark.parametrize("method", METHODS)
def test_a_refund_to_no_address_of_its_network_is_refused_and_reserves_nothing(
    till: Till, paid: dict[str, Json], method: str
) -> None:
    payment_id = paid[method]["paymentId"]
    before = till.shop.status(payment_id)["refunds"]
    for fields in ({"address": wrong} for wrong in WRONG[method]):
        refused = till.shop.refund(payment_id, amount="0.0001", **fields)
        assert (refused.status_code, refused.json()["field"]) == (400, "address"), refused.text
    without = till.shop.refund(payment_id, amount="0.0001")
    assert (without.status_code, without.json()["field"]) == (400, "address"), without.text
    assert till.shop.status(payment_id)["refunds"] == before


# ---------------------------------------------------------------- a machine that stops


@pytest.mark.timeout(300)
def test_blocks_that_a_killed_node_lost_are_undone_and_the_chain_is_followed_on(tmp_path: Path) -> None:
    stack = quick(tmp_path / "stack")
    with stack:
        stack.ethereum.stop()
        earlier = shutil.copyfile(stack.ethereum.state, tmp_path / "state.json")
        stack.ethereum.start()
        till = Till(stack)
        lost = till.create("USDT_ERC20")
        till.pay(lost)
        till.settled(lost)
    shutil.copyfile(earlier, stack.ethereum.state)
    with stack:
        with closing(stack.ethereum.node()) as node:
            node.call("anvil_mine", hex(20), hex(1))
        till.shop.await_state(lost["paymentId"], "REVERSED", seconds=SECONDS)
        found = till.create("USDT_ERC20")
        till.pay(found)
        till.settled(found)
