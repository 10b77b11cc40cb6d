"""What a REST API hands to a function for an HTTP request, and what it makes of the answer.

Payload format 1.0 of Lambda proxy integration, with REST API's habits: names of headers keep their case,
the last value of a repeated name stands in the single-value maps, empty maps are null, the path stays
percent-encoded while path parameters and queries are decoded.
"""

import base64
import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from infra.local.template import Function, Template

STAGE = "local"
ACCOUNT, API_ID = "123456789012", "localapi00"
# API Gateway keeps these to itself.
HOP_HEADERS = {"connection", "content-length", "transfer-encoding", "keep-alive", "te", "upgrade"}


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    client: str = "127.0.0.1"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")


@dataclass(frozen=True)
class Response:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class NoSuchRoute(Exception):
    """`allowed` holds the methods that the path has, if it exists at all."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        super().__init__()
        self.allowed = sorted(allowed)


class MalformedAnswer(Exception):
    """The function's answer is not what proxy integration takes."""


class Router:
    """Literal segments before parameters; a parameter is one segment and never empty."""

    def __init__(self, template: Template) -> None:
        self._routes: dict[str, dict[str, Function]] = {}
        for function in template.functions:
            for route in function.routes:
                self._routes.setdefault(route.path, {})[route.method] = function
        self._resources = sorted(self._routes)  # "{" sorts behind every letter

    def match(self, method: str, path: str) -> tuple[Function, str, dict[str, str]]:
        """The function, the resource it is mounted on, and the path's parameters, decoded."""
        parts = (path[:-1] if path.endswith("/") and path != "/" else path).split("/")
        for resource in self._resources:
            parameters = _match(resource.split("/"), parts)
            if parameters is not None:
                methods = self._routes[resource]
                function = methods.get(method) or methods.get("ANY")
                if function is None:
                    raise NoSuchRoute(methods)
                return function, resource, parameters
        raise NoSuchRoute


def _match(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(parts):
        return None
    parameters = {}
    for expected, part in zip(pattern, parts, strict=True):
        if expected.startswith("{") and part:
            parameters[expected.strip("{}")] = unquote(part)
        elif expected != part:
            return None
    return parameters


@dataclass(frozen=True)
class RestEvents:
    binary_types: frozenset[str]
    request_ids: Any = field(default=uuid.uuid4)

    def build(self, request: Request, resource: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        headers = [(name, value) for name, value in request.headers if name.lower() not in HOP_HEADERS]
        headers += [("X-Forwarded-For", request.client), ("X-Forwarded-Proto", "http")]
        query = parse_qsl(request.query, keep_blank_values=True)
        is_binary = bool(request.body) and self.is_binary(request.header("content-type"))
        return {
            "resource": resource,
            "path": request.path,
            "httpMethod": request.method,
            "headers": dict(headers) or None,
            "multiValueHeaders": _by_name(headers) or None,
            "queryStringParameters": dict(query) or None,
            "multiValueQueryStringParameters": _by_name(query) or None,
            "pathParameters": dict(parameters) or None,
            "stageVariables": None,
            "requestContext": self._context(request, resource),
            "body": _text(request.body, is_binary=is_binary),
            "isBase64Encoded": is_binary,
        }

    def is_binary(self, content_type: str) -> bool:
        media_type = content_type.partition(";")[0].strip().lower()
        return "*/*" in self.binary_types or media_type in self.binary_types

    def _context(self, request: Request, resource: str) -> dict[str, Any]:
        now = time.time()
        request_id = str(self.request_ids())
        return {
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": request.header("host"),
            "domainPrefix": request.header("host").partition(".")[0],
            "extendedRequestId": request_id,
            "httpMethod": request.method,
            "identity": {
                "accessKey": None,
                "accountId": None,
                "caller": None,
                "cognitoAuthenticationProvider": None,
                "cognitoAuthenticationType": None,
                "cognitoIdentityId": None,
                "cognitoIdentityPoolId": None,
                "principalOrgId": None,
                "sourceIp": request.client,
                "user": None,
                "userAgent": request.header("user-agent") or None,
                "userArn": None,
            },
            "path": f"/{STAGE}{request.path}",
            "protocol": "HTTP/1.1",
            "requestId": request_id,
            "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(now * 1000),
            "resourceId": "local0",
            "resourcePath": resource,
            "stage": STAGE,
        }

    def answer(self, answer: Any, accept: str) -> Response:
        """Turn a function's answer into HTTP; raises MalformedAnswer."""
        try:
            single = {name: [_header(value)] for name, value in (answer.get("headers") or {}).items()}
            multi = {
                name: [_header(value) for value in values]
                for name, values in (answer.get("multiValueHeaders") or {}).items()
            }
            body = answer.get("body") or ""
            status = int(answer["statusCode"])
            content = body.encode()
            if answer.get("isBase64Encoded") and self.is_binary(accept.partition(",")[0]):
                content = base64.b64decode(body)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise MalformedAnswer from error
        headers = [(name, value) for name, values in {**single, **multi}.items() for value in values]
        if "content-type" not in {name.lower() for name, _ in headers}:
            headers.append(("Content-Type", "application/json"))
        return Response(status, headers, content)


def _by_name(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _text(body: bytes, *, is_binary: bool) -> str | None:
    if not body:
        return None
    return base64.b64encode(body).decode() if is_binary else body.decode("utf-8", "replace")


def _header(value: Any) -> str:
    if isinstance(value, dict | list) or value is None:
        raise MalformedAnswer
    return json.dumps(value) if isinstance(value, bool) else str(value)
