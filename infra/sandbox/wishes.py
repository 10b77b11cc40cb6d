"""What the payers of all chains are asked for:

POST   /_sandbox/<network>/pay   {"action", "decision"?: "pay" | "decline", "amount"?}

`action` is a payment's, and is paid as it says, unless there is an `amount`: decimal text, as everywhere here.
"""

from collections.abc import Collection
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any

DIGITS = 100  # more than any amount has


class BadWish(ValueError):
    """What was asked for makes no sense."""


def payment(asked: dict[str, Any], network: str, assets: Collection[str]) -> dict[str, Any] | None:
    """The `asset`, `address` and `amount` to pay; None where the payer declines."""
    action, decision = asked.get("action") or {}, asked.get("decision", "pay")
    is_ours = action.get("network") == network and action.get("asset") in assets
    if not is_ours or decision not in ("pay", "decline"):
        raise BadWish(f"an action of {' or '.join(assets)} on {network}, and a decision to pay or to decline")
    if decision == "decline":
        return None
    amount = asked.get("amount", action.get("amount"))
    return {"asset": action["asset"], "address": action.get("address"), "amount": amount}


def units(amount: object, decimals: int) -> int:
    """The amount in the asset's smallest units, of which it has a whole number."""
    if not isinstance(amount, str):
        raise BadWish(f"an amount is text: {amount!r}")
    with localcontext(prec=DIGITS):
        try:
            scaled = Decimal(amount).scaleb(decimals)
            exact = int(scaled) if scaled.is_finite() and scaled == scaled.to_integral_value() else -1
        except InvalidOperation:
            exact = -1
    if exact < 0:
        raise BadWish(f"no amount of {decimals} places: {amount!r}")
    return exact
