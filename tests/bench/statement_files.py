"""Bank statements of any length, written as they are made."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from paygate.domain.bank_reference import creditor_reference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

IBAN = "DE89370400440532013000"
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>{name}</MsgId></GrpHdr>
<Stmt><Id>{name}</Id><Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>
"""
_ENTRY = """<Ntry><NtryRef>{number}</NtryRef><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-20</Dt></BookgDt><ValDt><Dt>2026-11-20</Dt></ValDt>
<AcctSvcrRef>{name}{number:010d}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>
<SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>E{number}</EndToEndId></Refs>
<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><RltdPties><Dbtr><Pty><Nm>Payer {number}</Nm><PstlAdr>
<TwnNm>Town</TwnNm><Ctry>DE</Ctry></PstlAdr></Pty></Dbtr><DbtrAcct><Id><IBAN>DE{number:020d}</IBAN></Id></DbtrAcct>
</RltdPties><RmtInf><Ustrd>Invoice {number} {reference}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
"""
_TAIL = "</Stmt></BkToCstmrStmt></Document>\n"


def write(path: Path, name: str, count: int, paid: Sequence[str]) -> None:
    """A camt.053 of `count` credits of 100.00. `paid` are references of payments; nobody waits for the others."""
    every = count // len(paid)
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEAD.format(name=name, iban=IBAN))
        theirs = itertools.chain(paid, itertools.repeat(""))
        for number in range(count):
            reference = next(theirs) if number % every == 0 else ""
            other = reference or creditor_reference(f"{number:012d}")
            file.write(_ENTRY.format(name=name, number=number, amount="100.00", reference=other))
        file.write(_TAIL)
