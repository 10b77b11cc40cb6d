"""Requests to the processor, and what an answer other than success means (docs.stripe.com/api/errors).

The first answer that came of doing something is stored under its Idempotency-Key for at least 24 hours and given
again, failures and 500s as well (docs.stripe.com/api/idempotent_requests).
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from paygate.adapters.rails.card.wire import Json, inner, read_object
from paygate.domain.errors import OutcomeUnknown, PaygateError, RailDeclined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paygate.adapters.rails.card.settings import CardSettings
    from paygate.adapters.rails.http import HttpAnswer, RailHttp

log = logging.getLogger(__name__)

KEY_LASTS = timedelta(hours=23)
"""Less than an Idempotency-Key is remembered: later, what was done is looked for before it is done again."""

_OK = 200
_FINAL = frozenset({400, 402, 404})  # the request was understood, and refused
_KEY_REFUSED = frozenset({401, 403})
_CODE = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)
_PAGE, _MOST_PAGES = 100, 20


@dataclass(frozen=True, slots=True)
class Reply:
    """A success. `is_replay`: it is the stored answer to an earlier request, and may be old news."""

    content: Json
    is_replay: bool


class CardClient:
    """One account at the processor."""

    def __init__(self, settings: CardSettings, http: RailHttp) -> None:
        self._http = http
        self._url = settings.api_url
        self._headers = {
            "Authorization": f"Bearer {settings.secret_key}",
            "Stripe-Version": settings.api_version,
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def post(self, path: str, params: Mapping[str, str], key: str) -> Reply:
        """Raises RailDeclined, OutcomeUnknown. Repeated by itself: the key makes it one request."""
        headers = {**self._headers, "Idempotency-Key": key}
        body = urlencode(params).encode("ascii")
        answer = self._http.send("POST", self._url + path, body=body, headers=headers, is_repeatable=True)
        return Reply(_believed(answer), answer.headers.get("idempotent-replayed") == "true")

    def get(self, path: str, params: Mapping[str, str]) -> Json:
        """Raises OutcomeUnknown: a refused question (by another account's key, say) tells nothing."""
        url = f"{self._url}{path}?{urlencode(params)}" if params else self._url + path
        answer = self._http.send("GET", url, headers=self._headers, is_repeatable=True)
        try:
            return _believed(answer)
        except RailDeclined as declined:
            raise OutcomeUnknown(f"the card processor does not tell: {declined.reason}") from None

    def page(self, path: str, params: Mapping[str, str]) -> tuple[list[Json], bool]:
        """A page of a list, newest first, and whether more follow."""
        found = self.get(path, {**params, "limit": str(_PAGE)})
        data = found.get("data")
        if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
            raise OutcomeUnknown("the card processor's list is none")
        return data, found.get("has_more") is True

    def every(self, path: str, params: Mapping[str, str]) -> Iterator[Json]:
        """All pages of a list that is short by nature."""
        after: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            data, has_more = self.page(path, {**params, **after})
            yield from data
            if not has_more or not data:
                return
            after = {"starting_after": str(data[-1].get("id"))}
        raise OutcomeUnknown("the card processor's list is too long")


def _believed(answer: HttpAnswer) -> Json:
    try:
        content = read_object(answer.body)
    except ValueError:
        raise OutcomeUnknown(f"the card processor's answer (HTTP {answer.status}) cannot be read") from None
    if answer.status == _OK:
        return content
    raise _failure(answer.status, inner(content, "error"))


def _failure(status: int, error: Json) -> PaygateError:
    """An authentication that fails is unknown: an earlier request, under a key that worked, may have done it."""
    reason = reason_of(error)
    if status in _KEY_REFUSED:
        log.warning("the card processor refuses our key: HTTP %s %s", status, reason)
    if status in _FINAL and error:
        return RailDeclined(reason)
    return OutcomeUnknown(f"the card processor answered HTTP {status} {reason}")


def reason_of(error: Json) -> str:
    """The decline code, the code or the type; never the prose, which may quote the request."""
    for name in ("decline_code", "code", "type"):
        value = error.get(name)
        if isinstance(value, str) and _CODE.fullmatch(value):
            return value
    return "no code"
