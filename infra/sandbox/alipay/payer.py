"""Opens a payment's action as the payer's device would, whatever the channel."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from infra.sandbox.alipay import cashier, gateway, trades, wire
from infra.sandbox.alipay.context import Alipay
from infra.sandbox.alipay.errors import refused
from infra.sandbox.alipay.methods import CASHIER_METHODS
from infra.sandbox.ledger import Row


def open_action(alipay: Alipay, action: dict[str, Any]) -> Row:
    """`action` as a payment shows it: `content`, `payload`, `url`, or `url` and `fields`."""
    if "content" in action:
        return cashier.find(alipay, urlsplit(action["content"]).path.rpartition("/")[2])
    if "payload" in action:
        return gateway.open_app_order(alipay, _order_string(action["payload"]).encode())
    if "url" in action:
        return _open_page(alipay, urlsplit(action["url"]).query, action.get("fields") or {})
    raise refused("INVALID_PARAMETER", "no content, url or payload in the action")


def _order_string(payload: Any) -> str:
    candidates = payload.values() if isinstance(payload, dict) else [payload]
    for value in candidates:
        if isinstance(value, str) and "app_id=" in value:
            return value
    raise refused("INVALID_PARAMETER", "no order string in the payload")


def _open_page(alipay: Alipay, query: str, fields: dict[str, str]) -> Row:
    form = urlencode(fields, encoding=fields.get("charset", "utf-8")).encode()
    request = gateway.accept(alipay, wire.read_params(query, form), CASHIER_METHODS)
    with alipay.ledger.transaction() as db:
        return trades.open_order(db, request)
