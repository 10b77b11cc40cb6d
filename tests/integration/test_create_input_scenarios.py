"""C7 and C9: idempotency keys as nobody should send them, and amounts as somebody will."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.shop import new_key, new_order, reference

if TYPE_CHECKING:
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.shop import Shop


def post_raw(shop: Shop, body: bytes, *headers: bytes) -> tuple[int, dict[str, object]]:
    """Header lines exactly as given, which no client library would send."""
    place = urlsplit(shop.url)
    lines = [
        b"POST /payments HTTP/1.1",
        f"Host: {place.netloc}".encode(),
        f"Authorization: Bearer {shop.api_key}".encode(),
        b"Content-Type: application/json",
        f"Content-Length: {len(body)}".encode(),
        b"Connection: close",
        *headers,
    ]
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=30) as connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, content = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(content)


def body_of(order_id: str, **fields: object) -> bytes:
    body = {
        "orderId": order_id,
        "userId": 1,
        "amount": "1.00",
        "currency": "CNY",
        "method": "ALIPAY",
        "channel": "WEB",
    }
    return json.dumps({**body, **fields}).encode()


BAD_KEYS = {
    "none": [],
    "blank": [b"Idempotency-Key:"],
    "spaces": [b"Idempotency-Key:    "],
    "a space inside": [b"Idempotency-Key: a b"],
    "a tab inside": [b"Idempotency-Key: a\tb"],
    "too long": [b"Idempotency-Key: " + b"k" * 256],
    "latin-1": [b"Idempotency-Key: caf\xe9"],
    "UTF-8": ["Idempotency-Key: \u8ba2\u5355".encode()],
    "DEL": [b"Idempotency-Key: a\x7f"],
    "twice": [b"Idempotency-Key: one", b"Idempotency-Key: two"],
    "twice the same": [b"Idempotency-Key: one", b"Idempotency-Key: one"],
    "twice in two spellings": [b"Idempotency-Key: one", b"idempotency-key: one"],
}


@pytest.mark.parametrize("headers", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_c7_a_key_that_is_none_is_refused(shop: Shop, books: Books, headers: list[bytes]) -> None:
    order_id = new_order()

    status, problem = post_raw(shop, body_of(order_id), *headers)

    assert (status, problem["code"], problem["field"]) == (400, "invalid_field", "Idempotency-Key")
    assert books.run("SELECT id FROM payments WHERE order_id = :id", id=order_id) == []


@pytest.mark.parametrize("value", ["", " ", "k" * 256, "\u8ba2\u5355", 7, None, ["k"], "\x00"], ids=repr)
def test_c7_the_bodys_key_is_held_to_the_same(shop: Shop, value: object) -> None:
    status, problem = post_raw(shop, body_of(new_order(), idempotencyKey=value))

    assert (status, problem["field"]) == (400, "idempotencyKey")


def test_c7_header_and_body_must_agree(shop: Shop) -> None:
    key = new_key()
    body = body_of(new_order(), idempotencyKey=key)

    assert post_raw(shop, body, b"Idempotency-Key: " + new_key().encode())[0] == 400
    created = post_raw(shop, body, b"Idempotency-Key: " + key.encode())
    assert created[0] == 201
    assert post_raw(shop, body) == created


def test_c7_the_longest_key_and_every_visible_character(shop: Shop) -> None:
    visible = bytes(range(0x21, 0x7F))
    key = (new_key().encode() + visible).ljust(255, b"~")

    assert post_raw(shop, body_of(new_order()), b"iDEMPOTENCY-kEY: " + key)[0] == 201


HOSTILE_AMOUNTS = [
    *("0.30000000000000004", '"0.30000000000000004"', "1e999999", "1e-999999", '"1e3"', "1E+400", "1e4000000000"),
    *(
        "100000000000000000000",
        '"100000000000000000000"',
        "1e20",
        "0.001",
        '"0.001"',
        "1e-3",
        "-1",
        '"-1"',
        "-0.01",
    ),
    *("0", "0.00", "-0", '"0"', "NaN", '"NaN"', "Infinity", '"Infinity"', "-Infinity", '"+1"', '" 1"', '"1 "'),
    *('"1,00"', '"1_0"', '"0x10"', '"1."', '".5"', '"01"', '""', "null", "true", "[1]", '{"a":1}', '"1\\n"'),
    *(
        '"\u0661"',
        '"\uff11"',
        "9" * 60_000,
        '"' + "9" * 60_000 + '"',
        "0." + "0" * 60_000 + "1",
        "1e" + "9" * 60_000,
    ),
]


@pytest.mark.parametrize("literal", HOSTILE_AMOUNTS, ids=lambda literal: literal[:24])
def test_c9_a_hostile_amount_is_a_quick_400(shop: Shop, books: Books, literal: str) -> None:
    order_id = new_order()
    body = body_of(order_id, amount="@").replace(b'"@"', literal.encode())

    started = time.monotonic()
    status, problem = post_raw(shop, body, b"Idempotency-Key: " + new_key().encode())

    assert status == 400
    if literal not in ("NaN", "Infinity", "-Infinity"):  # those are no JSON at all
        assert problem["field"] == "amount"
    assert time.monotonic() - started < 1
    assert books.run("SELECT id FROM payments WHERE order_id = :id", id=order_id) == []


EXACT_AMOUNTS = [
    *(("0.3", "0.30", 30), ("100", "100.00", 10_000), ("100.10", "100.10", 10_010), ("1e2", "100.00", 10_000)),
    *(
        ('"0.29"', "0.29", 29),
        ('"1.500"', "1.50", 150),
        ("4.35", "4.35", 435),
        ("90071992.54", "90071992.54", 9007199254),
    ),
    *(("1.10e0", "1.10", 110), ("1e-2", "0.01", 1)),
]


@pytest.mark.parametrize(("literal", "shown", "fen"), EXACT_AMOUNTS)
def test_c9_an_amount_is_taken_exactly(
    shop: Shop, alipay: Alipay, books: Books, literal: str, shown: str, fen: int
) -> None:
    body = body_of(new_order(), amount="@", channel="QR").replace(b'"@"', literal.encode())

    status, payment = post_raw(shop, body, b"Idempotency-Key: " + new_key().encode())

    assert (status, payment["amount"]) == (201, shown)
    stored = books.run("SELECT price, due FROM payments WHERE id = :id", id=payment["paymentId"])
    assert stored == [[fen, fen]]
    assert alipay.order(reference(payment))["total"] == fen
