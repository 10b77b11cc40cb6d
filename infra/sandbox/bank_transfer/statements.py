"""Statement files, as the merchant fetches them from the bank: made afresh of what is booked.

GET /bank_transfer/statements?account=&format=camt053|camt054|csv&version=2…8&since=&until=&entry=

camt.053 tells what is booked, a statement for each day (the last one as though it ended now); camt.054 also what is
pending. `entry` asks for a notification of that entry alone. Euros as camt, yuan as CSV.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from flask import Blueprint
from flask import request as http
from werkzeug import Response

from infra.sandbox.bank_transfer import books, camt, days, yuan_csv
from infra.sandbox.bank_transfer.accounts import Account
from infra.sandbox.bank_transfer.camt import Movement, Report
from infra.sandbox.bank_transfer.context import Bank
from infra.sandbox.bank_transfer.errors import BankError
from infra.sandbox.ledger import Db

FORMATS = {"EUR": ("camt053", "camt054"), "CNY": ("csv",)}
LONGEST_DAYS = 366


def add_routes(blueprint: Blueprint, bank: Bank) -> None:
    @blueprint.get("/bank_transfer/statements")
    def statement() -> Response:
        asked = http.args
        account = bank.account(asked.get("account", ""))
        form = asked.get("format", FORMATS[account.currency][0])
        if form not in FORMATS[account.currency]:
            raise BankError("NARR", f"this account's statements are {FORMATS[account.currency]}", 400)
        with bank.ledger.transaction() as db:
            today = days.now(db, account.currency).date()
            since, until = _day("since", today), _day("until", today)
            if not timedelta() <= until - since < timedelta(LONGEST_DAYS):
                raise BankError("DT01", "since when until when: a year at most", 400)
            if form == "csv":
                return _csv(db, account, since, until)
            return _camt(db, account, form, since, until)


def _csv(db: Db, account: Account, since: date, until: date) -> Response:
    movements = [(each.entry, each.parts) for each in _movements(db, account, since, until, has_pending=False)]
    body = yuan_csv.write(account, movements, books.balance_before(db, account.number, since))
    return _file(body, "text/csv; charset=gb18030", f"{account.number}-{since}-{until}.csv")


def _camt(db: Db, account: Account, form: str, since: date, until: date) -> Response:
    version = http.args.get("version", "8")
    if not version.isascii() or not version.isdigit() or int(version) not in camt.VERSIONS:
        raise BankError("NARR", "versions are 2 to 8", 400)
    at = days.now(db, account.currency)
    if form == "camt053":
        reports = list(_statements(db, account, since, until))
    else:
        movements = [each for each in _movements(db, account, since, until) if _is_wanted(each)]
        own_id = f"N{at:%Y%m%d%H%M%S}-{len(movements)}"
        reports = [Report(own_id, at.timetuple().tm_yday, until, movements)]
    body = camt.write(form, int(version), account, at, reports)
    return _file(body, "application/xml", f"{form}-{account.number}-{since}-{until}.xml")


def _statements(db: Db, account: Account, since: date, until: date) -> Iterator[Report]:
    day, balance = since, books.balance_before(db, account.number, since)
    while day <= until:
        movements = _movements(db, account, day, day, has_pending=False)
        after = balance + sum(books.signed(each.entry) for each in movements)
        own_id = f"S{day:%Y%m%d}-{len(movements)}"
        yield Report(own_id, day.timetuple().tm_yday, day, movements, balance, after)
        day, balance = day + timedelta(1), after


def _movements(db: Db, account: Account, since: date, until: date, *, has_pending: bool = True) -> list[Movement]:
    found = books.entries(db, account.number, since, until)
    told = [entry for entry in found if has_pending or entry["status"] == "BOOK"]
    return [Movement(entry, books.transactions(db, entry["id"])) for entry in told]


def _is_wanted(movement: Movement) -> bool:
    return http.args.get("entry", str(movement.entry["id"])) == str(movement.entry["id"])


def _day(name: str, default: date) -> date:
    try:
        return date.fromisoformat(http.args[name]) if name in http.args else default
    except ValueError:
        raise BankError("DT01", f"{name} is a date, YYYY-MM-DD", 400) from None


def _file(body: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, content_type=media_type, headers=headers)
