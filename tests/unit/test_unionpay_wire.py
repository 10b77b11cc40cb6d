import base64
import string
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from paygate.adapters.rails.unionpay.certificates import Signers
from paygate.adapters.rails.unionpay.signing import digest, is_unionpays, signed
from paygate.adapters.rails.unionpay.wire import (
    beijing,
    fen,
    moment,
    read_answer,
    settlement_day,
    trace_moment,
)
from tests.unit.unionpay_side import NOW, PAID, certificate, key, money, sign, written

SIGNERS = Signers(certificate("middle", "middle", "root"), certificate("root", "root", "root"))


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def test_beijing_is_eight_hours_ahead() -> None:
    assert beijing(at(2026, 1, 1, 16, 0, 0)) == "20260102000000"
    assert moment("20260102000000") == at(2026, 1, 1, 16, 0, 0)
    for no_time in ("", "2026010200000", "2026010200000x", "20260132000000", "20261302000000"):
        assert moment(no_time) is None


def test_the_settlement_day_begins_at_eleven_at_night() -> None:
    assert settlement_day(at(2026, 1, 1, 14, 59, 59)) == "20260101"
    assert settlement_day(at(2026, 1, 1, 15, 0, 0)) == "20260102"


def test_a_trace_time_has_the_year_that_is_nearest() -> None:
    new_year = at(2025, 12, 31, 15, 59, 0)
    assert trace_moment("0101000030", new_year) == at(2025, 12, 31, 16, 0, 30)
    assert trace_moment("1231235950", at(2025, 12, 31, 16, 1, 0)) == at(2025, 12, 31, 15, 59, 50)
    assert trace_moment("0229120000", at(2028, 2, 29, 1, 0, 0)) == at(2028, 2, 29, 4, 0, 0)
    assert trace_moment("", new_year) is None
    assert trace_moment("1332250000", new_year) is None


@pytest.mark.parametrize("text", ["", "1.00", "-1", "+1", "1e3", "٣", "1234567890123", " 1"])
def test_what_is_no_amount(text: str) -> None:
    assert fen(text) is None


def test_fen() -> None:
    assert fen("000000010000") == money(10000)


def test_answers_are_not_percent_encoded() -> None:
    assert read_answer(b"a=x+y%2B==&b=\xe6\x88\x90&c=\r\n") == {b"a": b"x+y%2B==", b"b": "成".encode(), b"c": b""}


def test_an_ampersand_within_braces_is_no_end() -> None:
    assert read_answer(b"a={x=1&y=2}&b=[3&4]&c=5") == {b"a": b"{x=1&y=2}", b"b": b"[3&4]", b"c": b"5"}


@pytest.mark.parametrize("body", [b"", b"a=1&a=1", b"=1", b"a=1&&b=2"])
def test_a_field_that_is_twice_or_nameless(body: bytes) -> None:
    with pytest.raises(ValueError, match="field"):
        read_answer(body)


def test_w10_empty_fields_and_the_signature_are_left_out() -> None:
    fields = {b"b": b"2", b"a": "茶".encode(), b"signature": b"x", b"empty": b"", b"B": b"1"}
    assert digest(fields) == sha256("B=1&a=茶&b=2".encode()).hexdigest().encode()


def test_requests_carry_no_empty_fields_and_the_same_signature_each_time() -> None:
    once, again = (signed({"b": "2", "a": "", "c": "茶"}, key("merchant")) for _ in range(2))
    assert once == again
    assert list(once) == ["b", "c", "signature"]


def test_w10_what_unionpay_signed() -> None:
    fields = sign(PAID | {"bindId": "", "exchangeRate": ""})
    assert is_unionpays(read_answer(written(fields)), SIGNERS, NOW)


@pytest.mark.parametrize("change", [{"txnAmt": "1"}, {"extra": "1"}, {"signature": ""}, {"signPubKeyCert": ""}])
def test_w5_what_unionpay_did_not_sign(change: dict[str, str]) -> None:
    assert not is_unionpays(read_answer(written(sign(PAID) | change)), SIGNERS, NOW)


def test_w5_no_bit_of_a_signature_may_be_changed() -> None:
    """Base64 of 256 bytes ends with a letter of which two bits count."""
    fields = sign(PAID)
    signature = fields["signature"]
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    at = letters.index(signature[-3])
    same = signature[:-3] + letters[at ^ 1] + "=="
    assert base64.b64decode(same, validate=True) == base64.b64decode(signature)
    assert not is_unionpays(read_answer(written(fields | {"signature": same})), SIGNERS, NOW)


@pytest.mark.parametrize("name", ["version", "signMethod"])
def test_another_way_of_signing_is_not_taken(name: str) -> None:
    """Well signed, and said to be signed otherwise."""
    assert not is_unionpays(read_answer(written(sign({**PAID, name: "x"}))), SIGNERS, NOW)
