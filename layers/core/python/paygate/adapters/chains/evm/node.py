"""Questions to one node, and what its answers mean before anybody looks into them."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from paygate.domain.errors import NodeUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paygate.adapters.chains.evm.provider import NodeProvider

AT_ONCE = 50
"""Questions in one batch. Providers take 100 and more; answers are long."""

_RATE_LIMITED = 429


class HttpAnswer(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class Http(Protocol):
    def send(
        self, method: str, url: str, *, body: bytes, headers: Mapping[str, str], is_repeatable: bool
    ) -> HttpAnswer:
        """Raises OutcomeUnknown, and AnswerTooLong."""


Question = tuple[str, list[Any]]


class Refused(Exception):
    """The node answered that it will not, or that it would be too much. `code` is JSON-RPC's."""

    def __init__(self, method: str, code: object) -> None:
        self.code = code if type(code) is int else None
        super().__init__(f"the node refuses {method}: {self.code}")  # its message may quote a key


class Node:
    """web3 is loaded by the first question."""

    def __init__(self, url: str, http: Http) -> None:
        self._url, self._http = url, http

    @cached_property
    def provider(self) -> NodeProvider:
        """For web3 itself. It loads py_ecc, which lets calls of the whole process go 100,000 deep: JSON nested so
        deep would then end a Python 3.11, whose decoder takes the machine's stack for it.
        """
        limit = sys.getrecursionlimit()
        from paygate.adapters.chains.evm.provider import NodeProvider  # noqa: PLC0415

        sys.setrecursionlimit(limit)

        return NodeProvider(self._url, self._http)

    def ask(self, method: str, *params: Any) -> Any:
        """Raises Refused, NodeUnavailable."""
        answer: Any = self.provider.make_request(method, list(params))  # type: ignore[arg-type]
        result = _result(method, answer)
        if isinstance(result, Refused):
            raise result
        return result

    def ask_each(self, questions: Sequence[Question]) -> list[Any]:
        """Results in their order, or Refused where the node refuses. A batch that it will not take is halved."""
        if len(questions) <= 1:
            return [self._one(*question) for question in questions]
        answers: Any = self.provider.make_batch_request(list(questions))  # type: ignore[arg-type]
        if isinstance(answers, list):
            return [_result(method, each) for (method, _), each in zip(questions, answers, strict=True)]
        _result("a batch", answers)
        half = len(questions) // 2
        return self.ask_each(questions[:half]) + self.ask_each(questions[half:])

    def ask_all(self, questions: Sequence[Question], at_once: int = AT_ONCE) -> list[Any]:
        """Results in their order; what is refused among others is asked for alone. Raises NodeUnavailable."""
        found: list[Any] = []
        for start in range(0, len(questions), at_once):
            part = questions[start : start + at_once]
            found += [
                self._required(question) if isinstance(result, Refused) else result
                for question, result in zip(part, self.ask_each(part), strict=True)
            ]
        return found

    def _one(self, method: str, params: list[Any]) -> Any:
        try:
            return self.ask(method, *params)
        except Refused as refused:
            return refused

    def _required(self, question: Question) -> Any:
        method, params = question
        try:
            return self.ask(method, *params)
        except Refused as refused:
            raise NodeUnavailable(str(refused)) from None


def _result(method: str, answer: Any) -> Any:
    """The result, which may be null, or Refused. Raises NodeUnavailable for what is neither, or "not now"."""
    error = answer.get("error")
    if error is not None:
        code = error.get("code") if isinstance(error, dict) else None
        if code == _RATE_LIMITED:
            raise NodeUnavailable("the node limits how often it is asked")
        return Refused(method, code)
    if "result" not in answer:
        raise NodeUnavailable(f"the node gave no result to {method}")
    return answer["result"]
