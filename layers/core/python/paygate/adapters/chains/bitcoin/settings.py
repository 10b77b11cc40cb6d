"""What Bitcoin is configured with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paygate.adapters.chains.addresses.account import TPUB, VPUB, XPUB, ZPUB, AccountKey
from paygate.adapters.chains.addresses.bitcoin import NETWORKS, BitcoinEncoding
from paygate.adapters.chains.reader import ChainReader, policy_names
from paygate.domain.assets import BTC
from paygate.faults import SettingsFaults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.adapters.chains.policy import Policy
    from paygate.domain.money import Asset

_URL, _USER, _PASSWORD = "BITCOIN_RPC_URL", "BITCOIN_RPC_USER", "BITCOIN_RPC_PASSWORD"
_XPUB, _NETWORK = "BITCOIN_XPUB", "BITCOIN_NETWORK"
NAMES = (_URL, _USER, _PASSWORD, _NETWORK, _XPUB, "BITCOIN_TREASURY", *policy_names("BTC"))
_MAIN = "main"
_TIERS = "0.01:1,0.1:3,6"
_WHY_WITNESSES = "what other addresses pay has no name before it is signed"
# Output scripts of such addresses: P2WPKH, P2WSH and P2TR (BIP 141, BIP 341). All else signs inside of the id.
WITNESS_PROGRAMS = ("0014", "0020", "5120")


@dataclass(frozen=True, slots=True)
class BitcoinSettings:
    """`chain` is main, test, signet or regtest, and `encoding` how addresses are written there.

    `treasury` is an output script; `policies` are by asset code.
    """

    chain: str
    rpc_url: str = field(repr=False)  # some providers put their key into the path
    rpc_user: str
    rpc_password: str = field(repr=False)
    account: AccountKey
    policies: Mapping[str, Policy]
    encoding: BitcoinEncoding
    treasury: str | None = None

    network = "bitcoin"
    family = "bitcoin"
    shown_blocks = 6
    refused = frozenset[str]()

    @property
    def assets(self) -> tuple[Asset, ...]:
        return (BTC,)


def read(env: Mapping[str, str]) -> BitcoinSettings | None:
    """None when this chain is not used; raises SettingsFaults with everything that is wrong."""
    reader = ChainReader(env, NAMES)
    if not reader.given:
        return None
    chain = reader.one_of(_NETWORK, *NETWORKS)
    is_main = chain == _MAIN
    encoding = NETWORKS[chain]
    url, user, password = reader.node(_URL), reader.required(_USER), reader.required(_PASSWORD)
    versions, accounts = (
        ((ZPUB, XPUB), "m/84'/0'") if is_main else ((VPUB, TPUB), "m/84'/1'")
    )  # SLIP 44: 1 is tests'
    key = reader.account(_XPUB, versions, accounts)
    treasury = reader.address("BITCOIN_TREASURY", encoding)
    if treasury is not None and not treasury.startswith(WITNESS_PROGRAMS):
        reader.faults.append(f"BITCOIN_TREASURY must begin with {encoding.bech32}1: {_WHY_WITNESSES}")
    policy = reader.policy("BTC", BTC, _TIERS, has_finality=False)
    if key is None or reader.faults:
        raise SettingsFaults(tuple(reader.faults))
    return BitcoinSettings(chain, url, user, password, key, {BTC.code: policy}, encoding, treasury)
