"""What may be signed: nothing that is not said, and nothing that is said by half."""

from __future__ import annotations

import pytest

from paygate.adapters.kms.settings import ASSETS, NAMES, read
from paygate.domain.assets import ETH, USDT_ON_TRON
from paygate.faults import SettingsFaults
from paygate.signing_ports import SigningRule
from tests.support.kms import ARN

CAPS = {"SIGN_REFUND_MAX_USDT_TRC20": "100", "SIGN_REFUND_MAX_PER_DAY_USDT_TRC20": "1000.5"}


def test_nothing_is_signed_by_default() -> None:
    assert read({}) == read({"SIGN_REFUND_KEY_ARN": " "})
    assert (read({}).key_arn, read({}).rules) == (None, ())
    assert read({"SIGN_REFUND_KEY_ARN": ARN}).rules == ()


def test_everything_needs_a_second_person_unless_a_threshold_is_set() -> None:
    assert read(CAPS).rules == (SigningRule(USDT_ON_TRON, 100_000_000, 1_000_500_000, approval_above=0),)
    [rule] = read({**CAPS, "SIGN_REFUND_APPROVAL_ABOVE_USDT_TRC20": "25.5"}).rules
    assert rule.approval_above == 25_500_000
    [rule] = read({**CAPS, "SIGN_REFUND_APPROVAL_ABOVE_USDT_TRC20": "0"}).rules
    assert rule.approval_above == 0


def test_each_asset_has_its_own_rule() -> None:
    env = {**CAPS, "SIGN_REFUND_MAX_ETH": "0.1", "SIGN_REFUND_MAX_PER_DAY_ETH": "1", "SIGN_REFUND_KEY_ARN": ARN}
    read_ = read(env)
    assert read_.key_arn == ARN
    assert [rule.asset for rule in read_.rules] == [USDT_ON_TRON, ETH]
    assert "BTC" not in ASSETS
    assert len(NAMES) == 1 + 3 * len(ASSETS)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"SIGN_REFUND_MAX_USDT_TRC20": ""}, "SIGN_REFUND_MAX_USDT_TRC20"),
        ({"SIGN_REFUND_MAX_PER_DAY_USDT_TRC20": ""}, "SIGN_REFUND_MAX_PER_DAY_USDT_TRC20"),
        ({"SIGN_REFUND_MAX_PER_DAY_USDT_TRC20": "99.99"}, "SIGN_REFUND_MAX_PER_DAY_USDT_TRC20"),
        ({"SIGN_REFUND_MAX_USDT_TRC20": "many"}, "SIGN_REFUND_MAX_USDT_TRC20"),
        ({"SIGN_REFUND_MAX_USDT_TRC20": "0"}, "SIGN_REFUND_MAX_USDT_TRC20"),
        ({"SIGN_REFUND_MAX_USDT_TRC20": "-1"}, "SIGN_REFUND_MAX_USDT_TRC20"),
        ({"SIGN_REFUND_APPROVAL_ABOVE_USDT_TRC20": "1e3"}, "SIGN_REFUND_APPROVAL_ABOVE_USDT_TRC20"),
        ({"SIGN_REFUND_APPROVAL_ABOVE_ETH": "1"}, "SIGN_REFUND_MAX_ETH"),
        ({"SIGN_REFUND_KEY_ARN": "alias/refunds"}, "SIGN_REFUND_KEY_ARN"),
        ({"SIGN_REFUND_KEY_ARN": ARN.replace("key/", "alias/")}, "SIGN_REFUND_KEY_ARN"),
    ],
)
def test_half_a_rule_is_a_fault(changes: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsFaults) as raised:
        read({**CAPS, **changes})
    assert any(fault.startswith(named) for fault in raised.value.faults)
