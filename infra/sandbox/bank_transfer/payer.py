"""A payer who follows a payment's instructions, and the payer's bank, which checks what can be checked.

Account numbers and references by their check digits; the payee's name against its account, as banks in the euro
area must since 2025-10-09 (Regulation (EU) 2024/886, verification of payee) and Chinese banks do when they book;
a QR code against what stands beside it.
"""

from typing import Any

from infra.sandbox.bank_transfer import books, epc, reckoning
from infra.sandbox.bank_transfer.accounts import BIC, Account
from infra.sandbox.bank_transfer.context import Bank
from infra.sandbox.bank_transfer.errors import BankError
from infra.sandbox.bank_transfer.handwriting import remittance
from infra.sandbox.bank_transfer.numbers import cents, iban, is_iban, line
from infra.sandbox.ledger import Row

Json = dict[str, Any]
PAYERS = {
    "EUR": ("Erika Mustermann", iban("DE", "990200200123456789")),
    "CNY": ("上海示例贸易有限公司", "1002000000000000001"),
}
USUAL = {"EUR": "structured", "CNY": "text"}


def pay(bank: Bank, action: Json, wishes: Json) -> Row:
    """Transfer what the `action` of a payment asks for, or what `wishes` say instead: see control.py."""
    account = follow(bank, action)
    if wishes.get("currency", account.currency) != account.currency:
        account = bank.account_in(wishes["currency"])
    meant = line(action.get("reference") or "")
    written = meant if wishes.get("reference") is None else line(wishes["reference"])
    told = remittance(written, wishes.get("as", USUAL[account.currency]), account.currency)
    name, number = payer(account.currency, wishes.get("payer") or {})
    transfer = books.Transfer(
        cents(wishes.get("amount", action.get("amount"))),
        meant,
        told.reference,
        told.texts,
        told.end_to_end,
        name,
        number,
    )
    with bank.ledger.transaction() as db:
        return books.book(db, account, [transfer], status=wishes.get("status", "BOOK"))


def pay_out(bank: Bank, asked: Json) -> Json:
    """The merchant's own order: money goes out with a reference, as text."""
    account = bank.account_in(asked["currency"])
    name, number = payer(account.currency, {})
    reference = line(asked["reference"])
    transfer = books.Transfer(
        cents(asked["amount"]),
        reference,
        texts=(reference,) if reference else (),
        other_name=line(asked.get("name", name)),
        other_account=line(asked.get("other_account", number), 34),
    )
    with bank.ledger.transaction() as db:
        return reckoning.entry(db, books.book(db, account, [transfer], is_credit=False))


def follow(bank: Bank, action: Json) -> Account:
    """The merchant's account that the instructions name; refused if they contradict themselves."""
    if action.get("type", "BANK_TRANSFER") != "BANK_TRANSFER":
        raise BankError("NARR", "these are no instructions for a transfer")
    number = str(action.get("iban") or action.get("accountNumber") or "")
    if "iban" in action and not is_iban(number):
        raise BankError("AC01", "the IBAN's check digits are wrong")
    account = bank.account(number)
    if action.get("accountName") != account.name:
        raise BankError("BE01", "the payee's name is not the account's")
    if action.get("currency") != account.currency:
        raise BankError("AM03", "the account is in another currency")
    if not action.get("reference"):
        raise BankError("NARR", "the instructions have no reference")
    cents(action.get("amount"))
    _check_bank(account, action)
    if action.get("epcQr"):
        _check_code(action)
    return account


def _check_bank(account: Account, action: Json) -> None:
    told, right = (action.get("bic"), BIC) if account.currency == "EUR" else (action.get("bank"), account.bank)
    if told not in (None, right):
        raise BankError("RC01", "the payee's bank is another one")


def _check_code(action: Json) -> None:
    code = epc.read(action["epcQr"])
    said = (code.name, code.iban, code.amount, code.reference or code.text, code.bic or action.get("bic"))
    fields = (
        action["accountName"],
        action["iban"],
        cents(action["amount"]),
        action["reference"],
        action.get("bic"),
    )
    if said != fields:
        raise BankError("QR", "the QR code says something else than the instructions beside it")


def payer(currency: str, wished: Json) -> tuple[str, str]:
    name, number = PAYERS[currency]
    return line(wished.get("name", name)), line(wished.get("account", number), 34)
