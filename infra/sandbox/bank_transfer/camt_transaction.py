"""TxDtls: what a bank tells of one transaction."""

from xml.etree import ElementTree as ET

from infra.sandbox.bank_transfer.books import texts
from infra.sandbox.bank_transfer.camt_writing import Form, add, amount
from infra.sandbox.ledger import Row


def transaction(node: ET.Element, form: Form, entry: Row, part: Row) -> None:
    refs = add(node, "Refs")
    add(refs, "AcctSvcrRef", part["own_id"])
    add(refs, "EndToEndId", part["end_to_end"])
    if form.has_own_amounts:
        amount(node, form, part["amount"])
        add(node, "CdtDbtInd", form.direction(entry))
    else:
        amount(node, form, part["amount"], "AmtDtls/TxAmt/Amt")
    _parties(node, form, entry, part)
    _remittance(node, part)
    if part["return_reason"]:
        add(node, "RtrInf/Rsn/Cd", part["return_reason"])


def _parties(node: ET.Element, form: Form, entry: Row, part: Row) -> None:
    """The one that is not the merchant. A reversal keeps the parts that they had: who paid is the debtor still."""
    is_debtor = bool(entry["is_credit"]) is not bool(entry["is_reversal"])
    side = "Dbtr" if is_debtor else "Cdtr"
    if not (part["other_name"] or part["other_account"]):
        return
    parties = add(node, "RltdPties")
    if part["other_name"]:
        add(parties, f"{side}/{form.party}Nm", part["other_name"])
    if part["other_account"]:
        add(parties, f"{side}Acct/Id/IBAN", part["other_account"])


def _remittance(node: ET.Element, part: Row) -> None:
    """Free text before the structured reference, whose kind is SCOR: a creditor reference (ISO 11649)."""
    if not (part["text"] or part["reference"]):
        return
    information = add(node, "RmtInf")
    for text in texts(part):
        add(information, "Ustrd", text)
    if part["reference"]:
        reference = add(information, "Strd/CdtrRefInf")
        kind = add(reference, "Tp")
        add(kind, "CdOrPrtry/Cd", "SCOR")
        add(kind, "Issr", "ISO")
        add(reference, "Ref", part["reference"])
