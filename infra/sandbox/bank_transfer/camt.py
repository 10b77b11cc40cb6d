"""Writes camt.053 (a day's statement) and camt.054 (a notification of what came and went), versions 2 to 8.

ISO 20022 message definitions camt.053.001.02 to .08 and camt.054.001.02 to .08, elements in their order. Where
they differ: since version 3 a bank is BICFI and a transaction has an amount and a direction of its own, since 7 a
status is an element of its own, since 8 parties stand one level deeper.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from xml.etree import ElementTree as ET

from infra.sandbox.bank_transfer.accounts import BIC, Account
from infra.sandbox.bank_transfer.camt_transaction import transaction
from infra.sandbox.bank_transfer.camt_writing import Form, add, amount
from infra.sandbox.ledger import Row

ROOTS = {"camt053": ("053", "BkToCstmrStmt", "Stmt"), "camt054": ("054", "BkToCstmrDbtCdtNtfctn", "Ntfctn")}
VERSIONS = range(2, 9)
# Payments received and issued: credit transfers, and those that come back (ExternalBankTransactionSubFamily1Code).
CODES = {True: "RCDT", False: "ICDT"}


@dataclass(frozen=True)
class Movement:
    entry: Row
    parts: list[Row]


@dataclass(frozen=True)
class Report:
    """One statement, or one notification, which has no balances (`before` and `after` in cents)."""

    own_id: str
    number: int
    day: date
    movements: list[Movement] = field(default_factory=list)
    before: int = 0
    after: int = 0


def write(message: str, version: int, account: Account, at: datetime, reports: Iterable[Report]) -> bytes:
    code, outer, inner = ROOTS[message]
    form = Form(version, account.currency)
    document = ET.Element("Document", xmlns=f"urn:iso:std:iso:20022:tech:xsd:camt.{code}.001.{version:02d}")
    root = add(document, outer)
    header = add(root, "GrpHdr")
    add(header, "MsgId", f"{code}{at:%Y%m%d%H%M%S%f}")
    add(header, "CreDtTm", at.isoformat(timespec="seconds"))
    for report in reports:
        _report(add(root, inner), form, account, at, report, has_balances=message == "camt053")
    ET.indent(document, "\t")
    return bytes(ET.tostring(document, encoding="UTF-8", xml_declaration=True)) + b"\n"


def _report(
    node: ET.Element, form: Form, account: Account, at: datetime, report: Report, *, has_balances: bool
) -> None:
    add(node, "Id", report.own_id)
    add(node, "ElctrncSeqNb", str(report.number))
    add(node, "CreDtTm", at.isoformat(timespec="seconds"))
    _account(add(node, "Acct"), form, account)
    if has_balances:
        for code, units in (("OPBD", report.before), ("CLBD", report.after)):
            _balance(add(node, "Bal"), form, code, units, report.day)
    for movement in report.movements:
        _entry(add(node, "Ntry"), form, movement)


def _account(node: ET.Element, form: Form, account: Account) -> None:
    add(node, "Id/IBAN", account.number)
    add(node, "Ccy", account.currency)
    add(node, "Ownr/Nm", account.name)
    add(node, f"Svcr/FinInstnId/{form.bic}", BIC)


def _balance(node: ET.Element, form: Form, code: str, units: int, day: date) -> None:
    add(node, "Tp/CdOrPrtry/Cd", code)
    amount(node, form, abs(units))
    add(node, "CdtDbtInd", "DBIT" if units < 0 else "CRDT")
    add(node, "Dt/Dt", str(day))


def _entry(node: ET.Element, form: Form, movement: Movement) -> None:
    entry = movement.entry
    amount(node, form, entry["amount"])
    add(node, "CdtDbtInd", form.direction(entry))
    if entry["is_reversal"]:
        add(node, "RvslInd", "true")
    add(node, form.status, entry["status"])
    if entry["status"] == "BOOK":
        add(node, "BookgDt/Dt", entry["booked_at"][:10])
    add(node, "ValDt/Dt", entry["value_on"])
    add(node, "AcctSvcrRef", entry["own_id"])
    domain = add(node, "BkTxCd/Domn")
    add(domain, "Cd", "PMNT")
    family = add(domain, "Fmly")
    add(family, "Cd", CODES[bool(entry["is_credit"])])
    add(family, "SubFmlyCd", "RRTN" if entry["is_reversal"] else "ESCT")
    details = add(node, "NtryDtls")
    if len(movement.parts) > 1:
        _batch(add(details, "Btch"), form, movement)
    for part in movement.parts:
        transaction(add(details, "TxDtls"), form, entry, part)
    if entry["note"]:
        add(node, "AddtlNtryInf", entry["note"])


def _batch(node: ET.Element, form: Form, movement: Movement) -> None:
    add(node, "NbOfTxs", str(len(movement.parts)))
    amount(node, form, movement.entry["amount"], "TtlAmt")
    add(node, "CdtDbtInd", form.direction(movement.entry))
