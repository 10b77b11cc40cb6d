from datetime import date

import pytest

from paygate.domain.bank_statement import Booking, Direction, StatementHeader
from tests.unit.statement_files import (
    IBAN,
    PAYER,
    camt,
    detail,
    entry,
    of,
    read,
    refs,
    refusal,
    statement,
    transactions,
)


def test_an_entry_with_one_transaction() -> None:
    ids = refs(AcctSvcrRef="T1", InstrId="I1", EndToEndId="E1", TxId="X1")
    header, told = read(
        camt(statement(entry("8.85", detail(ids=ids, text="one|two", structured="RF18"), reference="N1")))
    )
    assert header == StatementHeader(IBAN, "EUR", "S-1", "camt.053", "8")
    assert (told.amount.units, told.amount.asset.code) == (885, "EUR")
    assert (told.direction, told.booking, told.is_reversal) == (Direction.CREDIT, Booking.BOOKED, False)
    assert (told.booked_on, told.value_on) == (date(2026, 11, 20), date(2026, 11, 20))
    assert (told.structured, told.unstructured, told.end_to_end_id) == (("RF18",), ("one", "two"), "E1")
    assert told.texts == ("RF18", "one", "two", "E1")
    assert (told.counterparty_name, told.counterparty_account) == ("A Payer", PAYER)
    assert (told.ids.entry, told.ids.transaction, told.ids.transaction_id, told.ids.instruction_id) == (
        "N1",
        "T1",
        "X1",
        "I1",
    )
    assert (told.account, told.entry, told.detail, told.is_unsplit) == (IBAN, 1, 1, False)
    assert told.is_receipt


@pytest.mark.parametrize("message", ["053", "054"])
@pytest.mark.parametrize("version", range(2, 9))
def test_versions_2_to_8_of_both_messages(message: str, version: int) -> None:
    header, told = read(camt(statement(entry()), message=message, version=version))
    assert (header.format, header.version) == (f"camt.{message}", str(version))
    assert told.amount.units == 1000


@pytest.mark.parametrize(
    ("status", "booking"),
    [
        ("BOOK", Booking.BOOKED),
        ("<Cd>BOOK</Cd>", Booking.BOOKED),
        ("\n <Cd> BOOK </Cd>\n", Booking.BOOKED),
        ("PDNG", Booking.PENDING),
        ("<Cd>FUTR</Cd>", Booking.PENDING),
        ("INFO", Booking.INFO),
        ("<Prtry>BOOK-ish</Prtry>", Booking.INFO),
    ],
)
def test_what_is_booked(status: str, booking: Booking) -> None:
    [told] = of(entry(status=status))
    assert told.booking is booking
    assert told.is_receipt is (booking is Booking.BOOKED)


@pytest.mark.parametrize("sign", ["true", "1"])
def test_a_reversal_is_no_receipt(sign: str) -> None:
    [told] = of(entry(reversal=sign))
    assert told.is_reversal
    assert not told.is_receipt


def test_our_own_transfer_that_came_back_is_no_receipt() -> None:
    [told] = of(entry("10.00", detail(more="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>")))
    assert told.is_reversal


def test_a_debit_names_whom_it_went_to() -> None:
    party = "<Cdtr><Pty><Nm>A Shop</Nm></Pty></Cdtr>"
    account = "<CdtrAcct><Id><Othr><Id>12 34</Id></Othr></Id></CdtrAcct>"
    parties = f"<RltdPties>{party}{account}</RltdPties>"
    [told] = of(entry("10.00", f"<TxDtls>{parties}</TxDtls>", direction="DBIT"))
    assert (told.counterparty_name, told.counterparty_account) == ("A Shop", "1234")
    assert not told.is_receipt


@pytest.mark.parametrize("path", ["Dbtr/Nm", "Dbtr/Pty/Nm", "UltmtDbtr/Nm", "UltmtDbtr/Pty/Nm"])
def test_where_versions_put_the_payers_name(path: str) -> None:
    names = path.split("/")
    party = "".join(f"<{name}>" for name in names) + "A" + "".join(f"</{name}>" for name in reversed(names))
    [told] = of(entry("1", f"<TxDtls><RltdPties>{party}</RltdPties></TxDtls>"))
    assert told.counterparty_name == "A"


def test_a_batch_is_told_transaction_by_transaction() -> None:
    one, two = of(entry("30.00", detail("10", text="A"), detail("20.0", text="B"), note="SUM"))
    assert [(t.amount.text(), t.unstructured, t.detail) for t in (one, two)] == [
        ("10.00", ("A",), 1),
        ("20.00", ("B",), 2),
    ]
    assert one.entry_amount.text() == "30.00"
    assert "SUM" not in one.texts


def test_a_batch_of_version_2_has_its_amounts_deeper() -> None:
    deep = '<AmtDtls><InstdAmt><Amt Ccy="USD">99</Amt></InstdAmt><TxAmt><Amt Ccy="EUR">{}</Amt></TxAmt></AmtDtls>'
    told = transactions(
        camt(statement(entry("3", detail(more=deep.format("1")), detail(more=deep.format("2")))), version=2)
    )
    assert [t.amount.text() for t in told] == ["1.00", "2.00"]


def test_a_batch_over_several_entry_details() -> None:
    told = of(entry("3", detail("1"), "</NtryDtls><NtryDtls>", detail("2")))
    assert [t.amount.text() for t in told] == ["1.00", "2.00"]


def test_a_batch_net_of_charges() -> None:
    one, charge = of(entry("9", detail("10"), detail("1", direction="DBIT")))
    assert (one.direction, charge.direction) == (Direction.CREDIT, Direction.DEBIT)
    assert not charge.is_receipt


@pytest.mark.parametrize(
    "entries",
    [
        entry("30", detail("10", text="A"), detail("10", text="B")),
        entry("30", detail(text="A"), detail(text="B")),
        entry("30", detail("10", text="A"), detail(text="B")),
        entry("30", detail("10", text="A", ids=refs(EndToEndId="A")), detail("20", text="B", direction="DBIT")),
        entry("30", batch="<Btch><NbOfTxs>2</NbOfTxs></Btch>", note="A"),
        entry("30", detail("30", text="A"), batch="<Btch><NbOfTxs>2</NbOfTxs></Btch>"),
        entry("30", detail("30", text="A", direction="DBIT")),
        entry("30", *(detail(text="A", more=f'<Amt Ccy="USD">{n}</Amt>') for n in (10, 20))),
    ],
)
def test_a_sum_that_cannot_be_taken_apart_is_one_transaction_without_reference(entries: str) -> None:
    [told] = of(entries)
    assert told.is_unsplit
    assert (told.amount.text(), told.detail) == ("30.00", 0)
    assert not any(told.texts)


def test_a_single_transaction_counts_with_what_was_booked() -> None:
    instructed = '<AmtDtls><InstdAmt><Amt Ccy="USD">120</Amt></InstdAmt></AmtDtls>'
    [told] = of(entry("95.00", detail("100.00", more=instructed)))
    assert (told.amount.text(), told.is_unsplit) == ("95.00", False)


def test_foreign_transactions_of_a_batch_count_with_their_value_in_the_account() -> None:
    more = '<Amt Ccy="USD">11</Amt><AmtDtls><CntrValAmt><Amt Ccy="EUR">10</Amt></CntrValAmt></AmtDtls>'
    told = of(entry("30", detail(more=more), detail("20")))
    assert [t.amount.text() for t in told] == ["10.00", "20.00"]


def test_a_bank_that_writes_the_reference_into_its_notes() -> None:
    [told] = of(entry("1", detail(more="<AddtlTxInf>from the bank</AddtlTxInf>"), note="RF18539007547034"))
    assert told.notes == ("from the bank", "RF18539007547034")
    assert told.texts[-1] == "RF18539007547034"


def test_an_entry_without_transactions() -> None:
    [told] = of(entry("1.5", note="RF18539007547034"))
    assert (told.amount.text(), told.detail, told.is_unsplit) == ("1.50", 0, False)
    assert "RF18539007547034" in told.texts


def test_several_statements_in_a_file() -> None:
    data = camt(
        statement(entry("1"), number="A"), statement(number="B"), statement(entry("2"), entry("3"), number="C")
    )
    parts = read(data)
    assert [p.statement_id if isinstance(p, StatementHeader) else p.amount.text() for p in parts] == [
        *("A", "1.00", "B", "C", "2.00", "3.00")
    ]
    assert parts[-1].entry == 2


def test_an_account_by_another_number_and_no_currency() -> None:
    [header, _] = read(camt(statement(entry(), account="<Othr><Id>62-2848 0001</Id></Othr>", currency="")))
    assert (header.account, header.currency) == ("6228480001", None)


def test_no_end_to_end_id() -> None:
    [told] = of(entry("1", detail(ids=refs(EndToEndId="NOTPROVIDED"))))
    assert told.end_to_end_id is None


@pytest.mark.parametrize(
    ("text", "units"), [("7", 700), ("+07.50", 750), (".5", 50), ("5.", 500), ("8.85000", 885), ("0.00", 0)]
)
def test_amounts_as_xml_writes_them(text: str, units: int) -> None:
    [told] = of(entry(text))
    assert told.amount.units == units


def test_a_time_with_a_zone_keeps_the_banks_date() -> None:
    data = camt(statement(entry())).replace(
        b"<BookgDt><Dt>2026-11-20</Dt>", b"<BookgDt><DtTm>2026-11-21T00:15:00+14:00</DtTm>"
    )
    [told] = transactions(data)
    assert told.booked_on == date(2026, 11, 21)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (entry("8.855"), "amount"),
        (entry("-1"), "amount"),
        (entry("1e3"), "amount"),
        (entry("."), "amount"),
        (entry("1,00"), "amount"),
        (entry("9" * 80), "amount"),
        (entry("1", currency="XXX"), "currency"),
        (entry("1", currency="CNY"), "currency"),
        (entry(status=""), "incomplete"),
        (entry(direction=""), "malformed"),
        (entry(direction="BOTH"), "malformed"),
        (entry(reversal="maybe"), "malformed"),
        (entry(booked="20.11.2026"), "date"),
        (entry(booked="2026-02-30"), "date"),
        (entry("1").replace("<CdtDbtInd>", '<Amt Ccy="EUR">2</Amt><CdtDbtInd>'), "malformed"),
        (entry("2", detail("1"), detail("1").replace("<Amt", '<Amt Ccy="EUR">1</Amt><Amt')), "malformed"),
    ],
)
def test_entries_that_are_refused(part: str, reason: str) -> None:
    refused = refusal(camt(statement(entry(), part)))
    assert refused.reason == reason
    assert refused.line == 2


def test_a_refusal_names_the_line_and_quotes_nothing() -> None:
    refused = refusal(camt(statement("\n\n", entry("12.345", detail(text="SECRET")))))
    assert str(refused) == "line 4: an amount has more decimals than EUR, or is too large"


def test_no_account_is_refused() -> None:
    assert refusal(camt(statement(entry(), account="<Othr><Id> - </Id></Othr>"))).reason == "account"


def test_an_entry_before_its_account_is_refused() -> None:
    data = camt(f"<Id>1</Id>{entry()}<Acct><Id><IBAN>{IBAN}</IBAN></Id></Acct>")
    assert refusal(data).reason == "account"


def test_a_batch_larger_than_what_is_kept_in_memory() -> None:
    told = of(entry("1200", *(detail("1", text=f"T{n} 中") for n in range(1200))))
    assert [t.unstructured for t in told] == [(f"T{n} 中",) for n in range(1200)]
    assert len({t.dedupe for t in told}) == 1200
