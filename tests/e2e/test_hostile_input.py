"""Whatever is sent over HTTP is a problem document that names the field, and never a 5xx."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.shop import new_key, new_order

if TYPE_CHECKING:
    from tests.support.shop import Shop

SQL = "'; DROP TABLE payments; --"
LONG = "x" * 1_000_000
JSON = {"Content-Type": "application/json"}


def create_body(**changes: object) -> dict[str, Any]:
    body = {"orderId": new_order(), "userId": 1, "amount": "1.00", "currency": "CNY", "method": "ALIPAY"}
    return {**body, "channel": "WEB", **changes}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("orderId", "a\x00b"),
        ("orderId", "half \ud800"),
        ("orderId", "x" * 60_000),
        ("orderId", ["a"]),
        ("userId", "1"),
        ("userId", True),
        ("userId", 2**63),
        ("amount", {"$gt": 0}),
        ("amount", SQL),
        ("currency", SQL),
        ("method", "alipay"),
        ("channel", "\udfff"),
        ("description", "bell \x07"),
        ("returnUrl", "javascript:alert(1)"),
        ("expiresInSeconds", -1),
        ("metadata", {"k": {"deep": 1}}),
        ("metadata", {"k": "v" * 5000}),
        ("isPaid", True),
        ("__proto__", {}),
    ],
    ids=lambda value: str(value)[:20].encode("ascii", "backslashreplace").decode(),
)
def test_a_wrong_field_of_create_is_named(shop: Shop, field: str, value: object) -> None:
    answer = shop.call(
        "POST",
        "/payments",
        data=json.dumps(create_body(**{field: value})),
        headers={**JSON, "Idempotency-Key": new_key()},
    )
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json"), answer.text
    assert answer.json()["field"].partition(".")[0] == field


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("POST", "/payments", {"data": b'{"orderId":', "headers": JSON}, 400),
        ("POST", "/payments", {"data": b'{"a": NaN}', "headers": JSON}, 400),
        ("POST", "/payments", {"data": b"\xff\xfe", "headers": JSON}, 400),
        ("POST", "/payments", {"data": b"[" * 60_000, "headers": JSON}, 400),
        ("POST", "/payments", {"data": b'{"orderId": "' + b"x" * 70_000 + b'"}', "headers": JSON}, 413),
        ("POST", "/payments", {"json": {"orderId": LONG}}, 413),
        ("POST", "/payments", {"data": b"<a/>", "headers": {"Content-Type": "application/xml"}}, 415),
        ("POST", "/payments/batch", {"json": {"paymentIds": [SQL, "\x00"]}}, 400),
        ("POST", "/payments/batch", {"json": {"paymentIds": "PAY_1"}}, 400),
        ("GET", "/payments?state=" + SQL, {}, 400),
        ("GET", "/payments?cursor=%00", {}, 400),
        ("GET", "/payments?cursor=UEFZX1pa&limit=1e9", {}, 400),
        ("GET", "/payments?limit=1&limit=2", {}, 400),
        ("GET", "/payments?createdSince=9999-99-99T99:99:99Z", {}, 400),
        ("GET", "/payments/%00", {}, 404),
        ("GET", "/payments/" + SQL, {}, 404),
        ("GET", "/payments/..%2f..%2fetc%2fpasswd", {}, 404),
        ("GET", "/refunds/PAY_00000000000000000000000000", {}, 404),
        ("GET", "/orders/%ff%fe/payments", {}, 400),
        ("GET", "/orders/" + "x" * 65 + "/payments", {}, 400),
        ("GET", "/nowhere", {}, 404),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_read_is_a_problem_document(
    shop: Shop, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    headers = {"Idempotency-Key": new_key(), **options.get("headers", {})}
    answer = shop.call(method, path, **{**options, "headers": headers})
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"]
    assert problem["requestId"]


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/payments"), ("PUT", "/health"), ("GET", "/payments/batch")]
)
def test_a_wrong_method_is_refused(shop: Shop, method: str, path: str) -> None:
    answer = shop.call(method, path)
    assert 400 <= answer.status_code < 500
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_id_of_a_megabyte_in_the_path_is_refused(shop: Shop) -> None:
    assert 400 <= shop.call("GET", "/payments/" + LONG).status_code < 500


def test_sql_in_what_may_be_anything_is_kept_as_it_is(shop: Shop) -> None:
    order = f"{new_order()[:30]} {SQL}"
    created = shop.created(orderId=order, description=SQL, metadata={"k": SQL}, channel="WEB")
    [found] = shop.call("GET", f"/orders/{order}/payments").json()["payments"]
    assert (found["orderId"], found["description"], found["metadata"]) == (order, SQL, {"k": SQL})
    assert shop.status(created["paymentId"]) == found
