"""The local gateway hands functions what a REST API hands them, and answers what a REST API answers."""

import base64
import http.client
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from infra.local.servers.programs import Gateway

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    CodeUri: functions/
    Timeout: 2
    Environment: { Variables: { GREETING: hello, APP_ENV: production, QUEUE_URL: !Ref Queue } }
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      BinaryMediaTypes: [application~1x-www-form-urlencoded, image/png]
      GatewayResponses:
        MISSING_AUTHENTICATION_TOKEN:
          StatusCode: 404
          ResponseParameters: { Headers: { Content-Type: "'application/problem+json'", X-From: "'template'" } }
          ResponseTemplates: { application/json: '{"code":"not_found"}' }
  Queue: { Type: AWS::SQS::Queue }
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      Handler: echo.app.lambda_handler
      MemorySize: 512
      Events:
        Post: { Type: Api, Properties: { RestApiId: !Ref Api, Path: /things, Method: post } }
        One: { Type: Api, Properties: { RestApiId: !Ref Api, Path: "/things/{thingId}", Method: get } }
        Batch: { Type: Api, Properties: { RestApiId: !Ref Api, Path: /things/batch, Method: any } }
  Answer:
    Type: AWS::Serverless::Function
    Properties:
      Handler: answer.app.lambda_handler
      Events:
        Any: { Type: Api, Properties: { RestApiId: !Ref Api, Path: "/answer/{how}", Method: get } }
"""

ECHO = """
import json, os

def lambda_handler(event, context):
    facts = {
        "name": context.function_name,
        "memory": context.memory_limit_in_mb,
        "left": context.get_remaining_time_in_millis(),
        "request_id": context.aws_request_id,
        "greeting": os.environ.get("GREETING"),
        "app_env": os.environ.get("APP_ENV"),
    }
    return {"statusCode": 200, "body": json.dumps({"event": event, "context": facts})}
"""

ANSWER = """
import base64, os, time

calls = 0

def lambda_handler(event, context):
    global calls
    calls += 1
    how = event["pathParameters"]["how"]
    if how == "raise":
        raise RuntimeError("on purpose")
    if how == "exit":
        os._exit(3)
    if how == "hang":
        time.sleep(60)
    if how == "slow":
        time.sleep(0.4)
    return {
        "fine": {"statusCode": 201, "headers": {"Content-Type": "text/plain"}, "body": "ü"},
        "slow": {"statusCode": 200, "body": str(os.getpid())},
        "empty": {"statusCode": 204},
        "cookies": {"statusCode": 200, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}, "body": "{}"},
        "lists": {"statusCode": 200, "headers": {"Content-Type": ["text/plain"]}, "body": ""},
        "nothing": None,
        "binary": {
            "statusCode": 200,
            "headers": {"Content-Type": "image/png"},
            "isBase64Encoded": True,
            "body": base64.b64encode(bytes(range(256))).decode(),
        },
    }[how]
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    project = tmp_path_factory.mktemp("project")
    (project / "template.yaml").write_text(TEMPLATE)
    for name, code in (("echo", ECHO), ("answer", ANSWER)):
        (project / "functions" / name).mkdir(parents=True)
        (project / "functions" / name / "app.py").write_text(code)
    settings = {"TEMPLATE": str(project / "template.yaml"), "APP_ENV": "development"}
    with Gateway(project / "gateway", settings=settings) as server:
        yield server


def echo(response: requests.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    event: dict[str, Any] = response.json()["event"]
    return event


def test_an_event_is_a_rest_apis(gateway: Gateway) -> None:
    headers = {"X-Mixed-Case": "Value", "Content-Type": "application/json", "Idempotency-Key": "k"}
    event = echo(
        requests.post(f"{gateway.url}/things?a=1&a=2&b=%20+&c=", headers=headers, data='{"x": "ü"}'.encode())
    )
    assert event["httpMethod"] == "POST"
    assert event["resource"] == event["path"] == "/things"
    assert event["headers"]["X-Mixed-Case"] == "Value"
    assert event["headers"]["Host"] == f"127.0.0.1:{gateway.port}"
    assert event["multiValueHeaders"]["Idempotency-Key"] == ["k"]
    assert "Content-Length" not in event["headers"]
    assert event["queryStringParameters"] == {"a": "2", "b": "  ", "c": ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": ["  "], "c": [""]}
    assert event["pathParameters"] is None
    assert event["stageVariables"] is None
    assert (event["body"], event["isBase64Encoded"]) == ('{"x": "ü"}', False)
    context = event["requestContext"]
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["path"] == f"/{context['stage']}/things"
    assert context["resourcePath"] == "/things"
    assert len(context["requestId"]) == 36


def test_maps_are_null_when_empty_and_paths_stay_encoded(gateway: Gateway) -> None:
    event = echo(requests.get(f"{gateway.url}/things/a%2Fb%20c/"))
    assert event["resource"] == "/things/{thingId}"
    assert event["path"] == "/things/a%2Fb%20c/"
    assert event["pathParameters"] == {"thingId": "a/b c"}
    assert event["queryStringParameters"] is None
    assert event["multiValueQueryStringParameters"] is None
    assert (event["body"], event["isBase64Encoded"]) == (None, False)


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=GBK"]
)
def test_bodies_of_binary_types_arrive_byte_for_byte(gateway: Gateway, content_type: str) -> None:
    body = "subject=支付".encode("gbk") + b"&raw=\x00\xff%C4%E3"
    event = echo(requests.post(f"{gateway.url}/things", headers={"Content-Type": content_type}, data=body))
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == body


def test_repeated_headers_are_all_there(gateway: Gateway) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port)
    connection.putrequest("GET", "/things/1")
    connection.putheader("X-Twice", "one")
    connection.putheader("X-Twice", "two")
    connection.endheaders()
    event = json.loads(connection.getresponse().read())["event"]
    connection.close()
    assert event["multiValueHeaders"]["X-Twice"] == ["one", "two"]
    assert event["headers"]["X-Twice"] == "two"


def test_chunked_bodies_are_put_together(gateway: Gateway) -> None:
    assert echo(requests.post(f"{gateway.url}/things", data=iter([b"one ", b"two"])))["body"] == "one two"


def test_the_context_is_the_functions(gateway: Gateway) -> None:
    context = requests.get(f"{gateway.url}/things/1").json()["context"]
    assert (context["name"], context["memory"]) == ("Echo", 512)
    assert 1000 < context["left"] <= 2000
    assert context["greeting"] == "hello"
    assert context["app_env"] == "development"


def test_literal_paths_win_over_parameters(gateway: Gateway) -> None:
    assert echo(requests.patch(f"{gateway.url}/things/batch"))["resource"] == "/things/batch"


@pytest.mark.parametrize("path", ["/", "/nothing", "/things/", "/things/1/2", "/answer", "/answer//", "/Things"])
def test_what_is_not_in_the_template_does_not_exist(gateway: Gateway, path: str) -> None:
    response = requests.get(gateway.url + path)
    assert response.status_code == (405 if path == "/things/" else 404)
    assert response.headers["Content-Type"] == "application/problem+json"


def test_refusals_are_worded_by_the_template(gateway: Gateway) -> None:
    response = requests.get(f"{gateway.url}/nothing")
    assert (response.json(), response.headers["X-From"]) == ({"code": "not_found"}, "template")


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "BREW", "HEAD"])
def test_a_wrong_method_names_the_right_ones(gateway: Gateway, method: str) -> None:
    response = requests.request(method, f"{gateway.url}/things")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert method == "HEAD" or response.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("how", ["raise", "exit", "hang", "nothing", "lists"])
def test_a_function_that_fails_is_a_502_and_the_next_call_is_served(gateway: Gateway, how: str) -> None:
    response = requests.get(f"{gateway.url}/answer/{how}")
    assert response.status_code == 502
    assert response.headers["Content-Type"] == "application/problem+json"
    assert requests.get(f"{gateway.url}/answer/fine").status_code == 201


def test_the_trace_of_a_failure_is_in_the_log(gateway: Gateway) -> None:
    requests.get(f"{gateway.url}/answer/raise")
    assert "RuntimeError: on purpose" in gateway.log.read_text()


def test_answers_pass_unchanged(gateway: Gateway) -> None:
    fine = requests.get(f"{gateway.url}/answer/fine")
    assert (fine.status_code, fine.headers["Content-Type"], fine.content) == (201, "text/plain", "ü".encode())
    empty = requests.get(f"{gateway.url}/answer/empty")
    assert (empty.status_code, empty.content) == (204, b"")
    assert requests.get(f"{gateway.url}/answer/cookies").cookies.get_dict() == {"a": "1", "b": "2"}


def test_a_binary_answer_is_decoded_for_those_who_ask_for_its_type(gateway: Gateway) -> None:
    asked = requests.get(f"{gateway.url}/answer/binary", headers={"Accept": "image/png, */*"})
    assert asked.content == bytes(range(256))
    plain = requests.get(f"{gateway.url}/answer/binary", headers={"Accept": "text/html"})
    assert plain.content == base64.b64encode(bytes(range(256)))


@pytest.mark.parametrize("megabytes", [7, 11])
def test_a_body_that_is_too_long_is_a_413(gateway: Gateway, megabytes: int) -> None:
    response = requests.post(f"{gateway.url}/things", data=b"x" * (megabytes << 20))
    assert response.status_code == 413


@pytest.mark.parametrize(
    "head", [b"GET\r\n\r\n", b"POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"\x16\x03\r\n\r\n"]
)
def test_broken_http_is_a_400(gateway: Gateway, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
        connection.sendall(head)
        answer = connection.makefile("rb").read()
    assert b"400 Bad Request" in answer.splitlines()[0]
    assert b"application/problem+json" in answer


def test_requests_run_at_once_in_processes_of_their_own_and_connections_stay_open(gateway: Gateway) -> None:
    with requests.Session() as session:
        session.get(f"{gateway.url}/answer/fine")
        started = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            pids = list(pool.map(lambda _: requests.get(f"{gateway.url}/answer/slow").text, range(4)))
        assert len(set(pids)) == 4
        assert time.monotonic() - started < 2.5
        connection = next(iter(session.adapters["http://"].poolmanager.pools._container.values()))
        session.get(f"{gateway.url}/answer/fine")
        assert connection.num_connections == 1
