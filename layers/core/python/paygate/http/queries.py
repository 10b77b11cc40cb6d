"""Query strings: every parameter once, none unknown."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from paygate.domain.errors import InvalidField
from paygate.domain.states import PaymentState
from paygate.http.fields import choice, in_range, text
from paygate.ports import ListFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.http.request import Request

DEFAULT_LIMIT, MAX_LIMIT = 20, 100
_LONGEST_CURSOR = 200
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


class Query:
    """The parameters of a request's query; raises InvalidField for one that is unknown or there twice."""

    def __init__(self, request: Request, known: frozenset[str]) -> None:
        for name, values in request.query.items():
            if name not in known:
                raise InvalidField(name, "is not a parameter of this request")
            if len(values) != 1:
                raise InvalidField(name, "must be there once")
        self._values = {name: values[0] for name, values in request.query.items()}

    def limit(self) -> int:
        value = self._values.get("limit", str(DEFAULT_LIMIT))
        number = int(value) if value.isascii() and value.isdigit() and len(value) <= len("100") else 0
        return in_range("limit", number, 1, MAX_LIMIT)

    def cursor(self) -> str | None:
        value = self._values.get("cursor")
        return None if value is None else text("cursor", value, longest=_LONGEST_CURSOR)

    def flag(self, name: str) -> bool:
        value = self._values.get(name, "false")
        return choice(name, value, ("true", "false")) == "true"

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        value = self._values.get(name)
        return None if value is None else choice(name, value, choices)

    def text(self, name: str, *, longest: int) -> str | None:
        value = self._values.get(name)
        return None if value is None else text(name, value, longest=longest)

    def time(self, name: str) -> datetime | None:
        """An ISO 8601 time with its offset."""
        value = self._values.get(name)
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(value).astimezone(UTC) if _TIME.fullmatch(value) else None
        except (ValueError, OverflowError):
            at = None
        if at is None:
            raise InvalidField(name, "must be a time such as 2025-10-01T08:27:00.000Z")
        return at


LIST_PARAMETERS = frozenset({"state", "method", "createdSince", "createdUntil", "limit", "cursor"})
PAGE_PARAMETERS = frozenset({"limit", "cursor"})


def read_list(request: Request, methods: Sequence[str]) -> tuple[ListFilter, int, str | None]:
    """What `GET /payments` is narrowed to, its limit and its cursor."""
    query = Query(request, LIST_PARAMETERS)
    wanted = ListFilter(
        state=query.choice("state", [state.value for state in PaymentState]),
        method=query.choice("method", methods),
        since=query.time("createdSince"),
        until=query.time("createdUntil"),
    )
    return wanted, query.limit(), query.cursor()


def read_page(request: Request) -> tuple[int, str | None]:
    """Limit and cursor."""
    query = Query(request, PAGE_PARAMETERS)
    return query.limit(), query.cursor()


def read_flag(request: Request, name: str) -> bool:
    """The only parameter that the request takes, `true` or `false`."""
    return Query(request, frozenset({name})).flag(name)


def no_query(request: Request) -> None:
    Query(request, frozenset())
