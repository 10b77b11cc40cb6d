"""What an answer other than success means ("HTTP状态码", "业务错误码", and each interface's own table)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from paygate.adapters.rails.exact_json import text
from paygate.domain.errors import OutcomeUnknown, PaygateError, RailDeclined

if TYPE_CHECKING:
    from collections.abc import Mapping

# Refused, and the same request is refused again. What each means for an order or a refund its caller knows.
DECLINED = frozenset(
    {
        "APPID_MCHID_NOT_MATCH",
        "CONTRACT_NOT_EXIST",
        "INVALID_REQUEST",
        "INVALID_TRANSACTIONID",
        "MCH_NOT_EXISTS",
        "NOT_ENOUGH",
        "NO_AUTH",
        "OPENID_MISMATCH",
        "ORDERPAID",
        "ORDER_CLOSED",
        "ORDER_NOT_EXIST",
        "ORDER_PAID",
        "OUT_TRADE_NO_USED",
        "PARAM_ERROR",
        "RESOURCE_NOT_EXISTS",
        "RULE_LIMIT",
        "SIGN_ERROR",
        "USER_ACCOUNT_ABNORMAL",
    }
)
_HTTP_REFUSALS = frozenset({400, 401, 403, 404, 409})
_CODE = re.compile(r"[A-Z0-9_]{1,64}", re.ASCII)


def failure(status: int, content: Mapping[str, Any]) -> PaygateError:
    """What is not known to be final is unknown (5xx, 429, SYSTEM_ERROR, BANK_ERROR, a code that is new to us):
    asking again costs less than money.
    """
    code = reason_of(content)
    if status in _HTTP_REFUSALS and code in DECLINED:
        return RailDeclined(code)
    return OutcomeUnknown(f"wechat pay answered HTTP {status}: {code}")


def reason_of(content: Mapping[str, Any]) -> str:
    """The code; never WeChat Pay's prose, which quotes the request."""
    code = text(dict(content), "code")
    return code if _CODE.fullmatch(code) else "no code"
