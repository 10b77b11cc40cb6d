"""Every statement in `sql/`, on 100,000 payments, as PostgreSQL itself planned it for a real request or sweep.

`auto_explain` writes the plan of each statement that the application's role runs into the server's log. The
requests go over HTTP to a second gateway that stands on a database of its own.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pg8000.native
import pytest

from infra.local.ports import HOST
from infra.local.servers.postgres import ADMIN, APP, OWNER
from infra.local.servers.programs import Gateway
from migrations import upgrade
from paygate import bootstrap
from paygate.adapters.chains.tron.settings import read as read_tron
from paygate.adapters.kafka.settings import KafkaSettings
from paygate.adapters.kafka.stream import KafkaStream
from paygate.adapters.postgres import statements
from paygate.domain.assets import USDT_ON_TRON
from paygate.domain.bank_statement import StatementRefused
from paygate.domain.errors import RefundNotPossible
from paygate.domain.money import Money
from paygate.ports import Claim, QueuedEvent, Refusal
from paygate.services.api_keys import BEARER, ApiKeys
from paygate.services.commands import CreatePayment, RefundPayment
from paygate.services.relay_events import RelayEvents
from tests.support import chain_statements
from tests.support.hd import chain_settings
from tests.support.passing import Passing
from tests.support.shop import Shop, new_key, new_order, reference
from tests.support.statements import Entry, camt053

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay

DATABASE = "query_plans"
STORED = [Path(__file__).with_name(name) for name in ("stored_payments.sql", "stored_chain.sql")]
BIG = {"payments", "attempts", "timeline", "refunds", "order_settlements", "idempotency_keys", "callback_inbox",
       "callback_outcomes", "outbox", "seen_signatures", "operator_cases", "bank_statements", "transfers",
       "transfer_keys", "addresses", "claims", "payouts"}  # fmt: skip
COMPOSED = {"chosen": "payment_documents", "transfers": "transfer_documents", "cases": "case_documents"}
BY_INDEX = {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}


@dataclass(frozen=True)
class World:
    stack: Stack
    app: App
    shop: Shop
    alipay: Alipay

    def run(self, text: str, **values: Any) -> list[list[Any]]:
        with self.stack.postgres.admin(DATABASE) as admin:
            return admin.run(text, **values) or []

    def due(self) -> None:
        for table, column in (("attempts", "next_query_at"), ("refunds", "next_query_at"),
                              ("callback_queue", "available_at")):  # fmt: skip
            self.run(
                f"UPDATE {table} SET {column} = now() WHERE {column} IS NOT NULL AND {column} < now() + '5 min'"
            )


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[str]:
    stack.postgres.create_database(DATABASE)
    try:
        upgrade(stack.postgres.url(OWNER, DATABASE))
        password = stack.postgres.password(ADMIN)
        admin = pg8000.native.Connection(ADMIN, HOST, DATABASE, stack.postgres.port, password, timeout=90)
        for stored in STORED:
            admin.run(stored.read_text())
        for name, value in (("session_preload_libraries", "auto_explain"), ("auto_explain.log_format", "json"),
                            ("auto_explain.log_min_duration", "0")):  # fmt: skip
            admin.run(f"ALTER ROLE {APP} IN DATABASE {DATABASE} SET {name} = '{value}'")
        admin.close()
        yield stack.postgres.url(APP, DATABASE)
    finally:
        stack.postgres.drop_database(DATABASE)


@pytest.fixture(scope="module")
def world(
    stack: Stack, app: App, alipay: Alipay, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    gateway = Gateway(tmp_path_factory.mktemp("gateway"))
    own = {"DATABASE_URL": database, "PUBLIC_BASE_URL": gateway.url, "RELAY_QUEUE_URL": ""}
    gateway.settings = {**stack.settings, **own}
    rails = {**app.settings.rails, "tron": read_tron(chain_settings(b"plans"))}
    settings = replace(
        app.settings, database_url=database, public_base_url=gateway.url, relay_queue_url=None, rails=rails
    )
    with ExitStack() as open_ones:
        built = bootstrap.build(settings)
        open_ones.callback(built.database.close)
        key = ApiKeys(built.keys, settings.api_key_pepper).issue("plans", BEARER, ["admin"])
        open_ones.enter_context(gateway)
        yield World(stack, built, Shop(gateway.url, key.token), alipay)


@pytest.fixture(scope="module")
def plans(world: World) -> dict[str, list[dict[str, Any]]]:
    """Plans by the name of the statement's file."""
    start = world.stack.postgres.log.stat().st_size
    use_everything(world)
    time.sleep(0.2)
    with world.stack.postgres.log.open(encoding="utf-8") as log:
        log.seek(start)
        written = log.read()
    names = {statement.text.strip(): name for name, statement in all_statements().items()}
    found: dict[str, list[dict[str, Any]]] = {}
    for logged in re.findall(r"plan:\n((?:\t.*\n)+)", written):
        plan = json.loads(re.sub(r"^\t", "", logged, flags=re.MULTILINE))
        found.setdefault(names.get(plan["Query Text"].strip(), plan["Query Text"]), []).append(plan["Plan"])
    return found


def all_statements() -> dict[str, statements.Statement]:
    """What is composed stands for itself only together with what it chooses."""
    names = {path.stem for path in Path(statements.__file__).with_name("sql").glob("*.sql")} - {*COMPOSED.values()}
    wholes = {name: COMPOSED.get(name.partition("_")[0]) for name in names}
    return {
        name: statements.sql(whole, chosen=name) if whole else statements.sql(name)
        for name, whole in wholes.items()
    } | {"add_address": statements.sql("add_payment", address="add_address")}


def use_everything(world: World) -> None:
    settled = create_and_settle(world)
    read(world, settled)
    refund(world, settled)
    sweep(world)
    tend(world, settled)
    bank(world)
    operate(world)
    give_an_address(world)
    chain_statements.follow_a_chain(world.app.database, "PAY_1" + "900".rjust(25, "0"), "900".rjust(40, "0"))
    chain_statements.pay_out(world.app.database, "REF_1" + "8".rjust(25, "0"))
    chain_statements.sign(world.app.database, "REF_1" + "4".rjust(25, "0"))
    chain_statements.collect(world.app.database)


def create_and_settle(world: World) -> dict[str, Any]:
    shop, alipay, key, order_id = world.shop, world.alipay, new_key(), new_order()
    for _ in range(2):  # stored, replayed
        payment = shop.create(key=key, orderId=order_id).json()
    with world.stack.redis.client() as redis:
        redis.flushdb()
    assert shop.create(key=key, orderId=order_id).headers["Idempotent-Replayed"] == "true"
    alipay.pay(payment)
    shop.await_state(payment["paymentId"], "SETTLED")
    callbacks = alipay.await_callbacks(reference(payment), 1)
    alipay.do(f"callbacks/{callbacks[0]['id']}/resend")
    alipay.fault("drop_after", method="alipay.trade.precreate")
    unknown = {"key": new_key(), "orderId": new_order()}
    assert [shop.create(**unknown).status_code for _ in range(2)] == [202, 201]
    alipay.fault("wrong_amount", method="callback", out_trade_no=reference(payment_of := shop.created()))
    alipay.pay(payment_of)
    alipay.await_callbacks(reference(payment_of), 1)
    return payment


def give_an_address(world: World) -> None:
    price = Money(10**6, USDT_ON_TRON)
    command = CreatePayment(new_order(), 1, price, "USDT_TRC20", request_id="plans")
    assert world.app.payments.create_payment(command, Claim(new_key(), b"h" * 32)).answer.status == 201
    with world.app.resolve._ledger.transaction() as tx:
        assert not tx.is_receiving("PAY_1", "00" * 20)


def read(world: World, payment: dict[str, Any]) -> None:
    shop, known = world.shop, [row[0] for row in world.run("SELECT id FROM payments ORDER BY id LIMIT 100")]
    shop.status(payment["paymentId"], refresh="true")
    assert shop.call("POST", "/payments/batch", json={"paymentIds": known}).status_code == 200
    assert shop.call("GET", "/orders/ORDER_777/payments").json()["payments"]
    for query in ({}, {"state": "PENDING"}, {"method": "ALIPAY"}, {"state": "EXPIRED", "method": "ALIPAY"}):
        page = shop.call("GET", "/payments", params={**query, "limit": 100}).json()
        assert len(page["payments"]) == 100
        assert shop.call("GET", "/payments", params={**query, "cursor": page["nextCursor"]}).status_code == 200
    assert shop.call("GET", "/health", params={"deep": "true"}).status_code == 200
    assert world.app.keys.first_sight(b"never seen before")


def refund(world: World, payment: dict[str, Any]) -> None:
    shop, payment_id = world.shop, payment["paymentId"]
    done = shop.refund(payment_id, amount="10.00").json()
    assert shop.call("GET", f"/refunds/{done['refundId']}").json()["state"] == "SUCCEEDED"
    world.alipay.fault("withhold", method="callback", out_trade_no=reference(payment))
    world.alipay.fault("drop_after", method="alipay.trade.refund")
    assert shop.refund(payment_id, amount="10.00").status_code == 202
    world.alipay.fault("system_error", method="alipay.trade.fastpay.refund.query")
    world.due()
    world.app.resolve(10)  # told nothing, so it is put off; and then it is done
    world.due()
    world.app.resolve(10)
    world.alipay.do("console-refund", out_trade_no=reference(payment), amount=500)
    world.alipay.await_callbacks(reference(payment), 3)
    command = RefundPayment(payment_id, "r", amount="99.00")
    with pytest.raises(RefundNotPossible):
        world.app.payments.refund_payment(command, Claim(new_key(), b"h" * 32))


def sweep(world: World) -> None:
    shop = world.shop
    assert shop.cancel(shop.created()["paymentId"]).status_code == 200
    over = shop.created()["paymentId"]
    Passing(world, world.stack.redis).window([over])
    world.run("INSERT INTO callback_queue SELECT id, now() FROM callback_inbox ORDER BY received_at DESC LIMIT 1")
    world.due()
    world.app.resolve(20)
    world.app.expire(20)
    assert shop.status(over)["state"] == "EXPIRED"


def tend(world: World, payment: dict[str, Any]) -> None:
    """The relay and the commands."""
    outbox, now = world.app.outbox, datetime.now(UTC)
    with closing(KafkaStream(KafkaSettings(world.stack.kafka.bootstrap_servers, new_topic_partitions=6))) as stream:
        assert RelayEvents(outbox, stream, world.app.meter, retention_days=5)(20).sent
    assert outbox.replay_payment(payment["paymentId"])
    event = QueuedEvent(payment["paymentId"], 1, "EVT_x", "payment.settled", ["payments.events"], "{}", "r")
    leased = outbox.lease("plans", 500, 30)
    assert leased
    outbox.release("plans", leased, "Tried")
    outbox.hold_back("another", [Refusal(event, "Tried")])
    assert outbox.replay_range(now - timedelta(minutes=5), now + timedelta(minutes=5)) >= 0
    outbox.drop_old(5)
    keys = ApiKeys(world.app.keys, world.app.settings.api_key_pepper)
    keys.revoke(keys.issue("short", BEARER, []).id)


def bank(world: World) -> None:
    """Statements by each door, with and without approval."""
    shop, imports, iban = world.shop, world.app.statements, world.stack.env["BANK_EUR_IBAN"]
    payment = shop.created(method="BANK_TRANSFER", currency="EUR")
    paying = Entry("100.00", payment["action"]["reference"])
    imported = camt053(iban, [paying, *(Entry("1.00", f"x{number}") for number in range(50))])
    for _ in range(2):
        imports.import_file(imported, "pk_1", None)
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"
    pay_out(world, payment)
    with pytest.raises(StatementRefused):
        imports.import_file(b"<Document", "pk_1", None)
    client = world.stack.aws.client("s3")
    for body in (imported, camt053(iban, [Entry("1.00", "by upload")])):
        statement_id, form = imports.announce("pk_1", None)
        client.put_object(Bucket=world.stack.env["STATEMENT_BUCKET"], Key=form.fields["key"], Body=body)
        imports.from_queue(statement_id)
    for is_swept in (False, True):
        approve(world, camt053(iban, [Entry("2.00", f"approved {is_swept}")]), is_swept=is_swept)


def pay_out(world: World, payment: dict[str, Any]) -> None:
    assert world.shop.refund(payment["paymentId"], amount="30.00").status_code == 201
    case = world.shop.call("GET", "/cases", params={"limit": 1}).json()["cases"][0]
    payout = Entry("30.00", case["detail"]["railId"], direction="DBIT")
    world.app.statements.import_file(camt053(world.stack.env["BANK_EUR_IBAN"], [payout]), "pk_1", None)
    assert world.shop.status(payment["paymentId"])["state"] == "PARTIALLY_REFUNDED"


def approve(world: World, body: bytes, *, is_swept: bool) -> None:
    settings = world.app.settings
    rail = replace(settings.rails["bank_transfer"], needs_approval=True)
    built = bootstrap.build(replace(settings, rails={**settings.rails, "bank_transfer": rail}))
    with closing(built.database):
        statement_id = json.loads(built.statements.import_file(body, "pk_1", None).document)["statementId"]
        if is_swept:
            world.run(
                "UPDATE bank_statements SET state = 'APPROVED', approved_by = 'pk_2', approved_at = now()"
                " WHERE id = :id", id=statement_id
            )  # fmt: skip
            built.resolve(10)
        else:
            built.statements.approve(statement_id, "pk_2")
        assert json.loads(built.statements.statement(statement_id))["state"] == "IMPORTED"


def operate(world: World) -> None:
    shop = world.shop
    for matched in ({}, {"matched": "true"}, {"matched": "false"}):
        page = shop.call("GET", "/transfers", params={**matched, "limit": 100}).json()
        assert len(page["transfers"]) == 100
    payment = shop.created(method="BANK_TRANSFER", currency="EUR")
    path = f"/transfers/{page['transfers'][0]['transferId']}/assign"
    assert shop.call("POST", path, json={"paymentId": payment["paymentId"]}).status_code == 200
    assert shop.call("GET", "/bank-statements", params={"limit": 100}).status_code == 200
    case = shop.call("GET", "/cases", params={"limit": 100}).json()["cases"][0]
    assert shop.call("POST", f"/cases/{case['caseId']}/close").status_code == 200


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def test_every_statement_was_planned(plans: dict[str, list[dict[str, Any]]]) -> None:
    assert set(all_statements()) - set(plans) == set()


def test_no_statement_reads_a_big_table_from_end_to_end(plans: dict[str, list[dict[str, Any]]]) -> None:
    read_whole = {
        (name, node["Relation Name"])
        for name, planned in plans.items()
        for plan in planned
        for node in nodes(plan)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG
    }
    assert read_whole == set()


def test_no_statement_reads_an_index_from_end_to_end(plans: dict[str, list[dict[str, Any]]]) -> None:
    read_whole = {
        (name, node["Index Name"])
        for name, planned in plans.items()
        for plan in planned
        for node in nodes(plan)
        if node["Node Type"] in BY_INDEX and "Index Cond" not in node
    }
    assert read_whole == set()
