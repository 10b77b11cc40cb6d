"""What alarms are about, brought about through the doors by which it comes: each ends with the metric told."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from paygate import bootstrap
from paygate.adapters.kafka.settings import KafkaSettings
from paygate.adapters.kafka.stream import KafkaStream
from paygate.config import read_settings
from paygate.domain.assets import CURRENCIES
from paygate.domain.money import parse_money
from paygate.ports import Claim
from paygate.services.commands import CreatePayment
from paygate.services.relay_events import RelayEvents
from paygate.strategies import registry
from tests.support.at_once import until
from tests.support.card import card
from tests.support.chain_shop import ChainShop, chain_shop, to
from tests.support.faulty_node import FaultyNode, RpcError, failing, faulty, rpc
from tests.support.kms import DENIED, running_kms
from tests.support.shop import new_key, new_order, reference
from tests.support.signing_desk import Desk, signing_desk
from tests.support.statements import Entry, camt053

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from paygate.config import Settings
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.evm import EvmNode
    from tests.support.notification import Notifications
    from tests.support.shop import Shop

ENOUGH = 11  # payments, so that a rate of them says something
RAIL_URLS = {
    "alipay": ("ALIPAY_GATEWAY_URL", "CNY"),
    "wechat_pay": ("WECHAT_PAY_BASE_URL", "CNY"),
    "unionpay": ("UNIONPAY_GATEWAY_URL", "CNY"),
    "card": ("CARD_API_URL", "EUR"),
}


@dataclass(frozen=True)
class World:
    """`alipay`'s fault script ends with the test."""

    stack: Stack
    app: App
    shop: Shop
    books: Books
    alipay: Alipay
    notified: Notifications
    node: Callable[[], EvmNode]

    @contextmanager
    def another(self, settings: Settings) -> Iterator[App]:
        """The application with other settings, over the same database."""
        built = bootstrap.build(settings)
        with closing(built.database):
            yield built

    def age(self, payment: dict[str, Any], minutes: int) -> None:
        text = "UPDATE payments SET created_at = created_at - make_interval(mins => :minutes) WHERE id = :id"
        self.books.run(text, minutes=minutes, id=payment["paymentId"])

    def cancelled(self) -> str:
        """The id of a payment whose last event waits in the outbox."""
        payment_id: str = self.shop.created(channel="WEB")["paymentId"]
        assert self.shop.cancel(payment_id).status_code == 200
        return payment_id


# ---------------------------------------------------------------- payments


def hardly_any_settles(world: World) -> None:
    """One is paid, the others are given up."""
    payments = [world.shop.created(channel="WEB") for _ in range(ENOUGH)]
    world.alipay.pay(payments[0])
    world.shop.await_state(payments[0]["paymentId"], "SETTLED")
    for payment in payments[1:]:
        assert world.shop.cancel(payment["paymentId"]).status_code == 200


def settles_late(world: World) -> None:
    payment = world.shop.created(channel="WEB")
    world.age(payment, 11)
    world.alipay.pay(payment)
    world.shop.await_state(payment["paymentId"], "SETTLED")


def rail_never_answers(world: World) -> None:
    world.alipay.fault("drop_after", method="alipay.trade.precreate")
    answered = world.shop.create(channel="QR")
    assert answered.status_code == 202
    world.age(answered.json(), 11)
    world.app.resolve(5)


def fact_does_not_fit(world: World) -> None:
    payment = world.shop.created(channel="WEB")
    world.alipay.fault("wrong_amount", method="callback", out_trade_no=reference(payment))
    world.alipay.pay(payment)
    world.alipay.await_callbacks(reference(payment), 1)


def keys_were_replaced(world: World) -> None:
    """While a callback waits that could not be applied."""
    key = rsa.generate_private_key(65537, 2048).public_key()
    settings = world.app.settings
    alipay = replace(settings.rails["alipay"], alipay_public_key=key)
    payment = world.shop.created(channel="WEB")
    with world.books.broken(payment["paymentId"]):
        assert world.notified.post(world.notified.body(payment)).status_code == 500
    with world.another(replace(settings, rails={**settings.rails, "alipay": alipay})) as replaced:
        world.books.due_now(payment["paymentId"])
        replaced.resolve(5)
    world.books.due_now(payment["paymentId"])
    world.app.resolve(5)


def money_is_withdrawn(world: World) -> None:
    desk = card(world.stack.sandbox.url)
    payment = desk.settled(world.shop)
    desk.disputed(payment)
    world.shop.await_state(payment["paymentId"], "REVERSED")


def refund_waits_for_a_person(world: World) -> None:
    """As all do of bank transfers."""
    payment = world.shop.created(method="BANK_TRANSFER", currency="EUR")
    paying = Entry("100.00", payment["action"]["reference"])
    world.app.statements.import_file(camt053(world.stack.env["BANK_EUR_IBAN"], [paying]), "pk_1", None)
    assert world.shop.refund(payment["paymentId"], amount="30.00").status_code == 201


# ---------------------------------------------------------------- rails


def rail_is_out_of_order(rail: str) -> Callable[[World], None]:
    def happen(world: World) -> None:
        setting, currency = RAIL_URLS[rail]
        method = registry.method_of_rail(rail)
        assert method is not None
        silent = registry.load(method.adapter).silent_channels
        [channel, *_] = [name for name in registry.strategy(method.name).channels if name not in silent]
        with faulty("http://127.0.0.1:9") as broken:
            broken.fault = failing(503)
            with world.another(read_settings({**world.stack.env, setting: broken.url})) as cut_off:
                price = parse_money("1.00", CURRENCIES[currency])
                command = CreatePayment(new_order(), 1, price, method.name, channel=channel, request_id="r")
                answer = cut_off.payments.create_payment(command, Claim(new_key(), b"h" * 32)).answer
        assert (answer.status, len(broken.asked) > 0) == (202, True)
        world.shop.cancel(json.loads(answer.body)["paymentId"])

    return happen


# ---------------------------------------------------------------- the outbox


def broker_is_gone(world: World) -> None:
    payment_id = world.cancelled()
    world.books.run("UPDATE outbox SET created_at = now() - interval '6 min' WHERE payment_id = :id", id=payment_id)
    with closing(KafkaStream(KafkaSettings("127.0.0.1:9"))) as stream:
        assert RelayEvents(world.app.outbox, stream, world.app.meter, retention_days=30)(5).unsent
    until(lambda: world.app.relay(5).is_complete, "what waited was sent")


def broker_refuses(world: World) -> None:
    payment_id = world.cancelled()
    swell = "UPDATE outbox SET payload = payload || repeat(' ', 2000000) WHERE payment_id = :id"
    world.books.run(swell, id=payment_id)
    assert world.app.relay(10).refused
    world.books.run("DELETE FROM outbox_queue WHERE payment_id = :id", id=payment_id)


# ---------------------------------------------------------------- chains


@contextmanager
def followed(world: World) -> Iterator[tuple[ChainShop, FaultyNode]]:
    """A chain that was read to its head, with one payment open."""
    env = {**world.node().server.env, "ETHEREUM_TRACES": "none", "USDT_ERC20_CONFIRMATIONS": "1"}
    with (
        faulty(world.node().url) as between,
        chain_shop(world.stack, "USDT_ERC20", {**env, "ETHEREUM_RPC_URL": between.url}) as shop,
    ):
        shop.create("1")
        shop.follow()
        yield shop, between


def chain_settles_late(world: World) -> None:
    with followed(world) as (shop, _):
        payment = shop.create("1")
        shop.run("UPDATE payments SET created_at = created_at - interval '121 minutes'")
        world.node().pay_token(to(payment), 10**6)
        world.node().mine(2)
        shop.follow()
        assert shop.status(payment)["state"] == "SETTLED"


def node_is_silent(world: World) -> None:
    with followed(world) as (shop, between):
        between.fault = failing(503)
        shop.run("UPDATE chain_cursors SET moved_at = now() - interval '16 minutes'")
        shop.follow()


def blocks_cannot_be_read(world: World) -> None:
    with followed(world) as (shop, between):
        world.node().mine(1100)
        between.change = rpc(
            lambda method, _params, result: RpcError(-32000) if method == "eth_getLogs" else result
        )
        shop.follow()


def node_lies(world: World) -> None:
    with followed(world) as (shop, between):
        between.change = rpc(lambda method, _params, result: "0x38" if method == "eth_chainId" else result)
        shop.follow()


# ---------------------------------------------------------------- signing


@contextmanager
def signing(world: World) -> Iterator[Desk]:
    with running_kms() as kms, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_KMS", kms.url)
        with signing_desk(world.stack, world.node(), kms) as desk:
            yield desk


def refund_is_over_the_cap(world: World) -> None:
    with signing(world) as desk:
        desk.refund("10.000001")
        assert desk.sign() == (0, 1, 0)


def key_does_not_sign(world: World) -> None:
    with signing(world) as desk:
        desk.refund("1")
        desk.kms.faults = [DENIED, DENIED]  # boto3 asks twice
        assert desk.sign() == (0, 0, 1)
