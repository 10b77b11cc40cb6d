"""The one list of payment methods. Another method is one more line; nothing else knows them by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paygate.ports import Strategy


@dataclass(frozen=True, slots=True)
class Method:
    """A method and where its parts are, as `module:attribute`, so that what is not used is not imported.

    `adapter` is called with (settings, urls, clock, http); `settings` with the environment, and
    answers None when the rail is not configured. `expiry` is how long payers have, in seconds: unless a caller
    says otherwise, and at most. `chain` reads a network's node, `treasury` makes what pays its refunds; both are
    called with (settings, http). `sealing` puts a signature into that, where a key of ours may sign it, and is
    called with the settings. `pace` is how soon money is there, as metrics group methods: instant, chain or bank.
    """

    name: str
    rail: str
    strategy: str
    adapter: str
    settings: str
    expiry: tuple[int, int] = (900, 86_400)
    chain: str | None = None
    treasury: str | None = None
    sealing: str | None = None
    pace: str = "instant"


def _on_chain(
    name: str,
    network: str,
    strategy: str,
    rail: str,
    settings: str,
    folder: str,
    prefix: str,
    *,
    seals: bool = True,
) -> Method:
    """A method that is paid on a network. `folder` holds the family's adapters, whose names begin with `prefix`."""
    adapters = "paygate.adapters.chains"
    return Method(
        name,
        rail=network,
        strategy=f"paygate.strategies.crypto:{strategy}",
        adapter=f"{adapters}.rail:{rail}",
        settings=f"{adapters}.{settings}:read",
        chain=f"{adapters}.{folder}.chain:{prefix}Chain",
        treasury=f"{adapters}.{folder}.treasury:{prefix}Treasury",
        sealing=f"{adapters}.{folder}.sealing:{prefix}Sealing" if seals else None,
        expiry=(3600, 86_400),
        pace="chain",
    )


METHODS = (
    Method(
        "ALIPAY",
        rail="alipay",
        strategy="paygate.strategies.alipay:AlipayStrategy",
        adapter="paygate.adapters.rails.alipay.rail:AlipayRail",
        settings="paygate.adapters.rails.alipay.settings:read",
    ),
    Method(
        "WECHAT_PAY",
        rail="wechat_pay",
        strategy="paygate.strategies.wechat_pay:WechatPayStrategy",
        adapter="paygate.adapters.rails.wechat_pay.rail:WechatPayRail",
        settings="paygate.adapters.rails.wechat_pay.settings:read",
        expiry=(900, 7200),  # a code_url and a prepay_id hold for two hours ("Native下单", "JSAPI/小程序下单")
    ),
    Method(
        "UNIONPAY",
        rail="unionpay",
        strategy="paygate.strategies.unionpay:UnionPayStrategy",
        adapter="paygate.adapters.rails.unionpay.rail:UnionPayRail",
        settings="paygate.adapters.rails.unionpay.settings:read",
    ),
    Method(
        "CREDIT_CARD",
        rail="card",
        strategy="paygate.strategies.credit_card:CreditCardStrategy",
        adapter="paygate.adapters.rails.card.rail:CardRail",
        settings="paygate.adapters.rails.card.settings:read",
    ),
    Method(
        "BANK_TRANSFER",
        rail="bank_transfer",
        strategy="paygate.strategies.bank_transfer:BankTransferStrategy",
        adapter="paygate.adapters.rails.bank_transfer.rail:BankTransferRail",
        settings="paygate.adapters.rails.bank_transfer.settings:read",
        expiry=(7 * 86_400, 30 * 86_400),
        pace="bank",
    ),
    _on_chain("USDT_TRC20", "tron", "UsdtTrc20Strategy", "TronRail", "tron.settings", "tron", "Tron"),
    _on_chain("USDT_ERC20", "ethereum", "UsdtErc20Strategy", "EthereumRail", "evm.ethereum", "evm", "Evm"),
    _on_chain("USDT_BEP20", "bsc", "UsdtBep20Strategy", "BscRail", "evm.bsc", "evm", "Evm"),
    _on_chain("ETH", "ethereum", "EthStrategy", "EthereumRail", "evm.ethereum", "evm", "Evm"),
    _on_chain(
        "BTC", "bitcoin", "BtcStrategy", "BitcoinRail", "bitcoin.settings", "bitcoin", "Bitcoin", seals=False
    ),
)
_BY_NAME = {method.name: method for method in METHODS}
_BY_RAIL = {method.rail: method for method in METHODS}
PACES = {method.name: method.pace for method in METHODS}


def method(name: str) -> Method | None:
    return _BY_NAME.get(name)


def expiry(name: str) -> tuple[int, int]:
    """A known method's default and longest expiry, in seconds."""
    return _BY_NAME[name].expiry


def method_of_rail(rail: str) -> Method | None:
    """Any method that uses the rail: they share its adapter and its settings."""
    return _BY_RAIL.get(rail)


@cache
def strategy(name: str) -> Strategy:
    """A known method's strategy; it keeps no state."""
    made: Strategy = load(_BY_NAME[name].strategy)()
    return made


def load(dotted: str) -> Any:
    """What `module:attribute` names."""
    module, _, attribute = dotted.partition(":")
    return getattr(import_module(module), attribute)
