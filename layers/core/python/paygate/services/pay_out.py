"""Pay refunds on a chain: prepare a transaction, take it signed, send it, and follow it until it is final.

No key is here. A refund's transactions exclude one another: the next one spends the same nonce or a common output,
or the one before can never be mined. What was signed is kept before it is sent, so that whatever dies in between,
the same bytes are sent again, and those happen once.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from paygate.chain_ports import LIVE, Payout, PayoutOrder, PayoutStatus, TransactionState, Unsigned
from paygate.domain.errors import Conflict, InvalidField, NotFound, RefundNotPossible, TransactionRefused
from paygate.domain.events import iso
from paygate.domain.states import UNDER_WAY, PaymentState, RefundState
from paygate.ports import Case, RefundAnswer, RefundStatus
from paygate.services.races import TRIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.chain_ports import (
        Chain,
        Chains,
        Cursor,
        FoundTransaction,
        PayoutStore,
        Signed,
        Treasuries,
        Treasury,
    )
    from paygate.domain.refund import Refund
    from paygate.ports import AddressingRail, Clock, Ledger, Meter
    from paygate.services.rails import Rails
    from paygate.services.refund_payment import RefundPayment

log = logging.getLogger(__name__)

SEND_AGAIN = timedelta(minutes=2)
_AT_ONCE = 200


class PayOut:
    def __init__(
        self,
        ledger: Ledger,
        rails: Rails,
        chains: Chains,
        treasuries: Treasuries,
        store: PayoutStore,
        refunds: RefundPayment,
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._ledger = ledger
        self._rails = rails
        self._chains = chains
        self._treasuries = treasuries
        self._store = store
        self._refunds = refunds
        self._clock = clock
        self._meter = meter

    # ------------------------------------------------------------ prepare

    def prepare(self, refund_id: str, *, replaces: bool = False) -> Payout:
        """The transaction that a signer gets; the same one again, unless it is to be replaced or cannot be mined.

        Raises NotFound, RefundNotPossible, NotYetReplaceable, TreasuryTooPoor, NodeUnavailable, NodeMisled.
        """
        refund = self._refund(refund_id)
        if refund.state not in UNDER_WAY:
            raise RefundNotPossible("the refund is over")
        if self._store.is_held(refund_id):
            raise RefundNotPossible("the database was restored, and the refund may have been paid: see its case")
        for _ in range(TRIES):
            newest = next(iter(self._store.of_refund(refund_id)), None)
            is_live = newest is not None and newest.status in LIVE
            if newest is None or newest.status is not PayoutStatus.SENT:
                self._require_money(refund)
            if newest is not None and is_live and not replaces:
                return newest
            try:
                made = self._make(refund, newest if is_live else None, newest.version + 1 if newest else 1)
            except Conflict:
                replaces = False  # another prepared meanwhile: that one is the answer
                continue
            if made is not None:
                return made
        raise Conflict("lost too many races")

    def _require_money(self, refund: Refund) -> None:
        """What was withdrawn after the refund was taken on is nobody's to give back."""
        with self._ledger.transaction() as tx:
            payment = tx.payment(refund.payment_id)
        if payment is None or payment.state is PaymentState.REVERSED:
            raise RefundNotPossible("the payment's money was withdrawn")

    def _make(self, refund: Refund, replaced: Payout | None, version: int) -> Payout | None:
        network = _network(refund)
        treasury = self._treasuries.by_name(network)
        nonce, takes_nonce = self._nonce(treasury, replaced)
        taken = self._store.taken(network, treasury.address, refund.id)
        unsigned = treasury.prepare(self._order(refund), nonce, taken, _as_sent(replaced) if replaced else None)
        payout = Payout(refund.id, version, network, treasury.address, PayoutStatus.PREPARED, unsigned)
        return payout if self._store.add(payout, takes_nonce=takes_nonce) else None

    def _nonce(self, treasury: Treasury, replaced: Payout | None) -> tuple[int | None, bool]:
        """What the transaction is numbered, and whether that number must be taken yet."""
        if replaced is not None:
            return replaced.unsigned.nonce, False
        counted = treasury.next_nonce()
        if counted is None:
            return None, False
        return max(counted, self._store.next_nonce(treasury.network, treasury.address)), True

    # ------------------------------------------------------------ broadcast

    def broadcast(self, refund_id: str, text: str) -> Payout:
        """Take the transaction signed, and send it, once. Sending the same again answers what became of it.

        Raises NotFound, RefundNotPossible (nothing is prepared), InvalidField (it is not what was prepared),
        TransactionRefused, NodeUnavailable (it will be sent again), NodeMisled.
        """
        refund = self._refund(refund_id)
        versions = self._store.of_refund(refund_id)
        if not versions:
            raise RefundNotPossible("no transaction was prepared for this refund")
        payout, signed = self._matching(refund, versions, text)
        if payout.status is PayoutStatus.PREPARED:
            if not self._store.sign(payout, signed):
                raise Conflict("another was signed meanwhile")
            payout = self._again(payout)
        if payout.signed is None or payout.signed.tx_id != signed.tx_id:
            raise InvalidField("transaction", "is another than the one that was taken for this refund already")
        return self._send(payout) if payout.status is PayoutStatus.SIGNED else payout

    def _matching(self, refund: Refund, versions: Sequence[Payout], text: str) -> tuple[Payout, Signed]:
        """The newest version that this is, signed. An older one may come signed: any of them pays, and one only."""
        order, why = self._order(refund), InvalidField("transaction", "is not what was prepared")
        treasury = self._treasuries.by_name(versions[0].network)
        for payout in versions:
            if payout.status in LIVE or payout.signed is not None:
                try:
                    signed = treasury.check(order, payout.unsigned, text)
                except InvalidField as wrong:
                    why = why if payout is not versions[0] else wrong
                    continue
                # Fees may differ from what was prepared, so that one version's bytes may do for another as well.
                known = (each for each in versions if each.signed and each.signed.tx_id == signed.tx_id)
                return next(known, payout), signed
        raise why

    def _send(self, payout: Payout) -> Payout:
        if payout.signed is not None:
            self._treasuries.by_name(payout.network).send(payout.signed)
            self._store.move(payout, PayoutStatus.SENT)
        return self._again(payout)

    # ------------------------------------------------------------ follow

    def follow(self, chain: Chain, cursor: Cursor) -> None:
        """What became of everything that was signed on the chain; called by who reads it.

        Raises NodeUnavailable, NodeMisled, Unavailable.
        """
        known = [
            (payout, payout.signed, chain.transaction(payout.signed.tx_id))
            for payout in self._store.under_way(chain.network, _AT_ONCE)
            if payout.signed is not None
        ]
        in_blocks = {payout.refund_id for payout, _, found in known if found.block is not None}
        for payout, signed, found in known:
            if found.block is not None and self._is_deep(payout, found, cursor):
                self._end(payout, signed, found, cursor)
            elif payout.refund_id not in in_blocks:  # else the network would refuse it, and rightly
                self._wait(payout, found, cursor)

    def _is_deep(self, payout: Payout, found: FoundTransaction, cursor: Cursor) -> bool:
        """As deep as the chain's transfers must be that pay so much."""
        if found.block is None or found.block.height > cursor.block.height:
            return False
        if found.block.height <= cursor.final_height:
            return True
        refund = self._refund(payout.refund_id)
        rail = cast("AddressingRail", self._rails.by_name(payout.network))
        needed = rail.confirmations(refund.amount)
        return needed is not None and found.block.height + needed - 1 <= cursor.block.height

    def _end(self, payout: Payout, signed: Signed, found: FoundTransaction, cursor: Cursor) -> None:
        order = self._order(self._refund(payout.refund_id))
        if not _pays(order, found):
            self._fail(payout, found, cursor)
            return
        answer = RefundAnswer(RefundStatus.SUCCEEDED, signed.tx_id)
        self._refunds.book(self._refund(payout.refund_id), RefundState.SUCCEEDED, answer)
        others = self._store.of_refund(payout.refund_id)
        for other in others:
            if other.version != payout.version and other.status in LIVE:
                self._store.move(other, PayoutStatus.LAPSED)
        with self._ledger.transaction() as tx:
            for each in others:
                tx.close_case(_case_name(each))
        self._store.move(payout, PayoutStatus.DONE)  # last: who dies before does all of it again

    def _fail(self, payout: Payout, found: FoundTransaction, cursor: Cursor) -> None:
        """It moved nothing, once that is final: before, another block may have it do what it should. What spends
        the same as it can never be mined then.
        """
        if found.block is None or found.block.height > cursor.final_height:
            return
        for other in self._store.of_refund(payout.refund_id):
            if (
                other.version != payout.version
                and other.status in LIVE
                and _exclude(payout.unsigned, other.unsigned)
            ):
                self._store.move(other, PayoutStatus.LAPSED)
        self._open_case(payout, "the transaction is in a block and paid nothing: prepare another")
        self._store.move(payout, PayoutStatus.FAILED)

    def _wait(self, payout: Payout, found: FoundTransaction, cursor: Cursor) -> None:
        """In no block: sent again while it may be mined."""
        expires_at = payout.unsigned.expires_at
        if expires_at is not None and found.state is TransactionState.UNKNOWN and expires_at < cursor.block.time:
            # Whoever prepares the next one asks the chain whether this one is out for good.
            return
        is_quiet = payout.sent_at is not None and self._clock.now() - payout.sent_at < SEND_AGAIN
        if is_quiet or found.state is TransactionState.WAITING:
            return
        try:
            self._send(payout)
        except TransactionRefused as refused:
            log.warning("a refund's transaction is refused: %s", refused)
            self._open_case(payout, f"the network refuses the transaction: {refused}")

    # ------------------------------------------------------------ after a restore

    def adopt(self, refund_id: str, tx_id: str) -> Refund:
        """A transaction that nobody here knows of paid the refund, as the chain itself says: book it.

        Raises NotFound, RefundNotPossible (it is over), InvalidField (the transaction is in no block, does not pay
        this refund, or is known here), NodeUnavailable, NodeMisled.
        """
        refund = self._refund(refund_id)
        if refund.state not in UNDER_WAY:
            raise RefundNotPossible("the refund is over")
        found = self._chains.by_name(_network(refund)).transaction(tx_id)
        if found.block is None or not _pays(self._order(refund), found):
            raise InvalidField("transaction", "is in no block, or does not pay this refund")
        if self._store.is_known(tx_id):
            raise InvalidField("transaction", "is known: it pays, or may pay, a refund by itself")
        return self._refunds.book(refund, RefundState.SUCCEEDED, RefundAnswer(RefundStatus.SUCCEEDED, tx_id))

    # ------------------------------------------------------------ parts

    def _refund(self, refund_id: str) -> Refund:
        with self._ledger.transaction() as tx:
            refund = tx.refund(refund_id)
        if refund is None:
            raise NotFound("no such refund")
        if refund.address is None:
            raise RefundNotPossible("only refunds on a chain are paid by transactions of ours")
        return refund

    def order(self, refund_id: str) -> PayoutOrder:
        """What a transaction must do that pays the refund."""
        return self._order(self._refund(refund_id))

    def _order(self, refund: Refund) -> PayoutOrder:
        address = refund.address or ""
        rail = cast("AddressingRail", self._rails.by_name(_network(refund)))
        return PayoutOrder(refund.id, refund.amount, rail.recipient(address), address)

    def _again(self, payout: Payout) -> Payout:
        versions = self._store.of_refund(payout.refund_id)
        return next(each for each in versions if each.version == payout.version)

    def _open_case(self, payout: Payout, reason: str) -> None:
        refund = self._refund(payout.refund_id)
        detail = {"refundId": refund.id, "amount": f"{refund.amount.text()} {refund.amount.asset.code}"}
        case = Case(
            kind="REFUND_STUCK",
            dedupe=_case_name(payout),
            rail=payout.network,
            detail={**detail, "railId": payout.signed.tx_id if payout.signed else None, "reason": reason},
            payment_id=refund.payment_id,
        )
        with self._ledger.transaction() as tx:
            is_new = tx.open_case(case)
        if is_new:
            self._meter.alarm("RefundStuck", rail=payout.network)


def _pays(order: PayoutOrder, found: FoundTransaction) -> bool:
    wanted = (order.recipient, order.amount.units, order.amount.asset)
    return found.state is TransactionState.DONE and any(
        (transfer.key, transfer.units, transfer.asset) == wanted for transfer in found.transfers
    )


def _as_sent(payout: Payout) -> Unsigned:
    """With the id that it went out under: its signer may have paid more than was prepared."""
    return replace(payout.unsigned, tx_id=payout.signed.tx_id) if payout.signed else payout.unsigned


def payout_document(payout: Payout) -> str:
    """A transaction of a refund, as its signer sees it."""
    unsigned: Unsigned = payout.unsigned
    told = {
        "refundId": payout.refund_id,
        "network": payout.network,
        "version": payout.version,
        "status": payout.status.value,
        "treasury": payout.treasury,
        "txId": payout.signed.tx_id if payout.signed else unsigned.tx_id,
        "expiresAt": iso(unsigned.expires_at) if unsigned.expires_at else None,
        "transaction": dict(unsigned.document),
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _case_name(payout: Payout) -> str:
    return f"{payout.network}:payout:{payout.refund_id}:{payout.version}"


def _exclude(one: Unsigned, other: Unsigned) -> bool:
    """Whether one at most of them can be mined."""
    is_same_number = one.nonce is not None and one.nonce == other.nonce
    return is_same_number or bool(set(one.outpoints).intersection(other.outpoints))


def _network(refund: Refund) -> str:
    network = refund.amount.asset.network
    if network is None:
        raise RefundNotPossible("only refunds on a chain are paid by transactions of ours")
    return network
