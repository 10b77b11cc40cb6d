"""PostgreSQL as the services see it: `ports.Ledger`."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from paygate.adapters.postgres.agenda import PostgresAgenda
from paygate.adapters.postgres.documents import PostgresDocuments
from paygate.adapters.postgres.statements import sql
from paygate.adapters.postgres.transaction import KEY_LEASE_SECONDS, PostgresTransaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from paygate.adapters.postgres.database import Database
    from paygate.domain.payment import Payment
    from paygate.ports import Answer, Attempt, Claim, Ids, ReceivingAddress, Sealer, StoredCallback

_CALLBACK_GRACE_SECONDS = 30


class PostgresLedger:
    """Transactions, documents and agenda over one database.

    The two writes that stand at the door are transactions of one statement, which may be sent again when a kept
    connection turns out dead: the key and the callback's digest keep a repeat from doing anything.
    """

    def __init__(self, database: Database, sealer: Sealer, ids: Ids) -> None:
        self.documents = PostgresDocuments(database, sealer)
        self.agenda = PostgresAgenda(database)
        self._database = database
        self._sealer = sealer
        self._ids = ids

    def take_address_index(self, account: str, /) -> int:
        [[index]] = self._database.once(sql("take_address_index"), account=account)
        return int(index)

    def add_payment(
        self,
        payment: Payment,
        attempt: Attempt,
        claim: Claim,
        answer: Answer | None,
        address: ReceivingAddress | None = None,
        /,
    ) -> bool:
        rows = self._database.once(
            sql("add_payment", address="add_address") if address else sql("add_payment"),
            key=claim.key,
            request_hash=claim.request_hash,
            lease_seconds=0 if answer else KEY_LEASE_SECONDS,
            answer_status=answer.status if answer else None,
            answer_sealed=self._sealer.seal(answer.body, claim.key) if answer else None,
            id=payment.id,
            order_id=payment.order_id,
            user_id=payment.user_id,
            method=payment.method,
            channel=payment.channel,
            state=payment.state.value,
            price=payment.price.units,
            currency=payment.price.asset.code,
            decimals=payment.price.asset.decimals,
            due=payment.due.units,
            due_asset=payment.due.asset.code,
            due_decimals=payment.due.asset.decimals,
            due_network=payment.due.asset.network,
            description=payment.description,
            return_url=payment.return_url,
            metadata=json.dumps(payment.metadata, ensure_ascii=False),
            request_id=payment.request_id,
            created_at=payment.created_at,
            expires_at=payment.expires_at,
            version=payment.version,
            tolerance=payment.tolerance,
            quote=json.dumps(payment.quote.fields()) if payment.quote else None,
            number=attempt.number,
            rail=attempt.rail,
            reference=attempt.reference,
            attempt_status=attempt.status.value,
            rail_expires_at=attempt.rail_expires_at,
            next_query_at=attempt.next_query_at,
            action_sealed=attempt.action_sealed,
            **(_columns(address) if address else {}),
        )
        return bool(rows)

    def keep_callback(self, callback: StoredCallback, /) -> tuple[str, bool]:
        request = callback.request
        query = json.dumps(dict(request.query), sort_keys=True)
        digest = hashlib.sha256(query.encode() + b"\n" + request.body).digest()
        stored = self._database.once(
            sql("store_callback"),
            id=callback.id,
            rail=callback.rail,
            digest=digest,
            body=request.body,
            headers=json.dumps(dict(request.headers)),
            query=query,
            grace_seconds=_CALLBACK_GRACE_SECONDS,
        )
        if stored:
            return callback.id, False
        first = self._database.once(sql("same_callback"), rail=callback.rail, digest=digest)[0]
        return str(first[0]), bool(first[1])

    @contextmanager
    def transaction(self) -> Iterator[PostgresTransaction]:
        with self._database.transaction() as run:
            yield PostgresTransaction(run, self._sealer, self._ids)


def _columns(address: ReceivingAddress) -> dict[str, Any]:
    """What `add_address.sql` takes beside the payment's own."""
    return {
        "family": address.family,
        "key_of_address": address.key,
        "address": address.text,
        "account": address.account,
        "path": address.path,
        "index": address.index,
        "confirmations": address.confirmations,
        "waits_for_finality": address.waits_for_finality,
    }
