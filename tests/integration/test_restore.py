"""A database is put back to an earlier moment while rails, payers, consumers and a chain went on.

The story is told once: what was before, the copy, what happened since, the copy in the database's place. `restored`
is how it then stands: reopened, with the epoch raised and the rails asked.
"""

from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from eth_account import Account

from infra.local.ports import free_port
from infra.local.servers.postgres import APP, OWNER
from infra.local.servers.programs import Gateway
from migrations import upgrade
from operate.app import TaskRefused
from paygate import bootstrap
from paygate.config import read_settings
from tests.support.hd import chain_settings
from tests.support.operator_door import operate
from tests.support.shop import Shop, new_key, new_order, reference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.evm import EvmNode

PAYER = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"  # EIP-55's own example
USDT = 10**6


@dataclass
class World:
    """One address of the API, whichever database is behind it."""

    stack: Stack
    node: EvmNode
    directory: Path
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    port: int = field(default_factory=free_port)
    database: str = ""
    gateway: Gateway | None = None
    chain: dict[str, str] = field(default_factory=lambda: chain_settings(secrets.token_bytes(16)))

    @property
    def settings(self) -> dict[str, str]:
        urls = {"DATABASE_URL": APP, "MIGRATE_DATABASE_URL": OWNER}
        treasury = Account.from_key(self.secret).address
        own = {name: self.stack.postgres.url(role, self.database) for name, role in urls.items()}
        return {
            **self.stack.env,
            **self.chain,
            **self.node.server.env,
            "USDT_ERC20_CONFIRMATIONS": "1",
            "ETHEREUM_TREASURY": treasury,
            "PUBLIC_BASE_URL": f"http://127.0.0.1:{self.port}",
            **own,
        }

    def open_on(self, database: str) -> None:
        self.close()
        self.database = database
        self.gateway = Gateway(self.directory / uuid.uuid4().hex, settings=self.settings)
        self.gateway.port = self.port
        self.gateway.start()

    def close(self) -> None:
        if self.gateway is not None:
            self.gateway.stop()
            self.gateway = None

    def copy(self, database: str, name: str) -> None:
        """As it stands now. A pooler may still hold connections to it, which a copy does not bear."""
        with self.stack.postgres.admin() as admin:
            admin.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name", name=database)
            admin.run(f'CREATE DATABASE "{name}" TEMPLATE "{database}" OWNER {OWNER}')

    def operate(self, task: str, **fields: Any) -> dict[str, Any]:
        return operate(self.settings, task, **fields)

    def run(self, text: str, database: str = "", **values: Any) -> list[list[Any]]:
        with self.stack.postgres.admin(database or self.database) as owner:
            return owner.run(text, **values) or []

    def follow(self) -> None:
        self.node.mine(8)
        with_app(self, lambda app: app.poll_chain("ethereum", 2))


def with_app(world: World, work: Any) -> Any:
    """The application in this process, for what no caller can do: a poller's run, a signer's hand."""
    built = bootstrap.build(read_settings(world.settings))
    try:
        return work(built)
    finally:
        built.database.close()


@dataclass
class Restored:
    world: World
    shop: Shop
    names: tuple[str, str]
    moment: datetime
    pending: dict[str, Any]
    settled: dict[str, Any]
    paid_on_chain: dict[str, Any]
    refund_on_chain: str
    unpaid_refund: str
    lost: dict[str, Any]
    lost_order: dict[str, str]
    addresses: set[str]
    paid_by: str
    raised: dict[str, Any]
    shut_out: int
    reconciled: dict[str, Any]


@pytest.fixture(scope="module")
def restored(
    stack: Stack, app: App, alipay: Alipay, evm_node: EvmNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Restored]:
    names = (f"lived_{uuid.uuid4().hex[:8]}", f"copy_{uuid.uuid4().hex[:8]}")
    world = World(stack, evm_node, tmp_path_factory.mktemp("restore"))
    treasury = Account.from_key(world.secret).address
    evm_node.rpc.call("anvil_setBalance", treasury, hex(10**20))
    evm_node.pay_token(treasury, 10**6 * USDT)
    stack.postgres.create_database(names[0])
    try:
        upgrade(stack.postgres.url(OWNER, names[0]))
        yield tell(world, alipay, names)
    finally:
        world.close()
        for name in names:
            stack.postgres.drop_database(name)


def tell(world: World, alipay: Alipay, names: tuple[str, str]) -> Restored:
    world.open_on(names[0])
    key = world.operate("issue-key", name="restore", scopes=["admin"])
    shop = Shop(f"http://127.0.0.1:{world.port}", key["token"])

    pending, settled = shop.created(), shop.created()
    alipay.pay(settled)
    shop.await_state(settled["paymentId"], "SETTLED")
    on_chain = on_chain_payment(shop)
    world.node.pay_token(on_chain["action"]["address"], 10 * USDT)
    world.follow()
    shop.await_state(on_chain["paymentId"], "SETTLED")
    refunds = [
        shop.refund(on_chain["paymentId"], amount=amount, address=PAYER).json()["refundId"] for amount in ("4", "3")
    ]

    world.close()
    moment = datetime.now(UTC)
    world.copy(names[0], names[1])
    world.open_on(names[0])

    alipay.pay(pending)
    shop.await_state(pending["paymentId"], "SETTLED")
    refunded = shop.refund(settled["paymentId"], amount="30.00").json()
    order = {"key": new_key(), "orderId": new_order()}
    lost = shop.created(**order)
    addresses = {on_chain["action"]["address"], *(on_chain_payment(shop)["action"]["address"] for _ in range(3))}
    paid_by = paid_out(world, shop, refunds[0])

    world.close()
    world.database = names[1]
    raised = world.operate("raise-epoch", restoredTo=moment.isoformat())
    world.open_on(names[1])
    shut_out = shop.create().status_code
    told = {"payment": settled["paymentId"], "refund": refunded["refundId"], "amount": "30.00"}  # by an event
    assert world.operate("recover-refund", **told) == {"refund": refunded["refundId"], "state": "SUCCEEDED"}
    reconciled = world.operate("reconcile", since=(moment - timedelta(days=1)).isoformat())
    world.operate("reopen")
    return Restored(
        world, shop, names, moment, pending, settled, on_chain, refunds[0], refunds[1], lost, order, addresses,
        paid_by, raised, shut_out, reconciled,
    )  # fmt: skip


def on_chain_payment(shop: Shop) -> dict[str, Any]:
    return shop.created(method="USDT_ERC20", currency="USDT", amount="10")


def paid_out(world: World, shop: Shop, refund_id: str) -> str:
    """The refund paid by a transaction that somebody signed elsewhere; the transaction's id."""
    prepared = shop.call("POST", f"/refunds/{refund_id}/transaction", json={}).json()
    told = prepared["transaction"]
    numbers = ("chainId", "nonce", "value", "gas", "maxFeePerGas", "maxPriorityFeePerGas")
    fields = {name: int(told[name]) for name in numbers} | {"to": told["to"], "data": told["data"], "type": 2}
    raw = bytes(Account.sign_transaction(fields, world.secret).raw_transaction)
    sent = shop.call("POST", f"/refunds/{refund_id}/broadcast", json={"transaction": "0x" + raw.hex()})
    assert sent.status_code == 200, sent.text
    world.follow()
    assert shop.call("GET", f"/refunds/{refund_id}").json()["state"] == "SUCCEEDED"
    return str(sent.json()["txId"])


# ---------------------------------------------------------------- the application


def test_the_application_is_shut_out_until_it_is_reopened(restored: Restored) -> None:
    assert restored.shut_out == 503
    assert restored.shop.create().status_code == 201


def test_what_happened_at_rails_is_known_again(restored: Restored, alipay: Alipay) -> None:
    assert restored.reconciled["unknown"] == []
    assert restored.reconciled["after"] is None
    assert restored.shop.status(restored.pending["paymentId"])["state"] == "SETTLED"
    settled = restored.shop.status(restored.settled["paymentId"])
    assert (settled["state"], settled["amountRefunded"]) == ("PARTIALLY_REFUNDED", "30.00")
    assert restored.shop.refund(restored.settled["paymentId"], amount="70.01").status_code == 422
    order = alipay.order(reference(restored.settled))
    assert [each["amount"] for each in order["refunds"]] == [3000], "asked about, not made again"


def test_events_go_on_behind_all_that_consumers_have_seen(restored: Restored) -> None:
    text = "SELECT payment_id, sequence, event_id FROM outbox"
    before = {(payment, number): event for payment, number, event in restored.world.run(text, restored.names[0])}
    after = {(payment, number): event for payment, number, event in restored.world.run(text, restored.names[1])}
    for place in before.keys() & after.keys():
        assert before[place] == after[place], "another event under a number that was told"
    highest = {payment: max(n for p, n in before if p == payment) for payment, _ in before}
    anew = {place for place in after if place not in before}
    assert {payment for payment, _ in anew} >= {restored.pending["paymentId"], restored.settled["paymentId"]}
    assert all(number > highest.get(payment, 0) for payment, number in anew)


# ---------------------------------------------------------------- what nobody knows any more


def test_an_answer_that_is_lost_is_not_given_from_memory(restored: Restored) -> None:
    again = restored.shop.create(**restored.lost_order)
    assert again.status_code == 201
    assert "Idempotent-Replayed" not in again.headers
    assert again.json()["paymentId"] != restored.lost["paymentId"]


def test_money_for_a_payment_that_is_lost_opens_a_case(restored: Restored, alipay: Alipay) -> None:
    assert restored.shop.call("GET", f"/payments/{restored.lost['paymentId']}").status_code == 404
    alipay.pay(restored.lost)
    alipay.await_callbacks(reference(restored.lost), 1)
    cases = restored.shop.call("GET", "/cases").json()["cases"]
    (case,) = [each for each in cases if each["detail"].get("reference") == reference(restored.lost)]
    assert (case["kind"], case["detail"]["amount"]) == ("UNKNOWN_ORDER", "100.00 CNY")


def test_no_address_is_given_twice(restored: Restored) -> None:
    (lost,) = [each for each in restored.raised["lost"] if each["first"] == 1]  # the only account that was used
    assert lost["end"] - lost["first"] >= 1_000_000
    given = {on_chain_payment(restored.shop)["action"]["address"] for _ in range(3)}
    assert not given & restored.addresses
    indexes = [index for (index,) in restored.world.run("SELECT index FROM addresses ORDER BY index")]
    assert indexes[0] == 0
    assert all(index >= lost["end"] for index in indexes[1:])
    assert len(restored.raised["lost"]) >= 2, "accounts that have given nothing yet are passed over as well"


# ---------------------------------------------------------------- refunds on chains


def test_a_refund_that_may_have_been_paid_waits_for_a_person(restored: Restored) -> None:
    held = {each["id"] for each in restored.raised["held"]}
    assert held == {restored.refund_on_chain, restored.unpaid_refund}
    shop, refund_id = restored.shop, restored.unpaid_refund
    refused = shop.call("POST", f"/refunds/{refund_id}/transaction", json={})
    assert refused.status_code == 422, refused.text
    assert open_case(shop, refund_id)["kind"] == "REFUND_HELD"
    with pytest.raises(TaskRefused, match="does not pay"):  # the other refund's transaction
        restored.world.operate("adopt-refund", refund=refund_id, transaction=restored.paid_by)
    restored.world.operate("release-refund", refund=refund_id)
    assert open_case(shop, refund_id) is None
    assert paid_out(restored.world, shop, refund_id)


def test_a_refund_that_was_paid_is_known_by_its_transaction_and_not_paid_again(restored: Restored) -> None:
    shop, refund_id = restored.shop, restored.refund_on_chain
    done = restored.world.operate("adopt-refund", refund=refund_id, transaction=restored.paid_by)
    assert done == {"refund": refund_id, "state": "SUCCEEDED"}
    assert shop.call("GET", f"/refunds/{refund_id}").json()["txId"] == restored.paid_by
    assert open_case(shop, refund_id) is None
    assert shop.call("POST", f"/refunds/{refund_id}/transaction", json={}).status_code == 422
    with pytest.raises(TaskRefused, match="the refund is over"):
        restored.world.operate("adopt-refund", refund=refund_id, transaction=restored.paid_by)


def open_case(shop: Shop, refund_id: str) -> dict[str, Any] | None:
    cases = shop.call("GET", "/cases").json()["cases"]
    return next((each for each in cases if each["detail"].get("refundId") == refund_id), None)


# ---------------------------------------------------------------- the operation itself


def test_raising_is_repeated_without_raising_again(restored: Restored) -> None:
    counters = "SELECT account, next_index FROM address_counters ORDER BY account"
    before = restored.world.run(counters)
    again = restored.world.operate("raise-epoch", restoredTo=restored.moment.isoformat())
    restored.world.operate("reopen")
    assert (again["epoch"], again["lost"]) == (restored.raised["epoch"], restored.raised["lost"])
    assert restored.world.run(counters) == before


def test_a_second_restore_of_the_same_copy_lies_behind_the_first(restored: Restored) -> None:
    world, name = restored.world, f"again_{uuid.uuid4().hex[:8]}"
    given = [index for (index,) in world.run("SELECT max(index) FROM addresses")]
    told = [number for (number,) in world.run("SELECT max(sequence) FROM outbox")]
    time.sleep(1.1)
    world.close()
    world.copy(restored.names[0], name)
    try:
        world.run("DELETE FROM held_refunds; DELETE FROM lost_addresses; DELETE FROM epochs", name)
        world.run("UPDATE address_counters SET next_index = 1", name)  # as it was at the moment
        settings = {**world.settings, "MIGRATE_DATABASE_URL": world.stack.postgres.url(OWNER, name)}
        raised = operate(settings, "raise-epoch", restoredTo=restored.moment.isoformat())
        [[least]] = world.run("SELECT min(next_index) FROM address_counters", name)
        [[lowest]] = world.run("SELECT min(sequence) FROM payments", name)
    finally:
        world.stack.postgres.drop_database(name)
        world.open_on(restored.names[1])
    assert raised["epoch"] > restored.raised["epoch"]
    assert least > given[0] - 100
    assert lowest >= raised["epoch"] > told[0] - 100


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"restoredTo": "2999-01-01T00:00:00Z"}, "restoredTo: lies in the future"),
        ({"restoredTo": "2025-01-01T00:00:00"}, "names its zone"),
        ({}, "restoredTo: is a text"),
        ({"restoredTo": "2025-01-01T00:00:00Z", "addresses": 0}, "addresses: is 1 to"),
    ],
)
def test_what_cannot_be_raised(restored: Restored, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(TaskRefused, match=reason):
        restored.world.operate("raise-epoch", **fields)
    assert restored.shop.create().status_code == 201, "and nobody is shut out"
