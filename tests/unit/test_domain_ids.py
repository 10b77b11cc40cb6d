"""Ids sort by time and are UUIDs of version 7 behind their prefix."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from paygate.domain.ids import encode, is_id, uuid7

moments = st.integers(0, 2**48 - 1)
noise = st.binary(min_size=10, max_size=10)


@given(moments, noise, moments, noise)
def test_ids_sort_by_time(early: int, first: bytes, late: int, second: bytes) -> None:
    early, late = sorted((early, late))
    one, other = encode("PAY", uuid7(early, first)), encode("PAY", uuid7(late, second))
    assert early == late or one < other


@given(moments, noise)
def test_an_id_is_a_uuid_of_version_7(moment: int, random: bytes) -> None:
    number = uuid7(moment, random)
    made = uuid.UUID(int=number)
    assert (made.version, made.variant, number >> 80) == (7, uuid.RFC_4122, moment)
    text = encode("REF", number)
    assert is_id("REF", text)
    assert not is_id("PAY", text)
    assert len(text) == 30


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**128 - 1))
def test_the_text_keeps_the_order_and_every_bit(one: int, other: int) -> None:
    assert (encode("EVT", one) < encode("EVT", other)) == (one < other)
    assert (encode("EVT", one) == encode("EVT", other)) == (one == other)


def test_what_is_no_id() -> None:
    good = encode("PAY", uuid7(1, b"0123456789"))
    for bad in ("", "PAY_", good[:-1], good + "0", good.lower(), good.replace("PAY", "pay"), good + "\n", good[4:]):
        assert not is_id("PAY", bad), bad
