"""What an operator must look at, because no rule of ours decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.ports import Case

if TYPE_CHECKING:
    from paygate.domain.payment import Payment
    from paygate.domain.refund import Refund
    from paygate.ports import Meter, Observation, RefundAnswer, ToldRefund, Transaction


def open_rail_case(
    tx: Transaction, meter: Meter, rail: str, seen: Observation, problem: str, payment: Payment | None
) -> None:
    """A fact of a rail that does not fit. The same fact opens one case, and one alarm."""
    detail = {"reference": seen.reference, "railId": seen.rail_id, "status": seen.status.value}
    for name, money in (("amount", seen.amount), ("refunded", seen.refunded)):
        detail[name] = f"{money.text()} {money.asset.code}" if money else None
    refund = seen.refund.reference if seen.refund else None
    told = f"{problem}:{seen.reference}:{detail['amount']}:{detail['refunded']}:{refund}"
    is_new = tx.open_case(
        Case(
            kind=problem.upper().replace(" ", "_"),
            dedupe=f"{rail}:{told}",
            rail=rail,
            detail=detail,
            payment_id=payment.id if payment else None,
        )
    )
    if is_new:
        meter.alarm("RailFactDidNotFit", rail=rail)


def open_duplicate_case(tx: Transaction, rail: str, payment: Payment) -> None:
    """A second payment settled an order: one of the two is offered for refund."""
    refundable = f"{payment.received_text()} {payment.due.asset.code}"
    tx.open_case(
        Case(
            kind="DUPLICATE",
            dedupe=f"duplicate:{payment.id}",
            rail=rail,
            detail={"orderId": payment.order_id, "refundable": refundable},
            payment_id=payment.id,
        )
    )


def open_stuck_refund_case(
    tx: Transaction, meter: Meter, rail: str, refund: Refund, said: RefundAnswer | ToldRefund
) -> None:
    """The money waits at the rail, or with us, for an operator's hand."""
    detail = {"refundId": refund.id, "amount": f"{refund.amount.text()} {refund.amount.asset.code}"}
    is_new = tx.open_case(
        Case(
            kind="REFUND_STUCK",
            dedupe=stuck_refund_case(rail, refund.id),
            rail=rail,
            detail={**detail, "railId": said.rail_id, "reason": said.reason},
            payment_id=refund.payment_id,
        )
    )
    if is_new:
        meter.alarm("RefundStuck", rail=rail)


def stuck_refund_case(rail: str, refund_id: str) -> str:
    """What the case of a refund that waits for an operator is called."""
    return f"{rail}:refund stuck:{refund_id}"
