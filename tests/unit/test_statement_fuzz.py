"""Whatever the bytes: read or refused, never anything else; and what was written is what is read."""

import io
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from paygate.adapters.statements.reader import read_statements
from paygate.domain.bank_reference import (
    ALPHABET,
    creditor_reference,
    find_references,
    is_creditor_reference,
    memo_code,
)
from paygate.domain.bank_statement import BankTransaction, StatementRefused
from paygate.domain.money import decimal_text
from tests.unit.statement_csv_files import CHINESE, PAYGATE, SPARKASSE
from tests.unit.statement_files import LIMIT, camt, detail, entry, of, statement

FILES = [
    camt(statement(entry("30", detail("10", text="A"), detail("20", text="ü")))),
    camt(statement(entry()), encoding="UTF-16"),
    PAYGATE.encode(),
    SPARKASSE.encode("windows-1252"),
    *(text.encode("gb18030") for text in CHINESE.values()),
]


def survives(data: bytes) -> None:
    with suppress(StatementRefused):
        for part in read_statements(io.BytesIO(data), LIMIT):
            assert not isinstance(part, BankTransaction) or part.dedupe


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_bytes_of_any_kind(data: bytes) -> None:
    survives(data)


@given(st.sampled_from(FILES), st.data())
@settings(max_examples=150, deadline=None)
def test_files_with_something_else_in_them(data: bytes, draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(start, min(len(data), start + 40)))
    survives(data[:start] + draw.draw(st.binary(max_size=20)) + data[end:])


@given(st.integers(0, 10**15), st.text("0", max_size=3))
@settings(max_examples=30, deadline=None)
def test_amounts_are_exact(units: int, zeros: str) -> None:
    [told] = of(entry(decimal_text(units, 2) + zeros))
    assert told.amount.units == units


@given(
    st.text(ALPHABET, min_size=10, max_size=10),
    st.text(max_size=20),
    st.sampled_from(["", " ", "-", "\n", "\u3000"]),
)
def test_a_memo_code_is_found_in_any_text(body: str, around: str, between: str) -> None:
    code = memo_code(body)
    written = between.join(code).lower()
    assert code in find_references([f"{around}。{written}。{around}"])


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=21))
def test_creditor_references_of_any_length(body: str) -> None:
    reference = creditor_reference(body)
    assert is_creditor_reference(reference)
    assert reference in find_references([reference.lower()])
