"""Statement files through the API: what counts, what counts once, and what nobody can import."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.at_once import at_once
from tests.support.shop import new_order
from tests.support.statements import Entry, camt053

if TYPE_CHECKING:
    import requests

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.books import Books
    from tests.support.shop import Shop

XML = {"Content-Type": "application/xml"}


@pytest.fixture
def iban(stack: Stack) -> str:
    return stack.env["BANK_EUR_IBAN"]


def new(shop: Shop, **fields: Any) -> dict[str, Any]:
    return shop.created(**{"method": "BANK_TRANSFER", "currency": "EUR", **fields})


def reference(payment: dict[str, Any]) -> str:
    return str(payment["action"]["reference"])


def send(shop: Shop, body: bytes, content_type: str = "application/xml", **query: str) -> requests.Response:
    return shop.call("POST", "/bank-statements", data=body, headers={"Content-Type": content_type}, params=query)


def imported(shop: Shop, body: bytes) -> dict[str, Any]:
    response = send(shop, body)
    assert response.status_code == 201, response.text
    return dict(response.json())


def test_a_statement_settles_what_it_pays_and_lists_what_it_does_not(shop: Shop, iban: str, stack: Stack) -> None:
    payment, other = new(shop), new(shop)
    spaced = " ".join(reference(other).lower())
    body = camt053(
        iban,
        [
            Entry("100.00", f"Rechnung {reference(payment)} danke"),
            Entry("60", spaced),
            Entry("1.00", "no reference at all"),
            Entry("5.00", reference(payment), direction="DBIT"),
            Entry("5.00", reference(payment), status="PDNG"),
            Entry("5.00", reference(payment), status="INFO"),
        ],
    )
    statement = imported(shop, body)
    counts = {name: statement[name] for name in ("transactions", "credits", "matched", "unmatched", "repeated")}
    assert counts == {"transactions": 6, "credits": 3, "matched": 2, "unmatched": 1, "repeated": 0}
    assert (statement["state"], statement["statements"][0]["account"]) == ("IMPORTED", iban)
    seen = shop.status(payment["paymentId"])
    assert (seen["state"], seen["amountReceived"], seen["exceptions"]) == ("SETTLED", "100.00", [])
    [told] = seen["timeline"][-1]["detail"]["transfers"]
    assert told == {
        "statementId": statement["statementId"],
        "importedBy": shop.api_key.partition(".")[0],
        "fileSha256": statement["fileSha256"],
    }
    part = shop.status(other["paymentId"])
    assert (part["state"], part["amountReceived"]) == ("CONFIRMING", "60.00")


def test_the_same_file_again_changes_nothing_and_answers_the_first(shop: Shop, iban: str, books: Books) -> None:
    payment = new(shop)
    body = camt053(iban, [Entry("60.00", reference(payment))])
    first = imported(shop, body)
    again = send(shop, body)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert again.json() == first
    assert shop.status(payment["paymentId"])["amountReceived"] == "60.00"
    assert books.kinds(payment["paymentId"]) == ["payment.received"]


def test_the_same_file_by_six_at_once_is_imported_once(shop: Shop, iban: str, books: Books) -> None:
    payment = new(shop)
    body = camt053(iban, [Entry("60.00", reference(payment)), *(Entry("1.00", "x") for _ in range(300))])
    answers = at_once(*(lambda: send(shop, body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 200, 201]
    assert len({answer.json()["statementId"] for answer in answers}) == 1
    assert shop.status(payment["paymentId"])["amountReceived"] == "60.00"
    sha = answers[0].json()["fileSha256"]
    states = books.run(
        "SELECT state FROM bank_statements WHERE encode(sha256, 'hex') = :sha ORDER BY state", sha=sha
    )
    assert [state for (state,) in states].count("IMPORTED") == 1
    ids = ",".join(answer.json()["statementId"] for answer in answers)
    assert books.run("SELECT count(*) FROM bank_statement_lines WHERE statement_id = ANY"
                     " (string_to_array(:ids, ','))", ids=ids) == [[0]]  # fmt: skip


def test_the_same_money_in_another_file_counts_once(shop: Shop, iban: str) -> None:
    payment = new(shop)
    entries = [Entry("60.00", reference(payment)), Entry("7.00", "somebody's")]
    imported(shop, camt053(iban, entries))
    again = imported(shop, camt053(iban, [*entries, Entry("1.00", "new")]))
    assert (again["matched"], again["unmatched"], again["repeated"]) == (0, 1, 2)
    assert shop.status(payment["paymentId"])["amountReceived"] == "60.00"


@pytest.mark.parametrize("is_fuller_first", [True, False])
def test_a_file_that_leaves_an_id_out_tells_the_same_money(shop: Shop, iban: str, *, is_fuller_first: bool) -> None:
    payment = new(shop)
    fuller = Entry("60.00", reference(payment), transaction_id=uuid.uuid4().hex)
    files = [fuller, replace(fuller, transaction_id="")]
    for entry in files if is_fuller_first else reversed(files):
        imported(shop, camt053(iban, [entry, Entry("1.00", "filler")]))
    assert shop.status(payment["paymentId"])["amountReceived"] == "60.00"
    mine = [t for t in every(shop, "/transfers", "transfers") if t["reference"] == reference(payment)]
    assert len(mine) == 1, "known, not suspect"


def test_two_files_with_the_same_money_at_once_count_it_once(shop: Shop, iban: str) -> None:
    payment = new(shop)
    entry = Entry("60.00", reference(payment))
    files = [camt053(iban, [entry, Entry("1.00", f"filler {number}")]) for number in range(4)]
    at_once(*(lambda body=body: imported(shop, body) for body in files))
    assert shop.status(payment["paymentId"])["amountReceived"] == "60.00"


def test_money_that_may_be_known_is_shown_and_not_counted(shop: Shop, iban: str) -> None:
    """The same day, amount and reference under another id of the bank: only a person can tell."""
    payment = new(shop)
    first = imported(shop, camt053(iban, [Entry("60.00", reference(payment))]))
    second = imported(shop, camt053(iban, [Entry("60.00", reference(payment))]))
    assert (first["matched"], second["matched"], second["unmatched"]) == (1, 0, 1)
    assert shop.status(payment["paymentId"])["amountReceived"] == "60.00"
    [suspect] = [t for t in unmatched(shop) if t["statementId"] == second["statementId"]]
    assert suspect["suspectOf"].startswith("TRF_")
    assigned = assign(shop, suspect["transferId"], payment["paymentId"])
    assert assigned.status_code == 200, assigned.text
    assert shop.status(payment["paymentId"])["amountReceived"] == "120.00"


def test_one_order_paid_twice_in_one_file_is_flagged(shop: Shop, iban: str) -> None:
    order = new_order()
    payments = [new(shop, orderId=order) for _ in range(2)]
    imported(shop, camt053(iban, [Entry("100.00", reference(payment)) for payment in payments]))
    seen = [shop.status(payment["paymentId"])["exceptions"] for payment in payments]
    assert sorted(seen) == [[], ["DUPLICATE"]]
    [case] = [c for c in cases(shop) if c["detail"].get("orderId") == order]
    assert (case["kind"], case["refundable"]) == ("DUPLICATE", {"amount": "100.00", "currency": "EUR"})
    closed = shop.call("POST", f"/cases/{case['caseId']}/close")
    assert (closed.status_code, closed.json()["closedBy"]) == (200, shop.api_key.partition(".")[0])
    assert case["caseId"] not in [c["caseId"] for c in cases(shop)]
    assert shop.call("POST", f"/cases/{case['caseId']}/close").json() == closed.json()


def test_a_text_with_two_references_is_for_a_person(shop: Shop, iban: str) -> None:
    payments = [new(shop) for _ in range(2)]
    body = camt053(iban, [Entry("200.00", " and ".join(map(reference, payments)))])
    assert imported(shop, body)["unmatched"] == 1
    assert [shop.status(payment["paymentId"])["state"] for payment in payments] == ["PENDING", "PENDING"]


def test_a_returned_credit_in_a_file_of_its_own(shop: Shop, iban: str) -> None:
    payment = new(shop)
    imported(shop, camt053(iban, [Entry("100.00", reference(payment))]))
    imported(shop, camt053(iban, [Entry("100.00", reference(payment), direction="DBIT", is_reversal=True)]))
    seen = shop.status(payment["paymentId"])
    assert (seen["state"], seen["amountWithdrawn"]) == ("REVERSED", "100.00")


def test_a_refund_that_a_person_paid_out(shop: Shop, iban: str) -> None:
    payment = new(shop)
    imported(shop, camt053(iban, [Entry("100.00", reference(payment))]))
    refund = shop.refund(payment["paymentId"], amount="30.00").json()
    assert refund["state"] == "PENDING"
    [case] = [c for c in cases(shop) if c["detail"].get("refundId") == refund["refundId"]]
    payout = case["detail"]["railId"]
    imported(shop, camt053(iban, [Entry("30.00", f"Erstattung {payout}", direction="DBIT")]))
    seen = shop.status(payment["paymentId"])
    assert (seen["state"], seen["amountRefunded"]) == ("PARTIALLY_REFUNDED", "30.00")


# ---------------------------------------------------------------- assigning


def test_an_operator_gives_money_to_its_payment(shop: Shop, iban: str, books: Books) -> None:
    payment, other = new(shop), new(shop)
    statement = imported(shop, camt053(iban, [Entry("100.00", "I forgot the number", payer="Ivan Ivanov")]))
    [transfer] = [t for t in unmatched(shop) if t["statementId"] == statement["statementId"]]
    assert (transfer["amount"], transfer["detail"]["counterpartyName"]) == ("100.00", "Ivan Ivanov")
    answers = at_once(
        *(
            lambda to=to: assign(shop, transfer["transferId"], to["paymentId"])
            for to in (payment, other, payment, other)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"already_assigned"}
    states = sorted(shop.status(each["paymentId"])["state"] for each in (payment, other))
    assert states == ["PENDING", "SETTLED"]
    [winner] = [p for p in (payment, other) if shop.status(p["paymentId"])["state"] == "SETTLED"]
    detail = shop.status(winner["paymentId"])["timeline"][-1]["detail"]["transfers"][0]
    assert detail["assignedBy"] == shop.api_key.partition(".")[0]
    assert transfer["transferId"] not in [t["transferId"] for t in unmatched(shop)]


def test_money_of_another_currency_is_not_assigned(shop: Shop, iban: str) -> None:
    statement = imported(shop, camt053(iban, [Entry("3.00", "euros")]))
    [transfer] = [t for t in unmatched(shop) if t["statementId"] == statement["statementId"]]
    for payment in (new(shop, currency="CNY"), shop.created()):
        refused = assign(shop, transfer["transferId"], payment["paymentId"])
        assert (refused.status_code, refused.json()["field"]) == (400, "paymentId")
    assert assign(shop, "TRF_00000000000000000000000000", new(shop)["paymentId"]).status_code == 404


def test_transfers_are_paged_newest_first(shop: Shop, iban: str) -> None:
    statement = imported(shop, camt053(iban, [Entry(f"{number}.00", "paged") for number in range(1, 6)]))
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while sum(t["statementId"] == statement["statementId"] for t in found) < 5:
        page = shop.call("GET", "/transfers", params={"matched": "false", "limit": "2", **cursor}).json()
        assert len(page["transfers"]) == 2
        found += page["transfers"]
        cursor = {"cursor": page["nextCursor"]}
    ours = [t["amount"] for t in found if t["statementId"] == statement["statementId"]]
    assert sorted(ours) == ["1.00", "2.00", "3.00", "4.00", "5.00"]
    ids = [t["transferId"] for t in found]
    assert ids == sorted(set(ids), reverse=True)


# ---------------------------------------------------------------- refusals

BOMB = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">&b;</Document>"""
EXTERNAL = (
    b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>"""
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(BOMB, "forbidden", id="an XML bomb"),
        pytest.param(EXTERNAL, "forbidden", id="an external entity"),
        pytest.param(b"<Document", "malformed", id="half a tag"),
        pytest.param(b'<?xml version="1.0"?><Document xmlns="urn:other"/>', "format", id="another document"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_kept_as_such(shop: Shop, body: bytes, reason: str) -> None:
    refused = send(shop, body)
    assert (refused.status_code, refused.json()["code"], refused.json()["reason"]) == (
        422,
        "statement_refused",
        reason,
    )
    kept = shop.call("GET", f"/bank-statements/{refused.json()['statementId']}").json()
    assert (kept["state"], kept["reason"], kept["matched"]) == ("REFUSED", reason, 0)


def broken(body: bytes, how: str) -> bytes:
    if how == "encoding":
        return body.replace(b"Mustermann", b"M\xfcstermann")
    return body[: len(body) * 9 // 10]


@pytest.mark.parametrize("how", ["encoding", "cut"])
def test_a_file_that_breaks_late_imports_nothing(shop: Shop, iban: str, books: Books, how: str) -> None:
    payment = new(shop)
    entries = [Entry("100.00", reference(payment), payer="Plain Name"), *(Entry("1.00", "x") for _ in range(1_500))]
    before = books.run("SELECT count(*) FROM transfers")
    refused = send(shop, broken(camt053(iban, entries), how))
    assert (refused.status_code, refused.json()["reason"]) == (422, "malformed")
    assert shop.status(payment["paymentId"])["state"] == "PENDING"
    assert books.run("SELECT count(*) FROM transfers") == before
    statement = refused.json()["statementId"]
    assert books.run("SELECT count(*) FROM bank_statement_lines WHERE statement_id = :id", id=statement) == [[0]]


def test_a_statement_of_another_account_or_currency_is_refused_whole(shop: Shop, iban: str) -> None:
    payment = new(shop)
    entry = Entry("100.00", reference(payment))
    for body, reason in (
        (camt053("DE02120300000000202051", [entry]), "account"),
        (camt053(iban, [entry], currency="USD"), "currency"),
    ):
        refused = send(shop, body)
        assert (refused.status_code, refused.json()["reason"]) == (422, reason)
    assert shop.status(payment["paymentId"])["state"] == "PENDING"


def test_what_is_no_statement_request(shop: Shop) -> None:
    assert send(shop, b"{}", "application/json").status_code == 415
    assert send(shop, b"").json()["code"] == "malformed_body"
    assert send(shop, b"<a/>", accounts="1").json()["field"] == "accounts"
    large = send(shop, b"<" + b" " * (4 * 1024 * 1024))
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")


def test_only_keys_for_statements_import_them(shop: Shop, app: App, iban: str) -> None:
    from paygate.services.api_keys import BEARER, ApiKeys

    issued = ApiKeys(app.keys, app.settings.api_key_pepper).issue(
        "shop", BEARER, ["payments:write", "payments:read"]
    )
    stranger = type(shop)(shop.url, issued.token)
    assert send(stranger, camt053(iban, [])).status_code == 403
    assert stranger.call("GET", "/transfers").status_code == 403
    assert stranger.call("GET", "/cases").status_code == 200


# ---------------------------------------------------------------- helpers


def unmatched(shop: Shop, **query: str) -> list[dict[str, Any]]:
    return every(shop, "/transfers", "transfers", matched="false", **query)


def cases(shop: Shop) -> list[dict[str, Any]]:
    return every(shop, "/cases", "cases")


def every(shop: Shop, path: str, name: str, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query.setdefault("limit", "100")
    while True:
        page = shop.call("GET", path, params=query).json()
        found += page[name]
        if page["nextCursor"] is None:
            return found
        query["cursor"] = page["nextCursor"]


def assign(shop: Shop, transfer_id: str, payment_id: str) -> requests.Response:
    return shop.call("POST", f"/transfers/{transfer_id}/assign", json={"paymentId": payment_id})


@pytest.mark.parametrize(
    ("entry", "booked_on", "reason"),
    [
        (Entry("100.00", "{reference}"), "9999-12-31", "date"),
        (Entry("100.00", "{reference}"), "1900-01-01", "date"),
        (Entry("1000000000000.00", "{reference}"), "2026-01-02", "amount"),
    ],
)
def test_what_no_bank_books_settles_nothing(
    shop: Shop, iban: str, entry: Entry, booked_on: str, reason: str
) -> None:
    payment = new(shop)
    told = replace(entry, text=entry.text.format(reference=reference(payment)))
    refused = send(shop, camt053(iban, [told]).replace(b"2026-01-02</Dt>", booked_on.encode() + b"</Dt>"))
    assert (refused.status_code, refused.json()["reason"]) == (422, reason)
    assert shop.status(payment["paymentId"])["state"] == "PENDING"


def test_who_paid_a_part_is_still_told_where_the_rest_goes(shop: Shop, iban: str) -> None:
    payment = new(shop)
    imported(shop, camt053(iban, [Entry("60.00", reference(payment))]))
    seen = shop.await_state(payment["paymentId"], "CONFIRMING")
    assert (seen["amountReceived"], seen["action"]) == ("60.00", payment["action"])
    imported(shop, camt053(iban, [Entry("40.00", reference(payment))]))
    assert shop.await_state(payment["paymentId"], "SETTLED")["action"] is None
