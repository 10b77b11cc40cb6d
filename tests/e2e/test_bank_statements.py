"""Statement files from end to end: uploads through S3 and its queue, approval, and importers that die."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests

from infra.local.scheduler import queue_event
from infra.local.servers.postgres import DATABASE
from infra.local.servers.programs import CODE
from paygate import bootstrap
from paygate.config import read_settings
from paygate.domain.bank_statement import StatementRefused
from paygate.domain.errors import NotApprovable, SecondPersonNeeded
from tests.support.at_once import at_once, until
from tests.support.books import Books
from tests.support.statements import Entry, camt053

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.shop import Shop

IMPORT = """
import sys
from paygate import bootstrap
statements = bootstrap.app().statements
if sys.argv[1] == "upload":
    statements.from_queue(sys.argv[2])
else:
    statements.import_file(open(sys.argv[1], "rb").read(), sys.argv[2], None)
"""


@pytest.fixture(scope="module")
def books(stack: Stack) -> Books:
    return Books(stack.postgres)


@pytest.fixture
def iban(stack: Stack) -> str:
    return stack.env["BANK_EUR_IBAN"]


def new(shop: Shop, **fields: Any) -> dict[str, Any]:
    return shop.created(**{"method": "BANK_TRANSFER", "currency": "EUR", **fields})


def reference(payment: dict[str, Any]) -> str:
    return str(payment["action"]["reference"])


def states(books: Books, body: bytes) -> list[str]:
    text = "SELECT state FROM bank_statements WHERE sha256 = :sha ORDER BY id"
    return [state for (state,) in books.run(text, sha=hashlib.sha256(body).digest())]


# ---------------------------------------------------------------- uploads


class Inbox:
    """The bucket's form, and what the queue then says, handed to the function by hand."""

    def __init__(self, stack: Stack, shop: Shop) -> None:
        self._shop = shop
        self._sqs = stack.aws.client("sqs")
        self._url = stack.env["STATEMENT_QUEUE_URL"]

    def announced(self) -> dict[str, Any]:
        answer = self._shop.call("POST", "/bank-statements/uploads", json={})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def post(self, form: dict[str, Any], body: bytes) -> requests.Response:
        return requests.post(form["url"], data=form["fields"], files={"file": body}, timeout=20)

    def messages(self) -> list[dict[str, Any]]:
        found = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
        for message in found.get("Messages", []):
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return list(found.get("Messages", []))

    def work(self) -> list[dict[str, Any]]:
        """The function is called for all that waits; answers the failures that it told."""
        from import_statement.app import lambda_handler

        failures = []
        while messages := self.messages():
            answer = lambda_handler(queue_event(messages, self._url), Context())
            failures += answer["batchItemFailures"]
        return failures

    def statement(self, statement_id: str) -> dict[str, Any]:
        return dict(self._shop.call("GET", f"/bank-statements/{statement_id}").json())


class Context:
    aws_request_id = "request-1"
    function_name = "import_statement"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture
def inbox(stack: Stack, shop: Shop, app: App) -> Inbox:
    return Inbox(stack, shop)


def test_an_upload_is_imported_in_the_name_of_who_asked_for_it(
    inbox: Inbox, shop: Shop, iban: str, books: Books
) -> None:
    payment = new(shop)
    form = inbox.announced()
    assert inbox.statement(form["statementId"])["state"] == "AWAITING_UPLOAD"
    body = camt053(iban, [Entry("100.00", reference(payment))])
    assert inbox.post(form, body).ok
    assert inbox.work() == []
    statement = inbox.statement(form["statementId"])
    assert (statement["state"], statement["matched"]) == ("IMPORTED", 1)
    assert statement["importedBy"] == shop.api_key.partition(".")[0]
    assert statement["fileSha256"] == hashlib.sha256(body).hexdigest()
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"
    # the same bytes through the other door, and through this one again
    again = shop.call("POST", "/bank-statements", data=body, headers={"Content-Type": "text/xml"})
    assert (again.status_code, again.json()["statementId"]) == (200, form["statementId"])
    second = inbox.announced()
    inbox.post(second, body)
    inbox.work()
    repeated = inbox.statement(second["statementId"])
    assert (repeated["state"], repeated["repeats"]) == ("REPEATED", form["statementId"])
    assert shop.status(payment["paymentId"])["amountReceived"] == "100.00"
    assert books.kinds(payment["paymentId"]) == ["payment.settled"]


def test_an_upload_that_cannot_be_read_is_refused_for_good(inbox: Inbox) -> None:
    form = inbox.announced()
    inbox.post(form, b"<Document")
    assert inbox.work() == [], "to try again would not help"
    statement = inbox.statement(form["statementId"])
    assert (statement["state"], statement["reason"]) == ("REFUSED", "malformed")


def test_an_upload_replaced_after_it_was_imported_changes_nothing(inbox: Inbox, shop: Shop, iban: str) -> None:
    payment = new(shop)
    form = inbox.announced()
    inbox.post(form, camt053(iban, [Entry("40.00", reference(payment))]))
    inbox.work()
    before = inbox.statement(form["statementId"])
    inbox.post(form, camt053(iban, [Entry("60.00", reference(payment))]))
    inbox.work()
    assert inbox.statement(form["statementId"]) == before
    assert shop.status(payment["paymentId"])["amountReceived"] == "40.00"


def test_the_form_bounds_what_it_takes_and_where_it_goes(inbox: Inbox) -> None:
    import base64

    form = inbox.announced()
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    assert form["maxBytes"] == 512 * 1024 * 1024
    assert ["content-length-range", 1, form["maxBytes"]] in policy["conditions"]
    assert {"key": f"statements/{form['statementId']}"} in policy["conditions"]


def test_a_long_file_is_read_by_the_request_and_taken_in_by_somebody_with_time(
    inbox: Inbox, shop: Shop, iban: str, app: App
) -> None:
    payment = new(shop)
    head = "booked_on,amount,currency,text,account\n"
    rows = "".join(f"2026-01-02,1.00,EUR,long {number},{iban}\n" for number in range(10_000))
    body = f"{head}2026-01-02,100.00,EUR,{reference(payment)},{iban}\n{rows}".encode()
    answer = shop.call("POST", "/bank-statements", data=body, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()["state"], answer.json()["credits"]) == (202, "APPROVED", 10_001)
    assert shop.status(payment["paymentId"])["state"] == "PENDING"
    inbox.messages()  # lost
    app.resolve(10)  # asks again
    assert inbox.work() == []
    assert inbox.statement(answer.json()["statementId"])["state"] == "IMPORTED"
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"


def test_messages_that_are_not_about_an_upload(inbox: Inbox, stack: Stack) -> None:
    sqs, url = stack.aws.client("sqs"), stack.env["STATEMENT_QUEUE_URL"]
    inbox.messages()
    event = {"Records": [{"s3": {"object": {"key": "statements/BST_00000000000000000000000000"}}}]}
    for body in ({"Event": "s3:TestEvent"}, event, {"Records": [{"s3": {"object": {"key": "other"}}}]}):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
    assert inbox.work() == []
    sqs.send_message(QueueUrl=url, MessageBody="no json")
    assert len(inbox.work()) == 1, "it comes again, and then to the dead letters"


# ---------------------------------------------------------------- approval


@pytest.fixture(scope="module")
def strict(stack: Stack, app: App) -> Iterator[App]:
    built = bootstrap.build(read_settings({**stack.env, "BANK_STATEMENT_APPROVAL": "second_person"}))
    yield built
    built.database.close()


def test_a_second_person_lets_the_money_in(strict: App, shop: Shop, iban: str, books: Books) -> None:
    payment = new(shop)
    body = camt053(iban, [Entry("100.00", reference(payment))])
    waiting = json.loads(strict.statements.import_file(body, "pk_first", None).document)
    assert (waiting["state"], waiting["matched"], waiting["credits"]) == ("WAITING_APPROVAL", 0, 1)
    assert shop.status(payment["paymentId"])["state"] == "PENDING"
    again = strict.statements.import_file(body, "pk_second", None)
    assert (again.is_repeat, json.loads(again.document)["statementId"]) == (True, waiting["statementId"])
    with pytest.raises(SecondPersonNeeded):
        strict.statements.approve(waiting["statementId"], "pk_first")
    assert shop.status(payment["paymentId"])["state"] == "PENDING"
    answers = at_once(
        *(
            lambda by=by: strict.statements.approve(waiting["statementId"], by)
            for by in ("pk_second", "pk_third") * 2
        )
    )
    assert {json.loads(answer)["approvedBy"] for answer in answers} <= {"pk_second", "pk_third"}
    assert len({json.loads(answer)["approvedBy"] for answer in answers}) == 1
    until(lambda: shop.status(payment["paymentId"])["state"] == "SETTLED", "the approved money settles")
    [told] = shop.status(payment["paymentId"])["timeline"][-1]["detail"]["transfers"]
    assert (told["importedBy"], told["approvedBy"]) == ("pk_first", json.loads(answers[0])["approvedBy"])
    assert books.kinds(payment["paymentId"]) == ["payment.settled"]
    strict.statements.approve(waiting["statementId"], "pk_first")  # it is approved already: nothing is left to say


def test_what_was_refused_cannot_be_approved(strict: App) -> None:
    with pytest.raises(StatementRefused) as refused:
        strict.statements.import_file(b"<Document", "pk_first", None)
    assert refused.value.statement_id is not None
    with pytest.raises(NotApprovable):
        strict.statements.approve(refused.value.statement_id, "pk_second")


def test_an_approval_whose_process_died_is_taken_in_by_resolve(
    strict: App, shop: Shop, iban: str, books: Books
) -> None:
    payment = new(shop)
    body = camt053(iban, [Entry("100.00", reference(payment))])
    waiting = json.loads(strict.statements.import_file(body, "pk_first", None).document)
    books.run(
        "UPDATE bank_statements SET state = 'APPROVED', approved_by = 'pk_second', approved_at = now()"
        " WHERE id = :id",
        id=waiting["statementId"],
    )
    strict.resolve(10)
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"


# ---------------------------------------------------------------- deaths


@contextmanager
def importer(stack: Stack, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    env = {**os.environ, **stack.env, "PYTHONPATH": os.pathsep.join(map(str, CODE))}
    process = subprocess.Popen([sys.executable, "-c", IMPORT, *arguments], env=env, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def held(books: Books, statement: str) -> Iterator[None]:
    """Another transaction stands in the way."""
    with books.postgres.admin(DATABASE) as admin:
        admin.run("BEGIN")
        admin.run(statement)
        yield
        admin.run("ROLLBACK")


def waits(books: Books, part: str) -> bool:
    text = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE :part"
    with books.postgres.admin(DATABASE) as admin:
        return bool(admin.run(text, part=f"%{part}%"))


HELD = {
    "before the commit began": ("SELECT pg_advisory_xact_lock(7291002)", "pg_advisory_xact_lock"),
    "in the midst of the commit": ("LOCK TABLE transfer_queue IN SHARE MODE", "looked_up"),
}


@pytest.mark.parametrize("when", HELD)
def test_an_importer_killed_before_its_commit_leaves_nothing(
    stack: Stack, shop: Shop, iban: str, books: Books, tmp_path: Path, when: str
) -> None:
    payment = new(shop)
    body = camt053(iban, [Entry("100.00", reference(payment)), *(Entry("1.00", f"x{n}") for n in range(2_500))])
    path = tmp_path / "statement.xml"
    path.write_bytes(body)
    before = books.run("SELECT count(*) FROM transfers")
    obstacle, waiting = HELD[when]
    with held(books, obstacle), importer(stack, str(path), "pk_dead") as process:
        until(lambda: waits(books, waiting), f"the importer waits {when}")
        process.kill()
        process.wait()
    assert books.run("SELECT count(*) FROM transfers") == before
    assert shop.status(payment["paymentId"])["state"] == "PENDING"
    answer = shop.call("POST", "/bank-statements", data=body, headers={"Content-Type": "text/xml"})
    assert (answer.status_code, answer.json()["matched"], answer.json()["unmatched"]) == (201, 1, 2_500)
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"
    assert states(books, body) == ["IMPORTED"]


def test_an_importer_killed_before_it_books_is_finished_by_resolve(
    stack: Stack, shop: Shop, iban: str, books: Books, tmp_path: Path, app: App
) -> None:
    payments = [new(shop) for _ in range(5)]
    body = camt053(iban, [Entry("100.00", reference(payment)) for payment in payments])
    path = tmp_path / "statement.xml"
    path.write_bytes(body)
    ids = ",".join(f"'{payment['paymentId']}'" for payment in payments)
    with (
        held(books, f"SELECT FROM payments WHERE id IN ({ids}) FOR NO KEY UPDATE"),
        importer(stack, str(path), "pk_dead") as process,
    ):
        until(lambda: states(books, body) == ["IMPORTED"], "the statement counts")
        process.kill()
        process.wait()
    assert {shop.status(payment["paymentId"])["state"] for payment in payments} == {"PENDING"}
    books.run("UPDATE transfer_queue SET available_at = now()")  # the dead one's leases are over
    app.resolve(10)
    for payment in payments:
        seen = shop.status(payment["paymentId"])
        assert (seen["state"], seen["amountReceived"]) == ("SETTLED", "100.00")
        assert seen["timeline"][-1]["detail"]["transfers"][0]["importedBy"] == "pk_dead"
        assert books.kinds(payment["paymentId"]) == ["payment.settled"]


def test_an_upload_whose_importer_was_killed_is_imported_when_its_message_comes_again(
    stack: Stack, shop: Shop, iban: str, books: Books, inbox: Inbox, app: App
) -> None:
    payment = new(shop)
    form = inbox.announced()
    body = camt053(iban, [Entry("100.00", reference(payment)), *(Entry("1.00", f"y{n}") for n in range(2_500))])
    inbox.post(form, body)
    inbox.messages()
    statement_id = form["statementId"]
    with held(books, HELD["in the midst of the commit"][0]), importer(stack, "upload", statement_id) as process:
        until(lambda: waits(books, "looked_up"), "the importer is in its commit")
        process.kill()
        process.wait()
    assert inbox.statement(statement_id)["state"] == "READING"
    at_once(*(lambda: app.statements.from_queue(statement_id) for _ in range(3)))
    statement = inbox.statement(statement_id)
    assert (statement["state"], statement["matched"], statement["unmatched"]) == ("IMPORTED", 1, 2_500)
    assert shop.status(payment["paymentId"])["amountReceived"] == "100.00"


def test_what_was_begun_a_day_ago_and_never_ended_is_swept(
    stack: Stack, shop: Shop, iban: str, books: Books, inbox: Inbox, app: App
) -> None:
    forgotten = "BST_00000000000000000000000001"
    fresh = inbox.announced()["statementId"]
    books.run(
        "INSERT INTO bank_statements (id, state, imported_by) VALUES (:id, 'AWAITING_UPLOAD', 'pk_1')", id=forgotten
    )
    books.run(
        "INSERT INTO bank_statement_lines SELECT 'RUN_old', 1, 1, :id, 'TRF_1', 'PAYMENT', 1, 'EUR', 2, '', 'd',"
        " '{}', '{}', now(), '{}', now() - interval '2 days'",
        id=forgotten,
    )
    app.resolve(5)
    assert inbox.statement(forgotten)["reason"] == "not_uploaded"
    assert inbox.statement(fresh)["state"] == "AWAITING_UPLOAD"
    assert books.run("SELECT FROM bank_statement_lines WHERE run = 'RUN_old'") == []


def test_the_bucket_keeps_what_was_imported(stack: Stack, inbox: Inbox, iban: str, app: App) -> None:
    form = inbox.announced()
    body = camt053(iban, [Entry("1.00", "kept")])
    inbox.post(form, body)
    inbox.work()
    client = boto3.client("s3", endpoint_url=stack.aws.url)
    found = client.get_object(Bucket=stack.env["STATEMENT_BUCKET"], Key=form["fields"]["key"])
    assert found["Body"].read() == body
