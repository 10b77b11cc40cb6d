"""How people put a payment's reference on a transfer: as it was meant, and as it happens."""

from dataclasses import dataclass

from infra.sandbox.bank_transfer.errors import BankError
from infra.sandbox.bank_transfer.numbers import LONGEST_ID, is_creditor_reference, line

NO_ID = "NOTPROVIDED"  # what SEPA's rulebooks put where a payer gave no end-to-end id
GLUE = {"EUR": ("Rechnung", "danke"), "CNY": ("货款", "谢谢")}


@dataclass(frozen=True)
class Remittance:
    """What a transfer carries to the payee: a structured reference or texts, and an id of the payer's."""

    reference: str = ""
    texts: tuple[str, ...] = ()
    end_to_end: str = NO_ID


def remittance(reference: str, manner: str, currency: str) -> Remittance:
    """`manner` is structured (euros only), text, lowercase, spaced, end_to_end or glued to other words."""
    line(reference)
    before, after = GLUE[currency]
    spaced = " ".join(reference[at : at + 4] for at in range(0, len(reference), 4))
    texts = {
        "text": reference,
        "lowercase": reference.lower(),
        "spaced": spaced,
        "glued": f"{before}{reference}{after}",
    }
    if manner in texts:
        return Remittance(texts=(texts[manner],) if reference else ())
    if manner == "end_to_end":
        return Remittance(end_to_end=line(reference, LONGEST_ID) or NO_ID)
    if manner != "structured" or currency != "EUR":
        raise BankError("NARR", f"no such way of writing a reference: {manner!r}", 400)
    if reference and not is_creditor_reference(reference):
        raise BankError("BE20", "the reference's check digits are wrong")
    return Remittance(reference=reference)
