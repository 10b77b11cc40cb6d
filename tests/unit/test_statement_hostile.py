"""Files that are broken, or made to break a reader: each is refused, quickly and in little memory."""

import io
import tracemalloc
from collections.abc import Iterator

import pytest

from paygate.adapters.statements.camt import read_camt
from paygate.adapters.statements.reader import read_statements
from paygate.domain.bank_statement import StatementRefused
from tests.unit.statement_files import LIMIT, camt, detail, entry, read, refusal, statement, transactions

GOOD = camt(statement(entry("1", detail(text="Müller"))))
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "prefix",
    [
        f'<!DOCTYPE Document [<!ENTITY l0 "ha">{LAUGHS}]>',
        f'<!DOCTYPE Document [<!ENTITY a "{"x" * 10_000}">]>',
        '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Document SYSTEM "http://127.0.0.1:1/x.dtd">',
        '<!DOCTYPE Document [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]>',
        "<!DOCTYPE Document>",
    ],
)
def test_no_document_type_is_accepted(prefix: str) -> None:
    refused = refusal(camt(statement(entry("1", detail(text="&l9;&a;&x;"))), prefix=prefix))
    assert refused.reason == "forbidden"


def test_an_entity_nobody_declared() -> None:
    assert refusal(GOOD.replace(b"<Id>S-1", b"<Id>&x;")).reason == "malformed"


def test_a_million_elements_in_each_other() -> None:
    assert str(refusal(GOOD.replace(b"<Id>S-1", b"<a>" * 300_000))) == "line 2: elements are nested too deep"


@pytest.mark.parametrize("cut", [1, 10, 60, 150, len(GOOD) // 2, len(GOOD) - 1])
def test_a_file_that_ends_too_early(cut: int) -> None:
    assert refusal(GOOD[:cut]).reason == "malformed"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "malformed"),
        (b"\0" * 100, "malformed"),
        (GOOD.replace(b"ller", b"\0"), "malformed"),
        (GOOD.replace(b"ller", b"&#0;"), "malformed"),
        (GOOD.replace("ü".encode(), b"\xfc"), "malformed"),
        (GOOD + GOOD, "malformed"),
        (GOOD + b"<!-- ", "malformed"),
        (GOOD.replace(b"UTF-8", b"UTF-16"), "malformed"),
        (GOOD.decode().encode("utf-16"), "malformed"),
        (GOOD.replace(b"UTF-8", b"GB18030"), "encoding"),
        (GOOD.replace(b"UTF-8", b"UTF-7"), "encoding"),
        (GOOD.replace(b"UTF-8", b"rot13"), "encoding"),
        (GOOD.decode().encode("utf-32"), "malformed"),
        (GOOD.replace(b"001.08", b"001.09"), "version"),
        (GOOD.replace(b"001.08", b"001.01"), "version"),
        (GOOD.replace(b"camt.053", b"camt.052"), "format"),
        (GOOD.replace(b"camt.053", b"pain.001"), "format"),
        (GOOD.replace(b"urn:iso", b"urn:other"), "format"),
        (b"<html/>", "format"),
        (camt(), "empty"),
        (GOOD.replace(b"camt.053", b"camt.054"), "empty"),
    ],
)
def test_what_is_refused_and_why(data: bytes, reason: str) -> None:
    refused = refusal(data)
    assert refused.reason == reason
    assert "ller" not in str(refused)


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-1", "ISO-8859-15", "windows-1252"])
def test_encodings_as_declared(encoding: str) -> None:
    [told] = transactions(camt(statement(entry("1", detail(text="Müller"))), encoding=encoding))
    assert told.unstructured == ("Müller",)


def test_a_byte_order_mark() -> None:
    assert transactions(b"\xef\xbb\xbf" + GOOD) == transactions(GOOD)


def test_names_of_another_namespace_are_not_read() -> None:
    foreign = entry("666").replace("<Ntry>", '<Ntry xmlns="urn:other">')
    assert len(transactions(camt(statement(entry(), foreign)))) == 1


def test_a_prefixed_namespace_is_the_same() -> None:
    data = GOOD.replace(b"</", b"</c:").replace(b"xmlns=", b"xmlns:c=")
    for name in (
        b"Document",
        b"BkTo",
        b"GrpHdr",
        b"MsgId",
        b"Stmt",
        b"Id>",
        b"Acct",
        b"IBAN",
        b"Ccy>",
        b"Ntry",
        b"Amt",
    ):
        data = data.replace(b"<" + name, b"<c:" + name)
    for name in (
        b"CdtDbtInd",
        b"Sts",
        b"Bookg",
        b"Val",
        b"Dt>",
        b"TxDtls",
        b"Rltd",
        b"Dbtr",
        b"Nm",
        b"Rmt",
        b"Ustrd",
    ):
        data = data.replace(b"<" + name, b"<c:" + name)
    assert transactions(data) == transactions(GOOD)


def test_the_limit_on_bytes() -> None:
    assert refusal(GOOD, limit=len(GOOD) - 1).reason == "too_large"
    assert len(read(GOOD, limit=len(GOOD))) == 2


class Endless(io.RawIOBase):
    """`head`, then `filling` for as long as anybody reads."""

    def __init__(self, head: bytes, filling: bytes) -> None:
        self._head, self._filling = head, filling

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head, b""
        return head or (self._filling * (size // len(self._filling)))


HEAD = GOOD[: GOOD.index(b"ller")]


@pytest.mark.parametrize(
    ("head", "filling"),
    [
        (HEAD, b"x"),
        (HEAD.replace(b"<Ustrd>", b"<Unread>"), b"x"),
        (HEAD.replace(b"<Ustrd>", b"<Unread>"), b"<a b='%s'/>" % (b"c" * 400)),
        (HEAD, b"</Ustrd><Ustrd>" + b"x" * 100),
        (HEAD, b"&#65;"),
        (HEAD + b"<!-- ", b"x"),
        (HEAD + b"<", b"x"),
        (HEAD + b"<x a='", b"x"),
        (HEAD + b"<x ", b"a='' "),
        (HEAD + b"<?x ", b"x"),
        (HEAD + b"<![CDATA[", b"x"),
        (HEAD + b"</Ustrd></RmtInf></TxDtls></NtryDtls>", b"<Sts>INFO</Sts>"),
        (
            HEAD + b"</Ustrd></RmtInf></TxDtls></NtryDtls>",
            b"<Sts>%s</Sts><NtryDtls><TxDtls/></NtryDtls>" % (b"x" * 400),
        ),
        (b"", b" "),
        (b"", b"x"),
        (GOOD, b"\n"),
    ],
)
def test_a_file_without_end_takes_no_memory(head: bytes, filling: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(StatementRefused):
            drain(read_camt(Endless(head, filling), 8 * LIMIT))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * LIMIT


TABLE = b"booked_on,amount,currency,text\n"


@pytest.mark.parametrize(
    ("head", "filling"),
    [
        (b"", b"x"),
        (b"", b","),
        (b"", b"\n"),
        (b"", b'"\n'),
        (TABLE, b"x"),
        (TABLE, b"x,"),
        (TABLE + b'2026-11-20,1,EUR,"', b"x" * 100 + b"\n"),
        (TABLE + b'2026-11-20,1,EUR,"', b'\n","'),
        (TABLE, b",,," + b" " * 400 + b"\n"),
    ],
)
def test_a_table_without_end_takes_no_memory(head: bytes, filling: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(StatementRefused):
            drain(read_statements(Endless(head, filling), 8 * LIMIT, "1"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * LIMIT


def drain(parts: Iterator[object]) -> None:
    for _ in parts:
        pass
