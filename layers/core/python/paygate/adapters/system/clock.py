"""Time and ids."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from paygate.domain import ids

if TYPE_CHECKING:
    from paygate.ports import Clock


class SystemClock:
    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


class SystemIds:
    """UUIDv7 by the clock, so that ids sort by time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def new(self, prefix: str, /) -> str:
        milliseconds = round(self._clock.now().timestamp() * 1000)
        return ids.encode(prefix, ids.uuid7(milliseconds, secrets.token_bytes(10)))
