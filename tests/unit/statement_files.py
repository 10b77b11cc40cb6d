"""Statement files of our own making."""

import io
from collections.abc import Iterator

from paygate.adapters.statements.camt import read_camt
from paygate.domain.bank_statement import BankTransaction, StatementHeader, StatementRefused

IBAN = "DE89370400440532013000"
PAYER = "GB82WEST12345698765432"
LIMIT = 1 << 20


def refs(**ids: str) -> str:
    return "<Refs>" + "".join(f"<{name}>{text}</{name}>" for name, text in ids.items()) + "</Refs>"


def detail(
    amount: str = "",
    *,
    direction: str = "",
    ids: str = "",
    text: str = "",
    structured: str = "",
    payer: str = PAYER,
    more: str = "",
) -> str:
    """A transaction as since version 3: with an amount of its own."""
    own = f'<Amt Ccy="EUR">{amount}</Amt>' if amount else ""
    own += f"<CdtDbtInd>{direction}</CdtDbtInd>" if direction else ""
    parties = (
        f"<RltdPties><Dbtr><Nm>A Payer</Nm></Dbtr><DbtrAcct><Id><IBAN>{payer}</IBAN></Id></DbtrAcct></RltdPties>"
    )
    lines = "".join(f"<Ustrd>{line}</Ustrd>" for line in text.split("|") if line)
    strd = f"<Strd><CdtrRefInf><Ref>{structured}</Ref></CdtrRefInf></Strd>" if structured else ""
    return f"<TxDtls>{ids}{own}{more}{parties}<RmtInf>{lines}{strd}</RmtInf></TxDtls>"


def entry(
    amount: str = "10.00",
    *details: str,
    direction: str = "CRDT",
    status: str = "BOOK",
    reference: str = "",
    currency: str = "EUR",
    booked: str = "2026-11-20",
    valued: str = "2026-11-20",
    reversal: str = "",
    batch: str = "",
    note: str = "",
) -> str:
    return "".join(
        (
            f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>',
            f"<RvslInd>{reversal}</RvslInd>" if reversal else "",
            f"<Sts>{status}</Sts>" if status else "",
            f"<BookgDt><Dt>{booked}</Dt></BookgDt>" if booked else "",
            f"<ValDt><Dt>{valued}</Dt></ValDt>" if valued else "",
            f"<AcctSvcrRef>{reference}</AcctSvcrRef>" if reference else "",
            f"<NtryDtls>{batch}{''.join(details)}</NtryDtls>" if details or batch else "",
            f"<AddtlNtryInf>{note}</AddtlNtryInf>" if note else "",
            "</Ntry>",
        )
    )


def statement(
    *entries: str, account: str = f"<IBAN>{IBAN}</IBAN>", currency: str = "EUR", number: str = "S-1"
) -> str:
    ccy = f"<Ccy>{currency}</Ccy>" if currency else ""
    return f"<Id>{number}</Id><Acct><Id>{account}</Id>{ccy}</Acct>{''.join(entries)}"


def camt(
    *statements: str, message: str = "053", version: int = 8, encoding: str = "UTF-8", prefix: str = ""
) -> bytes:
    outer, inner = ("BkToCstmrStmt", "Stmt") if message == "053" else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.{message}.001.{version:02d}"
    body = "".join(f"<{inner}>{each}</{inner}>" for each in statements)
    text = f'<Document xmlns="{namespace}"><{outer}><GrpHdr><MsgId>M</MsgId></GrpHdr>{body}</{outer}></Document>'
    return f'<?xml version="1.0" encoding="{encoding}"?>\n{prefix}{text}'.encode(encoding)


def read(data: bytes, limit: int = LIMIT) -> list[StatementHeader | BankTransaction]:
    return list(read_camt(io.BytesIO(data), limit))


def transactions(data: bytes) -> list[BankTransaction]:
    return [each for each in read(data) if isinstance(each, BankTransaction)]


def of(*entries: str) -> list[BankTransaction]:
    return transactions(camt(statement(*entries)))


def refusal(data: bytes, limit: int = LIMIT) -> StatementRefused:
    """Why `data` is refused."""
    parts = _until_refused(data, limit)
    *_, last = parts
    assert isinstance(last, StatementRefused), "it was read"
    return last


def _until_refused(data: bytes, limit: int) -> Iterator[object]:
    try:
        yield from read_camt(io.BytesIO(data), limit)
    except StatementRefused as refused:
        yield refused
