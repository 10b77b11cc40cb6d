"""Questions to a TRON node, and answers that are either whole or none."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from paygate.domain.errors import AnswerTooLong, NodeUnavailable, OutcomeUnknown

if TYPE_CHECKING:
    from paygate.adapters.chains.tron.settings import TronSettings
    from paygate.adapters.rails.http import RailHttp

MAX_BYTES = 16 << 20
"""Room for a block of two megabytes, the most that one has, written as JSON and once more as hex."""

_HTTP_OK = 200
_METERED_SECONDS = 1 / 12


class TooMuch(NodeUnavailable):
    """The answer is longer than is taken: less may be asked for."""


class TronNode:
    """java-tron's HTTP API: the node's newest state below /wallet, what can no longer turn below /walletsolidity
    (TRON developer documentation, "HTTP API").

    With an API key the node is somebody's who counts: more than 15 requests a second are answered by half a minute
    of silence (TronGrid, "Rate Limits"), so that questions are then spread.
    """

    def __init__(self, settings: TronSettings, http: RailHttp) -> None:
        self._url, self._http = settings.api_url.rstrip("/"), http
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        self._pause_seconds, self._next_at = 0.0, 0.0
        if settings.api_key:
            self._headers["TRON-PRO-API-KEY"] = settings.api_key
            self._pause_seconds = _METERED_SECONDS

    def ask(self, path: str, **question: object) -> Any:
        """Raises NodeUnavailable. Nothing of the node's own words is repeated: they may quote the key."""
        self._take_turn()
        body = json.dumps(question).encode()
        try:
            answer = self._http.send("POST", self._url + path, body=body, headers=self._headers, is_repeatable=True)
        except AnswerTooLong:
            raise TooMuch("tron's node answered at too great length") from None
        except OutcomeUnknown:
            raise NodeUnavailable("tron's node gave no answer") from None
        if answer.status != _HTTP_OK:
            raise NodeUnavailable(f"tron's node answered HTTP {answer.status}")
        try:
            said = _DECODER.decode(answer.body.decode("utf-8"))
        except (ValueError, RecursionError):
            raise NodeUnavailable("tron's node answered what cannot be read") from None
        if isinstance(said, dict) and "Error" in said:  # with HTTP 200, as java-tron's servlets do
            raise NodeUnavailable("tron's node answered with an error")
        return said

    def _take_turn(self) -> None:
        wait = self._next_at - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self._next_at = time.monotonic() + self._pause_seconds


_DECODER = json.JSONDecoder(parse_float=str)
