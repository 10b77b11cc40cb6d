"""Which key signs refunds, and how much. Nothing is signed without a key, nor in an asset without both caps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paygate.domain.assets import ETH, USDT_ON_BSC, USDT_ON_ETHEREUM, USDT_ON_TRON
from paygate.domain.errors import InvalidField
from paygate.domain.money import parse_money
from paygate.faults import SettingsFaults
from paygate.settings_reader import SettingsReader
from paygate.signing_ports import SigningRule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paygate.domain.money import Asset

KEY = "SIGN_REFUND_KEY_ARN"
_MOST, _MOST_PER_DAY, _APPROVAL = "SIGN_REFUND_MAX_", "SIGN_REFUND_MAX_PER_DAY_", "SIGN_REFUND_APPROVAL_ABOVE_"
ASSETS = {"USDT_TRC20": USDT_ON_TRON, "USDT_ERC20": USDT_ON_ETHEREUM, "USDT_BEP20": USDT_ON_BSC, "ETH": ETH}
"""By method. Bitcoin's transactions take a signature for each input, and none of them is made here."""

NAMES = (KEY, *(start + method for method in ASSETS for start in (_MOST, _MOST_PER_DAY, _APPROVAL)))
# AWS KMS Developer Guide, "Key identifiers": a key's ARN, not an alias's, which may come to mean another key.
_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SigningSettings:
    """The rules may be known where the key is not: only one function has it."""

    key_arn: str | None = None
    rules: tuple[SigningRule, ...] = ()


def read(env: Mapping[str, str]) -> SigningSettings:
    """Raises SettingsFaults with everything that is wrong."""
    reader = SettingsReader(env, NAMES)
    arn = reader.given.get(KEY)
    if arn is not None and not _ARN.fullmatch(arn):
        reader.faults.append(f"{KEY} must be the ARN of a KMS key")
    rules = [_rule(reader, method, asset) for method, asset in ASSETS.items()]
    if reader.faults:
        raise SettingsFaults(tuple(reader.faults))
    return SigningSettings(arn, tuple(rule for rule in rules if rule is not None))


def _rule(reader: SettingsReader, method: str, asset: Asset) -> SigningRule | None:
    if not any(start + method in reader.given for start in (_MOST, _MOST_PER_DAY, _APPROVAL)):
        return None
    most, per_day = (_units(reader, start + method, asset) for start in (_MOST, _MOST_PER_DAY))
    approval = _APPROVAL + method
    above = _units(reader, approval, asset) if reader.given.get(approval, "0").strip("0.") else 0
    if per_day < most:
        reader.faults.append(f"{_MOST_PER_DAY}{method} is less than {_MOST}{method}")
    return SigningRule(asset, most, per_day, above)


def _units(reader: SettingsReader, name: str, asset: Asset) -> int:
    text = reader.required(name)
    if not text:
        return 0
    try:
        return parse_money(text, asset).units
    except InvalidField:
        reader.faults.append(f"{name} must be an amount of {asset.code}, of at most {asset.decimals} decimals")
        return 0
