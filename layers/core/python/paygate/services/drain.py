"""Work off what is due, in leased batches, until it is done or time is up."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, TypeVar

from paygate.domain.errors import PaygateError
from paygate.services.book_refunds import NotYet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

BATCH = 20
LEASE_SECONDS = 60
Piece = TypeVar("Piece")


def drain(
    lease: Callable[[int, int], Sequence[Piece]], handle: Callable[[Piece], None], deadline: float
) -> tuple[int, int]:
    """Lease and handle until nothing is due or time is up; a piece that fails comes back when its lease ends."""
    handled = put_off = 0
    while time.monotonic() < deadline:
        try:
            pieces = lease(BATCH, LEASE_SECONDS)
        except PaygateError:
            raise
        except Exception:  # what else is due, of other kinds, must not wait for the cure
            log.exception("nothing could be leased")
            return handled, put_off + 1
        if not pieces:
            break
        for piece in pieces:
            if time.monotonic() >= deadline:
                return handled, put_off
            try:
                handle(piece)
            except (PaygateError, NotYet) as error:
                put_off += 1
                log.warning("put off: %s", type(error).__name__)
            except Exception:  # a fault that nobody foresaw, in one piece: the others must not wait for its cure
                put_off += 1
                log.exception("put off")
            handled += 1
    return handled, put_off
