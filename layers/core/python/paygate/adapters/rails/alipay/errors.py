"""What an answer other than success means (opendocs.alipay.com, "公共错误码" and each method's "业务错误码")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from paygate.domain.errors import OutcomeUnknown, PaygateError, RailDeclined

if TYPE_CHECKING:
    from collections.abc import Mapping

SUCCESS = "10000"
# Refused before any work (authorisation, missing and invalid arguments, permissions), or by the business.
_FINAL_CODES = frozenset({"20001", "40001", "40002", "40003", "40004", "40006"})
# The documentation itself spells SYSTEM_ERROR with AQC in places. "isp" is a fault on Alipay's side.
_UNKNOWN_REASON = re.compile(r"(ACQ|AQC|AOP|ISP)?\.?SYSTEM_ERROR|(isp|aop)\..*", re.IGNORECASE)
_REASON = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


def failure(content: Mapping[str, Any]) -> PaygateError | None:
    """None for success. What is not known to be final is unknown: asking again costs less than money."""
    code, reason = content.get("code"), reason_of(content)
    if code == SUCCESS:
        return None
    if code in _FINAL_CODES and not _UNKNOWN_REASON.fullmatch(reason):
        return RailDeclined(reason)
    return OutcomeUnknown(f"alipay answered {reason}")


def reason_of(content: Mapping[str, Any]) -> str:
    """The sub code, else the code; never Alipay's prose, which quotes the request."""
    for name in ("sub_code", "code"):
        value = content.get(name)
        if isinstance(value, str) and _REASON.fullmatch(value):
            return value
    return "no code"


def is_because(declined: RailDeclined, *reasons: str) -> bool:
    """Whether Alipay declined for one of `reasons`, which it writes with `ACQ.` before them, mostly."""
    return declined.reason.rpartition(".")[2] in reasons
