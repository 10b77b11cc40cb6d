"""The bank's control door and its page for people."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
import requests

from tests.contract.bank_customer import BankCustomer
from tests.contract.sandbox_client import Sandbox

SUMS = ("received", "returned", "paid_out", "came_back", "pending")


def test_sums_by_reference_and_currency(bank: BankCustomer, reference: str) -> None:
    before = bank.see("ledger")["EUR"]
    paid = bank.pay(bank.euros(reference, "10.00")).json()["transactions"][0]
    bank.do("duplicate", id=paid["entry_id"])
    bank.do("return", id=paid["entry_id"])
    payout = bank.do("payout", currency="EUR", amount="3.00", reference=reference)
    bank.do("return", id=payout["id"])
    bank.do("payout", currency="EUR", amount="4.00", reference=reference)
    bank.pay(bank.euros(reference, "0.50"), status="PDNG")
    order, ledger = bank.see(f"orders/{reference}"), bank.see("ledger")
    sums = {"received": 2000, "returned": 1000, "paid_out": 700, "came_back": 300, "pending": 50}
    assert {name: order[name] for name in SUMS} == sums
    assert ledger["orders"][reference] == sums
    assert {name: ledger["EUR"][name] - before[name] for name in SUMS} == sums


def test_who_pays_twice_is_booked_twice(bank: BankCustomer, reference: str) -> None:
    paid = bank.pay(bank.euros(reference)).json()["transactions"][0]
    again = bank.do("duplicate", id=paid["entry_id"])
    assert again["own_id"] != paid["entry_own_id"]
    first, second = (entry.findtext("NtryDtls/TxDtls/Amt") for entry in bank.entries_of(reference))
    assert first == second == "88.00"


def test_a_reversal_is_not_reversed(bank: BankCustomer, reference: str) -> None:
    booked = bank.do("book", currency="EUR", amount="1.00", text=reference)
    returned = bank.do("return", id=booked["id"])
    assert bank.do("return", id=returned["id"])["code"] == "NARR"
    pending = bank.do("book", currency="EUR", amount="1.00", text=reference, status="PDNG")
    assert bank.do("return", id=pending["id"])["code"] == "NARR"


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": "-1.00"},
        {"amount": 1.5},
        {"currency": "USD"},
        {"account": "1234"},
        {"direction": "sideways"},
        {"status": "INFO"},
        {"booked_on": "today"},
        {"reference": "x" * 36},
        {"transactions": []},
        {"text": 7},
    ],
)
def test_what_is_no_entry(bank: BankCustomer, fields: dict[str, object]) -> None:
    assert "code" in bank.do("book", **{"currency": "EUR", "amount": "1.00", **fields})
    assert bank.do("return", id=10**9)["code"] == "NOTFOUND"


def test_the_calendar_goes_on(bank: BankCustomer, reference: str) -> None:
    today = bank.today()
    try:
        moved = bank.do("time", days=3)
        assert moved["EUR"] == str(today + timedelta(3))
        booked = bank.do("book", currency="EUR", amount="1.00", text=reference)
        assert date.fromisoformat(booked["booked_at"][:10]) == today + timedelta(3)
        assert bank.statement(format="camt053", since=today).text.count("<Stmt>") == 4
    finally:
        assert bank.do("time", date=str(today))["EUR"] == str(today)
    assert bank.do("time", date="soon")["code"] == "DT01"


def test_what_was_booked_survives_a_kill(sandbox_of_one: Sandbox, reference: str) -> None:
    bank = BankCustomer(sandbox_of_one, sandbox_of_one.settings())
    paid = bank.pay(bank.euros(reference)).json()
    sandbox_of_one.kill()
    sandbox_of_one.start()
    assert sandbox_of_one.settings() == bank.settings
    assert bank.see(f"orders/{reference}") == paid


# ---------------------------------------------------------------- the page


def page(bank: BankCustomer, **query: str) -> requests.Response:
    return requests.get(f"{bank.sandbox.url}/bank_transfer/pay", params=query, timeout=10)


def post(bank: BankCustomer, **form: str) -> requests.Response:
    fields = {"account": bank.iban, "side": "payer", "name": "Ivan <Ivanov>", **form}
    return requests.post(f"{bank.sandbox.url}/bank_transfer/pay", data=fields, timeout=10)


def test_a_person_pays_with_a_form_that_is_filled_in(bank: BankCustomer, reference: str) -> None:
    shown = page(bank, iban=bank.iban, reference=reference, amount="7.00")
    assert shown.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f'value="{reference}"' in shown.text
    assert 'value="7.00"' in shown.text
    assert not re.search(r'src="|href="http', shown.text)
    booked = post(bank, reference=reference, amount="7.00")
    assert booked.status_code == 200
    assert "Booked" in booked.text
    assert reference in booked.text
    assert "+7.00 EUR" in booked.text
    assert "Ivan &lt;Ivanov&gt;" in booked.text
    [entry] = bank.entries_of(reference)
    assert entry.findtext("NtryDtls/TxDtls/RmtInf/Strd/CdtrRefInf/Ref") == reference


def test_the_page_leads_to_the_statements(bank: BankCustomer, reference: str) -> None:
    shown = post(bank, reference=reference, amount="7.00")
    links = [
        link.replace("&amp;", "&") for link in re.findall(r'href="(/bank_transfer/statements[^"]*)"', shown.text)
    ]
    assert len(links) >= 3
    for link in links[:3]:
        assert reference in requests.get(bank.sandbox.url + link, timeout=10).text


def test_a_person_pays_out(bank: BankCustomer, reference: str) -> None:
    assert "-8.00 EUR" in post(bank, side="merchant", reference=reference, amount="8.00").text
    assert bank.see(f"orders/{reference}")["paid_out"] == 800


def test_a_form_filled_in_wrongly_is_shown_again(bank: BankCustomer, reference: str) -> None:
    answer = post(bank, reference=reference, amount="7,00")
    assert answer.status_code == 409
    assert f'value="{reference}"' in answer.text
    assert bank.see(f"orders/{reference}")["transactions"] == []
    assert page(bank, iban="DE00").status_code == 409
    assert "账号" in page(bank, account=bank.number).text


def test_the_merchants_accounts_are_made_once(tmp_path: Path) -> None:
    from infra.sandbox.bank_transfer import provision

    first = provision(tmp_path / "one", "http://127.0.0.1")
    assert provision(tmp_path / "one") == first
    assert provision(tmp_path / "two")["BANK_EUR_IBAN"] != first["BANK_EUR_IBAN"]
