"""Ether and tokens at payments' addresses: a transaction for each, from the address to the treasury.

Balances and nonces are the newest block's. A token moves for gas that the address itself must hold in the network's
coin: where it does not, the plan says how much to send there first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from paygate.adapters.chains import token_calls
from paygate.adapters.chains.evm import documents
from paygate.adapters.chains.evm.fees import market
from paygate.adapters.chains.evm.node import Node, Refused
from paygate.adapters.chains.evm.transactions import Transaction
from paygate.adapters.chains.evm.wire import quantity, readable, word
from paygate.adapters.chains.origins import Origins
from paygate.chain_ports import PayoutOrder
from paygate.domain.errors import NodeMisled, NodeUnavailable, TreasuryMissing
from paygate.domain.money import Asset, Money, decimal_text
from paygate.sweep_ports import SweepPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.adapters.chains.evm.fees import Fees
    from paygate.adapters.chains.evm.node import Http
    from paygate.adapters.chains.evm.settings import EvmSettings
    from paygate.sweep_ports import PaidAddress

_COINS = {"ethereum": "ETH", "bsc": "BNB"}
_COIN_DECIMALS = 18
_PLAIN_GAS = 21_000  # Yellow Paper, appendix G
_MARGIN_PERCENT = 20


@dataclass(frozen=True, slots=True)
class _Held:
    """What lies at an address, in the coin's and the token's units, and what it is numbered next."""

    paid: PaidAddress
    coins: int
    tokens: int
    nonce: int
    is_idle: bool


@dataclass(frozen=True, slots=True)
class _Prices:
    fees: Fees
    coin_gas: int

    @property
    def of_coins(self) -> int:
        return self.coin_gas * self.fees.most


class EvmCollector:
    def __init__(self, settings: EvmSettings, http: Http) -> None:
        if settings.treasury is None:
            raise TreasuryMissing(f"no treasury is configured for {settings.network}")
        self._settings, self._treasury = settings, settings.treasury
        self._coin = Asset(_COINS[settings.network], _COIN_DECIMALS, settings.network)
        self._node = Node(settings.rpc_url, http)
        self._origins = Origins(settings.account)

    def plan(self, addresses: Sequence[PaidAddress], least: int, /) -> SweepPlan:
        made = _Making(self._settings, self._treasury, self._coin, self._origins)
        held = self._held(addresses)
        prices = self._prices(held)
        for each in held:
            is_worth = each.tokens >= max(least, 1)
            why = "the token's contract would not move it" if is_worth else "is less than collecting it is worth"
            made.add(each, self._token_gas(each) if is_worth and each.is_idle else 0, why, prices)
        return made.plan(prices.fees)

    # ------------------------------------------------------------ what the node says

    def _held(self, addresses: Sequence[PaidAddress]) -> list[_Held]:
        questions: list[tuple[str, list[Any]]] = []
        for paid in addresses:
            who = "0x" + paid.key
            balance = {"to": "0x" + self._settings.token, "data": "0x" + token_calls.balance_of(paid.key).hex()}
            questions += [
                ("eth_getBalance", [who, "latest"]),
                ("eth_getTransactionCount", [who, "latest"]),
                ("eth_getTransactionCount", [who, "pending"]),
                ("eth_call", [balance, "latest"]),
            ]
        answers = self._node.ask_all(questions)
        with readable("an account"):
            return [
                _Held(
                    paid,
                    quantity(coins),
                    int(word(tokens), 16),
                    quantity(latest),
                    is_idle=quantity(pending) == quantity(latest),
                )
                for paid, (coins, latest, pending, tokens) in zip(
                    addresses, zip(*[iter(answers)] * 4, strict=True), strict=True
                )
            ]

    def _prices(self, held: Sequence[_Held]) -> _Prices:
        chain_id, block, price, tip = self._node.ask_each(
            [
                ("eth_chainId", []),
                ("eth_getBlockByNumber", ["latest", False]),
                ("eth_gasPrice", []),
                ("eth_maxPriorityFeePerGas", []),
            ]
        )
        if any(isinstance(each, Refused) for each in (chain_id, block, price)):
            raise NodeUnavailable("the node does not tell what a transaction takes")
        with readable("the price of gas"):
            if quantity(chain_id) != self._settings.chain_id:
                raise NodeMisled("the node serves another chain than the one that is configured")
            base = block.get("baseFeePerGas")
            told = None if isinstance(tip, Refused) else quantity(tip)
            fees = market(None if base is None else quantity(base), told, quantity(price))
        rich = max(held, key=lambda each: each.coins, default=None)
        return _Prices(fees, self._coin_gas(rich) if rich and rich.coins else _PLAIN_GAS)

    def _coin_gas(self, held: _Held) -> int:
        """A treasury that is a contract takes more."""
        gas = self._gas({"from": "0x" + held.paid.key, "to": "0x" + self._treasury, "value": "0x1"})
        return gas if gas == _PLAIN_GAS else _with_margin(gas)

    def _token_gas(self, held: _Held) -> int:
        data = "0x" + token_calls.transfer(self._treasury, held.tokens).hex()
        return _with_margin(
            self._gas({"from": "0x" + held.paid.key, "to": "0x" + self._settings.token, "data": data})
        )

    def _gas(self, call: dict[str, str]) -> int:
        """0 where it would fail, as it does for a token that froze the address."""
        try:
            answer = self._node.ask("eth_estimateGas", call)
        except Refused:
            return 0
        with readable("gas"):
            return quantity(answer)


class _Making:
    """Transactions, what they take, and what is left where it is."""

    def __init__(self, settings: EvmSettings, treasury: str, coin: Asset, origins: Origins) -> None:
        self._settings, self._treasury, self._coin, self._origins = settings, treasury, coin, origins
        self._transactions: list[dict[str, Any]] = []
        self._left_out: list[dict[str, Any]] = []
        self._fund: list[dict[str, Any]] = []
        self._per_address: list[dict[str, Any]] = []
        self._collected = dict.fromkeys(settings.assets, 0)
        self._cost = self._funded = 0

    def add(self, held: _Held, token_gas: int, why_none: str, prices: _Prices) -> None:
        native = self._settings.native
        if not held.is_idle:
            for asset, units in ((self._settings.usdt, held.tokens), (native, held.coins)):
                self._leave(held, asset, units, "a transaction from this address waits already")
            return
        nonce, cost = held.nonce, 0
        if token_gas:
            cost = token_gas * prices.fees.most
            self._pay(held, self._settings.usdt, held.tokens, nonce, token_gas, prices.fees)
            nonce += 1
        else:
            self._leave(held, self._settings.usdt, held.tokens, why_none)
        arrives = held.coins - cost - prices.of_coins
        if native is not None and arrives > prices.of_coins:
            self._pay(held, native, arrives, nonce, prices.coin_gas, prices.fees)
            cost += prices.of_coins
        elif not token_gas:
            self._leave(held, native, held.coins, "is not worth the gas that it costs")
        if cost:
            self._need(held, cost)

    def plan(self, fees: Fees) -> SweepPlan:
        needs = {
            "asset": self._coin.code,
            "maxFeePerGas": str(fees.most),
            "perAddress": self._per_address,
            "total": self._text(self._cost),
            "toFund": self._fund,
            "totalToFund": self._text(self._funded),
        }
        collects = {asset.code: decimal_text(units, asset.decimals) for asset, units in self._collected.items()}
        return SweepPlan(self._transactions, collects, needs, self._left_out)

    def _pay(self, held: _Held, asset: Asset, units: int, nonce: int, gas: int, fees: Fees) -> None:
        order = PayoutOrder("", Money(units, asset), self._treasury, self._settings.encoding.text(self._treasury))
        made = Transaction(documents.effect_of(order, nonce, self._settings), gas, fees)
        written = documents.write(made, order, replace(self._settings, treasury=held.paid.key))
        self._transactions.append({**written, **self._origins.told(held.paid)})
        self._collected[asset] += units

    def _need(self, held: _Held, cost: int) -> None:
        origin, missing = self._origins.told(held.paid), max(cost - held.coins, 0)
        self._per_address.append({**origin, "amount": self._text(cost)})
        self._cost += cost
        if missing:
            self._fund.append({**origin, "amount": self._text(missing)})
            self._funded += missing

    def _leave(self, held: _Held, asset: Asset | None, units: int, why: str) -> None:
        if asset is not None and units:
            amount = decimal_text(units, asset.decimals)
            told = {**self._origins.told(held.paid), "asset": asset.code, "amount": amount, "reason": why}
            self._left_out.append(told)

    def _text(self, units: int) -> str:
        return decimal_text(units, self._coin.decimals)


def _with_margin(gas: int) -> int:
    return gas * (100 + _MARGIN_PERCENT) // 100
