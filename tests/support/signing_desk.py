"""A treasury whose key is in KMS, and a shop whose refunds it signs; on a node of the test's own."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.local.server import ROOT
from infra.local.servers.postgres import APP
from tests.support.chain_shop import ChainShop, chain_shop
from tests.support.hd import chain_settings
from tests.support.kms import ARN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.local.stack import Stack
    from tests.support.evm import EvmNode
    from tests.support.kms import Kms

USDT, ETHER = 10**6, 10**18
ASKER = "pk_asker"
CAPS = {
    "SIGN_REFUND_MAX_USDT_ERC20": "10",
    "SIGN_REFUND_MAX_PER_DAY_USDT_ERC20": "12",
    "SIGN_REFUND_APPROVAL_ABOVE_USDT_ERC20": "5",
    "SIGN_REFUND_MAX_ETH": "0.5",
    "SIGN_REFUND_MAX_PER_DAY_ETH": "1",
    "SIGN_REFUND_APPROVAL_ABOVE_ETH": "0.5",
}


@dataclass
class Desk:
    shop: ChainShop
    node: EvmNode
    kms: Kms
    env: Mapping[str, str]

    def refund(self, amount: str = "4", method: str = "USDT_ERC20") -> dict[str, Any]:
        """One that was asked for, of a payment that is settled, to an address that nobody paid before."""
        payment = self.shop.create(amount, method)
        pay = self.node.pay_eth if method == "ETH" else self.node.pay_token
        pay(payment["action"]["address"], units(amount, method))
        self.shop.follow()
        assert self.shop.status(payment)["state"] == "SETTLED"
        to = f"0x{secrets.token_hex(20)}"
        return self.shop.refund(payment, address=to, requested_by=ASKER) | {"payment": payment}

    def sign(self) -> tuple[int, int, int]:
        """What one run did a minute later: signed, refused, put off."""
        self.shop.run("UPDATE signings SET next_at = now()")
        done = self.shop.app.sign_refunds(10)
        return done.signed, done.refused, done.put_off

    def follow(self) -> None:
        self.node.mine(8)
        self.shop.follow()

    def state(self, refund: Mapping[str, Any]) -> str:
        [[state]] = self.shop.run("SELECT state FROM refunds WHERE id = :id", id=refund["refundId"])
        return str(state)

    def got(self, refund: Mapping[str, Any]) -> int:
        return self.node.tokens(refund["address"])

    def sent(self) -> int:
        """By the treasury, as the chain counts it."""
        return self.node.rpc.number("eth_getTransactionCount", self.kms.address, "latest")

    def problems(self, refund: Mapping[str, Any], *, is_open: bool = True) -> list[str]:
        text = (
            "SELECT detail->>'problem' FROM operator_cases WHERE kind = 'REFUND_NOT_SIGNED'"
            " AND detail->>'refundId' = :id AND (closed_at IS NULL) = :is_open ORDER BY id"
        )
        return [problem for (problem,) in self.shop.run(text, id=refund["refundId"], is_open=is_open)]

    def taken(self) -> int:
        """What is reserved of today's cap, in cents of a dollar."""
        rows = self.shop.run("SELECT units FROM signing_days WHERE asset = 'USDT' ORDER BY day DESC LIMIT 1")
        return int(rows[0][0]) // 10_000 if rows else 0

    def process(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.support.signer"]
        return subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **self.env}, stdout=subprocess.PIPE, text=True
        )


@contextmanager
def signing_desk(stack: Stack, node: EvmNode, kms: Kms) -> Iterator[Desk]:
    """A rich treasury. KMS is where AWS_ENDPOINT_URL_KMS says, which is for the test to set."""
    settings = {
        **chain_settings(secrets.token_bytes(16)),
        **node.server.env,
        **CAPS,
        "ETHEREUM_TREASURY": kms.address,
        "USDT_ERC20_CONFIRMATIONS": "1",
        "ETH_CONFIRMATIONS": "1",
        "SIGN_REFUND_KEY_ARN": ARN,
    }
    node.pay_eth(kms.address, 3 * ETHER)
    node.pay_token(kms.address, 100 * USDT)
    with chain_shop(stack, "USDT_ERC20", settings) as shop:
        shop.follow()  # begins here, not at the chain's first block
        url = {"DATABASE_URL": stack.postgres.url(APP, shop.database), "AWS_ENDPOINT_URL_KMS": kms.url}
        paths = os.pathsep.join(str(ROOT / path) for path in ("layers/core/python", "functions", "."))
        yield Desk(shop, node, kms, {**stack.env, **settings, **url, "PYTHONPATH": paths})


def units(amount: str, method: str) -> int:
    whole, _, fraction = amount.partition(".")
    decimals = 18 if method == "ETH" else 6
    return int(whole + fraction.ljust(decimals, "0"))
