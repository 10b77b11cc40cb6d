"""What is reachable, asked at most every 10 s however often it is called."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from paygate.domain.errors import PaygateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paygate.ports import Clock

CACHE_SECONDS = 10
NEEDED = "postgres"  # without it nothing works; without the rest payments go on


class DeepHealth:
    def __init__(self) -> None:
        self._known: tuple[float, int, str] | None = None

    def __call__(self, probes: Mapping[str, Callable[[], bool]], clock: Clock) -> tuple[int, str]:
        """Status and body: 503 when PostgreSQL is down, 200 otherwise."""
        now = clock.now().timestamp()
        if self._known is None or now >= self._known[0]:
            reached = {name: _is_reached(probe) for name, probe in probes.items()}
            status = 200 if reached.get(NEEDED, False) else 503
            parts = {name: "ok" if is_reached else "down" for name, is_reached in reached.items()}
            word = "ok" if all(reached.values()) else "degraded" if status == 200 else "down"  # noqa: PLR2004
            self._known = (now + CACHE_SECONDS, status, json.dumps({"status": word, "parts": parts}))
        return self._known[1:]


def _is_reached(probe: Callable[[], bool]) -> bool:
    try:
        return probe()
    except (PaygateError, OSError):
        return False
