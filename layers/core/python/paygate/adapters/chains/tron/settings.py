"""What TRON is configured with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paygate.adapters.chains.addresses.account import XPUB, AccountKey
from paygate.adapters.chains.addresses.tron import TronEncoding
from paygate.adapters.chains.reader import ChainReader, policy_names
from paygate.domain.assets import USDT_ON_TRON
from paygate.faults import SettingsFaults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.adapters.chains.policy import Policy
    from paygate.domain.money import Asset

_URL, _XPUB = "TRON_API_URL", "TRON_XPUB"
NAMES = (_URL, "TRON_API_KEY", "TRON_USDT_CONTRACT", _XPUB, "TRON_TREASURY", *policy_names("USDT_TRC20"))
_ACCOUNTS = "m/44'/195'"  # SLIP 44
_USDT = "a614f803b6fd780986a42c78ec9c7f77e6ded13c"  # TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t
# Solidified is what 19 of the 27 that make blocks built upon (TRON developer documentation, "Consensus").
_SHOWN_BLOCKS = 20


@dataclass(frozen=True, slots=True)
class TronSettings:
    """`token` and `treasury` are addresses' keys, without 41. `policies` are by asset code."""

    api_url: str = field(repr=False)  # some providers put their key into the path
    api_key: str | None = field(repr=False)
    token: str
    account: AccountKey
    policies: Mapping[str, Policy]
    treasury: str | None = None

    network = "tron"
    family = "tron"
    usdt = USDT_ON_TRON
    shown_blocks = _SHOWN_BLOCKS
    encoding = TronEncoding()

    @property
    def assets(self) -> tuple[Asset, ...]:
        return (self.usdt,)

    @property
    def refused(self) -> frozenset[str]:
        """Addresses that nobody is paid at: what is sent to the token's own contract is lost."""
        return frozenset({self.token})


def read(env: Mapping[str, str]) -> TronSettings | None:
    """None when this chain is not used; raises SettingsFaults with everything that is wrong."""
    reader = ChainReader(env, NAMES)
    if not reader.given:
        return None
    url, key = reader.node(_URL), reader.account(_XPUB, (XPUB,), _ACCOUNTS)
    token = reader.address("TRON_USDT_CONTRACT", TronSettings.encoding, _USDT) or ""
    treasury = reader.address("TRON_TREASURY", TronSettings.encoding)
    policy = reader.policy("USDT_TRC20", USDT_ON_TRON)
    if treasury == token:
        reader.faults.append("TRON_TREASURY is the token's own contract")
    if key is None or reader.faults:
        raise SettingsFaults(tuple(reader.faults))
    return TronSettings(url, reader.given.get("TRON_API_KEY"), token, key, {USDT_ON_TRON.code: policy}, treasury)
