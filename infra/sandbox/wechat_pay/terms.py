"""What a merchant may write into a request, field by field: the types and limits of the interfaces' pages."""

import json
import re
from datetime import datetime
from typing import Any

from infra.sandbox.wechat_pay.errors import ApiError, invalid

Json = dict[str, Any]
ORDER_NUMBER = r"[0-9A-Za-z_\-|*]{6,32}"
REFUND_NUMBER = r"[0-9A-Za-z_\-|*@]{1,64}"
# The original's own pattern of a notify_url, as its PARAM_ERROR shows it: no query, no fragment.
URL = r"https?://([^\s/?#\[\]@]+@)?([^\s/?#@:]+)(?::\d{2,5})?([^\s?#\[\]]*)"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)"
MAX_FEN = 100_000_000_00


def read_body(raw: bytes) -> Json:
    try:
        body = json.loads(raw.decode(), parse_float=_no_integer, parse_constant=_no_integer)
    except (ValueError, RecursionError):
        raise ApiError(400, "PARAM_ERROR", "请求体不是合法的 JSON", {"location": "body"}) from None
    if not isinstance(body, dict):
        raise ApiError(400, "PARAM_ERROR", "请求体不是 JSON 对象", {"location": "body"})
    return body


def text(body: Json, pointer: str, longest: int, *, is_required: bool = False) -> str:
    """A string of at most `longest` bytes in UTF-8; the rest is PARAM_ERROR."""
    value = at(body, pointer)
    if value is None or value == "":
        if is_required:
            raise invalid(pointer, "此字段为必填项")
        return ""
    if type(value) is not str or len(value.encode(errors="replace")) > longest:
        raise invalid(pointer, f"此字段需要一个最长 {longest} 字节的 string", value)
    if re.search(r"[\x00-\x1f\ud800-\udfff]", value):
        raise invalid(pointer, "字符串含有非法字符", ascii(value))
    return value


def matching(body: Json, pointer: str, pattern: str, *, is_required: bool = False) -> str:
    value = text(body, pointer, 256, is_required=is_required)
    if value and not re.fullmatch(pattern, value):
        raise invalid(pointer, f"字符串必须匹配正则表达式“^{pattern}$”", value)
    return value


def fen(body: Json, pointer: str) -> int:
    """A positive JSON integer: "100", 100.0 and true are none."""
    value = at(body, pointer)
    if value is None:
        raise invalid(pointer, "此字段为必填项")
    if type(value) is not int:
        raise invalid(pointer, "此字段需要一个合法的 64 位有符号整数", str(value))
    if not 1 <= value <= MAX_FEN:
        raise invalid(pointer, "值低于最小值 1 或高于最大值", value)
    return value


def currency(body: Json, *, is_required: bool = False) -> str:
    value = text(body, "/amount/currency", 16, is_required=is_required)
    if value not in ("", "CNY"):
        raise invalid("/amount/currency", "Currency code is invalid", value)
    return "CNY"


def expires_at(body: Json, now: float, shortest: float, longest: float) -> float:
    """time_expire in RFC 3339, drawn into what the channel allows, as the interface's page says."""
    value = matching(body, "/time_expire", TIME)
    if not value:
        return now + longest
    try:
        asked = datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError):
        raise invalid("/time_expire", "时间格式为 RFC3339", value) from None
    return min(max(asked, now + shortest), now + longest)


def at(body: Json, pointer: str) -> Any:
    """The value under a JSON pointer; PARAM_ERROR where an object is something else."""
    value: Any = body
    for name in pointer.strip("/").split("/"):
        if value is None:
            return None
        if not isinstance(value, dict):
            raise invalid(pointer, "上级字段需要一个 object")
        value = value.get(name)
    return value


class NotAnInteger(str):
    """A JSON number with a point or an exponent: kept as it was written, and refused where fen are wanted."""

    __slots__ = ()


def _no_integer(written: str) -> NotAnInteger:
    return NotAnInteger(written)
