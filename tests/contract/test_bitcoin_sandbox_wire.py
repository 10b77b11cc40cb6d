"""HTTP and JSON-RPC, the same on a real node and in the sandbox (Core's doc/JSON-RPC-interface.md)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.support import bitcoin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.bitcoin import Bitcoin


@pytest.fixture(scope="module", params=bitcoin.KINDS)
def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bitcoin]:
    with bitcoin.opened(request.param, tmp_path_factory.mktemp("bitcoin")) as up:
        yield up


def post(node: Bitcoin, body: Any, path: str = "", **how: Any) -> requests.Response:
    auth = (node.env["BITCOIN_RPC_USER"], node.env["BITCOIN_RPC_PASSWORD"])
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return requests.post(node.env["BITCOIN_RPC_URL"] + path, data=data, **{"auth": auth, "timeout": 30, **how})


def call(method: Any, *params: Any, **more: Any) -> dict[str, Any]:
    return {"method": method, "params": list(params), **more}


def test_version_1_tells_both_result_and_error(node: Bitcoin) -> None:
    height = node.rpc("getblockcount")
    answer = post(node, call("getblockcount", id="x"))
    assert (answer.status_code, answer.json()) == (200, {"result": height, "error": None, "id": "x"})
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.content.endswith(b"}\n")
    refused = post(node, call("getblockhash", -1, jsonrpc="1.0", id=5))
    assert (refused.status_code, refused.json()["result"], refused.json()["id"]) == (500, None, 5)
    assert refused.json()["error"]["code"] == -8


def test_version_2_tells_one_of_them_with_status_200_and_answers_no_notification(node: Bitcoin) -> None:
    height = node.rpc("getblockcount")
    answer = post(node, call("getblockcount", id=1, jsonrpc="2.0"))
    assert answer.json() == {"jsonrpc": "2.0", "result": height, "id": 1}
    refused = post(node, call("nosuchmethod", id=1, jsonrpc="2.0"))
    assert refused.status_code == 200
    assert refused.json() == {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": 1}
    silent = post(node, call("getblockcount", jsonrpc="2.0"))
    assert (silent.status_code, silent.content) == (204, b"")


def test_parameters_may_be_named(node: Bitcoin) -> None:
    named = post(node, {"method": "getblockhash", "params": {"height": 0}, "id": 1}).json()
    mixed = post(
        node, {"method": "getblock", "params": {"args": [named["result"]], "verbosity": 0}, "id": 1}
    ).json()
    older = post(node, {"method": "getblock", "params": {"blockhash": named["result"], "verbose": False}}).json()
    assert mixed["result"] == older["result"] == node.rpc("getblock", named["result"], 0)


def test_a_batch_is_answered_in_its_order_whatever_fails(node: Bitcoin) -> None:
    calls = [call("getblockhash", height, id=height, jsonrpc="2.0") for height in (3, 99_999, 0)]
    answer = post(node, calls)
    assert answer.status_code == 200
    told = answer.json()
    assert [each["id"] for each in told] == [3, 99_999, 0]
    assert ["error" in each for each in told] == [False, True, False]
    assert post(node, []).json() == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 500, -32700),
        (b"", 500, -32700),
        (b"5", 500, -32700),
        (b'"getblockcount"', 500, -32700),
        ({"params": []}, 400, -32600),
        ({"method": 5}, 400, -32600),
        ({"method": "getblockcount", "params": 5}, 400, -32600),
        ({"method": "nosuchmethod"}, 404, -32601),
        ({"method": "getblockhash", "params": []}, 500, -1),
    ],
)
def test_what_is_no_call_is_refused(node: Bitcoin, body: Any, status: int, code: int) -> None:
    answer = post(node, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_only_who_knows_the_password_may_call(node: Bitcoin) -> None:
    user = node.env["BITCOIN_RPC_USER"]
    for auth in (None, (user, "wrong"), ("wrong", node.env["BITCOIN_RPC_PASSWORD"])):
        answer = post(node, call("getblockcount"), auth=auth)
        assert (answer.status_code, answer.content) == (401, b"")
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="jsonrpc"'


def test_calls_are_posted_and_wallets_are_named_in_the_path(node: Bitcoin) -> None:
    auth = (node.env["BITCOIN_RPC_USER"], node.env["BITCOIN_RPC_PASSWORD"])
    assert requests.get(node.env["BITCOIN_RPC_URL"], auth=auth, timeout=30).status_code == 405
    assert post(node, call("getblockcount"), "/nowhere").status_code == 404
    assert post(node, call("getbalance"), "/wallet/faucet").json()["result"] > 0
    assert post(node, call("getbalance"), "/wallet/nobody").json()["error"]["code"] == -18


def test_amounts_have_eight_places(node: Bitcoin) -> None:
    raw = post(node, call("listunspent"), "/wallet/faucet").text
    assert '"amount":5.00000000' in raw
