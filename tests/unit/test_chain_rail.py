"""Chains as rails: the address, the action, how sure is sure, and what a chain cannot do."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local.server import ROOT
from paygate.adapters.chains.rail import CHANNEL
from paygate.adapters.system.clock import SystemClock
from paygate.domain.assets import BTC, ETH, USDT_ON_BSC, USDT_ON_ETHEREUM, USDT_ON_TRON
from paygate.domain.errors import CallbackRefused, InvalidField, TreasuryMissing
from paygate.domain.money import Asset, Money, parse_money
from paygate.ports import CallbackRequest, Order, RailUrls, RefundOrder, RefundStatus, TradeStatus
from paygate.strategies import registry
from tests.support import hd

ENV = hd.chain_settings(b"rails of chains")
AT = datetime(2026, 1, 1, tzinfo=UTC)
FAMILIES = {"ethereum": "evm", "bsc": "evm", "tron": "tron", "bitcoin": "bitcoin"}


def rail(name: str, **env: str) -> Any:
    method = registry.method_of_rail(name)
    assert method is not None
    settings = registry.load(method.settings)({**ENV, **env})
    return registry.load(method.adapter)(settings, RailUrls("", ""), SystemClock(), None)


def order(address: str, amount: str, asset: Asset) -> Order:
    return Order(address, CHANNEL, parse_money(amount, asset), "Tea", AT, AT)


@pytest.mark.parametrize(
    ("asset", "amount", "uri", "blocks"),
    [
        (USDT_ON_TRON, "12.5", None, 20),
        (
            USDT_ON_ETHEREUM,
            "12.5",
            "ethereum:0xdAC17F958D2ee523a2206206994597C13D831ec7@1/transfer?address={}&uint256=12500000",
            64,
        ),
        (
            USDT_ON_BSC,
            "12.5",
            "ethereum:0x55d398326f99059fF775485246999027B3197955@56/transfer?address={}&uint256=12500000000000000000",
            3,
        ),
        (ETH, "0.1", "ethereum:{}@1?value=100000000000000000", 64),
        (BTC, "20.30000000", "bitcoin:{}?amount=20.3", 6),
        (BTC, "0.01", "bitcoin:{}?amount=0.01", 1),
        (BTC, "50", "bitcoin:{}?amount=50", 6),
    ],
)
def test_the_payer_is_told_all_that_a_wallet_needs(asset: Asset, amount: str, uri: str | None, blocks: int) -> None:
    assert asset.network is not None
    made = rail(asset.network)
    address = made.receive(0, parse_money(amount, asset)).text
    action = made.open(order(address, amount, asset))
    assert (action.type, action.rail_id) == ("CRYPTO", None)
    assert action.fields == {
        "network": asset.network,
        "asset": asset.code,
        "address": address,
        "amount": parse_money(amount, asset).text(),
        "uri": uri and uri.format(address),
        "confirmationsRequired": blocks,
    }


@pytest.mark.parametrize("name", FAMILIES)
def test_an_address_is_known_by_its_account_and_its_place_there(name: str) -> None:
    made, due = rail(name), Money(10**6, {"ethereum": ETH, "bsc": USDT_ON_BSC, "tron": USDT_ON_TRON}.get(name, BTC))
    first, second = made.receive(0, due), made.receive(1, due)
    assert (first.family, first.account, first.index) == (FAMILIES[name], made.account, 0)
    assert second.path == first.path[:-1] + "1"
    assert second.key != first.key
    assert made.recipient(second.text) == second.key
    assert made.receive(1, due) == second == rail(name).receive(1, due)


def test_both_evm_chains_take_indexes_of_one_account() -> None:
    assert rail("ethereum").account == rail("bsc").account
    assert len({rail(name).account for name in FAMILIES}) == 3
    due = Money(10**18, ETH)
    assert rail("ethereum").receive(7, due).key == rail("bsc").receive(7, Money(10**18, USDT_ON_BSC)).key


def test_how_sure_a_transfer_must_be() -> None:
    quick = rail("tron", USDT_TRC20_CONFIRMATIONS="100:2,final")
    found = [quick.receive(0, parse_money(text, USDT_ON_TRON)) for text in ("100", "100.000001")]
    assert [(one.confirmations, one.waits_for_finality) for one in found] == [(2, False), (20, True)]
    bitcoin = rail("bitcoin").receive(0, parse_money("0.1", BTC))
    assert (bitcoin.confirmations, bitcoin.waits_for_finality) == (3, False)


def test_tolerance_is_never_most_of_what_is_due() -> None:
    made = rail("tron", USDT_TRC20_TOLERANCE="0.5")
    told = [made.tolerance(parse_money(text, USDT_ON_TRON)) for text in ("100", "5", "4.99999", "0.000009")]
    assert told == [500_000, 500_000, 499_999, 0]
    assert rail("tron").tolerance(parse_money("100", USDT_ON_TRON)) == 0


def test_nobody_is_paid_at_the_token_s_contract_or_elsewhere() -> None:
    for name, text, why in (
        ("ethereum", "0xdac17f958d2ee523a2206206994597c13d831ec7", "token's own contract"),
        ("bsc", "0x55d398326f99059fF775485246999027B3197955", "token's own contract"),
        ("tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "token's own contract"),
        ("tron", "0x55d398326f99059fF775485246999027B3197955", "mistyped"),
        ("bitcoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "another network"),
        ("ethereum", "", "40 hex digits"),
    ):
        with pytest.raises(InvalidField, match=why) as caught:
            rail(name).recipient(text, "refundAddress")
        assert caught.value.field == "refundAddress"
    # One chain's token is another's ordinary address.
    assert rail("bsc").recipient("0xdac17f958d2ee523a2206206994597c13d831ec7")


@pytest.mark.parametrize("name", FAMILIES)
def test_nobody_can_be_asked(name: str) -> None:
    made = rail(name)
    asked = order("somewhere", "1", BTC)
    assert made.query(asked).status is TradeStatus.WAITING
    assert made.close(asked).status is TradeStatus.CLOSED
    assert (made.callback_accepted().status, made.callback_refused().status) == (200, 400)
    with pytest.raises(CallbackRefused):
        made.read_callback(CallbackRequest(b"{}", {}))
    refund = RefundOrder(asked, "REF_1", replace(asked.amount, units=5), AT)
    for answer in (made.refund(refund), made.query_refund(refund)):
        assert answer.status is RefundStatus.PENDING
    with pytest.raises(TreasuryMissing):
        made.payee("anywhere")


@pytest.mark.parametrize(("units", "is_taken"), [(293, False), (294, True)])
def test_less_than_a_node_relays_is_refused(units: int, *, is_taken: bool) -> None:
    strategy = registry.strategy("BTC")
    if is_taken:
        assert strategy.due(Money(units, BTC)) == Money(units, BTC)
        return
    with pytest.raises(InvalidField, match="amount"):
        strategy.due(Money(units, BTC))


PROBE = """
import sys
sys.path[:0] = sys.argv[1:]
from tests.unit.test_chain_rail import FAMILIES, rail
from paygate.domain.money import Money
for name in FAMILIES:
    made = rail(name)
    made.receive(0, Money(10**6, made._settings.assets[0]))
print(*{name.partition(".")[0] for name in sys.modules} & {"web3", "eth_account", "aiohttp", "coincurve"})
"""


def test_an_address_takes_no_node_s_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(ROOT), str(ROOT / "layers" / "core" / "python")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["coincurve"]
