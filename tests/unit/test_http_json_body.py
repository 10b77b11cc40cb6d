import time

import pytest

from paygate.domain.errors import InvalidField
from paygate.http.errors import BodyTooLarge, MalformedBody, UnsupportedMediaType
from paygate.http.json_body import Number, read_object
from tests.unit.http_support import json_request, request


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b'{"a":1,}',
        b"{'a':1}",
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":01}',
        b'{"a":1} x',
        b'{"a":"\n"}',
        b"[" * 60_000,
        b'{"a":' * 12_000,
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_not_one_json_object_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read_object(json_request(body))


def test_invalid_utf8_is_malformed() -> None:
    sent = request(
        "POST",
        "/payments",
        body=b'{"orderId":"\xff\xfe"}',
        headers=[("content-type", "application/json")],
        is_base64=True,
    )
    with pytest.raises(MalformedBody):
        read_object(sent)


def test_a_name_that_is_there_twice_is_named() -> None:
    with pytest.raises(InvalidField) as refused:
        read_object(json_request('{"amount":1,"metadata":{},"amount":2}'))
    assert refused.value.field == "amount"


@pytest.mark.parametrize("literal", ["1e999999", "0.1", "-0", "1E+2", "9" * 60_000])
def test_numbers_stay_as_they_were_written_and_cost_nothing(literal: str) -> None:
    """C9"""
    started = time.perf_counter()
    assert read_object(json_request(f'{{"amount":{literal}}}')) == {"amount": Number(literal)}
    assert time.perf_counter() - started < 0.2


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/json; charset=gbk", "application/jsonx", "", "application/json, text/plain"],
)
def test_other_content_types_are_refused(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        read_object(request("POST", "/payments", body="{}", headers=[("Content-Type", content_type)]))


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON", 'application/json;charset="UTF-8"']
)
def test_json_in_utf8_is_taken(content_type: str) -> None:
    assert read_object(request("POST", "/x", body="{}", headers=[("CONTENT-TYPE", content_type)])) == {}


def test_an_empty_body_is_an_empty_object() -> None:
    assert read_object(request("POST", "/payments/PAY_1/refunds")) == {}


@pytest.mark.parametrize("is_base64", [True, False])
def test_a_body_may_have_64_kib_and_not_a_byte_more(*, is_base64: bool) -> None:
    assert len(request("POST", "/x", body=b"x" * 65_536, is_base64=is_base64).body) == 65_536
    with pytest.raises(BodyTooLarge):
        request("POST", "/x", body=b"x" * 65_537, is_base64=is_base64)
    with pytest.raises(BodyTooLarge):
        request("POST", "/x", body=b"x" * 1_000_000, is_base64=is_base64)
