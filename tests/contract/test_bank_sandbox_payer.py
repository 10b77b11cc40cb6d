"""A payer who follows instructions: what the bank checks, and how a reference ends up on a statement."""

from typing import Any

import pytest

from tests.contract.bank_customer import BankCustomer, checked, new_reference, text


def test_the_settings_are_accounts_of_nobody(bank: BankCustomer) -> None:
    iban = bank.iban
    assert iban == checked("DE", iban[4:])
    assert iban[4] == "9"  # no German bank code begins with it
    assert bank.settings["BANK_EUR_BIC"][7] == "0"  # a BIC for tests
    assert bank.number.isdigit()
    assert not bank.number.startswith(("2", "3", "4", "5", "6"))  # as cards' numbers do
    assert bank.settings["BANK_EUR_ACCOUNT_NAME"]
    assert bank.settings["BANK_CNY_BANK_NAME"]


def test_a_payer_pays_what_the_code_says(bank: BankCustomer, reference: str) -> None:
    paid = bank.pay(bank.euros(reference, "12.30"))
    assert paid.status_code == 200, paid.text
    assert (paid.json()["received"], paid.json()["reference"]) == (1230, reference)
    [entry] = bank.entries_of(reference)
    assert (text(entry, "Amt"), entry.find("Amt").get("Ccy")) == ("12.30", "EUR")
    assert (text(entry, "CdtDbtInd"), text(entry, "Sts/Cd")) == ("CRDT", "BOOK")
    assert text(entry, "NtryDtls/TxDtls/RmtInf/Strd/CdtrRefInf/Ref") == reference


@pytest.mark.parametrize(
    ("manner", "place", "written"),
    [
        ("structured", "RmtInf/Strd/CdtrRefInf/Ref", "RF18539007547034"),
        ("text", "RmtInf/Ustrd", "RF18539007547034"),
        ("lowercase", "RmtInf/Ustrd", "rf18539007547034"),
        ("spaced", "RmtInf/Ustrd", "RF18 5390 0754 7034"),
        ("glued", "RmtInf/Ustrd", "RechnungRF18539007547034danke"),
        ("end_to_end", "Refs/EndToEndId", "RF18539007547034"),
    ],
)
def test_references_are_typed_as_people_type_them(
    bank: BankCustomer, manner: str, place: str, written: str
) -> None:
    before = bank.see("orders/RF18539007547034")["transactions"]
    answer = bank.pay(bank.euros("RF18539007547034"), **{"as": manner})
    booked = answer.json()["transactions"][len(before)]
    [entry] = bank.entries("camt054", entry=booked["entry_id"], since=bank.today())
    detail = entry.find("NtryDtls/TxDtls")
    assert text(detail, place) == written
    assert text(detail, "Refs/EndToEndId") == (written if manner == "end_to_end" else "NOTPROVIDED")
    assert (detail.find("RmtInf") is None) == (manner == "end_to_end")


def test_amount_reference_and_currency_are_as_a_payer_gets_them_wrong(bank: BankCustomer, reference: str) -> None:
    paid = [
        bank.pay(bank.euros(reference), amount="40.00"),
        bank.pay(bank.euros(reference), reference=""),
        bank.pay(bank.euros(reference), reference="wrong one", **{"as": "text"}),
        bank.pay(bank.euros(reference), currency="CNY"),
    ]
    assert [answer.status_code for answer in paid] == [200] * 4
    told = paid[-1].json()
    assert [(part["amount"], part["account"]) for part in told["transactions"]] == [
        (4000, bank.iban),
        (8800, bank.iban),
        (8800, bank.iban),
        (8800, bank.number),
    ]
    [entry] = bank.entries_of(reference)
    assert text(entry, "Amt") == "40.00"


def test_who_declines_pays_nothing(bank: BankCustomer, reference: str) -> None:
    answer = bank.pay(bank.euros(reference), decision="decline")
    assert (answer.status_code, answer.json()["transactions"]) == (200, [])


def test_a_memo_in_yuan(bank: BankCustomer) -> None:
    memo = f"PG{new_reference()[4:]}"
    answer = bank.pay(bank.yuan(memo), **{"as": "glued"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["transactions"][0]["text"] == f"货款{memo}谢谢"
    assert bank.pay(bank.yuan(memo), **{"as": "structured"}).status_code == 400


def broken(action: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**action, **changes}


def code_with(action: dict[str, Any], line: int, said: str) -> dict[str, Any]:
    lines = action["epcQr"].split("\n")
    lines[line] = said
    return broken(action, epcQr="\n".join(lines))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iban": "DE02120300000000202052"}, "AC01"),  # check digits
        ({"iban": "DE02120300000000202051"}, "AC01"),  # another's
        ({"iban": ""}, "AC01"),
        ({"accountName": "Somebody else"}, "BE01"),
        ({"bic": "COBADEFFXXX"}, "RC01"),
        ({"currency": "CNY"}, "AM03"),
        ({"amount": "0.00"}, "AM12"),
        ({"amount": "1.234"}, "AM12"),
        ({"amount": "88"}, "AM12"),
        ({"amount": 88.0}, "AM12"),
        ({"amount": "1000000000.00"}, "AM12"),
        ({"reference": ""}, "NARR"),
        ({"type": "QR_CODE"}, "NARR"),
    ],
)
def test_instructions_that_no_bank_would_follow(
    bank: BankCustomer, reference: str, changes: dict[str, Any], code: str
) -> None:
    answer = bank.pay(broken(bank.euros(reference, has_code=False), **changes))
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert bank.see(f"orders/{reference}")["transactions"] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (0, "BCE"),
        (1, "003"),
        (2, "2"),
        (3, "INST"),
        (4, "COBADEFFXXX"),
        (4, "nobic"),
        (5, "Somebody else"),
        (5, ""),
        (6, "DE02120300000000202051"),
        (6, "DE02120300000000202052"),
        (7, "EUR88.01"),
        (7, "EUR088"),
        (7, "88"),
        (7, "EUR0"),
        (8, "gdds"),
        (9, "RF18539007547034"),
        (9, "RF19539007547034"),
        (9, ""),
        (9, "RF18539007547034\ntext"),
        (9, "RF18539007547034\n\n\n"),
    ],
)
def test_a_code_that_says_something_else(bank: BankCustomer, reference: str, line: int, said: str) -> None:
    answer = bank.pay(code_with(bank.euros(reference), line, said))
    assert (answer.status_code, answer.json()["code"]) == (409, "QR")


def test_a_mistyped_iban_is_noticed_before_anybody_looks_for_it(bank: BankCustomer, reference: str) -> None:
    last = str((int(bank.iban[-1]) + 1) % 10)
    answer = bank.pay(broken(bank.euros(reference, has_code=False), iban=bank.iban[:-1] + last))
    assert "check digits" in answer.json()["error"]


def test_a_code_has_a_reference_or_a_text(bank: BankCustomer, reference: str) -> None:
    answer = bank.pay(code_with(bank.euros(reference), 9, f"{reference}\ntext"))
    assert (answer.status_code, answer.json()["code"]) == (409, "QR")
    assert bank.pay(code_with(bank.euros(reference), 9, f"\n{reference}")).status_code == 200


@pytest.mark.parametrize("line", [4, 8])
def test_what_a_code_may_leave_out(bank: BankCustomer, reference: str, line: int) -> None:
    assert bank.pay(code_with(bank.euros(reference), line, "")).status_code == 200


def test_a_reference_with_wrong_check_digits_is_no_structured_one(bank: BankCustomer) -> None:
    action = bank.euros("RF19539007547034", has_code=False)
    assert bank.pay(action).json()["code"] == "BE20"
    assert bank.pay(action, **{"as": "text"}).status_code == 200
