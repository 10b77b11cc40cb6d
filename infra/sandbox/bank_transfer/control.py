"""The tests' and the demo's door: JSON under /bank_transfer/_sandbox/, and /_sandbox/bank_transfer/pay.

POST   /_sandbox/bank_transfer/pay      {"action", "decision"?, …}: a payer follows a payment's instructions, but
                                        for "as" (structured, text, lowercase, spaced, end_to_end, glued), "amount",
                                        "reference" ("" for none), "currency", "payer", "status" (BOOK, PDNG)
POST   book                             an entry of any kind: "account" or "currency", "direction"? (credit, debit),
                                        "is_reversal"?, "status"?, "booked_on"?, "value_on"?, "note"?, and either
                                        one transaction or "transactions", a list of them: "amount", "reference"?,
                                        "text"? (one or several), "end_to_end"?, "name"?, "other_account"?, "order"?
POST   payout                           {"reference", "amount", "currency", "name"?, "other_account"?}: the merchant
                                        sends money out
POST   return                           {"id", "reason"?}: an entry is sent back, whole, as a reversal
POST   clear | duplicate                {"id"}: a pending entry is booked; the same is booked once more
GET    orders/<reference>               the transactions meant for a reference, with their sums
GET    ledger                           sums in cents and fen, by currency and by reference
GET    time; POST time                  {"date"} or {"days"}: the bank's day, for what is booked from now on

Amounts are asked for as people write them (`12.30`) and told in cents or fen, as integers.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint
from flask import request as http

from infra.sandbox.bank_transfer import books, days, payer, reckoning
from infra.sandbox.bank_transfer.accounts import Account
from infra.sandbox.bank_transfer.context import Bank
from infra.sandbox.bank_transfer.errors import BankError
from infra.sandbox.bank_transfer.handwriting import NO_ID
from infra.sandbox.bank_transfer.numbers import LONGEST_ID, cents, line, lines
from infra.sandbox.ledger import Db, Row

Json = dict[str, Any]
Reply = Json | tuple[Json, int]
PREFIX = "/bank_transfer/_sandbox"
MOST_PARTS = 10_000


def add_routes(blueprint: Blueprint, bank: Bank) -> None:
    blueprint.register_error_handler(BankError, lambda error: (error.body(), error.status))
    _payer_routes(blueprint, bank)
    _booking_routes(blueprint, bank)
    _change_routes(blueprint, bank)
    _view_routes(blueprint, bank)


def _payer_routes(blueprint: Blueprint, bank: Bank) -> None:
    @blueprint.post("/_sandbox/bank_transfer/pay")
    def pay_action() -> Reply:
        asked = http.get_json()
        action, decision = asked["action"], asked.get("decision", "pay")
        if decision not in ("pay", "decline"):
            raise BankError("NARR", "a decision is pay or decline", 400)
        if decision == "decline":
            payer.follow(bank, action)
        else:
            payer.pay(bank, action, asked)
        with bank.ledger.transaction() as db:
            return reckoning.order(db, action["reference"])

    @blueprint.post(f"{PREFIX}/payout")
    def payout() -> Reply:
        asked = http.get_json()
        return payer.pay_out(bank, asked), 201


def _booking_routes(blueprint: Blueprint, bank: Bank) -> None:
    @blueprint.post(f"{PREFIX}/book")
    def book() -> Reply:
        asked = http.get_json()
        account = bank.account(asked["account"]) if "account" in asked else bank.account_in(asked["currency"])
        direction = asked.get("direction", "credit")
        if direction not in ("credit", "debit"):
            raise BankError("NARR", "a direction is credit or debit", 400)
        parts = asked.get("transactions", [asked])
        if len(parts) > MOST_PARTS:
            raise BankError("NARR", f"a batch has at most {MOST_PARTS} transactions", 400)
        is_credit = direction == "credit"
        with bank.ledger.transaction() as db:
            entry = books.book(
                db,
                account,
                [_transfer(part, account) for part in parts],
                is_credit=is_credit,
                is_reversal=bool(asked.get("is_reversal")),
                status=asked.get("status", "BOOK"),
                booked_on=asked.get("booked_on"),
                value_on=asked.get("value_on"),
                note=line(asked.get("note", "")),
            )
            return reckoning.entry(db, entry), 201


def _transfer(asked: Json, account: Account) -> books.Transfer:
    """As the bank got it: nothing is checked but what a message could not carry."""
    reference = line(asked.get("reference", ""), LONGEST_ID)
    texts = lines(asked.get("text", []))
    end_to_end = line(asked.get("end_to_end", ""), LONGEST_ID) or NO_ID
    name, number = payer.payer(account.currency, {})
    return books.Transfer(
        cents(asked.get("amount")),
        line(asked.get("order") or reference or (texts or [""])[0]),
        reference if account.currency == "EUR" else "",
        tuple(texts) if account.currency == "EUR" or not reference else (reference, *texts),
        end_to_end,
        line(asked.get("name", name)),
        line(asked.get("other_account", number), 34),
    )


def _change_routes(blueprint: Blueprint, bank: Bank) -> None:
    def change(step: Callable[[Db, Account, int], Row]) -> Reply:
        entry_id = int(http.get_json()["id"])
        with bank.ledger.transaction() as db:
            account = bank.account(books.find(db, entry_id)["account"])
            return reckoning.entry(db, step(db, account, entry_id)), 201

    @blueprint.post(f"{PREFIX}/return")
    def send_back() -> Reply:
        reason = line(http.get_json().get("reason", "MS03"), 4)
        return change(lambda db, account, entry_id: books.send_back(db, account, entry_id, reason))

    @blueprint.post(f"{PREFIX}/clear")
    def clear() -> Reply:
        return change(lambda db, _account, entry_id: books.clear(db, entry_id))

    @blueprint.post(f"{PREFIX}/duplicate")
    def duplicate() -> Reply:
        return change(books.duplicate)


def _view_routes(blueprint: Blueprint, bank: Bank) -> None:
    @blueprint.get(f"{PREFIX}/orders/<reference>")
    def order(reference: str) -> Reply:
        with bank.ledger.transaction() as db:
            return reckoning.order(db, reference)

    @blueprint.get(f"{PREFIX}/ledger")
    def ledger() -> Reply:
        with bank.ledger.transaction() as db:
            return reckoning.ledger(db)

    @blueprint.route(f"{PREFIX}/time", methods=["GET", "POST"])
    def time() -> Reply:
        asked = http.get_json() if http.method == "POST" else {}
        with bank.ledger.transaction() as db:
            days.move(db, to=asked.get("date"), days=int(asked.get("days", 0)))
            return {currency: str(days.now(db, currency).date()) for currency in days.ZONES}
