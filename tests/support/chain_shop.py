"""A shop whose payers pay on a chain of the test's own: another application and another database on the stack's
servers, so that what the chain is made to do concerns nobody else.
"""

from __future__ import annotations

import json
import secrets
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from infra.local.servers.postgres import APP, OWNER
from paygate import bootstrap
from paygate.config import read_settings
from paygate.domain import assets
from paygate.domain.money import Asset, parse_money
from paygate.ports import Claim
from paygate.services.commands import CreatePayment, RefundPayment
from tests.support.hd import chain_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from paygate.services.poll_chain import Polled

ASSETS = {
    "USDT_TRC20": assets.USDT_ON_TRON,
    "USDT_ERC20": assets.USDT_ON_ETHEREUM,
    "USDT_BEP20": assets.USDT_ON_BSC,
    "ETH": assets.ETH,
    "BTC": assets.BTC,
}


@dataclass(frozen=True)
class ChainShop:
    """`method` is what its payers pay with unless a payment says otherwise."""

    app: App
    stack: Stack
    database: str
    method: str

    @property
    def network(self) -> str:
        network = ASSETS[self.method].network
        assert network is not None
        return network

    # ------------------------------------------------------------ payments

    def create(self, amount: str = "10", method: str = "", **fields: Any) -> dict[str, Any]:
        name = method or self.method
        command = CreatePayment(
            order_id=fields.pop("order_id", f"ORDER_{uuid.uuid4().hex}"),
            user_id=1,
            price=parse_money(amount, ASSETS[name]),
            method=name,
            request_id=uuid.uuid4().hex,
            **fields,
        )
        answered = self.app.payments.create_payment(command, _claim())
        assert answered.answer.status == 201, answered.answer.body
        return dict(json.loads(answered.answer.body))

    def status(self, payment: Mapping[str, Any]) -> dict[str, Any]:
        return dict(json.loads(self.app.payments.get_payment_status(payment["paymentId"])))

    def refund(self, payment: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
        command = RefundPayment(payment["paymentId"], uuid.uuid4().hex, **fields)
        return dict(json.loads(self.app.payments.refund_payment(command, _claim()).answer.body))

    # ------------------------------------------------------------ the gateway's own work

    def follow(self, seconds: float = 1.0, network: str = "") -> Polled:
        """One run of poll_chain; and where a busy machine was not at the head in time, those that get there."""
        blocks = turns = 0
        while True:
            started = time.monotonic()
            polled = self.app.poll_chain(network or self.network, seconds)
            blocks, turns = blocks + polled.blocks, turns + polled.turns
            if polled.troubles or time.monotonic() - started < seconds:
                return replace(polled, blocks=blocks, turns=turns)

    def end(self, payment: Mapping[str, Any]) -> None:
        """The payer's time was up an hour ago."""
        text = (
            "UPDATE payments SET created_at = created_at - interval '1 day',"
            " expires_at = now() - interval '1 hour', expiry_leased_until = NULL WHERE id = :id"
        )
        self.run(text, id=payment["paymentId"])

    # ------------------------------------------------------------ what is written down

    def run(self, text: str, **values: Any) -> list[list[Any]]:
        with self.stack.postgres.admin(self.database) as owner:
            owner.run(f"SET ROLE {OWNER}")
            return owner.run(text, **values) or []

    def kinds(self, payment: Mapping[str, Any]) -> list[str]:
        """The payment's events, in order."""
        text = "SELECT kind FROM outbox WHERE payment_id = :id ORDER BY sequence"
        return [kind for (kind,) in self.run(text, id=payment["paymentId"])]

    def states(self, payment: Mapping[str, Any]) -> list[str]:
        text = "SELECT to_state FROM timeline WHERE payment_id = :id ORDER BY version"
        return [state for (state,) in self.run(text, id=payment["paymentId"])]

    def cases(self, payment: Mapping[str, Any]) -> list[str]:
        text = "SELECT kind FROM operator_cases WHERE payment_id = :id ORDER BY id"
        return [kind for (kind,) in self.run(text, id=payment["paymentId"])]

    def cursor(self, network: str = "") -> int:
        [[height]] = self.run("SELECT height FROM chain_cursors WHERE network = :n", n=network or self.network)
        return int(height)


def to(payment: Mapping[str, Any]) -> str:
    """Where it is paid."""
    address: str = payment["action"]["address"]
    return address


@contextmanager
def chain_shop(stack: Stack, method: str, settings: Mapping[str, str]) -> Iterator[ChainShop]:
    """`settings` say where the chain's node is, and what is wanted of it; accounts are new ones."""
    from migrations import upgrade

    name = f"chain_{uuid.uuid4().hex}"
    stack.postgres.create_database(name)
    upgrade(stack.postgres.url(OWNER, name))
    accounts = chain_settings(secrets.token_bytes(16))
    env = {**stack.env, "DATABASE_URL": stack.postgres.url(APP, name), **accounts, **settings}
    app = bootstrap.build(read_settings(env))
    try:
        yield ChainShop(app, stack, name, method)
    finally:
        app.database.close()
        stack.postgres.drop_database(name)


def units(text: str, asset: Asset) -> int:
    return parse_money(text, asset).units


def _claim() -> Claim:
    key = uuid.uuid4()
    return Claim(key.hex, key.bytes * 2)
