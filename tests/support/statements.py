"""Bank statements that tests write themselves: camt.053 version 8, as a bank with ids of its own says it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
    "<BkToCstmrStmt><GrpHdr><MsgId>{id}</MsgId><CreDtTm>2026-01-02T03:04:05Z</CreDtTm></GrpHdr>"
    "<Stmt><Id>{id}</Id><Acct><Id>{account}</Id><Ccy>{currency}</Ccy></Acct>"
)
TAIL = "</Stmt></BkToCstmrStmt></Document>\n"


@dataclass(frozen=True)
class Entry:
    """`amount` as the file writes it; `text` is what the payer wrote. `own_id` is the bank's for the entry,
    `transaction_id` for the transaction in it."""

    amount: str
    text: str = ""
    direction: str = "CRDT"
    is_reversal: bool = False
    status: str = "BOOK"
    payer: str = "Erika Mustermann"
    own_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    transaction_id: str = ""

    def xml(self, currency: str) -> str:
        reversal = "<RvslInd>true</RvslInd>" if self.is_reversal else ""
        told = f"<AcctSvcrRef>{self.transaction_id}</AcctSvcrRef>" if self.transaction_id else ""
        side = "Dbtr" if self.direction == "CRDT" else "Cdtr"
        text = f"<RmtInf><Ustrd>{escape(self.text)}</Ustrd></RmtInf>" if self.text else ""
        return (
            f'<Ntry><Amt Ccy="{currency}">{self.amount}</Amt><CdtDbtInd>{self.direction}</CdtDbtInd>{reversal}'
            f"<Sts><Cd>{self.status}</Cd></Sts><BookgDt><Dt>2026-01-02</Dt></BookgDt>"
            f"<AcctSvcrRef>{self.own_id}</AcctSvcrRef><NtryDtls><TxDtls><Refs>{told}<EndToEndId>NOTPROVIDED</EndToEndId>"
            f"</Refs><RltdPties><{side}><Pty><Nm>{escape(self.payer)}</Nm></Pty></{side}></RltdPties>{text}</TxDtls>"
            "</NtryDtls></Ntry>\n"
        )


def camt053(account: str, entries: Iterable[Entry], currency: str = "EUR") -> bytes:
    return "".join(camt053_parts(account, entries, currency)).encode()


def camt053_parts(account: str, entries: Iterable[Entry], currency: str = "EUR") -> Iterator[str]:
    is_iban = account[:2].isalpha()
    told = f"<IBAN>{account}</IBAN>" if is_iban else f"<Othr><Id>{account}</Id></Othr>"
    yield HEAD.format(id=uuid.uuid4().hex, account=told, currency=currency)
    for entry in entries:
        yield entry.xml(currency)
    yield TAIL
