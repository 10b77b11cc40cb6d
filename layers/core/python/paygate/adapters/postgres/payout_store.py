"""Transactions that pay refunds: `chain_ports.PayoutStore` over PostgreSQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from paygate.adapters.postgres.statements import sql
from paygate.chain_ports import Payout, PayoutStatus, Signed, Unsigned
from paygate.domain.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from paygate.adapters.postgres.database import Database


class PostgresPayouts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of_refund(self, refund_id: str, /) -> Sequence[Payout]:
        return [_payout(row) for row in self._database.once(sql("payouts_of_refund"), refund_id=refund_id)]

    def next_nonce(self, network: str, treasury: str, /) -> int:
        rows = self._database.once(sql("payout_next_nonce"), network=network, treasury=treasury)
        return int(rows[0][0]) if rows else 0

    def is_held(self, refund_id: str, /) -> bool:
        return bool(self._database.once(sql("payout_is_held"), refund_id=refund_id))

    def is_known(self, tx_id: str, /) -> bool:
        return bool(self._database.once(sql("operator/payout_paid_by"), tx_id=tx_id))

    def taken(self, network: str, treasury: str, refund_id: str, /) -> Collection[str]:
        rows = self._database.once(sql("payout_taken"), network=network, treasury=treasury, refund_id=refund_id)
        return {outpoint for (outpoint,) in rows}

    def add(self, payout: Payout, /, *, takes_nonce: bool) -> bool:
        unsigned, where = payout.unsigned, {"network": payout.network, "treasury": payout.treasury}
        with self._database.transaction() as run:
            run(sql("payout_lock"), **where)
            taken = {outpoint for (outpoint,) in run(sql("payout_taken"), refund_id=payout.refund_id, **where)}
            if taken.intersection(unsigned.outpoints):
                return False
            if takes_nonce and not run(sql("payout_take_nonce"), nonce=unsigned.nonce, **where):
                return False
            added = run(
                sql("payout_add"),
                refund_id=payout.refund_id,
                version=payout.version,
                nonce=unsigned.nonce,
                outpoints=",".join(unsigned.outpoints),
                unsigned=json.dumps(unsigned.document),
                tx_id=unsigned.tx_id,
                expires_at=unsigned.expires_at,
                **where,
            )
            if not added:
                raise Conflict("another prepared this version")
        return True

    def sign(self, payout: Payout, signed: Signed, /) -> bool:
        with self._database.transaction() as run:
            rows = run(
                sql("payout_sign"),
                refund_id=payout.refund_id,
                version=payout.version,
                tx_id=signed.tx_id,
                signed=signed.raw,
            )
        return bool(rows)

    def move(self, payout: Payout, status: PayoutStatus, /) -> bool:
        with self._database.transaction() as run:
            rows = run(
                sql("payout_move"),
                refund_id=payout.refund_id,
                version=payout.version,
                before=payout.status.value,
                status=status.value,
            )
        return bool(rows)

    def under_way(self, network: str, limit: int, /) -> Sequence[Payout]:
        return [_payout(row) for row in self._database.once(sql("payouts_under_way"), network=network, limit=limit)]


def _payout(row: list[Any]) -> Payout:
    (
        refund_id, version, network, treasury, status, document, tx_id, nonce, outpoints, expires_at,
        signed, sent_at,
    ) = row  # fmt: skip
    unsigned = Unsigned(document, tx_id, nonce, tuple(outpoints), expires_at)
    is_signed = signed is not None
    return Payout(
        refund_id=refund_id,
        version=version,
        network=network,
        treasury=treasury,
        status=PayoutStatus(status),
        unsigned=unsigned,
        signed=Signed(tx_id, signed) if is_signed else None,
        sent_at=sent_at,
    )
