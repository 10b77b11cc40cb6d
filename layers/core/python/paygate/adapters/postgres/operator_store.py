"""What an operator does by hand: `operator_ports.OperatorStore` over PostgreSQL, as the schema's owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.postgres.statements import sql
from paygate.operator_ports import HeldRefund, LostAddresses

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from paygate.adapters.postgres.database import Database
    from paygate.domain.money import Asset


class PostgresOperations:
    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self) -> None:
        self._database.once(sql("operator/close"))

    def reopen(self) -> None:
        with self._database.transaction() as run:
            run(sql("operator/epoch_reopened"))
            run(sql("operator/reopen"))

    def is_closed(self) -> bool:
        return bool(self._database.once(sql("operator/is_closed"))[0][0])

    def begin_epoch(self, floor: int, restored_to: datetime, /) -> int:
        return int(self._database.once(sql("operator/epoch_add"), floor=floor, restored_to=restored_to)[0][0])

    def pass_over_addresses(self, epoch: int, accounts: Collection[str], most: int, /) -> Sequence[LostAddresses]:
        with self._database.transaction() as run:
            run(sql("operator/epoch_accounts"), accounts=",".join(accounts))
            run(sql("operator/epoch_addresses"), epoch=epoch, addresses=most)
            rows = run(sql("operator/epoch_lost"), epoch=epoch)
        return [LostAddresses(account, int(first), int(end)) for account, first, end in rows]

    def raise_sequences(self, epoch: int, after: str, most: int, /) -> str | None:
        with self._database.transaction() as run:
            [[last]] = run(sql("operator/epoch_sequences"), epoch=epoch, after=after, most=most)
        return str(last) if last is not None else None

    def hold_refunds(self, epoch: int, /) -> Sequence[HeldRefund]:
        with self._database.transaction() as run:
            run(sql("operator/epoch_hold"), epoch=epoch)
            return [HeldRefund(*row) for row in run(sql("operator/epoch_held"), epoch=epoch)]

    def release_refund(self, refund_id: str, /) -> int | None:
        rows = self._database.once(sql("operator/epoch_release"), refund_id=refund_id)
        return int(rows[0][0]) if rows else None

    def ask_all_again(self) -> None:
        with self._database.transaction() as run:
            run(sql("operator/epoch_ask_attempts"))
            run(sql("operator/epoch_ask_refunds"))

    def use_up_signing(self, asset: Asset, units: int, /) -> None:
        with self._database.transaction() as run:
            run(sql("operator/epoch_signing"), network=asset.network, asset=asset.code, units=units)

    def payments_at_rails(self, after: str, most: int, /) -> Sequence[str]:
        rows = self._database.once(sql("operator/payments_at_rails"), after=after, most=most)
        return [payment_id for (payment_id,) in rows]
