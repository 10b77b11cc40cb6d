"""What looks like a card number is found however it is written, and hardly anything else is taken for one."""

import json
import random
import time
import uuid

import pytest

from paygate.adapters.system.clock import SystemClock, SystemIds
from paygate.card_numbers import holds_card_number, is_card_number, masked
from paygate.http import problems
from paygate.http.card_numbers import refuse_in, refuse_in_create
from paygate.http.errors import CardNumberRefused
from paygate.http.json_body import read_object
from paygate.http.request import Request

VISA, AMEX, MASTERCARD, UNIONPAY = "4242424242424242", "378282246310005", "2223003122003222", "6200000000000005"
CARDS = (
    VISA,
    AMEX,
    MASTERCARD,
    UNIONPAY,
    "5555555555554444",
    "30569309025904",
    "6304000000000000",
    "4222222222222",
)
WRITTEN = (
    VISA,
    "4242 4242 4242 4242",
    "4242-4242-4242-4242",
    "4242.4242.4242.4242",
    "4242  4242 - 4242 4242",
    "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
    "card4242424242424242x",
    "ORDER_4242424242424242",
    "no. 4242 4242 4242 4242 12/30 123",
    "7 4242 4242 4242 4242",
    "2026-11-22 4242424242424242",
    "\N{FULLWIDTH DIGIT FOUR}\N{FULLWIDTH DIGIT TWO}" * 8,
    "4242\N{FULLWIDTH FULL STOP}4242\N{BULLET}4242\N{MIDDLE DOT}4242",
    "4242\u00a04242\u20094242\u20134242",
    "4242\u200b4242\u200b4242\u200b4242",
    "\u0664\u0662\u0664\u0662" * 4,
    "3782 822463 10005",
    "line one\n4242424242424242",
)


def created(body: object, **changes: object) -> CardNumberRefused | None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    facts = {
        "method": "POST",
        "path": "/payments",
        "sent_path": "/v1/payments",
        "headers": {"content-type": ["application/json"], "idempotency-key": ["key-1"]},
        "query": {},
        "body": raw,
        "id": "id",
        "parameters": {},
    }
    request = Request(**{**facts, **changes})  # type: ignore[arg-type]
    try:
        refuse_in_create(request, read_object(request))
    except CardNumberRefused as refused:
        return refused
    return None


def field_of(body: object, **changes: object) -> str | None:
    refused = created(body, **changes)
    if refused is not None:
        answer = problems.answer(refused, "id")
        told = json.loads(str(answer.body))
        assert (told["status"], told["code"], told["field"]) == (400, "card_number_refused", refused.field)
        assert "4242" not in str(answer.body)
    return refused.field if refused else None


@pytest.mark.parametrize("number", CARDS)
def test_issuers(number: str) -> None:
    assert is_card_number(number)
    others = {number[:-1] + digit for digit in "0123456789"} - {number}
    assert not any(map(is_card_number, others))


@pytest.mark.parametrize(
    "number", ["1234567890123452", "7992739871300009", "2720990000000007"[:12], "2121000000000003"]
)
def test_other_numbers(number: str) -> None:
    assert not is_card_number(number)


@pytest.mark.parametrize("text", WRITTEN)
def test_however_it_is_written(text: str) -> None:
    assert holds_card_number(text)


@pytest.mark.parametrize("text", [text for text in WRITTEN if text.isascii()])
def test_a_log_line_loses_it(text: str) -> None:
    line = masked(f'{{"message": "{text}", "at": "2026-11-22T19:36:33.123Z"}}', "[redacted]")
    assert "[redacted]" in line
    assert "4242" not in line.replace(" ", "") or "822463" not in line
    assert line.endswith('"at": "2026-11-22T19:36:33.123Z"}')


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"description": f"card {VISA}"}, "description"),
        ({"orderId": VISA}, "orderId"),
        ({"userId": int(VISA)}, "userId"),
        ({"metadata": {"a": {"b": ["x", VISA]}}}, "metadata.a.b[1]"),
        ({"metadata": {VISA: "x"}}, "metadata"),
        ({"returnUrl": f"https://shop.example/?card={VISA}"}, "returnUrl"),
        ({"card": {"number": int(VISA)}}, "card.number"),
        ({"idempotencyKey": f"pay-{VISA}"}, "idempotencyKey"),
        ({VISA: 1}, "body"),
        ({"amount": VISA}, "amount"),
    ],
)
def test_a_payment_by_card_is_refused_for_one_anywhere(body: dict[str, object], field: str) -> None:
    assert field_of({"method": "CREDIT_CARD", **body}) == field


@pytest.mark.parametrize(
    "literal", ["4242424242424242", "4242424242424242.0", "4.242424242424242e15", "42424242424242420e-1"]
)
def test_numbers_are_looked_at_as_they_are_written_and_written_out(literal: str) -> None:
    assert field_of(f'{{"method": "CREDIT_CARD", "userId": {literal}}}'.encode()) == "userId"


def test_around_the_body() -> None:
    body = {"method": "CREDIT_CARD"}
    headers = {"content-type": ["application/json"], "idempotency-key": [VISA]}
    assert field_of(body, headers=headers) == "Idempotency-Key"
    assert field_of(body, query={"card": [VISA]}) == "query"
    assert field_of(body, query={VISA: [""]}) == "query"
    assert field_of(body, sent_path=f"/v1/payments/{VISA}") == "path"
    assert field_of(body) is None


def test_other_methods_may_use_digits_for_their_names_and_not_for_their_texts() -> None:
    shop = {"method": "ALIPAY", "orderId": VISA, "userId": int(VISA), "idempotencyKey": VISA}
    assert field_of(shop) is None
    assert field_of({**shop, "description": VISA}) == "description"
    assert field_of({**shop, "metadata": {"note": VISA}}) == "metadata.note"


@pytest.mark.parametrize("method", [None, 1, ["CREDIT_CARD"], {"CREDIT_CARD": 1}, {}])
def test_a_method_that_is_none_is_taken_for_the_card(method: object) -> None:
    assert field_of({"method": method, "orderId": VISA}) == "orderId"
    assert field_of({"method": method, "orderId": "O1"}) is None


def test_one_field_alone() -> None:
    refuse_in({"amount": VISA}, "reason")
    with pytest.raises(CardNumberRefused):
        refuse_in({"reason": f"charged {VISA} twice"}, "reason")


def test_a_problem_never_quotes_one() -> None:
    answer = problems.answer(ValueError(VISA), "id")
    assert VISA not in str(answer.body)
    assert problems.printable(f"{VISA}: is not a field of this request", 300).startswith("[redacted]: is")


def test_what_is_none() -> None:
    """A fixed seed. By chance some of these would hold one, were they not known for what they are."""
    numbers = random.Random(20261122)
    ids = SystemIds(SystemClock())
    for _ in range(3000):
        made = uuid.UUID(int=numbers.getrandbits(128), version=4)
        payment = ids.new("PAY")
        names = (str(made), made.hex, f"key-{made.hex}", payment, payment.removeprefix("PAY_") + "01")
        now_ms = 1_700_000_000_000 + numbers.getrandbits(38)
        times = (str(now_ms), f"{now_ms}000", "2026-11-22T19:36:33.123Z", "20261122193633", "2026-11-22 19:36:33")
        for text in (*names, *times, f"ORDER_{now_ms}", "100.00", "+49 30 1234567", "192.168.100.200"):
            assert not holds_card_number(text), text
            assert masked(text, "") == text


def test_long_bodies_take_no_time() -> None:
    text = "4 " * 9 + "1 " * 10
    started = time.perf_counter()
    holds_card_number(text * 1700)
    holds_card_number("4" * 65_000)
    masked("4" * 65_000, "")
    assert time.perf_counter() - started < 2
