import itertools

import pytest

from paygate.domain.bank_reference import (
    ALPHABET,
    creditor_reference,
    find_references,
    is_creditor_reference,
    is_iban,
    is_memo_code,
    memo_code,
    reference_body,
)
from paygate.domain.ids import encode, uuid7

MEMO = memo_code("7K2M9QXR4T")
RF = creditor_reference("539007547034")


def test_a_creditor_reference_has_the_standards_check_digits() -> None:
    assert RF == "RF18539007547034"
    assert is_creditor_reference("RF18539007547034")
    assert not is_creditor_reference("RF19539007547034")
    assert not is_creditor_reference("rf18539007547034")
    assert len(creditor_reference("Z" * 21)) == 25


@pytest.mark.parametrize("body", ["", "A" * 22, "a", "1 2", "Ä", "٣", "-"])
def test_what_a_creditor_reference_cannot_carry(body: str) -> None:
    with pytest.raises(ValueError, match="digits and capital letters"):
        creditor_reference(body)


@pytest.mark.parametrize("text", ["", "RF", "RF00", "RF18", "RF18" + "5" * 22, "RF1853900754703٤"])
def test_what_is_no_creditor_reference(text: str) -> None:
    assert not is_creditor_reference(text)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("DE89370400440532013000", True),
        ("GB82WEST12345698765432", True),
        ("GB82 WEST 1234 5698 7654 32", False),
        ("DE88370400440532013000", False),
        ("DE89", False),
        ("", False),
    ],
)
def test_ibans(text: str, *, is_one: bool) -> None:
    assert is_iban(text) is is_one


def test_both_references_come_from_the_random_end_of_the_id() -> None:
    first, second = (encode("PAY", uuid7(1_700_000_000_000, bytes([i]) * 10)) for i in (7, 8))
    assert memo_code(reference_body(first, 10)) == memo_code(reference_body(first, 10))
    assert memo_code(reference_body(first, 10)) != memo_code(reference_body(second, 10))
    assert is_creditor_reference(creditor_reference(reference_body(first, 12)))


def test_a_memo_code_fits_a_memo_and_is_no_number() -> None:
    assert len(MEMO) == 14
    assert MEMO.startswith("PG")
    assert is_memo_code(MEMO)


@pytest.mark.parametrize("body", ["", "7K2M9QXR4", "7K2M9QXR4TT", "7K2M9QXR4U", "7k2m9qxr4t"])
def test_what_a_memo_code_cannot_carry(body: str) -> None:
    with pytest.raises(ValueError, match="10 characters"):
        memo_code(body)


def test_one_wrong_character_is_noticed() -> None:
    for at, sign in itertools.product(range(2, 14), ALPHABET):
        wrong = MEMO[:at] + sign + MEMO[at + 1 :]
        assert is_memo_code(wrong) is (wrong == MEMO)


def test_any_two_that_changed_places_are_noticed() -> None:
    for i, j in itertools.combinations(range(14), 2):
        signs = list(MEMO)
        signs[i], signs[j] = signs[j], signs[i]
        wrong = "".join(signs)
        assert is_memo_code(wrong) is (wrong == MEMO)


@pytest.mark.parametrize("reference", [RF, MEMO])
@pytest.mark.parametrize(
    "written",
    [
        lambda r: r,
        lambda r: r.lower(),
        " ".join,
        lambda r: f"{r[:4]}-{r[4:8]}-{r[8:]}",
        lambda r: r.replace("0", "O"),
        lambda r: f"货款{r}谢谢",
        lambda r: f"Rechnung 42 vom 3.4.{r}danke",
        lambda r: "".join(chr(ord(sign) + 0xFEE0) for sign in r),
        lambda r: f"RF PG {r} RF",
        lambda r: f"SVWZ+{r[:5]}\u200b{r[5:]}\u3000",
    ],
)
def test_a_reference_is_found_however_it_is_written(reference: str, written) -> None:
    assert find_references([written(reference)]) == (reference,)


def test_a_reference_is_found_when_it_is_broken_over_two_lines() -> None:
    assert find_references([f"Invoice 7 {RF[:9]}", f"{RF[9:]} thanks"]) == (RF,)


def test_each_reference_is_found_once() -> None:
    assert find_references([RF, RF.lower(), f"{MEMO} {RF}"]) == (RF, MEMO)


def test_others_creditor_references_are_found_where_they_stand_alone() -> None:
    long = creditor_reference("OF7539007547034123")
    assert find_references([f"{long[:4].lower()} {long[4:]}"]) == (long,)
    assert find_references([creditor_reference("OIL123")]) == (creditor_reference("OIL123"),)


@pytest.mark.parametrize("text", ["", "NOTPROVIDED", RF[:-1], MEMO[:-1], MEMO[2:], "RF19539007547034", "PG" * 40])
def test_where_there_is_no_reference(text: str) -> None:
    assert find_references([text]) == ()


def test_chinese_text_inside_ends_a_reference() -> None:
    assert find_references([f"{MEMO[:6]}货{MEMO[6:]}"]) == ()
