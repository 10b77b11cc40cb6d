"""How a camt element is written, and what a version changes."""

from dataclasses import dataclass
from xml.etree import ElementTree as ET

from infra.sandbox.bank_transfer.numbers import money
from infra.sandbox.ledger import Row


@dataclass(frozen=True)
class Form:
    version: int
    currency: str

    @property
    def bic(self) -> str:
        return "BIC" if self.version == 2 else "BICFI"  # noqa: PLR2004

    @property
    def status(self) -> str:
        return "Sts/Cd" if self.version >= 7 else "Sts"  # noqa: PLR2004

    @property
    def party(self) -> str:
        return "Pty/" if self.version >= 8 else ""  # noqa: PLR2004

    @property
    def has_own_amounts(self) -> bool:
        """Whether a transaction has an amount beside that of its entry, other than in AmtDtls."""
        return self.version > 2  # noqa: PLR2004

    def direction(self, entry: Row) -> str:
        return "CRDT" if entry["is_credit"] else "DBIT"


def add(node: ET.Element, path: str, text: str | None = None) -> ET.Element:
    """A new element below new ones; `text` becomes its content, escaped when it is written."""
    for name in path.split("/"):
        node = ET.SubElement(node, name)
    node.text = text
    return node


def amount(node: ET.Element, form: Form, units: int, path: str = "Amt") -> None:
    add(node, path, money(units)).set("Ccy", form.currency)
