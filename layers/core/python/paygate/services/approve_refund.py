"""Let a refund be signed by the gateway's own key: a second person's word, which another API key stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.domain.errors import NotApprovable, NotFound, SecondPersonNeeded
from paygate.domain.states import UNDER_WAY

if TYPE_CHECKING:
    from paygate.domain.errors import PaygateError
    from paygate.ports import Ledger
    from paygate.signing_ports import SigningStore


class ApproveRefund:
    def __init__(self, ledger: Ledger, store: SigningStore) -> None:
        self._ledger = ledger
        self._store = store

    def __call__(self, refund_id: str, by: str) -> str:
        """The approval, as a document. Approving again changes nothing.

        Raises NotFound, NotApprovable, SecondPersonNeeded (the key that asked for the refund).
        """
        self._store.approve(refund_id, by)
        document = self._store.approval(refund_id)
        if document is None:
            raise self._why_not(refund_id)
        return document

    def _why_not(self, refund_id: str) -> PaygateError:
        with self._ledger.transaction() as tx:
            refund = tx.refund(refund_id)
        if refund is None:
            return NotFound("no such refund")
        if refund.address is None:
            return NotApprovable("only refunds on a chain are approved")
        if refund.state not in UNDER_WAY:
            return NotApprovable("the refund is over")
        return SecondPersonNeeded("another key than the one that asked for the refund must approve it")
