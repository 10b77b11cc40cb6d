"""Where money lies that can be collected: `sweep_ports.SweepStore` over PostgreSQL. It only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.adapters.postgres.statements import sql
from paygate.sweep_ports import PaidAddress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from paygate.adapters.postgres.database import Database


class PostgresSweeps:
    """`families` names, by network, the addresses that chains share."""

    def __init__(self, database: Database, families: Mapping[str, str]) -> None:
        self._database = database
        self._families = families

    def paid(self, network: str, since: datetime, /) -> Sequence[PaidAddress]:
        rows = self._database.once(sql("sweep_paid"), network=network, family=self._families[network], since=since)
        return [
            PaidAddress(key, address, account, path, tuple(each for each in outpoints.split(",") if each))
            for key, address, account, path, outpoints in rows
        ]
