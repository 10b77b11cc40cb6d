"""How many custom metrics a deployment has: CloudWatch bills each name with each set of values, by the hour."""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING

from infra.local.server import ROOT
from paygate.adapters.rates.settings import SOURCES
from paygate.domain.assets import CURRENCIES
from paygate.metrics import METRICS
from paygate.strategies import registry

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ALL = tuple(method.name for method in registry.METHODS)
EXAMPLES: Mapping[str, Collection[str]] = {
    "one wallet": ("ALIPAY",),
    "two wallets and cards": ("ALIPAY", "WECHAT_PAY", "CREDIT_CARD"),
    "cards, bank transfer, USDT on TRON": ("CREDIT_CARD", "BANK_TRANSFER", "USDT_TRC20"),
    "all ten": ALL,
}
RARE = frozenset(
    (
        *("RefundsFailed", "RefundsUnknown", "RefundsReversed", "CallbackProbes", "CallbacksRefused"),
        *("QuotesUnavailable", "RatesMissing", "StatementsRefused", "OutboxEventRefused", "RailFactDidNotFit"),
        *("RefundStuck", "PaymentReversed", "SigningRefused", "SigningKeyUnusable", "NodeMisled"),
        *("ChainStalled", "StoredCallbackRefused"),
    )
)
"""Told only when something is wrong; billed only for the hours in which that was."""


def values(methods: Collection[str]) -> dict[str, Collection[str]]:
    """What each dimension may say where these methods are taken."""
    taken = [method for method in registry.METHODS if method.name in methods]
    chains = {method.rail for method in taken if method.chain}
    return {
        "method": [method.name for method in taken],
        "pace": {method.pace for method in taken},
        "rail": {method.rail for method in taken if method.pace == "instant"},  # the others are not called
        "network": chains,
        "asset": {asset.code for method in taken if (asset := registry.strategy(method.name).asset)},
        "currency": CURRENCIES if chains else (),
        "source": SOURCES if chains else (),
        "reason": _reasons() if "BANK_TRANSFER" in methods else (),
    }


def most(methods: Collection[str] = ALL) -> int:
    """Distinct custom metrics at most."""
    return _count(methods, METRICS)


def steady(methods: Collection[str] = ALL) -> int:
    """Those that are told while all is well."""
    return _count(methods, METRICS.keys() - RARE)


def _count(methods: Collection[str], names: Collection[str]) -> int:
    """What is told by network is told of all networks together only where there is one."""
    known, count = values(methods), 0
    for name in names:
        products = [prod(len(known[dimension]) for dimension in dimensions) for dimensions in METRICS[name].sets]
        count += sum(products) if all(products) else 0
    return count


def _reasons() -> set[str]:
    """Why a statement may be refused: one word each, literal where it is raised."""
    sources = (ROOT / "layers" / "core" / "python" / "paygate").rglob("*.py")
    return {word for path in sources for word in re.findall(r'StatementRefused\(\s*"(\w+)"', path.read_text())}
