"""The five methods that are paid on a chain: to an address that only this payment has, in one asset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.domain import assets
from paygate.domain.errors import InvalidField
from paygate.strategies.orders import rail_order, rail_reference

if TYPE_CHECKING:
    from paygate.domain.money import Asset, Money
    from paygate.domain.payment import Payment
    from paygate.ports import Attempt, Order

# Bitcoin Core relays no payment to a witness public key hash of less (policy.cpp, GetDustThreshold at 3 sat/vB).
_DUST = 294


class CryptoStrategy:
    """`reference` only stands in: an order is known by the address that `services.create_payment` takes for it."""

    method: str
    rail: str
    asset: Asset
    currencies: tuple[str, ...]
    channels = ("ADDRESS",)
    least_units = 1

    def due(self, price: Money, /) -> Money:
        if price.units < self.least_units:
            raise InvalidField("amount", f"less than {self.least_units} units of {self.asset.code} cannot be sent")
        return price

    def reference(self, payment: Payment, /) -> str:
        return rail_reference(payment)

    def order(self, payment: Payment, attempt: Attempt, /) -> Order:
        return rail_order(payment, attempt)


class UsdtTrc20Strategy(CryptoStrategy):
    method = "USDT_TRC20"
    rail = "tron"
    asset = assets.USDT_ON_TRON
    currencies = (asset.code, *assets.CURRENCIES)


class UsdtErc20Strategy(CryptoStrategy):
    method = "USDT_ERC20"
    rail = "ethereum"
    asset = assets.USDT_ON_ETHEREUM
    currencies = (asset.code, *assets.CURRENCIES)


class UsdtBep20Strategy(CryptoStrategy):
    method = "USDT_BEP20"
    rail = "bsc"
    asset = assets.USDT_ON_BSC
    currencies = (asset.code, *assets.CURRENCIES)


class EthStrategy(CryptoStrategy):
    method = "ETH"
    rail = "ethereum"
    asset = assets.ETH
    currencies = (asset.code, *assets.CURRENCIES)


class BtcStrategy(CryptoStrategy):
    method = "BTC"
    rail = "bitcoin"
    asset = assets.BTC
    currencies = (asset.code, *assets.CURRENCIES)
    least_units = _DUST
