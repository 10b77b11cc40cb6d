"""The bank's page for people: a payer's transfer form, filled in from the address, and what the day brought.

GET /bank_transfer/pay?iban=&reference=&amount=   (or account= for the account in yuan)
"""

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask import request as http
from werkzeug import Response

from infra.sandbox.bank_transfer import books, days, handwriting, payer
from infra.sandbox.bank_transfer.accounts import Account
from infra.sandbox.bank_transfer.context import Bank
from infra.sandbox.bank_transfer.errors import BankError
from infra.sandbox.bank_transfer.numbers import cents, is_creditor_reference, money
from infra.sandbox.bank_transfer.statements import FORMATS
from infra.sandbox.ledger import Db

Page = Response | tuple[str, int]
PAGE = "bank_transfer/pay.html"


def add_routes(blueprint: Blueprint, bank: Bank) -> None:
    @blueprint.get("/bank_transfer/pay")
    def form() -> Page:
        try:
            account = bank.account(_number(bank))
        except BankError as error:
            return render_template("bank_transfer/error.html", error=error), error.status
        return make_response(render_template(PAGE, **_page(bank, account), form=http.args, error=None))

    @blueprint.post("/bank_transfer/pay")
    def pay() -> Page:
        try:
            account = bank.account(http.form.get("account", ""))
        except BankError as error:
            return render_template("bank_transfer/error.html", error=error), error.status
        try:
            _order(bank, account)
        except BankError as error:
            page = render_template(PAGE, **_page(bank, account), form=http.form, error=error)
            return page, error.status
        return redirect(url_for(".form", account=account.number, done=http.form["side"]), 303)


def _number(bank: Bank) -> str:
    return http.args.get("iban") or http.args.get("account") or bank.account_in("EUR").number


def _order(bank: Bank, account: Account) -> None:
    """A payer's reference goes where banks put it: what checks as a creditor reference is taken for one."""
    form = http.form
    is_payer = form.get("side") == "payer"
    typed = form.get("reference", "").strip()
    is_structured = is_payer and account.currency == "EUR" and is_creditor_reference(typed)
    told = handwriting.remittance(typed, "structured" if is_structured else "text", account.currency)
    name, number = payer.payer(account.currency, {"name": form.get("name", "")})
    amount = form.get("amount", "").strip()
    transfer = books.Transfer(cents(amount), typed, told.reference, told.texts, told.end_to_end, name, number)
    with bank.ledger.transaction() as db:
        books.book(db, account, [transfer], is_credit=is_payer)


def _page(bank: Bank, account: Account) -> dict[str, Any]:
    with bank.ledger.transaction() as db:
        today = days.now(db, account.currency).date()
        found = books.entries(db, account.number, today, today)
        entries = [_entry(db, account, entry["id"]) for entry in reversed(found)]
    return {
        "account": account,
        "others": [each for each in bank.accounts.all() if each != account],
        "payer": payer.PAYERS[account.currency][0],
        "today": today,
        "entries": entries,
        "formats": FORMATS[account.currency],
    }


def _entry(db: Db, account: Account, entry_id: int) -> dict[str, Any]:
    entry, parts = books.find(db, entry_id), books.transactions(db, entry_id)
    words = [word for part in parts for word in (part["reference"], *books.texts(part)) if word]
    sign = "+" if entry["is_credit"] else "-"
    return {
        **dict(entry),
        "sum": f"{sign}{money(entry['amount'])} {account.currency}",
        "who": ", ".join(dict.fromkeys(part["other_name"] for part in parts)),
        "words": " · ".join(words),
    }
