"""Work off what is due, leased piece by piece, by several workers, until it is done, enough or time is up.

A rail that gives no answer would hold up the others: after three calls in a row it is left out of the run.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from paygate.domain.errors import OutcomeUnknown, PaygateError
from paygate.services.book_refunds import NotYet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

WORKERS = 8
MOST = 2000
"""Pieces of one kind that one run takes on; what is older comes first, the rest waits for the next run."""

BATCH = 4
LEASE_SECONDS = 60
_STRIKES = 3


class Due(Protocol):
    @property
    def rail(self) -> str: ...


Piece = TypeVar("Piece", bound=Due)


def drain(
    lease: Callable[[int, int, Sequence[str]], Sequence[Piece]],
    handle: Callable[[Piece], None],
    deadline: float,
    *,
    most: int = MOST,
) -> tuple[int, int]:
    """How many pieces were handled, and how many of them come back when their lease ends, for they failed.

    `lease` is asked for a number of pieces, for so many seconds, of other rails than those named.
    """
    sweep = _Sweep(lease, handle, deadline, most)
    with ThreadPoolExecutor(WORKERS, "drain") as pool:
        workers = [pool.submit(copy_context().run, sweep.work) for _ in range(WORKERS)]
    for worker in workers:
        worker.result()
    return sweep.handled, sweep.put_off


@dataclass
class _Sweep(Generic[Piece]):
    lease: Callable[[int, int, Sequence[str]], Sequence[Piece]]
    handle: Callable[[Piece], None]
    deadline: float
    left: int
    handled: int = 0
    put_off: int = 0
    _strikes: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self) -> None:
        while time.monotonic() < self.deadline:
            pieces = self._lease()
            if not pieces:
                return
            for piece in pieces:
                if time.monotonic() >= self.deadline:
                    return
                if piece.rail not in self._silent():
                    self._one(piece)

    def _lease(self) -> Sequence[Piece]:
        with self._lock:
            wanted = min(BATCH, self.left)
            self.left -= wanted
        if not wanted:
            return []
        try:
            pieces = self.lease(wanted, LEASE_SECONDS, self._silent())
        except PaygateError:
            raise
        except Exception:  # what else is due, of other kinds, must not wait for the cure
            log.exception("nothing could be leased")
            self._note(put_off=1, handled=0)
            return []
        with self._lock:
            self.left += wanted - len(pieces)
        # In any order: else three that never get an answer come first each time, and the others never.
        return random.sample(pieces, len(pieces))

    def _silent(self) -> list[str]:
        with self._lock:
            return [rail for rail, strikes in self._strikes.items() if strikes >= _STRIKES]

    def _one(self, piece: Piece) -> None:
        strikes = 0
        try:
            self.handle(piece)
        except (PaygateError, NotYet) as error:
            strikes = 1 if isinstance(error, OutcomeUnknown) else 0
            log.warning("put off: %s", type(error).__name__)
            self._note(put_off=1)
        except Exception:  # a fault that nobody foresaw, in one piece: the others must not wait for its cure
            log.exception("put off")
            self._note(put_off=1)
        else:
            self._note(put_off=0)
        with self._lock:
            self._strikes[piece.rail] = (self._strikes.get(piece.rail, 0) + 1) if strikes else 0

    def _note(self, *, put_off: int, handled: int = 1) -> None:
        with self._lock:
            self.put_off += put_off
            self.handled += handled
