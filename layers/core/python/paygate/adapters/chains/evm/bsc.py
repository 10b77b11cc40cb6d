"""BNB Smart Chain's settings: Tether's token there, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.chains.evm.settings import XPUB_NAME, EvmSettings, account, treasury
from paygate.adapters.chains.reader import ChainReader, policy_names
from paygate.domain.assets import USDT_ON_BSC
from paygate.faults import SettingsFaults

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL = "BSC_RPC_URL"
_OWN = (_URL, "BSC_CHAIN_ID", "BSC_USDT_CONTRACT", "BSC_TREASURY", *policy_names("USDT_BEP20"))
NAMES = (*_OWN, XPUB_NAME)
_MAINNET = 56
_USDT = "55d398326f99059ff775485246999027b3197955"  # the token that Binance issues against Tether: 18 decimals
# Block n is final once n + 2 is there (docs.bnbchain.org, "Finality API": economic finality, BEP 126).
_SHOWN_BLOCKS = 3


def read(env: Mapping[str, str]) -> EvmSettings | None:
    """None when this chain is not used; raises SettingsFaults with everything that is wrong."""
    reader = ChainReader(env, NAMES)
    if not any(name in reader.given for name in _OWN):
        return None
    url, key = reader.node(_URL), account(reader)
    token = reader.address("BSC_USDT_CONTRACT", EvmSettings.encoding, _USDT) or ""
    chain_id = reader.number("BSC_CHAIN_ID", _MAINNET)
    collected_at = treasury(reader, "BSC_TREASURY", token)
    policy = reader.policy("USDT_BEP20", USDT_ON_BSC)
    if key is None or reader.faults:
        raise SettingsFaults(tuple(reader.faults))
    return EvmSettings(
        network="bsc",
        rpc_url=url,
        chain_id=chain_id,
        token=token,
        usdt=USDT_ON_BSC,
        native=None,
        account=key,
        policies={USDT_ON_BSC.code: policy},
        shown_blocks=_SHOWN_BLOCKS,
        treasury=collected_at,
    )
