"""web3's JSON-RPC, sent over a transport that is bounded in time and size.

web3's own HTTPProvider reads an answer of any size, byte by byte where it is streamed, and writes URLs into its
log, where providers have their keys. Imported on first use only: it loads web3.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from web3.providers import JSONBaseProvider

from paygate.domain.errors import AnswerTooLong, NodeUnavailable, OutcomeUnknown

if TYPE_CHECKING:
    from web3.types import RPCEndpoint, RPCResponse

    from paygate.adapters.chains.evm.node import Http, HttpAnswer

_JSON = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "paygate"}
_OK, _TOO_LARGE = 200, 413
_NOT_NOW = frozenset({429, 502, 503, 504})
# What an answer that is too large is turned into, so that whoever asked asks for less ("limit exceeded", EIP-1474).
TOO_LARGE: Any = {"jsonrpc": "2.0", "id": None, "error": {"code": -32005, "message": "too large"}}


class NodeProvider(JSONBaseProvider):
    """Answers are those to what was asked, by their ids. Raises NodeUnavailable, which shows nothing of the URL."""

    def __init__(self, url: str, http: Http) -> None:
        super().__init__()
        self._url, self._http = url, http

    def make_request(self, method: RPCEndpoint, params: Any, *, is_repeatable: bool = True) -> RPCResponse:
        asked = self._asked(method, params)
        answer = self._post(asked, is_repeatable=is_repeatable)
        if not isinstance(answer, dict):
            raise NodeUnavailable("the node's answer is no object")
        if answer is TOO_LARGE or ("error" in answer and answer.get("id") is None):
            return cast("RPCResponse", answer)
        if answer.get("id") != asked["id"]:
            raise NodeUnavailable("the node answered something else")
        return cast("RPCResponse", answer)

    def make_batch_request(self, batch_requests: list[tuple[RPCEndpoint, Any]]) -> list[RPCResponse] | RPCResponse:
        """One answer for each request, in their order; or one error for all."""
        asked = [self._asked(*request) for request in batch_requests]
        answers = self._post(asked, is_repeatable=True)
        if isinstance(answers, dict) and "error" in answers:
            return cast("RPCResponse", answers)
        if not isinstance(answers, list):
            raise NodeUnavailable("the node's answer is no list")
        by_id = {each["id"]: each for each in answers if isinstance(each, dict) and type(each.get("id")) is int}
        found = [by_id.get(each["id"]) for each in asked]
        if None in found or len(answers) != len(found):
            raise NodeUnavailable("the node left out an answer")
        return cast("list[RPCResponse]", found)

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: ARG002, FBT001, FBT002  web3's
        try:
            return "result" in self.make_request("web3_clientVersion", [])  # type: ignore[arg-type]
        except NodeUnavailable:
            return False

    def _asked(self, method: RPCEndpoint, params: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "method": method, "params": params, "id": next(self.request_counter)}

    def _post(self, asked: Any, *, is_repeatable: bool) -> Any:
        """Questions hold what JSON has, so that web3's own encoder has nothing to add."""
        body = json.dumps(asked).encode()
        try:
            answer = self._http.send("POST", self._url, body=body, headers=_JSON, is_repeatable=is_repeatable)
        except AnswerTooLong:
            return TOO_LARGE
        except OutcomeUnknown as error:
            raise NodeUnavailable(f"the node gave no answer ({error})") from None
        if answer.status == _TOO_LARGE:
            return TOO_LARGE
        if answer.status in _NOT_NOW:
            raise NodeUnavailable(f"the node answered HTTP {answer.status}")
        return self._decoded(answer)

    def _decoded(self, answer: HttpAnswer) -> Any:
        """Some nodes answer 400 or 500 with an error of JSON-RPC's; any other content of such a one is none."""
        try:
            content: Any = self.decode_rpc_response(answer.body)
        except (ValueError, RecursionError):  # web3's own text quotes the answer
            content = None
        is_error = isinstance(content, dict) and isinstance(content.get("error"), dict)
        if answer.status != _OK and not is_error:
            raise NodeUnavailable(f"the node answered HTTP {answer.status}")
        if content is None:
            raise NodeUnavailable("the node's answer is no JSON")
        return content
