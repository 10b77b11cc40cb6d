"""What payments are priced in, and how many decimals each has (ISO 4217 for money that states issue)."""

from __future__ import annotations

from paygate.domain.money import Asset

_ZERO = ("JPY", "KRW", "VND")
_TWO = ("AUD", "BRL", "CAD", "CHF", "CNY", "EUR", "GBP", "HKD", "INR", "MXN", "MYR", "NZD", "PHP", "PLN")
_TWO_MORE = ("SEK", "SGD", "THB", "TWD", "USD", "ZAR")
_THREE = ("BHD", "KWD")

CURRENCIES: dict[str, Asset] = {
    code: Asset(code, decimals)
    for decimals, codes in ((0, _ZERO), (2, _TWO + _TWO_MORE), (3, _THREE))
    for code in codes
}

# One token's decimals differ from chain to chain: Tether's contract on BSC counts in 18.
USDT_ON_ETHEREUM = Asset("USDT", 6, "ethereum")
ETH = Asset("ETH", 18, "ethereum")
USDT_ON_BSC = Asset("USDT", 18, "bsc")
USDT_ON_TRON = Asset("USDT", 6, "tron")
BTC = Asset("BTC", 8, "bitcoin")

_ON_CHAINS = {
    (asset.code, asset.network): asset for asset in (USDT_ON_ETHEREUM, ETH, USDT_ON_BSC, USDT_ON_TRON, BTC)
}


def priced_in(code: str, rail: str) -> Asset:
    """What a price's currency counts in: the same everywhere for money that states issue, else as on that rail."""
    return CURRENCIES.get(code) or _ON_CHAINS[code, rail]
