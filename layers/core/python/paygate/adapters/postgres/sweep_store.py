"""Where money lies that can be collected: `sweep_ports.SweepStore` over PostgreSQL. It only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate.adapters.postgres.statements import sql
from paygate.sweep_ports import PaidAddress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from paygate.adapters.postgres.database import Database


class PostgresSweeps:
    """`families` names, by network, the addresses that chains share."""

    def __init__(self, database: Database, families: Mapping[str, str], *, at_once: int = 500) -> None:
        self._database = database
        self._families = families
        self._at_once = at_once

    def paid(self, network: str, since: datetime, /) -> Sequence[PaidAddress]:
        found: dict[str, tuple[str, str, str]] = {}
        outpoints: dict[str, list[str]] = {}
        place, rows = (-1, ""), self._page(network, since, (-1, ""))
        while rows:
            for height, transfer_id, key, address, account, path, outpoint in rows:
                found[key] = address, account, path
                outpoints.setdefault(key, []).append(outpoint)
                place = height, transfer_id
            rows = self._page(network, since, place) if len(rows) == self._at_once else []
        return [PaidAddress(key, *of, outpoints[key]) for key, of in found.items()]

    def _page(self, network: str, since: datetime, after: tuple[int, str]) -> list[list[Any]]:
        return self._database.once(
            sql("sweep_paid"),
            network=network,
            family=self._families[network],
            since=since,
            height=after[0],
            after=after[1],
            limit=self._at_once,
        )
