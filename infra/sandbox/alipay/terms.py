"""What a merchant may write into an order (biz_content), field by field."""

import re
from datetime import datetime
from typing import Any

from infra.sandbox.alipay.errors import refused
from infra.sandbox.alipay.wire import SHANGHAI

MAX_TOTAL_FEN = 100_000_000_00
QR_SECONDS = 2 * 3600
PAGE_SECONDS = 15 * 86400
UNITS = {"m": 60, "h": 3600, "d": 86400}
PRODUCT_CODES = {
    "alipay.trade.page.pay": {"FAST_INSTANT_TRADE_PAY"},
    "alipay.trade.wap.pay": {"QUICK_WAP_WAY", "QUICK_WAP_PAY"},
}


def fen(value: object, name: str) -> int:
    """A strict yuan amount, "0.01" to "100000000.00" with at most two decimals."""
    match = re.fullmatch(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?", value) if isinstance(value, str) else None
    if not match:
        raise refused("INVALID_PARAMETER", f"参数无效: {name}")
    amount = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
    if amount == 0:
        raise refused("INVALID_PARAMETER", f"参数无效: {name}")
    return amount


def yuan(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


def text(biz: dict[str, Any], name: str, longest: int, *, is_required: bool = False) -> str:
    value = biz.get(name)
    if value is None or value == "":
        if is_required:
            raise refused("INVALID_PARAMETER", f"参数无效: {name}不能为空")
        return ""
    if not isinstance(value, str) or len(value) > longest or re.search(r"[\x00-\x1f\ud800-\udfff]", value):
        raise refused("INVALID_PARAMETER", f"参数无效: {name}")
    return value


def number(biz: dict[str, Any], name: str, *, is_required: bool = False) -> str:
    """A number of the merchant's own: 64 letters, digits, underscores or hyphens."""
    value = text(biz, name, 64, is_required=is_required)
    if value and not re.fullmatch(r"[0-9A-Za-z_-]+", value):
        raise refused("INVALID_PARAMETER", f"参数无效: {name}")
    return value


def total(biz: dict[str, Any]) -> int:
    amount = fen(biz.get("total_amount"), "total_amount")
    if amount > MAX_TOTAL_FEN:
        raise refused("TOTAL_FEE_EXCEED")
    return amount


def product_code(biz: dict[str, Any], method: str) -> None:
    allowed = PRODUCT_CODES.get(method)
    if allowed and text(biz, "product_code", 64) not in allowed:
        raise refused("INVALID_PARAMETER", "参数无效: product_code")


def expires_at(biz: dict[str, Any], method: str, now: float) -> float:
    """The earliest of what the order says, time_expire in Shanghai's time, and the channel's own limit."""
    is_qr = method == "alipay.trade.precreate"
    limits = [now + (QR_SECONDS if is_qr else PAGE_SECONDS)]
    if biz.get("time_expire"):
        at = _time_expire(biz["time_expire"])
        if at <= now:
            raise refused("NOW_TIME_AFTER_EXPIRE_TIME_ERROR")
        limits.append(at)
    if biz.get("timeout_express"):
        limits.append(_duration(biz["timeout_express"], "timeout_express", now))
    if is_qr and biz.get("qr_code_timeout_express"):
        limits.append(_duration(biz["qr_code_timeout_express"], "qr_code_timeout_express", now))
    return min(limits)


def _time_expire(value: object) -> float:
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        try:
            return datetime.strptime(str(value), form).replace(tzinfo=SHANGHAI).timestamp()
        except ValueError:
            continue
    raise refused("INVALID_PARAMETER", "参数无效: time_expire")


def _duration(value: object, name: str, now: float) -> float:
    """`90m`, `2h`, `1d`, or `1c`: whenever it was made, it ends with the day."""
    match = re.fullmatch(r"(\d{1,5})([mhdc])", str(value))
    if match and match[2] == "c":
        return _end_of_day(now)
    seconds = int(match[1]) * UNITS[match[2]] if match else 0
    if not UNITS["m"] <= seconds <= PAGE_SECONDS:
        raise refused("INVALID_PARAMETER", f"参数无效: {name}")
    return now + seconds


def _end_of_day(now: float) -> float:
    day = datetime.fromtimestamp(now, SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.timestamp() + UNITS["d"]
