"""Core's JSON-RPC: several calls in one request, and an answer to each or none to any.

Source: Bitcoin Core, doc/JSON-RPC-interface.md (a batch is answered with HTTP 200 whatever becomes of the calls in
it, by every version) and src/rpc/protocol.h (numbers of errors).
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from paygate.adapters.rails.exact_json import read as read_json
from paygate.domain.errors import AnswerTooLong, NodeUnavailable, OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paygate.adapters.rails.http import RailHttp

NO_SUCH_THING = -5  # RPC_INVALID_ADDRESS_OR_KEY: "Block not found", "No such mempool transaction"
OUT_OF_RANGE = -8  # RPC_INVALID_PARAMETER: "Block height out of range"
NO_SUCH_METHOD = -32601

_MOST_BYTES = 12 << 20  # a block has at most 4 MB (BIP 141: 4,000,000 units of weight), and twice that in hex
_OK = 200
_T = TypeVar("_T")


class CallRefused(NodeUnavailable):
    """The node answered a call with an error. Its words are not passed on: they may quote what it was asked."""

    def __init__(self, number: int) -> None:
        super().__init__(f"the node answered with error {number}")
        self.number = number


class TooMuch(NodeUnavailable):
    """The answer is longer than any that is taken."""


class CoreRpc:
    """Every method raises NodeUnavailable for what is no answer."""

    def __init__(self, url: str, user: str, password: str, http: RailHttp) -> None:
        self._url = url
        self._http = replace(http, max_bytes=min(http.max_bytes, _MOST_BYTES))
        credentials = b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}

    def call(self, method: str, *params: Any) -> Any:
        """The result; raises CallRefused for an error, which is a NodeUnavailable to whoever expects none."""
        (answer,) = self.all((method, *params))
        return answer

    def all(self, *calls: tuple[Any, ...]) -> list[Any]:
        """The results; raises the first error."""
        return [required(answer) for answer in self.each(*calls)]

    def each(self, *calls: tuple[Any, ...]) -> list[Any]:
        """For each call, a method and its parameters, its result or its CallRefused."""
        asked = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, *params) in enumerate(calls)
        ]
        answers = self._send(json.dumps(asked).encode())
        by_number = {member(answer, "id", int): answer for answer in answers}
        if len(answers) != len(asked) or by_number.keys() != set(range(len(asked))):
            raise NodeUnavailable("the node left a call unanswered")
        return [_outcome(by_number[number]) for number in range(len(asked))]

    def _send(self, body: bytes) -> Sequence[Any]:
        try:
            answer = self._http.send("POST", self._url, body=body, headers=self._headers)
        except AnswerTooLong:
            raise TooMuch("the node's answer is too long") from None
        except OutcomeUnknown as error:
            raise NodeUnavailable(f"the node is out of reach: {error}") from None
        if answer.status != _OK:
            raise NodeUnavailable(f"the node answered with HTTP {answer.status}")
        try:
            found = read_json(answer.body)
        except ValueError:
            raise NodeUnavailable("the node's answer is no JSON") from None
        if not isinstance(found, list):
            raise NodeUnavailable("the node's answer is no batch")
        return found


def required(outcome: Any) -> Any:
    if isinstance(outcome, CallRefused):
        raise outcome
    return outcome


def member(answer: Any, name: str, kind: type[_T]) -> _T:
    """Of an object, of that type."""
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, kind):
        raise NodeUnavailable(f"the node's answer has no {name}")
    return value


def _outcome(answer: dict[str, Any]) -> Any:
    """Versions before 28 tell `error` and `result`, one of them null; later ones only one."""
    error = answer.get("error")
    if error is not None:
        return CallRefused(member(error, "code", int))
    if "result" not in answer:
        raise NodeUnavailable("the node answered neither a result nor an error")
    return answer["result"]
