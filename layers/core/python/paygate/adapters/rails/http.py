"""HTTP as every rail uses it: one session kept between invocations, and no failure taken for an answer."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paygate import budget
from paygate.domain.errors import AnswerTooLong, OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_CHUNK_BYTES = 1 << 17


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A rail's whole answer; header names in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass
class RailHttp:
    """Calls rails. TLS is always verified, redirects are never followed, answers have a size and a time limit.

    `total_seconds` bounds one call with its repeats, `read_seconds` one wait for bytes; the invocation's
    budget bounds both. `pause_seconds` is the first repeat's longest pause; it doubles, and is drawn at random
    between zero and that ("full jitter"). `told` hears how many milliseconds each call took, and whether it brought
    an answer: one that says "later" or "out of order" (429, 500, 502 to 504) is none.
    """

    connect_seconds: float = 3.0
    read_seconds: float = 8.0
    total_seconds: float = 10.0
    max_bytes: int = 1 << 20
    repeats: int = 2
    pause_seconds: float = 0.2
    told: Callable[[int, bool], None] | None = None
    _session: requests.Session | None = field(default=None, init=False, repr=False)

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None,
        is_repeatable: bool = False,
    ) -> HttpAnswer:
        """Send, and again where `is_repeatable` and the failure may pass; raises OutcomeUnknown.

        `headers` that are a function are made for each try, where a rail takes no signature twice.
        A connection that was never made is unknown as well: an earlier request may have done the work.
        """
        left = self.repeats if is_repeatable else 0
        pause_seconds = self.pause_seconds
        started = time.monotonic()
        with budget.limit(self.total_seconds):
            answer = self._try(method, url, body, headers)
            while left and _may_pass(answer) and _pause(pause_seconds):
                answer = self._try(method, url, body, headers)
                left, pause_seconds = left - 1, pause_seconds * 2
        if self.told is not None:
            self.told(round((time.monotonic() - started) * 1000), _is_reliable(answer))
        if isinstance(answer, HttpAnswer):
            return answer
        raise answer

    def _try(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str] | Callable[[], Mapping[str, str]] | None,
    ) -> HttpAnswer | OutcomeUnknown:
        import requests  # noqa: PLC0415  heavy: loaded by the first call
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        if budget.is_spent():
            return OutcomeUnknown("no time was left to ask the rail")
        made = headers() if callable(headers) else headers
        timeout = (budget.remaining(self.connect_seconds), budget.remaining(self.read_seconds))
        try:
            with self._opened().request(
                method, url, data=body, headers=made, timeout=timeout, stream=True, allow_redirects=False
            ) as response:
                found = self._read(response)
                names = {name.lower(): value for name, value in response.headers.items()}
                return HttpAnswer(response.status_code, found, names)
        except AnswerTooLong as error:
            return error
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            # The error's own text may quote the URL, and that a signature or a key.
            return OutcomeUnknown(f"the rail gave no answer: {type(error).__name__}")

    def _read(self, response: requests.Response) -> bytes:
        chunks, length = [], 0
        for chunk in response.iter_content(_CHUNK_BYTES):
            chunks.append(chunk)
            length += len(chunk)
            if length > self.max_bytes:
                raise AnswerTooLong("the answer is too long")
        return b"".join(chunks)

    def _opened(self) -> requests.Session:
        if self._session is None:
            from paygate.adapters.rails.sockets import new_session  # noqa: PLC0415

            self._session = new_session()
        return self._session


def _may_pass(answer: HttpAnswer | OutcomeUnknown) -> bool:
    if isinstance(answer, HttpAnswer):
        return answer.status in _TRANSIENT
    return not isinstance(answer, AnswerTooLong)


def _is_reliable(answer: HttpAnswer | OutcomeUnknown) -> bool:
    return isinstance(answer, HttpAnswer) and answer.status not in _TRANSIENT


def _pause(longest: float) -> bool:
    """Sleep for a random part of `longest`; False, at once, when the budget would end meanwhile."""
    seconds = random.uniform(0, longest)  # noqa: S311  spreads repeats, hides nothing
    if budget.is_spent() or budget.remaining(seconds + 0.5) < seconds + 0.5:
        return False
    time.sleep(seconds)
    return True
