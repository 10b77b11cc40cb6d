"""Pages by id, which sorts by time, and their cursors."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from paygate.domain import ids
from paygate.domain.errors import InvalidField
from paygate.ports import Page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

LAST = "Z"
"""Behind every id: their prefixes come before it."""


def page(found: Sequence[Sequence[Any]], limit: int) -> Page:
    """Of one row more than a page holds, each an id and its document: the page, and where the next begins."""
    shown = found[:limit]
    cursor = base64.urlsafe_b64encode(shown[-1][0].encode()).decode() if len(found) > limit else None
    return Page([row[1] for row in shown], cursor)


def read_cursor(prefix: str, cursor: str | None) -> str | None:
    """The id that a page ended with; raises InvalidField for anything that was not handed out here."""
    if cursor is None:
        return None
    try:
        last = base64.b64decode(cursor, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        last = ""
    if not ids.is_id(prefix, last):
        raise InvalidField("cursor", "is not one that a page gave")
    return last


def first_id(prefix: str, at: datetime) -> str:
    """The smallest id of that millisecond: ids sort by time, so what is asked by time reads the primary key."""
    return ids.encode(prefix, max(int(at.timestamp() * 1000), 0) << 80)
