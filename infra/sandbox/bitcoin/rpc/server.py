"""The HTTP side (httprpc.cpp, rpc/server.cpp, doc/JSON-RPC-interface.md): who may ask, single calls and batches,
and which status goes with an error.
"""

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from werkzeug import Response

from infra.sandbox.bitcoin import wallet
from infra.sandbox.bitcoin.node import Node
from infra.sandbox.bitcoin.rpc import (  # noqa: F401  each adds its methods
    chain_methods,
    mining_methods,
    node_methods,
    pool_methods,
    psbt_methods,
    raw_methods,
    registry,
    scanning,
    wallet_methods,
)
from infra.sandbox.bitcoin.rpc.errors import (
    INVALID_REQUEST,
    MANY_WALLETS,
    METHOD_NOT_FOUND,
    NO_WALLET,
    PARSE,
    RpcError,
)
from infra.sandbox.bitcoin.rpc.numbers import written
from infra.sandbox.bitcoin.wallet import Wallet

Json = dict[str, Any]
STATUSES = {INVALID_REQUEST: 400, METHOD_NOT_FOUND: 404}
NO_CALL = object()


@dataclass(frozen=True)
class Request:
    """One call. Version 2 tells errors with HTTP 200, and answers nothing to who gives no id."""

    method: Any
    params: Any
    id: Any
    has_id: bool
    is_version_2: bool

    def answer(self, result: Any = None, error: RpcError | None = None) -> Json:
        told = {"code": error.code, "message": error.message} if error else None
        if self.is_version_2:
            seen: Json = {"jsonrpc": "2.0", **({"error": told} if error else {"result": result})}
        else:
            seen = {"result": result, "error": told}
        return {**seen, "id": self.id} if self.has_id else seen

    @property
    def is_notification(self) -> bool:
        return self.is_version_2 and not self.has_id


def read(body: bytes) -> list[Request] | Request:
    """A batch, or a call by itself. Raises RpcError for bytes that are neither."""
    try:
        asked = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise RpcError(PARSE, "Parse error") from None
    if isinstance(asked, list):
        return [_request(each) for each in asked]
    if not isinstance(asked, dict):
        raise RpcError(PARSE, "Top-level object parse error")
    return _request(asked)


def _request(asked: Any) -> Request:
    if not isinstance(asked, dict):
        return Request(NO_CALL, None, None, has_id=True, is_version_2=False)
    is_version_2 = asked.get("jsonrpc") == "2.0"
    return Request(asked.get("method"), asked.get("params"), asked.get("id"), "id" in asked, is_version_2)


class Api:
    """Calls, one at a time. `view` is the node as a call sees it, which may be behind the times."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._wallets: dict[str, Wallet] = {}

    def run(self, view: Node, wallet_name: str | None, request: Request) -> tuple[Json, int]:
        """The answer, and the HTTP status of one that is no batch's."""
        try:
            result = self._result(view, wallet_name, request)
        except RpcError as error:
            status = 200 if request.is_version_2 else STATUSES.get(error.code, 500)
            return request.answer(error=error), status
        return request.answer(result), 200

    def _result(self, view: Node, wallet_name: str | None, request: Request) -> Any:
        if request.method is NO_CALL:
            raise RpcError(INVALID_REQUEST, "Invalid Request object")
        if not isinstance(request.params, list | dict | None):
            raise RpcError(INVALID_REQUEST, "Params must be an array or object")
        method = registry.find(request.method)
        with self.node.lock:
            subject = self._wallet(wallet_name) if method.is_wallets else view
            return method.run(subject, request.params)

    def _wallet(self, name: str | None) -> Wallet:
        """Without a name, the only one there is."""
        known = wallet.names(self.node)
        if name is None and len(known) > 1:
            raise RpcError(MANY_WALLETS, "Multiple wallets are loaded. Name one in the request's path.")
        if name is None and not known:
            raise RpcError(NO_WALLET, "No wallet is loaded. Load a wallet using loadwallet or create a new one.")
        chosen = known[0] if name is None else name
        if chosen not in known:
            raise RpcError(NO_WALLET, "Requested wallet does not exist or is not loaded")
        if chosen not in self._wallets:
            self._wallets[chosen] = Wallet(self.node, chosen)
        return self._wallets[chosen]


def respond(answer: Json | list[Json], status: int = 200) -> Response:
    return Response(f"{written(answer)}\n", status, content_type="application/json")


def is_allowed(authorization: str, user: str, password: str) -> bool:
    scheme, _, credentials = authorization.partition(" ")
    try:
        given = base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    return scheme == "Basic" and hmac.compare_digest(given, f"{user}:{password}".encode())


def unauthorized() -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="jsonrpc"'}
    return Response(b"", 401, headers, content_type="text/html; charset=ISO-8859-1")
