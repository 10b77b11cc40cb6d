from datetime import UTC, datetime

import pytest

from paygate.domain.errors import InvalidField
from paygate.http.queries import read_flag, read_list, read_page
from tests.unit.http_support import request

METHODS = ["ALIPAY"]


def test_a_list_reads_everything() -> None:
    query = "state=PENDING&method=ALIPAY&limit=100&cursor=abc&createdSince=2025-10-01T08:27:00.000Z"
    wanted, limit, cursor = read_list(request("GET", f"/payments?{query}"), METHODS)
    assert (wanted.state, wanted.method, limit, cursor) == ("PENDING", "ALIPAY", 100, "abc")
    assert wanted.since == datetime(2025, 10, 1, 8, 27, tzinfo=UTC)
    assert wanted.until is None


def test_times_may_have_any_offset() -> None:
    wanted, _, _ = read_list(request("GET", "/payments?createdUntil=2025-10-01T16:27:00%2B08:00"), METHODS)
    assert wanted.until == datetime(2025, 10, 1, 8, 27, tzinfo=UTC)


def test_a_page_has_its_default_limit() -> None:
    assert read_page(request("GET", "/orders/1/payments")) == (20, None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=1e2", "limit"),
        ("limit=" + "9" * 5_000, "limit"),
        ("limit=%D9%A3", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=", "cursor"),
        ("cursor=" + "x" * 201, "cursor"),
        ("state=pending", "state"),
        ("method=CASH", "method"),
        ("createdSince=yesterday", "createdSince"),
        ("createdSince=2025-10-01", "createdSince"),
        ("createdSince=2025-10-01T08:27:00", "createdSince"),
        ("createdSince=0001-01-01T00:00:00%2B14:00", "createdSince"),
        ("createdUntil=2025-13-01T00:00:00Z", "createdUntil"),
        ("page=2", "page"),
        ("%00=1", "\x00"),
    ],
)
def test_a_wrong_parameter_is_named(query: str, field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        read_list(request("GET", f"/payments?{query}"), METHODS)
    assert refused.value.field == field


def test_a_flag_is_true_or_false() -> None:
    assert read_flag(request("GET", "/x?refresh=true"), "refresh")
    assert not read_flag(request("GET", "/x?refresh=false"), "refresh")
    assert not read_flag(request("GET", "/x"), "refresh")
    with pytest.raises(InvalidField):
        read_flag(request("GET", "/x?refresh=1"), "refresh")
