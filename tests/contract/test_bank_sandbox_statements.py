"""Statement files: ISO 20022's elements in their order, the same money in 053 and 054, and yuan as CSV."""

import csv
import io
import itertools
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.contract.bank_customer import BankCustomer, new_reference, paths, plain, text

# The elements of AccountStatement9, ReportEntry10 and EntryTransaction10 (camt.053.001.08), which keep the order
# that they have had since version 2, as far as this bank writes them.
ORDER = {
    "Stmt": ["Id", "ElctrncSeqNb", "CreDtTm", "Acct", "Bal", "Ntry"],
    "Ntfctn": ["Id", "ElctrncSeqNb", "CreDtTm", "Acct", "Ntry"],
    "Ntry": [
        *("Amt", "CdtDbtInd", "RvslInd", "Sts", "BookgDt", "ValDt", "AcctSvcrRef", "BkTxCd", "NtryDtls"),
        "AddtlNtryInf",
    ],
    "NtryDtls": ["Btch", "TxDtls"],
    "TxDtls": ["Refs", "Amt", "CdtDbtInd", "AmtDtls", "RltdPties", "RmtInf", "RtrInf"],
    "Refs": ["AcctSvcrRef", "EndToEndId"],
    "RltdPties": ["Dbtr", "DbtrAcct", "Cdtr", "CdtrAcct"],
    "RmtInf": ["Ustrd", "Strd"],
    "CdtrRefInf": ["Tp", "Ref"],
    "Bal": ["Tp", "Amt", "CdtDbtInd", "Dt"],
}


def book(bank: BankCustomer, **fields: Any) -> dict[str, Any]:
    booked = bank.do("book", **{"currency": "EUR", "amount": "1.00", **fields})
    assert "id" in booked, booked
    return booked


def entry_of(bank: BankCustomer, booked: dict[str, Any], message: str = "camt054", version: int = 8) -> ET.Element:
    own = booked["own_id"]
    day = booked["booked_at"][:10]
    found = bank.entries(message, version, since=day, until=max(day, str(bank.today())))
    [entry] = [entry for entry in found if text(entry, "AcctSvcrRef") == own]
    return entry


def everything(bank: BankCustomer, reference: str) -> list[dict[str, Any]]:
    """Entries of every kind that there is."""
    single = book(bank, reference=reference, text=["Zürich & <Köln>", "zweite Zeile"], note="a & b", name="Ä")
    batch = book(bank, transactions=[{"amount": "1.00", "reference": reference}, {"amount": "2.50", "text": "x"}])
    pending = book(bank, text=reference, status="PDNG")
    payout = bank.do("payout", currency="EUR", amount="8.00", reference=reference)
    returned = bank.do("return", id=single["id"], reason="AC04")
    return [single, batch, pending, payout, returned]


@pytest.mark.parametrize("version", range(2, 9))
@pytest.mark.parametrize("message", ["camt053", "camt054"])
def test_elements_stand_in_the_order_of_the_schema(
    bank: BankCustomer, reference: str, message: str, version: int
) -> None:
    everything(bank, reference)
    answer = bank.statement(format=message, version=version, since=bank.today())
    assert answer.headers["Content-Type"] == "application/xml"
    named = f'xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{message[-3:]}.001.{version:02d}"'
    assert named.encode() in answer.content
    for element in plain(answer.content).iter():
        known = ORDER.get(element.tag)
        if known is not None:
            places = [known.index(child.tag) for child in element]
            assert places == sorted(places), (element.tag, [child.tag for child in element])


@pytest.mark.parametrize(("version", "path"), [(2, "Sts"), (6, "Sts"), (7, "Sts/Cd"), (8, "Sts/Cd")])
def test_a_status_is_where_its_version_has_it(bank: BankCustomer, reference: str, version: int, path: str) -> None:
    entry = entry_of(bank, book(bank, text=reference), "camt053", version)
    assert text(entry, path).strip() == "BOOK"


@pytest.mark.parametrize(
    ("version", "name", "amount", "bic"),
    [
        (2, "Dbtr/Nm", "AmtDtls/TxAmt/Amt", "BIC"),
        (3, "Dbtr/Nm", "Amt", "BICFI"),
        (7, "Dbtr/Nm", "Amt", "BICFI"),
        (8, "Dbtr/Pty/Nm", "Amt", "BICFI"),
    ],
)
def test_parties_and_amounts_are_where_their_version_has_them(
    bank: BankCustomer, reference: str, version: int, name: str, amount: str, bic: str
) -> None:
    booked = book(bank, text=reference, name="Ivan Ivanov", amount="3.21")
    detail = entry_of(bank, booked, "camt053", version).find("NtryDtls/TxDtls")
    assert text(detail, f"RltdPties/{name}") == "Ivan Ivanov"
    assert text(detail, amount) == "3.21"
    root = plain(bank.statement(format="camt053", version=version).content)
    assert text(root, f".//Acct/Svcr/FinInstnId/{bic}") == bank.settings["BANK_EUR_BIC"]


def test_what_people_write_is_escaped(bank: BankCustomer, reference: str) -> None:
    booked = book(bank, text=[f"<b>&amp; {reference}", "]]> Zürich 茶"], name='"Ä" & <Söhne>', note="a < b & c")
    entry = entry_of(bank, booked)
    lines = [line.text for line in entry.iter("Ustrd")]
    assert lines == [f"<b>&amp; {reference}", "]]> Zürich 茶"]
    assert text(entry, "NtryDtls/TxDtls/RltdPties/Dbtr/Pty/Nm") == '"Ä" & <Söhne>'
    assert text(entry, "AddtlNtryInf") == "a < b & c"


@pytest.mark.parametrize("unwritable", ["a\x00b", "a\x1bb", "a\nb", "\ud800", "\uffff", "x" * 141])
def test_what_no_message_carries_is_refused(bank: BankCustomer, unwritable: str) -> None:
    assert bank.do("book", currency="EUR", amount="1.00", text=unwritable)["code"] == "NARR"


def test_a_054_and_the_053_tell_the_same_money_by_the_same_id(bank: BankCustomer, reference: str) -> None:
    bank.pay(bank.euros(reference))
    [notified], [stated] = bank.entries_of(reference, "camt054"), bank.entries_of(reference, "camt053")
    assert ET.tostring(notified) == ET.tostring(stated)
    assert text(stated, "AcctSvcrRef") == text(stated, "NtryDtls/TxDtls/Refs/AcctSvcrRef")


def test_a_notification_of_one_entry_alone(bank: BankCustomer, reference: str) -> None:
    bank.pay(bank.euros(new_reference()))
    booked = bank.pay(bank.euros(reference)).json()["transactions"][0]
    [only] = bank.entries("camt054", entry=booked["entry_id"])
    assert text(only, "AcctSvcrRef") == booked["entry_own_id"]


def test_balances_are_what_the_entries_make_of_them(bank: BankCustomer, reference: str) -> None:
    everything(bank, reference)
    since = bank.today() - timedelta(2)
    book(bank, text=reference, booked_on=str(since), amount="70000.00", direction="debit")
    root = plain(bank.statement(format="camt053", since=since).content)
    statements = list(root.iter("Stmt"))
    assert len(statements) == 3
    closed = None
    for statement in statements:
        opening, closing = (units(balance) for balance in statement.iter("Bal"))
        assert closed in (None, opening)
        assert closing - opening == sum(map(units, statement.findall("Ntry")))
        closed = closing
    [entry] = [each for each in statements[0].findall("Ntry") if reference in "".join(each.itertext())]
    assert text(entry, "CdtDbtInd") == "DBIT"
    assert text(statements[0], "Bal[2]/CdtDbtInd") == "DBIT"  # the account is overdrawn
    book(bank, text="back again", booked_on=str(since), amount="70000.00")


def test_what_is_pending_is_in_no_balance(bank: BankCustomer, reference: str) -> None:
    def opening() -> int:
        return units(plain(bank.statement(format="camt053").content).find(".//Bal"))

    before = opening()
    book(bank, text=reference, status="PDNG", booked_on=str(bank.today() - timedelta(1)))
    assert opening() == before
    book(bank, text=reference, amount="1.00", booked_on=str(bank.today() - timedelta(1)))
    assert opening() == before + 100


def units(element: ET.Element) -> int:
    sign = {"CRDT": 1, "DBIT": -1}[text(element, "CdtDbtInd")]
    return sign * int(text(element, "Amt").replace(".", ""))


def test_a_batch_is_one_entry_with_its_transactions(bank: BankCustomer, reference: str) -> None:
    parts = [{"amount": "1.00", "reference": reference}, {"amount": "2.50", "text": "somebody's"}]
    entry = entry_of(bank, book(bank, transactions=parts), "camt053")
    assert (text(entry, "Amt"), text(entry, "NtryDtls/Btch/NbOfTxs")) == ("3.50", "2")
    assert text(entry, "NtryDtls/Btch/TtlAmt") == "3.50"
    details = entry.findall("NtryDtls/TxDtls")
    assert [text(detail, "Amt") for detail in details] == ["1.00", "2.50"]
    assert len({text(detail, "Refs/AcctSvcrRef") for detail in details}) == 2


def test_pending_entries_are_told_in_a_054_only_and_booked_once_cleared(bank: BankCustomer, reference: str) -> None:
    pending = book(bank, text=reference, status="PDNG")
    assert bank.entries_of(reference, "camt053") == []
    [told] = bank.entries_of(reference, "camt054")
    assert (text(told, "Sts/Cd"), told.find("BookgDt")) == ("PDNG", None)
    bank.do("clear", id=pending["id"])
    [told] = bank.entries_of(reference, "camt053")
    assert (text(told, "Sts/Cd"), text(told, "AcctSvcrRef")) == ("BOOK", pending["own_id"])
    assert bank.do("clear", id=pending["id"])["code"] == "NARR"


def test_what_is_sent_back_is_a_reversal_with_a_reason(bank: BankCustomer, reference: str) -> None:
    booked = book(bank, reference=reference, amount="9.00")
    returned = entry_of(bank, bank.do("return", id=booked["id"], reason="FOCR"))
    assert (text(returned, "CdtDbtInd"), text(returned, "RvslInd")) == ("DBIT", "true")
    detail = returned.find("NtryDtls/TxDtls")
    assert text(detail, "RtrInf/Rsn/Cd") == "FOCR"
    assert text(detail, "RmtInf/Strd/CdtrRefInf/Ref") == reference
    assert "RltdPties/Dbtr/Pty/Nm" in paths(detail)
    payout = bank.do("payout", currency="EUR", amount="8.00", reference=reference)
    came_back = entry_of(bank, bank.do("return", id=payout["id"]))
    assert (text(came_back, "CdtDbtInd"), text(came_back, "RvslInd")) == ("CRDT", "true")
    assert text(entry_of(bank, payout), "NtryDtls/TxDtls/RmtInf/Ustrd") == reference


@pytest.mark.parametrize(
    "query",
    [
        {"format": "csv"},
        {"version": "1"},
        {"version": "9"},
        {"version": "²"},
        {"since": "yesterday"},
        {"since": "2999-01-01"},
        {"since": "1999-01-01"},
        {"account": "DE02120300000000202051"},
    ],
)
def test_what_the_bank_has_no_statement_of(bank: BankCustomer, query: dict[str, str]) -> None:
    assert bank.statement(**query).status_code in (400, 409)


def rows(bank: BankCustomer, since: str) -> list[dict[str, str]]:
    answer = bank.statement(account=bank.number, format="csv", since=since)
    assert answer.headers["Content-Type"] == "text/csv; charset=gb18030"
    *found, total = csv.DictReader(io.StringIO(answer.content.decode("gb18030", "strict")))
    assert total["账号"] == "合计"
    return found


def test_yuan_are_told_as_a_chinese_bank_tells_them(bank: BankCustomer) -> None:
    memo = f"PG{new_reference()[4:]}"
    paid = bank.pay(bank.yuan(memo, "12.30"), payer={"name": "甲,公司", "account": "1002000000000000009"}).json()
    bank.do("payout", currency="CNY", amount="8.00", reference=memo)
    bank.do("return", id=paid["transactions"][0]["entry_id"])
    bank.pay(bank.yuan(memo, "5.00"), status="PDNG")
    day = date.fromisoformat(bank.see("time")["CNY"])
    mine = [row for row in rows(bank, str(day)) if row["备注"] == memo]
    debit, credit = "借方发生额/元(支取)", "贷方发生额/元(收入)"
    sums = [(row[debit], row[credit], row["摘要"]) for row in mine]
    assert sums == [("0.00", "12.30", "电子转账"), ("8.00", "0.00", "电子转账"), ("0.00", "-12.30", "冲正")]
    assert {row["账号"] for row in mine} == {bank.number}
    assert (mine[0]["对方户名"], mine[0]["对方账号"]) == ("甲,公司", "1002000000000000009")
    assert (mine[0]["记账日期"], mine[0]["交易时间"][:8]) == (f"{day:%Y%m%d}", f"{day:%Y%m%d}")
    assert len({row["账户明细编号-交易流水号"] for row in mine}) == 3
    assert bank.statement(account=bank.number, format="camt053").status_code == 400


def test_balances_of_the_csv_follow_from_its_rows(bank: BankCustomer) -> None:
    for amount in ("1.00", "2.00"):
        bank.pay(bank.yuan(f"PG{new_reference()[4:]}", amount))
    found = rows(bank, bank.see("time")["CNY"])
    balances = [int(row["余额"].replace(".", "")) for row in found]
    moved = [cents(row["贷方发生额/元(收入)"]) - cents(row["借方发生额/元(支取)"]) for row in found]
    assert [after - before for before, after in itertools.pairwise(balances)] == moved[1:]


def cents(text: str) -> int:
    return int(text.replace(".", ""))
