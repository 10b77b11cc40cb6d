"""A node's URL may hold a key, and an account's key shows all its addresses: neither is in a log or an error."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from paygate.domain.errors import NodeUnavailable
from tests.support.chain_shop import chain_shop
from tests.support.hd import chain_settings

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from paygate.bootstrap import App

PLANTED = "hunter2planted"
METHODS = {"ETH": "ethereum", "USDT_BEP20": "bsc", "USDT_TRC20": "tron", "BTC": "bitcoin"}


def test_nothing_of_a_nodes_url_or_an_accounts_key_is_told(
    stack: Stack, app: App, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    del app
    known = chain_settings(b"16 bytes of seed", f"http://127.0.0.1:9/{PLANTED}")
    planted = {"TRON_API_KEY": f"{PLANTED}-tron", "BITCOIN_RPC_PASSWORD": f"{PLANTED}-bitcoin"}
    secrets = {PLANTED, *(value for name, value in known.items() if name.endswith("_XPUB"))}
    caplog.set_level(logging.DEBUG)
    with chain_shop(stack, "BTC", {**known, **planted}) as shop:
        told = [repr(shop.app.settings), repr(dict(shop.app.settings.rails))]
        for method, network in METHODS.items():
            payment = shop.create("1", method)
            told.append(repr(payment))
            assert shop.follow(0.1, network).troubles == 1, network
            with pytest.raises(NodeUnavailable) as silence:
                shop.app.payments.claim_transaction(payment["paymentId"], "ab" * 32, "a key")
            told.append(repr(silence.value))
    told += [caplog.text, *capsys.readouterr()]
    assert "the node is of no help" in caplog.text
    for text in told:
        assert not [secret for secret in secrets if secret in text]
