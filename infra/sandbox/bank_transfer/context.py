from dataclasses import dataclass

from infra.sandbox.bank_transfer.accounts import Account, Accounts
from infra.sandbox.bank_transfer.errors import BankError
from infra.sandbox.ledger import Ledger


@dataclass(frozen=True)
class Bank:
    """The simulated bank's parts, as its routes use them."""

    ledger: Ledger
    accounts: Accounts
    public_url: str

    def account(self, number: str) -> Account:
        """The merchant's account of that number, however it is set apart."""
        plain = "".join(number.split()).upper()
        for each in self.accounts.all():
            if each.number == plain:
                return each
        raise BankError("AC01", "no account of the merchant has that number")

    def account_in(self, currency: str) -> Account:
        for each in self.accounts.all():
            if each.currency == currency:
                return each
        raise BankError("AM03", f"the merchant has no account in {currency!r}")
