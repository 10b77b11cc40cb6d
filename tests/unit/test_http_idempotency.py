import pytest

from paygate.domain.errors import InvalidField
from paygate.http.idempotency import request_hash, required_claim
from tests.unit.http_support import json_request, request


def test_header_and_body_are_the_same_thing() -> None:
    in_header = required_claim(json_request("{}", ("IDEMPOTENCY-KEY", "k-1")), {})
    in_body = required_claim(json_request("{}"), {"idempotencyKey": "k-1"})
    in_both = required_claim(json_request("{}", ("idempotency-key", "k-1")), {"idempotencyKey": "k-1"})
    assert in_header.key == in_body.key == in_both.key == "k-1"


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "a\x7f", "a\n"])
def test_a_wrong_key_is_refused_wherever_it_stands(key: str) -> None:
    """C7"""
    with pytest.raises(InvalidField):
        required_claim(json_request("{}", ("Idempotency-Key", key)), {})
    with pytest.raises(InvalidField):
        required_claim(json_request("{}"), {"idempotencyKey": key})


def test_a_key_sent_twice_is_refused() -> None:
    """C7, W11"""
    with pytest.raises(InvalidField):
        required_claim(json_request("{}", ("Idempotency-Key", "k"), ("idempotency-key", "k")), {})


@pytest.mark.parametrize("in_body", ["other", None, 1])
def test_header_and_body_must_agree(in_body: object) -> None:
    with pytest.raises(InvalidField) as refused:
        required_claim(json_request("{}", ("Idempotency-Key", "k")), {"idempotencyKey": in_body})  # type: ignore[dict-item]
    assert refused.value.field == "idempotencyKey"


def test_no_key_is_refused() -> None:
    with pytest.raises(InvalidField) as refused:
        required_claim(json_request("{}"), {})
    assert refused.value.field == "Idempotency-Key"


def test_the_longest_key_is_taken() -> None:
    assert required_claim(json_request("{}", ("Idempotency-Key", "x" * 255)), {}).key == "x" * 255


def test_the_hash_covers_method_concrete_path_and_body() -> None:
    """C2"""
    hashes = {
        request_hash(request(method, path, body=body))
        for method in ("POST", "PUT")
        for path in ("/payments/PAY_1/refunds", "/payments/PAY_2/refunds")
        for body in ("{}", "{ }")
    }
    assert len(hashes) == 8


def test_the_hash_is_of_the_bytes_whatever_way_they_came() -> None:
    plain = request("POST", "/payments", body="{}")
    encoded = request("POST", "/payments/", body="{}", is_base64=True)
    assert request_hash(plain) == request_hash(encoded)
