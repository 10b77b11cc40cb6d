"""The sandboxed bank's customers: a merchant with instructions and statements, and what stands in them."""

import uuid
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import requests

from tests.contract.sandbox_client import Sandbox

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def checked(prefix: str, body: str) -> str:
    """`body` with its two check digits: an IBAN's (ISO 13616) or a creditor reference's (ISO 11649)."""
    digits = "".join(str(int(sign, 36)) for sign in f"{body}{prefix}00")
    return f"{prefix}{98 - int(digits) % 97:02d}{body}"


def new_reference() -> str:
    return checked("RF", uuid.uuid4().hex[:12].upper())


@dataclass(frozen=True)
class BankCustomer:
    sandbox: Sandbox
    settings: dict[str, str] = field(repr=False)

    @property
    def iban(self) -> str:
        return self.settings["BANK_EUR_IBAN"]

    @property
    def number(self) -> str:
        return self.settings["BANK_CNY_ACCOUNT_NUMBER"]

    def euros(self, reference: str, amount: str = "88.00", *, has_code: bool = True) -> dict[str, Any]:
        """The action of a payment in euros, with the QR code of EPC069-12."""
        name, bic = self.settings["BANK_EUR_ACCOUNT_NAME"], self.settings["BANK_EUR_BIC"]
        code = ["BCD", "002", "1", "SCT", bic, name, self.iban, f"EUR{amount}", "", reference]
        action = {
            "type": "BANK_TRANSFER",
            "accountName": name,
            "iban": self.iban,
            "bic": bic,
            "amount": amount,
            "currency": "EUR",
            "reference": reference,
        }
        return {**action, "epcQr": "\n".join(code)} if has_code else action

    def yuan(self, reference: str, amount: str = "88.00") -> dict[str, Any]:
        return {
            "type": "BANK_TRANSFER",
            "accountName": self.settings["BANK_CNY_ACCOUNT_NAME"],
            "accountNumber": self.number,
            "bank": self.settings["BANK_CNY_BANK_NAME"],
            "amount": amount,
            "currency": "CNY",
            "reference": reference,
        }

    def pay(self, action: dict[str, Any], **wishes: Any) -> requests.Response:
        url = f"{self.sandbox.url}/_sandbox/bank_transfer/pay"
        return requests.post(url, json={"action": action, **wishes}, timeout=10)

    def do(self, step: str, **body: Any) -> dict[str, Any]:
        return self.sandbox.at("bank_transfer").do(step, **body)

    def see(self, what: str) -> dict[str, Any]:
        return self.sandbox.at("bank_transfer").see(what)

    def statement(self, **query: Any) -> requests.Response:
        asked = {"account": self.iban, **query}
        return requests.get(f"{self.sandbox.url}/bank_transfer/statements", params=asked, timeout=10)

    def entries(self, message: str, version: int = 8, **query: Any) -> list[ET.Element]:
        answer = self.statement(format=message, version=version, **query)
        assert answer.status_code == 200, answer.text
        return list(plain(answer.content).iter("Ntry"))

    def entries_of(self, reference: str, message: str = "camt053", version: int = 8) -> list[ET.Element]:
        """Those that carry the reference, anywhere."""
        found = self.entries(message, version, since=self.today())
        return [entry for entry in found if reference in "".join(entry.itertext())]

    def today(self) -> date:
        return date.fromisoformat(self.see("time")["EUR"])


def plain(body: bytes) -> ET.Element:
    """The document with bare names; it must be one that is told to be UTF-8 and is."""
    body.decode("utf-8", "strict")
    root = ET.fromstring(body)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def text(element: ET.Element, path: str) -> str | None:
    return element.findtext(path)


def paths(element: ET.Element) -> list[str]:
    """Every path below an element, in the order of the document."""
    found = []
    for child in element:
        found.append(child.tag)
        found += [f"{child.tag}/{path}" for path in paths(child)]
    return found
