"""Erase payers' data: of payments, when somebody asks for it, and of what is old enough."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from paygate.domain.errors import InvalidField

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from paygate.operator_ports import Eraser
    from paygate.ports import Clock

LEAST_DAYS = 30
"""What is younger may be needed to answer a rail or an operator."""

_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Erased:
    """Payments whose payers are unknown from now on, and those of which something is still to come."""

    erased: tuple[str, ...]
    not_yet: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """`is_complete` False: there is more, call again."""

    emptied: int
    is_complete: bool


class Erase:
    """States, amounts, times and the timeline stay: they are the books."""

    def __init__(self, store: Eraser, forget_answer: Callable[[str], None], clock: Clock) -> None:
        self._store = store
        self._forget_answer = forget_answer
        self._clock = clock

    def payments(self, payment_ids: Sequence[str]) -> Erased:
        """Raises NotFound, for the first that does not exist; those before it are erased."""
        erased: list[str] = []
        not_yet: list[str] = []
        for payment_id in payment_ids:
            keys = self._store.erase(payment_id)
            (not_yet if keys is None else erased).append(payment_id)
            for key in keys or ():
                self._forget_answer(key)
        return Erased(tuple(erased), tuple(not_yet))

    def before(self, moment: datetime, seconds: float) -> Forgotten:
        """Raises InvalidField for what is not LEAST_DAYS ago."""
        if moment > self._clock.now() - timedelta(days=LEAST_DAYS):
            raise InvalidField("before", f"must be at least {LEAST_DAYS} days ago")
        deadline, emptied = time.monotonic() + seconds, 0
        for kind in ("callbacks", "transfers"):
            after: str | None = ""
            while after is not None:
                if time.monotonic() > deadline:
                    return Forgotten(emptied, is_complete=False)
                after, count = self._store.forget(kind, after, moment, _BATCH)
                emptied += count
        return Forgotten(emptied, is_complete=True)
