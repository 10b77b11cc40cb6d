"""The statements that services run inside one transaction: `ports.Transaction` over PostgreSQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from paygate.adapters.postgres.rows import ATTEMPT_COLUMNS, attempt_of, payment_of, refund_of
from paygate.adapters.postgres.statements import sql
from paygate.domain.errors import Conflict
from paygate.domain.events import TOPICS
from paygate.ports import Answer, CallbackRequest, KeyRecord, Payout, StoredCallback, Taken

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paygate.adapters.postgres.database import Run
    from paygate.domain.payment import Change, Payment
    from paygate.domain.refund import Refund
    from paygate.ports import Attempt, Case, Claim, Ids, Sealer

KEY_LEASE_SECONDS = 20  # longer than any function that holds a key can run


class PostgresTransaction:
    """One open transaction. Stored answers are sealed with their key as context."""

    def __init__(self, run: Run, sealer: Sealer, ids: Ids) -> None:
        self._run = run
        self._sealer = sealer
        self._ids = ids

    def payment(self, payment_id: str, /) -> Payment | None:
        rows = self._run(sql("payment"), id=payment_id)
        return payment_of(rows[0]) if rows else None

    def save(self, change: Change, ended: Attempt | None = None, /) -> None:
        before, after, event = change.before, change.after, change.event
        rows = self._run(
            sql("save_payment"),
            id=after.id,
            version=before.version,
            from_state=before.state.value,
            state=after.state.value,
            reason=change.reason,
            received=after.received,
            pending=after.pending,
            refund_reserved=after.refund_reserved,
            refunded=after.refunded,
            refunded_outside=after.refunded_outside,
            withdrawn=after.withdrawn,
            detail=json.dumps(dict(change.detail), ensure_ascii=False) if change.detail else None,
            exceptions=[exception.value for exception in after.exceptions],
            failure_reason=after.failure_reason,
            at=after.updated_at,
            settled_at=after.settled_at,
            sequence=after.sequence,
            event_id=event.id if event else None,
            kind=event.kind.value if event else None,
            topics=list(TOPICS[event.kind]) if event else None,
            payload=event.payload if event else None,
            request_id=after.request_id,
            ended_number=ended.number if ended else None,
            rail_id=ended.rail_id if ended else None,
        )
        if not rows:
            raise Conflict("the payment changed meanwhile")

    def claim_order(self, order_id: str, payment_id: str, /) -> bool:
        rows = self._run(sql("claim_order"), order_id=order_id, payment_id=payment_id)
        return bool(rows[0][0] == payment_id)

    def attempt(self, payment_id: str, /) -> Attempt | None:
        rows = self._run(sql("attempt"), payment_id=payment_id)
        return attempt_of(rows[0]) if rows else None

    def trade(self, rail: str, reference: str, rail_id: str | None, /) -> Sequence[tuple[Attempt, Payment]]:
        rows = self._run(sql("trade"), rail=rail, reference=reference, rail_id=rail_id)
        return [(attempt_of(row[:ATTEMPT_COLUMNS]), payment_of(row[ATTEMPT_COLUMNS:])) for row in rows]

    def save_attempt(self, attempt: Attempt, /) -> None:
        self._run(
            sql("save_attempt"),
            payment_id=attempt.payment_id,
            number=attempt.number,
            status=attempt.status.value,
            next_query_at=attempt.next_query_at,
            rail_id=attempt.rail_id,
            action_sealed=attempt.action_sealed,
        )

    def key(self, key: str, /) -> KeyRecord | None:
        rows = self._run(sql("key"), key=key)
        if not rows:
            return None
        request_hash, fence, is_leased, resource_id, status, sealed = rows[0]
        answer = Answer(status, self._sealer.open(sealed, key)) if status is not None else None
        return KeyRecord(request_hash, fence, is_leased, resource_id, answer)

    def take_over_key(self, key: str, fence: int, /) -> bool:
        return bool(self._run(sql("take_over_key"), key=key, fence=fence, lease_seconds=KEY_LEASE_SECONDS))

    def store_answer(self, key: str, fence: int, answer: Answer, /) -> bool:
        sealed = self._sealer.seal(answer.body, key)
        return bool(self._run(sql("store_answer"), key=key, fence=fence, status=answer.status, sealed=sealed))

    def release_key(self, key: str, fence: int, /) -> None:
        self._run(sql("release_key"), key=key, fence=fence)

    def is_receiving(self, payment_id: str, key: str, /) -> bool:
        return bool(self._run(sql("is_receiving"), payment_id=payment_id, key=key))

    def reserve_refund(self, refund: Refund, claim: Claim, next_query_at: datetime, /) -> tuple[bool, bool]:
        rows = self._run(
            sql("reserve_refund"),
            key=claim.key,
            request_hash=claim.request_hash,
            lease_seconds=KEY_LEASE_SECONDS,
            id=refund.id,
            payment_id=refund.payment_id,
            amount=refund.amount.units,
            state=refund.state.value,
            reference=refund.reference,
            reason=refund.reason,
            request_id=refund.request_id,
            address=refund.address,
            requested_by=refund.requested_by,
            created_at=refund.created_at,
            next_query_at=next_query_at,
        )
        claimed, reserved = rows[0]
        return bool(claimed), bool(reserved)

    def refund(self, refund_id: str, /) -> Refund | None:
        rows = self._run(sql("refund"), id=refund_id)
        return refund_of(rows[0]) if rows else None

    def refund_by_reference(self, payment_id: str, reference: str, /) -> Refund | None:
        rows = self._run(sql("refund_by_reference"), payment_id=payment_id, reference=reference)
        return refund_of(rows[0]) if rows else None

    def save_refund(self, before: Refund, after: Refund, next_query_at: datetime | None, /) -> None:
        rows = self._run(
            sql("save_refund"),
            id=after.id,
            before=before.state.value,
            state=after.state.value,
            failure_reason=after.failure_reason,
            rail_id=after.rail_id,
            at=after.updated_at,
            next_query_at=next_query_at,
        )
        if not rows:
            raise Conflict("the refund changed meanwhile")

    def add_outside_refund(self, refund: Refund, /) -> bool:
        rows = self._run(
            sql("add_outside_refund"),
            id=refund.id,
            payment_id=refund.payment_id,
            amount=refund.amount.units,
            state=refund.state.value,
            reference=refund.reference,
            reason=refund.reason,
            request_id=refund.request_id,
            created_at=refund.created_at,
        )
        return bool(rows)

    def callback(self, callback_id: str, /) -> StoredCallback | None:
        rows = self._run(sql("callback"), id=callback_id)
        if not rows:
            return None
        found_id, rail, body, headers, query, received_at = rows[0]
        return StoredCallback(found_id, rail, CallbackRequest(body, headers, query, received_at))

    def callback_applied(self, callback_id: str, outcome: str, /) -> None:
        self._run(sql("callback_applied"), id=callback_id, outcome=outcome)

    def open_case(self, case: Case, /) -> bool:
        rows = self._run(
            sql("open_case"),
            id=self._ids.new("CASE"),
            kind=case.kind,
            dedupe=case.dedupe,
            rail=case.rail,
            payment_id=case.payment_id,
            detail=json.dumps(dict(case.detail), ensure_ascii=False),
        )
        return bool(rows)

    def close_case(self, dedupe: str, /) -> None:
        self._run(sql("close_case_of"), dedupe=dedupe)

    def take_transfers(self, payment_id: str, /) -> Taken:
        rows = self._run(sql("take_transfers"), payment_id=payment_id)
        [[received, returned, pending, origins, payouts, tx_ids]] = rows
        return Taken(
            received=int(received),
            returned=int(returned),
            pending=int(pending),
            origins=origins,
            payouts=[Payout(refund_id, int(units), is_returned) for refund_id, units, is_returned in payouts],
            tx_ids=tx_ids,
        )

    def transfer_owner(self, transfer_id: str, /) -> str | None:
        rows = self._run(sql("transfer_owner"), id=transfer_id)
        return rows[0][0] or "" if rows else None

    def assign_transfer(self, transfer_id: str, payment: Payment, rail: str, by: str, /) -> bool:
        rows = self._run(
            sql("assign_transfer"),
            id=transfer_id,
            payment_id=payment.id,
            rail=rail,
            asset=payment.due.asset.code,
            decimals=payment.due.asset.decimals,
            network=payment.due.asset.network,
            by=by,
        )
        return bool(rows)
