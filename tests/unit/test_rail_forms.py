from urllib.parse import quote, urlencode

import pytest

from paygate.adapters.rails.forms import IS, as_signed, joined, sorted_parts, taken

EVERY_BYTE = bytes(range(2, 256)) * 2  # 0 and 1 stand for & and = where nothing is escaped


@pytest.mark.parametrize("quoted_by", ["quote_plus", "quote"])
def test_every_byte_survives(quoted_by: str) -> None:
    fields = [(b"subject", EVERY_BYTE), (b"app_id", b"1+1=2 & more%"), (b"body", "订单 %2B".encode("gbk"))]
    body = urlencode(fields) if quoted_by == "quote_plus" else urlencode(fields, quote_via=quote)
    parts = sorted_parts(body.encode())
    assert as_signed(parts) == dict(fields)
    assert joined(parts) == b"&".join(name + b"=" + value for name, value in sorted(fields))


def test_either_case_of_hexadecimal_and_space_around_the_form() -> None:
    assert as_signed(sorted_parts(b" a=%2b%2B%3d+%20&b=\xb2\xe8\r\n")) == {b"a": b"++=  ", b"b": b"\xb2\xe8"}


def test_sorted_by_name_where_one_name_begins_another() -> None:
    body = b"&".join(name + b"=x" for name in (b"sign_type", b"a1", b"sign", b"a", b"a-b", b"sign.x", b"A"))
    names = [part.partition(IS)[0] for part in sorted_parts(body)]
    assert names == sorted(names) == [b"A", b"a", b"a-b", b"a1", b"sign", b"sign.x", b"sign_type"]


def test_a_parameter_is_taken_by_its_whole_name_and_once() -> None:
    parts = sorted_parts(b"sign_type=RSA2&sign=a&b=1&sign=b")
    assert taken(parts, b"sign" + IS) == b"a"
    assert taken(parts, b"sig" + IS) == taken(parts, b"zzz" + IS) == b""
    assert joined(parts) == b"b=1&sign=b&sign_type=RSA2"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"a",
        b"a=1&",
        b"=1",
        b"a=1=2",
        b"a%3Db=c",
        b"a=%",
        b"a=%z&b=1",
        b"a=%4",
        b"a=%%41",
        b"a=%\n41&b=1",
    ],
)
def test_what_is_read_is_what_is_signed(body: bytes) -> None:
    """However badly it is written: the values are parts of the text that a signature is verified over."""
    parts = sorted_parts(body)
    signed = (text.partition(b"=") for text in joined(parts).split(b"&"))
    assert as_signed(parts) == {name: value for name, _, value in signed}


@pytest.mark.parametrize("body", [b"a=1&a=1", b"a=1&b=2&a=2", b"a=1&%61=1", b"a%3D1&a=1", b"a&a=1"])
def test_a_name_that_is_there_twice(body: bytes) -> None:
    with pytest.raises(ValueError, match="twice"):
        as_signed(sorted_parts(body))
