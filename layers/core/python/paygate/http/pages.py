"""The one page that a payer sees of ours, where the shop named none of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.domain.states import PaymentState

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS: Mapping[PaymentState, tuple[str, str]] = {
    PaymentState.CREATED: ("Not paid yet", "尚未付款"),
    PaymentState.PENDING: ("Not paid yet", "尚未付款"),
    PaymentState.CONFIRMING: ("The payment is being processed", "付款处理中"),
    PaymentState.SETTLED: ("Paid", "付款成功"),
    PaymentState.PARTIALLY_REFUNDED: ("Paid", "付款成功"),
    PaymentState.REFUNDED: ("Refunded", "已退款"),
}
_ENDED = ("Not paid", "未付款")


def state_page(state: PaymentState) -> str:
    """No amount, no id, no script, no style: what stands in it comes from the state alone."""
    english, chinese = _WORDS.get(state, _ENDED)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Payment</title></head>'
        f'<body><h1>{english}</h1><p lang="zh">{chinese}</p></body></html>'
    )
