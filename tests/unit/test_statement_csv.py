import io
from datetime import date

import pytest

from paygate.adapters.statements import cells
from paygate.adapters.statements.csv_rows import decoded_lines
from paygate.adapters.statements.layouts import LAYOUTS
from paygate.adapters.statements.peeked import HEAD_BYTES
from paygate.adapters.statements.reader import read_statements
from paygate.domain.bank_statement import (
    BankTransaction,
    Booking,
    Direction,
    KeyBasis,
    StatementHeader,
    StatementRefused,
    is_same,
    is_suspect,
)
from tests.unit.statement_csv_files import CHINESE, CODE, PAYGATE, SPARKASSE
from tests.unit.statement_files import IBAN, LIMIT, PAYER, camt, detail, entry, statement


def parse(data: str | bytes, encoding: str = "utf-8", account: str | None = None, limit: int = LIMIT):
    raw = data if isinstance(data, bytes) else data.encode(encoding)
    header, *told = read_statements(io.BytesIO(raw), limit, account)
    assert isinstance(header, StatementHeader)
    assert all(isinstance(each, BankTransaction) for each in told)
    return header, told


def refusal(data: str | bytes, **more) -> StatementRefused:
    with pytest.raises(StatementRefused) as caught:
        parse(data, **more)
    return caught.value


def test_our_own_layout() -> None:
    header, (paid, fee, pending, taken_back) = parse(PAYGATE)
    assert header == StatementHeader(IBAN, "EUR", None, "csv", "paygate")
    assert (paid.amount.units, paid.direction, paid.booking) == (123450, Direction.CREDIT, Booking.BOOKED)
    assert (paid.booked_on, paid.value_on) == (date(2026, 11, 20), date(2026, 11, 21))
    assert paid.texts == ("RF18539007547034", "Invoice 7,\nthanks", "E-1")
    assert (paid.counterparty_name, paid.counterparty_account, paid.ids.entry) == ("A Payer", PAYER, "B-1")
    assert (fee.direction, fee.amount.units) == (Direction.DEBIT, 1000)
    assert pending.booking is Booking.PENDING
    assert taken_back.is_reversal
    assert [each.is_receipt for each in (paid, fee, pending, taken_back)] == [True, False, False, False]
    assert [each.entry for each in (paid, fee, pending, taken_back)] == [1, 2, 3, 4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("bank", sorted(CHINESE))
def test_layouts_modelled_on_chinese_banks(bank: str, encoding: str) -> None:
    header, (paid, fee, taken_back) = parse(CHINESE[bank], encoding)
    assert header == StatementHeader("0200000009000000001", "CNY", None, "csv", bank)
    assert (paid.amount.text(), paid.direction, paid.is_receipt) == ("1234.50", Direction.CREDIT, True)
    assert (paid.counterparty_name, paid.counterparty_account) == ("甲公司", "6222000000000000001")
    assert paid.booked_on == date(2026, 11, 20)
    assert CODE in "".join(paid.texts).replace(" ", "").upper()
    assert (fee.amount.text(), fee.direction, fee.counterparty_name) == ("10.00", Direction.DEBIT, "银行")
    assert (taken_back.amount.text(), taken_back.direction, taken_back.is_reversal) == (
        "5.00",
        Direction.CREDIT,
        True,
    )
    assert not taken_back.is_receipt


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252"])
@pytest.mark.parametrize("ascii_rows", [1, 2000])
def test_german_savings_banks(encoding: str, ascii_rows: int) -> None:
    columns, first, fee, *others = SPARKASSE.splitlines(keepends=True)
    header, told = parse("".join((columns, fee * ascii_rows, first, *others)), encoding)
    paid, pending, came_back = told[ascii_rows:]
    assert header == StatementHeader(IBAN, "EUR", None, "csv", "sparkasse")
    assert (paid.amount.text(), paid.counterparty_name, paid.end_to_end_id) == ("1234.50", "Jörg Groß", None)
    assert (paid.booked_on, paid.value_on, paid.is_receipt) == (date(2026, 11, 20), date(2026, 11, 21), True)
    assert told[0].direction is Direction.DEBIT
    assert (pending.booking, came_back.is_reversal) == (Booking.PENDING, True)


def test_layouts_have_names_of_their_own() -> None:
    assert len({layout.name for layout in LAYOUTS}) == len(LAYOUTS) == 7


MINIMAL = "booked_on,amount,currency,text\n"


def test_an_account_that_the_file_does_not_name() -> None:
    header, _ = parse(MINIMAL + "2026-11-20,1,EUR,x\n", account="DE89 3704 0044 0532 0130 00")
    assert header.account == IBAN
    assert refusal(MINIMAL + "2026-11-20,1,EUR,x\n").reason == "account"


def test_a_file_without_movements() -> None:
    header, told = parse(MINIMAL, account=IBAN)
    assert (header.account, told) == (IBAN, [])


def test_rows_that_are_no_movements() -> None:
    data = MINIMAL + "\n,,,\nprinted by a bank\n2026-11-20,1,EUR,x\n" + MINIMAL + ",,,opening balance\n"
    assert len(parse(data, account=IBAN)[1]) == 1


def test_the_same_row_twice_is_two_movements_and_the_same_ones_in_another_export() -> None:
    data = MINIMAL + "2026-11-20,1,EUR,x\n" * 2
    again = "currency;text;amount;booked_on\n" + "EUR;X;1.00;2026/11/20\n" * 2
    first, second = ([each.dedupe for each in parse(each, account=IBAN)[1]] for each in (data, again))
    assert first == second
    assert len(set(first)) == 2


def test_a_balance_tells_equal_movements_of_two_exports_apart() -> None:
    columns = "账号:0200000009000000001\n交易时间,收入金额,支出金额,账户余额,对方账号,对方户名,交易用途\n"
    morning, evening = (
        "2026-11-20 {}:00:00,5.00,,{},1,甲,x\n".format(*each) for each in ((9, "15.00"), (17, "20.00"))
    )
    [one], [first, second] = parse(columns + morning)[1], parse(columns + morning + evening)[1]
    [other] = parse(columns + evening)[1]
    assert is_same(first.keys, one.keys)
    assert is_same(second.keys, other.keys)
    assert not is_same(other.keys, one.keys)
    assert is_suspect(other.keys, one.keys)


def test_a_csv_and_a_camt_of_the_same_money() -> None:
    [told] = parse(f"account,booked_on,amount,currency,text,bank_id\n{IBAN},2026-11-20,10,EUR,x,N1\n")[1]
    xml = camt(statement(entry("10.00", detail(text="y"), reference="N1")))
    [_, other] = read_statements(io.BytesIO(xml), LIMIT)
    assert isinstance(other, BankTransaction)
    assert told.keys.basis is KeyBasis.BANK_ID
    assert is_same(told.keys, other.keys)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2026-11-20,1.234,EUR,x", "amount"),
        ('2026-11-20,"1,23",EUR,x', "amount"),
        ('2026-11-20,"1,234,5",EUR,x', "amount"),
        ("2026-11-20,1e3,EUR,x", "amount"),
        ("2026-11-20,--1,EUR,x", "amount"),
        ("2026-11-20,,EUR,x", "amount"),
        ("2026-11-20,NaN,EUR,x", "amount"),
        ("2026-11-20,1,XXX,x", "currency"),
        ("2026-11-20,1,,x", "currency"),
        ("2026-11-20,1,USD,x", "account"),
        (",1,EUR,x", "date"),
        ("20.11.2026,1,EUR,x", "date"),
        ("2026-02-30,1,EUR,x", "date"),
        ("2026-11-20,1,EUR,x,y", "malformed"),
        ('2026-11-20,1,EUR,"x', "malformed"),
        ('2026-11-20,1,EUR,"x"y', "malformed"),
        ("2026-11-20,1,EUR,\0", "malformed"),
        ("2026-11-20,1,EUR," + "x" * 200_000, "malformed"),
        ('2026-11-20,1,EUR,"' + "\n" * 1000, "malformed"),
    ],
)
def test_rows_that_are_refused(row: str, reason: str) -> None:
    refused = refusal(MINIMAL + "2026-11-20,1,EUR,x\n" + row + "\n", account=IBAN)
    assert (refused.reason, refused.line) == (reason, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"PK\x03\x04xlsx", "format"),
        ("a,b,c\n1,2,3\n", "layout"),
        ("booked_on,amount,amount,currency,text\n", "layout"),
        (MINIMAL.encode() + b"2026-11-20,1,EUR,\xff\xfe\n", "encoding"),
        (CHINESE["icbc"].encode("gb18030") + b"\xff\n", "encoding"),
        (b"\xff\xfe" + b"\xd8" * 9, "layout"),
        (CHINESE["icbc"].replace("用途", "备注,用途").replace("货款", "x,货款"), "layout"),
        (CHINESE["icbc"].replace("1,234.50", "0.00"), "amount"),
        (CHINESE["icbc"].replace("贷,0.00", "贷,1.00"), "amount"),
        (CHINESE["boc"].replace("来账", "调账"), "malformed"),
        (CHINESE["boc"].replace("1234.50", "-1234.50"), "amount"),
        (PAYGATE + f"{PAYER},2026-11-20,,1,EUR,,x,,,,,,\n", "account"),
    ],
)
def test_files_that_are_refused(data: str | bytes, reason: str) -> None:
    assert refusal(data).reason == reason


def test_utf_16_is_read_with_its_mark_only() -> None:
    marked = decoded_lines(io.BytesIO("货\n款".encode("utf-16")), ("utf-16", "utf-8"), 99)
    assert list(marked) == ["货\n", "款"]
    with pytest.raises(StatementRefused, match="utf-16 or utf-8"):
        list(decoded_lines(io.BytesIO("货\n款".encode("utf-16-le")), ("utf-16", "utf-8"), 99))


class Trickle(io.BytesIO):
    """A file of which each read gives one byte."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(1, size or 0))


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252"])
def test_a_file_that_comes_byte_by_byte(encoding: str) -> None:
    columns, *lines = SPARKASSE.splitlines(keepends=True)
    data = "".join((columns, *lines * 300)).encode(encoding)
    assert len(data) > 2 * HEAD_BYTES
    assert list(read_statements(Trickle(data), LIMIT)) == list(read_statements(io.BytesIO(data), LIMIT))


@pytest.mark.parametrize("account", ["2.0E+18", "2E+18", "200000009000000000.00"])
def test_an_account_that_a_spreadsheet_made_a_number(account: str) -> None:
    refused = refusal(f"account,booked_on,amount,currency,text\n{account},2026-11-20,1,CNY,x\n")
    assert str(refused) == "line 2: a spreadsheet made a number of the account"


def test_the_limit_on_bytes() -> None:
    data = (MINIMAL + "2026-11-20,1,EUR,x\n").encode()
    assert refusal(data, account=IBAN, limit=len(data) - 1).reason == "too_large"
    assert parse(data, account=IBAN, limit=len(data))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_is_told_by_what_is_in_it(encoding: str) -> None:
    header, told = parse(camt(statement(entry()), encoding=encoding))
    assert (header.format, len(told)) == ("camt.053", 1)


@pytest.mark.parametrize(
    ("cell", "digits"),
    [
        ("1,234,567.89", (False, "1234567.89")),
        ("-1234.50", (True, "1234.50")),
        ("\u221210", (True, "10")),
        ("¥ 1,234.00", (False, "1234.00")),
        ("\uffe5\uff11\uff12\uff13\uff0e\uff14\uff15", (False, "123.45")),
        ("'0012", (False, "0012")),
        ('="12.30"', (False, "12.30")),
        ("\t12 ", (False, "12")),
        ("+5", (False, "5")),
    ],
)
def test_amounts_as_spreadsheets_write_them(cell: str, digits: tuple[bool, str]) -> None:
    assert cells.amount(cell, ".", 1) == digits


@pytest.mark.parametrize(
    ("cell", "order"),
    [
        ("2026-11-05", "ymd"),
        ("2026/11/5", "ymd"),
        ("2026年11月5日", "ymd"),
        ("20261105", "ymd"),
        ("20261105 10:11:12", "ymd"),
        ("20261105101112", "ymd"),
        ("2026-11-05-10.11.12.123456", "ymd"),
        ("\uff12\uff10\uff12\uff16-11-05", "ymd"),
        ("05.11.26", "dmy"),
        ("5.11.2026", "dmy"),
    ],
)
def test_days_as_banks_write_them(cell: str, order: str) -> None:
    assert cells.day(cell, order, 1) == date(2026, 11, 5)
