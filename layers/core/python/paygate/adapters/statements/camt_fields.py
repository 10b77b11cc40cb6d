"""The elements of camt.053 and camt.054 that are read, found by a walk down the tree; all others are passed over.

ISO 20022 message definitions camt.053.001.02 to .08 and camt.054.001.02 to .08, which differ in few places: since
version 3 a transaction has an amount of its own (TxDtls/Amt; before, AmtDtls/TxAmt/Amt), since 7 a status is an
element of its own (Sts/Cd), since 8 parties stand one level deeper (Dbtr/Pty/Nm). A transaction's direction may
be left out where it is its entry's.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from paygate.domain.bank_statement import StatementRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Fields = dict[str, list[str]]

_STATEMENT = ("Id", "Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Ccy")
_ENTRY = (
    *("Amt", "CdtDbtInd", "RvslInd", "Sts", "Sts/Cd", "Sts/Prtry"),
    *("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm"),
    *("NtryRef", "AcctSvcrRef", "NtryDtls/Btch/NbOfTxs", "AddtlNtryInf"),
)
_PARTIES = tuple(
    f"RltdPties/{path}"
    for side in ("Dbtr", "Cdtr")
    for path in (
        *(f"{side}/Nm", f"{side}/Pty/Nm", f"Ultmt{side}/Nm", f"Ultmt{side}/Pty/Nm"),
        *(f"{side}Acct/Id/IBAN", f"{side}Acct/Id/Othr/Id"),
    )
)
_DETAIL = (
    *("Refs/AcctSvcrRef", "Refs/EndToEndId", "Refs/TxId", "Refs/InstrId"),
    *("Amt", "CdtDbtInd", "AmtDtls/TxAmt/Amt", "AmtDtls/CntrValAmt/Amt", "RtrInf", "AddtlTxInf"),
    *("RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/RfrdDocInf/Nb", "RmtInf/Strd/AddtlRmtInf"),
    *_PARTIES,
)
_MARKS = frozenset({"RtrInf"})  # being there is what they say
_MESSAGES = {"053": "BkToCstmrStmt/Stmt", "054": "BkToCstmrDbtCdtNtfctn/Ntfctn"}
_VERSIONS = range(2, 9)
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.([0-9]{3})\.001\.([0-9]{2})", re.ASCII)
_MAX_CHARACTERS = 100_000  # of one entry, or of one of its transactions
_KEPT = 500


class Details:
    """An entry's transactions; on disk when there are many, for a batch has no upper limit."""

    def __init__(self) -> None:
        self._count = 0
        self._kept: list[Fields] = []
        self._file: IO[str] | None = None

    def append(self, fields: Fields) -> None:
        self._count += 1
        if self._count <= _KEPT:
            self._kept.append(fields)
            return
        if self._file is None:
            self._file = TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed with the entry
        self._file.write(json.dumps(fields) + "\n")

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Fields]:
        yield from self._kept
        if self._file is not None:
            self._file.seek(0)
            yield from map(json.loads, self._file)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


@dataclass(frozen=True, slots=True)
class StatementFields:
    line: int
    fields: Fields
    message: str
    version: int


@dataclass(frozen=True, slots=True)
class EntryFields:
    line: int
    fields: Fields
    details: Details


@dataclass(slots=True)
class _Node:
    """An element that is read: where its text goes, and what begins with it."""

    path: str = ""
    record: str = ""
    children: dict[str, _Node] = field(default_factory=dict)

    def at(self, path: str, prefix: str) -> _Node:
        node = self
        for name in path.split("/"):
            node = node.children.setdefault(prefix + name, _Node())
        return node

    def read(self, paths: tuple[str, ...], prefix: str) -> None:
        for path in paths:
            self.at(path, prefix).path = path


def _tree(message: str, prefix: str) -> _Node:
    """Names of the document's own namespace only: what a bank adds in another is not ours to read."""
    root = _Node()
    statement = root.at(f"Document/{_MESSAGES[message]}", prefix)
    entry = statement.at("Ntry", prefix)
    detail = entry.at("NtryDtls/TxDtls", prefix)
    statement.record, entry.record, detail.record = "statement", "entry", "detail"
    statement.read(_STATEMENT, prefix)
    entry.read(_ENTRY, prefix)
    detail.read(_DETAIL, prefix)
    return root


class Collector:
    """An xml_stream.Sink that leaves statements and their entries in `ready`."""

    def __init__(self) -> None:
        self.ready: list[StatementFields | EntryFields] = []
        self._nodes: list[_Node] = []
        self._skipped = 0
        self._text: list[str] = []
        self._characters = self._characters_of_entry = 0
        self._amount_currency = ""
        self._message, self._version = "", 0
        self._statement: StatementFields | None = None
        self._entry: EntryFields | None = None
        self._fields: Fields = {}

    def take(self) -> list[StatementFields | EntryFields]:
        taken, self.ready = self.ready, []
        return taken

    def start(self, name: str, attributes: Mapping[str, str], line: int, /) -> None:
        if not self._nodes:
            self._begin(name, line)
        node = None if self._skipped else self._nodes[-1].children.get(name)
        if node is None:
            self._skipped += 1
            return
        self._nodes.append(node)
        self._text.clear()
        if node.record:
            self._open(node.record, line)
        elif node.path in _MARKS:
            self._fields[node.path] = [""]
        self._amount_currency = attributes.get("Ccy", "")

    def _begin(self, name: str, line: int) -> None:
        """The root element names the message and its version."""
        namespace, _, local = name.rpartition(" ")
        known = _NAMESPACE.fullmatch(namespace)
        if local != "Document" or known is None:
            raise StatementRefused("format", "this is no camt.053 or camt.054 document", line=line)
        self._message, self._version = known.group(1), int(known.group(2))
        if self._message not in _MESSAGES:
            why = f"camt.{self._message} is not read here: only camt.053 and camt.054 tell of booked money"
            raise StatementRefused("format", why, line=line)
        if self._version not in _VERSIONS:
            raise StatementRefused("version", f"version {self._version} is not read here, 2 to 8 are", line=line)
        self._nodes.append(_tree(self._message, namespace + " "))

    def _open(self, record: str, line: int) -> None:
        self._characters, before = 0, self._characters
        if record == "statement":
            self._fields = {}
            self._statement = StatementFields(line, self._fields, self._message, self._version)
        elif record == "entry":
            self._tell_statement()
            self._fields = {}
            self._entry = EntryFields(line, self._fields, Details())
        else:
            self._fields, self._characters_of_entry = {}, before

    def text(self, data: str, line: int, /) -> None:
        if self._skipped or not self._nodes or not self._nodes[-1].path:
            return
        self._characters += len(data)
        if self._characters > _MAX_CHARACTERS:
            raise StatementRefused("malformed", "an entry has too much text", line=line)
        self._text.append(data)

    def end(self, _line: int, /) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        node = self._nodes.pop()
        if node.record:
            self._close(node.record)
        elif node.path:
            value = "".join(self._text).strip()
            if value:
                value = f"{self._amount_currency} {value}" if node.path.endswith("Amt") else value
                self._fields.setdefault(node.path, []).append(value)
            self._text.clear()

    def _close(self, record: str) -> None:
        if record == "statement":
            self._tell_statement()
        elif self._entry is not None and record == "detail":
            self._entry.details.append(self._fields)
            self._fields, self._characters = self._entry.fields, self._characters_of_entry
        elif self._entry is not None:
            self.ready.append(self._entry)
            self._entry = None
            self._fields = {}

    def _tell_statement(self) -> None:
        """Its account stands before its first entry."""
        if self._statement is not None:
            self.ready.append(self._statement)
            self._statement = None
