import json
from typing import Any

import pytest

from paygate.domain.errors import InvalidField
from paygate.http.bodies import read_batch, read_cancel, read_create, read_refund
from paygate.http.json_body import read_object
from tests.unit.http_support import json_request

LEAST = {"orderId": "ORDER_1", "userId": 1, "amount": "100.00", "currency": "CNY", "method": "ALIPAY"}


def body(**changes: Any) -> dict[str, Any]:
    return read_object(json_request(json.dumps({**LEAST, **changes})))  # type: ignore[return-value]


def test_create_reads_its_defaults() -> None:
    command = read_create(body(), "request-1")
    assert (command.order_id, command.user_id, command.price.units) == ("ORDER_1", 1, 10_000)
    assert (command.channel, command.expires_in_seconds, command.metadata) == (None, 900, {})
    assert command.request_id == "request-1"


def test_create_reads_everything() -> None:
    metadata = {"cart": "17", "gift": True, "weight": 1.5, "items": 3, "note": "a\nb", "none": None, "empty": ""}
    command = read_create(
        body(
            amount=99.9,
            channel="WEB",
            description="一杯茶",
            returnUrl="https://shop.example/thanks?order=1",
            expiresInSeconds=60,
            metadata=metadata,
        ),
        "request-1",
    )
    assert command.price.text() == "99.90"
    assert (command.channel, command.description) == ("WEB", "一杯茶")
    assert command.return_url == "https://shop.example/thanks?order=1"
    assert command.expires_in_seconds == 60
    assert command.metadata == metadata


def test_a_bank_needs_days() -> None:
    bank = {"method": "BANK_TRANSFER", "currency": "EUR"}
    assert read_create(body(**bank), "request-1").expires_in_seconds == 7 * 86_400
    assert read_create(body(**bank, expiresInSeconds=30 * 86_400), "request-1").expires_in_seconds == 30 * 86_400
    with pytest.raises(InvalidField):
        read_create(body(**bank, expiresInSeconds=30 * 86_400 + 1), "request-1")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("orderId", ""),
        ("orderId", 7),
        ("orderId", "x" * 1_000),
        ("orderId", "a\u0000"),
        ("userId", "1"),
        ("userId", -1),
        ("userId", 1.5),
        ("userId", 2**63),
        ("userId", None),
        ("amount", "0"),
        ("amount", "-1"),
        ("amount", "1.001"),
        ("amount", 0.1 + 0.2),
        ("amount", "NaN"),
        ("amount", "1e2"),
        ("amount", 10**20),
        ("amount", "1000000000000"),
        ("amount", None),
        ("amount", [1]),
        ("amount", "\uff11"),
        ("currency", "USD"),
        ("currency", "cny"),
        ("currency", 1),
        ("method", "alipay"),
        ("method", "CASH"),
        ("method", {}),
        ("channel", "NFC"),
        ("channel", None),
        ("description", "x" * 257),
        ("returnUrl", "javascript:alert(1)"),
        ("returnUrl", "/thanks"),
        ("returnUrl", "http://"),
        ("returnUrl", "https://shop.example:99999/"),
        ("returnUrl", "https://user:pass@shop.example/"),
        ("returnUrl", "https://shop.example/ a"),
        ("returnUrl", "https://[shop"),
        ("expiresInSeconds", 59),
        ("expiresInSeconds", 86_401),
        ("expiresInSeconds", "900"),
        ("metadata", []),
        ("metadata", {"a": "x" * 4_096}),
        ("idempotencykey", "k"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(InvalidField) as refused:
        read_create(body(**{field: value}), "request-1")
    assert refused.value.field == field


@pytest.mark.parametrize("missing", LEAST)
def test_a_missing_field_is_named(missing: str) -> None:
    given = {name: value for name, value in body().items() if name != missing}
    with pytest.raises(InvalidField) as refused:
        read_create(given, "request-1")
    assert refused.value.field == missing


@pytest.mark.parametrize("value", [{"deep": 1}, [1], 12345678901234567, "\ud800", "a\x00"])
def test_metadata_is_flat_and_exact(value: Any) -> None:
    with pytest.raises(InvalidField) as refused:
        read_create(body(metadata={"fine": 1, "wrong": value}), "request-1")
    assert refused.value.field == "metadata.wrong"


def test_metadata_numbers_never_overflow() -> None:
    raw = json.dumps({**LEAST, "metadata": {"n": "@"}}).replace('"@"', "1e999999")
    with pytest.raises(InvalidField):
        read_create(read_object(json_request(raw)), "request-1")


def test_a_refund_without_amount_is_all_that_is_left() -> None:
    assert read_refund({}, "PAY_1", "request-1").amount is None


def test_a_refund_reads_its_amount_exactly() -> None:
    command = read_refund(read_object(json_request('{"amount":10.50,"currency":"CNY","reason":"late"}')), "P", "r")
    assert (command.amount, command.currency, command.reason) == ("10.50", "CNY", "late")


@pytest.mark.parametrize("given", ['{"amount":null}', '{"amount":true}', '{"amount":-1}', '{"amonut":1}'])
def test_a_wrong_refund_refunds_nothing(given: str) -> None:
    """R2: least of all everything."""
    with pytest.raises(InvalidField):
        read_refund(read_object(json_request(given)), "PAY_1", "request-1")


def test_a_batch_keeps_its_order() -> None:
    assert read_batch({"paymentIds": ["PAY_2", "PAY_1", "PAY_2"]}) == ["PAY_2", "PAY_1", "PAY_2"]


@pytest.mark.parametrize(
    ("ids", "field"),
    [
        ([], "paymentIds"),
        (["PAY_1"] * 101, "paymentIds"),
        ("PAY_1", "paymentIds"),
        (["a", "b", 3], "paymentIds[2]"),
        (["a", "x" * 1_000], "paymentIds[1]"),
        (["a", None], "paymentIds[1]"),
    ],
)
def test_a_wrong_batch_names_its_element(ids: Any, field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        read_batch(read_object(json_request(json.dumps({"paymentIds": ids}))))
    assert refused.value.field == field


def test_cancel_takes_nothing() -> None:
    read_cancel({})
    with pytest.raises(InvalidField):
        read_cancel({"force": True})
