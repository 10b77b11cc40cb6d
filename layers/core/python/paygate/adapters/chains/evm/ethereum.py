"""Ethereum's settings: ETH and Tether's token there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.chains.evm.settings import AUTO, DEBUG, NONE, XPUB_NAME, EvmSettings, account, treasury
from paygate.adapters.chains.reader import ChainReader, policy_names
from paygate.domain.assets import ETH, USDT_ON_ETHEREUM
from paygate.faults import SettingsFaults

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL = "ETHEREUM_RPC_URL"
_OWN = (
    *(_URL, "ETHEREUM_CHAIN_ID", "ETHEREUM_USDT_CONTRACT", "ETHEREUM_TRACES", "ETHEREUM_TREASURY"),
    *policy_names("USDT_ERC20", "ETH"),
)
NAMES = (*_OWN, XPUB_NAME)
_OTHER_CHAIN = "BSC_RPC_URL"
_MAINNET = 1
_USDT = "dac17f958d2ee523a2206206994597c13d831ec7"  # tether.to, "Supported Protocols and Integration Guidelines"
# Final is what two epochs of 32 slots have passed over (ethereum.org, "Gasper": finality).
_SHOWN_BLOCKS = 64


def read(env: Mapping[str, str]) -> EvmSettings | None:
    """None when this chain is not used; raises SettingsFaults with everything that is wrong."""
    reader = ChainReader(env, NAMES)
    if not any(name in reader.given for name in _OWN):
        if XPUB_NAME in reader.given and not env.get(_OTHER_CHAIN, "").strip():
            raise SettingsFaults((f"{_URL} or {_OTHER_CHAIN} is missing: {XPUB_NAME} alone receives nothing",))
        return None
    url, key = reader.node(_URL), account(reader)
    token = reader.address("ETHEREUM_USDT_CONTRACT", EvmSettings.encoding, _USDT) or ""
    chain_id = reader.number("ETHEREUM_CHAIN_ID", _MAINNET)
    traces = reader.one_of("ETHEREUM_TRACES", AUTO, DEBUG, NONE)
    collected_at = treasury(reader, "ETHEREUM_TREASURY", token)
    policies = (reader.policy("USDT_ERC20", USDT_ON_ETHEREUM), reader.policy("ETH", ETH))
    if key is None or reader.faults:
        raise SettingsFaults(tuple(reader.faults))
    return EvmSettings(
        network="ethereum",
        rpc_url=url,
        chain_id=chain_id,
        token=token,
        usdt=USDT_ON_ETHEREUM,
        native=ETH,
        account=key,
        policies={policy.asset.code: policy for policy in policies},
        shown_blocks=_SHOWN_BLOCKS,
        traces=traces,
        treasury=collected_at,
    )
