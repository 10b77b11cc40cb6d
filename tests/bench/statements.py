"""Reading a camt.053 of 100,000 entries against one of 10,000: time in its size, memory that does not grow.

Each file is read by a process of its own, which tells its processor time and its peak over what it had before.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from paygate.adapters.statements.reader import read_statements
from paygate.domain.bank_reference import creditor_reference
from tests.bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.world import World

FEW, MANY = 10_000, 100_000
BAR_TIMES, BAR_MEGABYTES = 12.0, 64.0
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr>
<Stmt><Id>S</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>
"""
_ENTRY = """<Ntry><NtryRef>{number}</NtryRef><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-20</Dt></BookgDt><ValDt><Dt>2026-11-20</Dt></ValDt>
<AcctSvcrRef>20261120{number:010d}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>
<SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>E{number}</EndToEndId></Refs>
<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><RltdPties><Dbtr><Pty><Nm>Payer {number}</Nm><PstlAdr>
<TwnNm>Town</TwnNm><Ctry>DE</Ctry></PstlAdr></Pty></Dbtr><DbtrAcct><Id><IBAN>DE{number:020d}</IBAN></Id></DbtrAcct>
</RltdPties><RmtInf><Ustrd>Invoice {number} {reference}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
"""
_TAIL = "</Stmt></BkToCstmrStmt></Document>\n"


def measure(_: World) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        few, many = (Path(folder) / f"{count}.xml" for count in (FEW, MANY))
        for path, count in ((few, FEW), (many, MANY)):
            with path.open("w", encoding="utf-8") as file:
                write(file, count)
        runs = [(_run(many), _run(few)) for _ in range(3)]
    (long, peak), (short, _) = (min(side) for side in zip(*runs, strict=True))
    yield Figure("read_camt_100k_vs_10k", long, short, "s", BAR_TIMES)
    yield Figure("read_camt_100k_memory", peak, BAR_MEGABYTES, "MB", 1.0)


def write(file: TextIO, count: int) -> None:
    """A statement of `count` credits, each with a reference of ours."""
    file.write(_HEAD)
    for number in range(count):
        reference = creditor_reference(f"{number:012d}")
        file.write(
            _ENTRY.format(number=number, amount=f"{number % 900 + 1}.{number % 100:02d}", reference=reference)
        )
    file.write(_TAIL)


def _run(path: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "tests.bench.statements", str(path)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told["seconds"], told["megabytes"]


def _peak_megabytes() -> float:
    """Linux counts in ru_maxrss what the parent had, too."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # macOS, in bytes


def _read(path: Path) -> None:
    before, started = _peak_megabytes(), time.process_time()
    with path.open("rb") as file:
        for _ in read_statements(file, path.stat().st_size):
            pass
    told = {"seconds": time.process_time() - started, "megabytes": _peak_megabytes() - before}
    print(json.dumps(told))


if __name__ == "__main__":
    _read(Path(sys.argv[1]))
