"""Sign refunds with a key that is not here, within caps, and send them.

The amount is taken out of what may be signed today before the key is asked, and nothing gives it back. What dies
after that is done again: the refund's transactions exclude one another, so one at most pays.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paygate.chain_ports import PayoutStatus
from paygate.domain.errors import (
    Conflict,
    InvalidField,
    NodeMisled,
    NodeUnavailable,
    NotYetReplaceable,
    RefundNotPossible,
    TransactionRefused,
    TreasuryTooPoor,
)
from paygate.domain.states import PaymentState, RefundState
from paygate.ports import Case
from paygate.signing_ports import KeyUnavailable, KeyUnusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.chain_ports import Payout
    from paygate.domain.payment import Payment
    from paygate.domain.refund import Refund
    from paygate.ports import Clock, Ledger, Meter
    from paygate.services.pay_out import PayOut
    from paygate.signing_ports import Sealing, Sealings, SigningKey, SigningRule, SigningStore

log = logging.getLogger(__name__)

AT_ONCE = 10
"""Refunds in one asset that one run takes on."""

MOST_VERSIONS = 5
"""Transactions for one refund that are signed: each that replaces another pays the network more."""

TOO_LARGE, UNAPPROVED, DAY_IS_FULL, TOO_OFTEN = "TOO_LARGE", "UNAPPROVED", "DAY_IS_FULL", "TOO_OFTEN"
WITHDRAWN, NOT_PAYABLE, NOT_AS_PREPARED = "WITHDRAWN", "NOT_PAYABLE", "NOT_AS_PREPARED"
_WHY = {
    TOO_LARGE: "it is more than may be signed for one refund: sign it elsewhere",
    UNAPPROVED: "a second person must approve it: POST /refunds/{refundId}/approval with another key",
    DAY_IS_FULL: "it is more than is left to be signed today: it waits for tomorrow, or is signed elsewhere",
    TOO_OFTEN: "too many transactions were prepared for it: sign it elsewhere",
    WITHDRAWN: "the payment's money was withdrawn since: there is nothing to give back",
    NOT_PAYABLE: "its transaction cannot be made, or is not taken",
    NOT_AS_PREPARED: "what was signed is not what pays it: nothing was sent",
}


@dataclass(frozen=True, slots=True)
class SigningReport:
    """How many refunds were signed and sent, were not for a case that says why, and will be tried again."""

    signed: int = 0
    refused: int = 0
    put_off: int = 0


@dataclass
class _Run:
    deadline: float
    signed: int = 0
    refused: int = 0
    put_off: int = 0


class _Refused(Exception):
    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


class _NotNow(Exception):
    """Nothing more of this network can be signed in this run."""


class SignRefunds:
    """One run. Without a key or rules it does nothing."""

    def __init__(
        self,
        ledger: Ledger,
        pay_out: PayOut,
        store: SigningStore,
        sealings: Sealings,
        key: SigningKey | None,
        rules: Sequence[SigningRule],
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._ledger = ledger
        self._pay_out = pay_out
        self._store = store
        self._sealings = sealings
        self._key = key
        self._rules = rules
        self._clock = clock
        self._meter = meter

    def __call__(self, seconds: float) -> SigningReport:
        """Raises Unavailable (PostgreSQL)."""
        run = _Run(time.monotonic() + seconds)
        if self._key is not None and self._rules:
            try:
                self._sign_all(self._key, run)
            except (KeyUnavailable, KeyUnusable) as error:
                log.warning("the key does not sign: %s", error)
                self._meter.alarm("SigningKeyUnusable")
                run.put_off += 1
        return SigningReport(run.signed, run.refused, run.put_off)

    def _sign_all(self, key: SigningKey, run: _Run) -> None:
        point = key.point()
        for rule in self._rules:
            sealing = self._sealings.by_name(rule.asset.network or "")
            if sealing is None or not sealing.is_of(point):
                log.warning("the key is not the treasury's of %s", rule.asset.network)
                continue
            try:
                for refund_id in self._store.turns(rule.asset, AT_ONCE):
                    if time.monotonic() >= run.deadline:
                        return
                    self._one(refund_id, rule, key, sealing, run)
            except _NotNow:
                run.put_off += 1

    def _one(self, refund_id: str, rule: SigningRule, key: SigningKey, sealing: Sealing, run: _Run) -> None:
        with self._ledger.transaction() as tx:
            refund = tx.refund(refund_id)
            payment = tx.payment(refund.payment_id) if refund else None
        if refund is None or refund.state is not RefundState.PENDING or refund.amount.asset != rule.asset:
            return
        try:
            self._require_allowed(refund, payment, rule)
            self._sign(refund, key, sealing)
        except _Refused as refused:
            run.refused += 1
            self._refuse(refund, refused)
        except (NotYetReplaceable, RefundNotPossible, Conflict):
            run.put_off += 1
        except (NodeUnavailable, NodeMisled) as error:
            log.warning("put off: %s", type(error).__name__)
            raise _NotNow from None
        else:
            run.signed += 1
            self._close(refund)

    # ------------------------------------------------------------ what may be signed

    def _require_allowed(self, refund: Refund, payment: Payment | None, rule: SigningRule) -> None:
        """Reserved before a transaction takes a nonce: one that nobody signs would hold up all that come after."""
        if payment is None or payment.state is PaymentState.REVERSED:
            raise _Refused(WITHDRAWN)
        if refund.amount.units > rule.most:
            raise _Refused(TOO_LARGE)
        if refund.amount.units > rule.approval_above and self._store.approval(refund.id) is None:
            raise _Refused(UNAPPROVED)
        if not self._store.reserve(refund.id, refund.amount, rule.most_per_day):
            raise _Refused(DAY_IS_FULL)

    # ------------------------------------------------------------ signing

    def _sign(self, refund: Refund, key: SigningKey, sealing: Sealing) -> None:
        try:
            payout = self._prepared(refund)
            if payout.status is not PayoutStatus.PREPARED:
                return  # another was faster
            if payout.version > MOST_VERSIONS:
                raise _Refused(TOO_OFTEN)
            self._send(refund, self._sealed(refund, payout, key, sealing))
        except (TreasuryTooPoor, TransactionRefused) as error:
            raise _Refused(NOT_PAYABLE, str(error)) from None

    def _prepared(self, refund: Refund) -> Payout:
        payout = self._pay_out.prepare(refund.id)
        expires_at = payout.unsigned.expires_at
        if expires_at is not None and expires_at <= self._clock.now():
            return self._pay_out.prepare(refund.id, replaces=True)
        return payout

    def _sealed(self, refund: Refund, payout: Payout, key: SigningKey, sealing: Sealing) -> str:
        order = self._pay_out.order(refund.id)
        try:
            signature = key.sign(sealing.digest(order, payout.unsigned))
            return sealing.seal(order, payout.unsigned, signature)
        except ValueError as wrong:
            raise _Refused(NOT_AS_PREPARED, str(wrong)) from None

    def _send(self, refund: Refund, text: str) -> None:
        """It is checked once more before it is kept and sent, as what others sign is."""
        try:
            self._pay_out.broadcast(refund.id, text)
        except InvalidField as wrong:
            if self._pay_out.prepare(refund.id).status is PayoutStatus.PREPARED:
                raise _Refused(NOT_AS_PREPARED, str(wrong)) from None
            # Else another signature was taken meanwhile: one is enough.

    # ------------------------------------------------------------ what a person must see

    def _refuse(self, refund: Refund, refused: _Refused) -> None:
        why = _WHY[refused.code].replace("{refundId}", refund.id)
        network = refund.amount.asset.network or ""
        case = Case(
            kind="REFUND_NOT_SIGNED",
            dedupe=_case(refund, refused.code),
            rail=network,
            detail={
                "refundId": refund.id,
                "amount": f"{refund.amount.text()} {refund.amount.asset.code}",
                "problem": refused.code,
                "reason": f"{why} ({refused.detail})" if refused.detail else why,
            },
            payment_id=refund.payment_id,
        )
        with self._ledger.transaction() as tx:
            is_new = tx.open_case(case)
        if is_new:
            self._meter.alarm("SigningRefused", network=network)

    def _close(self, refund: Refund) -> None:
        with self._ledger.transaction() as tx:
            for code in _WHY:
                tx.close_case(_case(refund, code))


def _case(refund: Refund, code: str) -> str:
    return f"{refund.amount.asset.network}:signing:{refund.id}:{code}"
