"""One time budget per invocation, over all outside calls: the remaining time less what answering takes."""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
_LEAST_SECONDS = 0.05


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Everything inside shares `seconds` of wall time; an inner limit never outlasts the outer one."""
    deadline, outer = time.monotonic() + seconds, _deadline.get()
    token = _deadline.set(deadline if outer is None else min(deadline, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining(at_most: float) -> float:
    """Seconds that the next outside call may take: `at_most`, or less when the budget ends earlier."""
    deadline = _deadline.get()
    if deadline is None:
        return at_most
    return max(min(at_most, deadline - time.monotonic()), _LEAST_SECONDS)


def is_spent() -> bool:
    """Whether the budget has ended: an outside call is then not worth starting."""
    deadline = _deadline.get()
    return deadline is not None and deadline <= time.monotonic()
