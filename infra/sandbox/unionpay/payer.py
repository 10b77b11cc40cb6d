"""Opens a payment's action as the payer's device would, whatever the channel."""

from typing import Any
from urllib.parse import urlsplit

from infra.sandbox.ledger import Row
from infra.sandbox.unionpay import cashier, gateway
from infra.sandbox.unionpay.context import UnionPay
from infra.sandbox.unionpay.errors import Refused


def open_action(unionpay: UnionPay, action: dict[str, Any]) -> Row:
    """`action` as a payment shows it: `content` (QR code), `payload` (a tn), or `url` and `fields` (a form)."""
    if "content" in action:
        return cashier.find(unionpay, code=urlsplit(action["content"]).path.rpartition("/")[2])
    if "payload" in action:
        return cashier.find(unionpay, tn=_tn(action["payload"]))
    if "fields" in action and urlsplit(action.get("url", "")).path.endswith(f"/gateway/api/{gateway.FRONT}.do"):
        return gateway.open_front(unionpay, action["fields"])
    raise Refused("10", "[no content, payload, or form of ours in the action]")


def _tn(payload: Any) -> str:
    return str(payload.get("tn", "")) if isinstance(payload, dict) else str(payload)
