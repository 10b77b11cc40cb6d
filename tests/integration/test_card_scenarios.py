"""What only cards do: client secrets, 3-D Secure, processing, capture, refunds that take their time."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from paygate import bootstrap
from paygate.config import read_settings
from paygate.domain.assets import CURRENCIES
from paygate.domain.money import Money
from paygate.ports import Claim
from paygate.services.commands import CreatePayment
from tests.support import card as cards
from tests.support.at_once import at_once, until
from tests.support.card import Card, card
from tests.support.shop import new_key, new_order, reference
from tests.support.spy import Spy, logs, stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books
    from tests.support.passing import Passing
    from tests.support.shop import Shop

pytestmark = pytest.mark.timeout(120)
PAN = "4242 4242 4242 4242"


@pytest.fixture
def desk(stack: Stack) -> Iterator[Card]:
    sandbox = card(stack.sandbox.url)
    yield sandbox
    sandbox.clear_faults()


@pytest.fixture(scope="module")
def authorising(stack: Stack, app: App) -> Iterator[App]:
    """The same gateway, configured to authorise first."""
    built = bootstrap.build(read_settings({**stack.env, "CARD_CAPTURE_METHOD": "manual"}))
    yield built
    built.database.close()


def id_of(payment: dict[str, Any]) -> str:
    found: str = payment["paymentId"]
    return found


def authorised(app: App, shop: Shop, desk: Card) -> dict[str, Any]:
    command = CreatePayment(new_order(), 1, Money(10000, CURRENCIES["EUR"]), "CREDIT_CARD", "request")
    created = app.payments.create_payment(command, Claim(new_key(), b"hash" * 8))
    payment: dict[str, Any] = json.loads(created.answer.body)
    desk.pay(payment)
    return shop.await_state(id_of(payment), "CONFIRMING")


def capture(shop: Shop, payment: dict[str, Any]) -> requests.Response:
    return shop.call("POST", f"/payments/{id_of(payment)}/capture")


# ---------------------------------------------------------------- paying


def test_the_payer_gets_a_client_secret_and_no_more(shop: Shop, desk: Card) -> None:
    payment = desk.created(shop)
    intent = desk.intent(payment)
    assert payment["action"] == {
        "type": "CLIENT_SECRET",
        "clientSecret": intent["client_secret"],
        "publishableKey": payment["action"]["publishableKey"],
    }
    assert payment["action"]["publishableKey"].startswith("pk_test_")
    assert (intent["amount"], intent["currency"], intent["metadata"]["payment_id"]) == (
        10000,
        "eur",
        id_of(payment),
    )


def test_a_declined_card_is_not_the_end(shop: Shop, books: Books, desk: Card) -> None:
    payment = desk.created(shop)
    for _ in range(2):
        desk.use(payment, cards.ALWAYS_DECLINED)
    assert shop.status(id_of(payment), refresh="true")["state"] == "PENDING"
    desk.pay(payment)
    shop.await_state(id_of(payment), "SETTLED")
    assert books.kinds(id_of(payment)) == ["payment.settled"]


def test_3d_secure_leaves_the_payment_pending_with_its_action(shop: Shop, books: Books, desk: Card) -> None:
    payment = desk.created(shop)
    desk.use(payment, cards.CHALLENGED)
    assert desk.intent(payment)["status"] == "requires_action"
    for query in ({}, {"refresh": "true"}):
        seen = shop.status(id_of(payment), **query)
        assert (seen["state"], seen["action"]) == ("PENDING", payment["action"])
    desk.at(payment, "authenticate", passed=False)
    assert shop.status(id_of(payment), refresh="true")["state"] == "PENDING"
    desk.use(payment, cards.CHALLENGED)
    desk.at(payment, "authenticate", passed=True)
    shop.await_state(id_of(payment), "SETTLED")
    assert books.states(id_of(payment)) == ["CREATED", "PENDING", "SETTLED"]


@pytest.mark.parametrize("is_paid", [True, False])
def test_money_on_its_way(shop: Shop, desk: Card, *, is_paid: bool) -> None:
    payment = desk.created(shop)
    desk.use(payment, cards.SLOW)
    assert shop.await_state(id_of(payment), "CONFIRMING")["amountPending"] == "100.00"
    assert shop.cancel(id_of(payment)).status_code == 409
    desk.at(payment, "settle", paid=is_paid)
    after = shop.await_state(id_of(payment), "SETTLED" if is_paid else "PENDING")
    assert after["amountPending"] == "0.00"


@pytest.mark.parametrize("kind", ["drop", "drop_after", "lock_timeout", "api_error"])
def test_c4_a_creation_without_an_answer_is_one_intent(
    shop: Shop, app: App, passing: Passing, desk: Card, kind: str
) -> None:
    desk.do("faults", kind=kind, method="payment_intents.create", count=3)
    created = shop.create(method="CREDIT_CARD", currency="EUR")
    assert created.status_code == 202
    payment = created.json()
    passing.pause([id_of(payment)])
    app.resolve(5)
    seen = shop.await_state(id_of(payment), "PENDING")
    assert len(desk.books(payment)["payment_intents"]) == 1
    desk.pay(seen)
    shop.await_state(id_of(payment), "SETTLED")


def test_l2_what_nobody_pays_is_closed_at_the_processor(shop: Shop, app: App, passing: Passing, desk: Card) -> None:
    payment = desk.created(shop)
    passing.window([id_of(payment)])
    app.expire(5)
    assert shop.status(id_of(payment))["state"] == "EXPIRED"
    assert desk.intent(payment)["status"] == "canceled"


def test_a_creation_whose_answer_was_lost_is_closed_at_the_processor_as_well(
    shop: Shop, app: App, passing: Passing, desk: Card
) -> None:
    desk.do("faults", kind="drop_after", method="payment_intents.create", count=3)
    payment = shop.create(method="CREDIT_CARD", currency="EUR").json()
    assert shop.cancel(id_of(payment)).status_code == 200
    assert desk.intent(payment)["status"] == "canceled"


def test_cancelled_in_the_processors_dashboard(shop: Shop, desk: Card) -> None:
    payment = desk.created(shop)
    desk.at(payment, "cancel")
    shop.await_state(id_of(payment), "CANCELLED")


# ---------------------------------------------------------------- authorised first


def test_what_is_authorised_is_confirming_and_captured_once(
    shop: Shop, books: Books, authorising: App, desk: Card
) -> None:
    payment = authorised(authorising, shop, desk)
    assert (payment["amountPending"], payment["amountReceived"]) == ("100.00", "0.00")
    answers = [capture(shop, payment) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert {answer.json()["state"] for answer in answers} == {"SETTLED"}
    assert (desk.books(payment)["paid"], books.kinds(id_of(payment))) == (10000, ["payment.settled"])
    assert shop.refund(id_of(payment), amount="60.00").status_code == 201
    assert capture(shop, payment).json()["state"] == "PARTIALLY_REFUNDED"


def test_captures_at_once_are_one(shop: Shop, books: Books, authorising: App, desk: Card) -> None:
    payment = authorised(authorising, shop, desk)
    answers = at_once(*[lambda: capture(shop, payment)] * 5)
    assert {answer.status_code for answer in answers} <= {200, 503}  # a lock at the processor may be in the way
    shop.await_state(id_of(payment), "SETTLED")
    assert (desk.books(payment)["paid"], books.kinds(id_of(payment))) == (10000, ["payment.settled"])


def test_a_capture_without_an_answer_may_be_asked_again(shop: Shop, authorising: App, desk: Card) -> None:
    payment = authorised(authorising, shop, desk)
    desk.fault(payment, "withhold", count=9)
    desk.fault(payment, "drop_after", "payment_intents.capture", count=3)
    assert capture(shop, payment).status_code in (200, 503)
    assert capture(shop, payment).json()["state"] == "SETTLED"
    assert desk.books(payment)["paid"] == 10000


def test_l4_what_is_authorised_does_not_expire(shop: Shop, authorising: App, passing: Passing, desk: Card) -> None:
    payment = authorised(authorising, shop, desk)
    passing.window([id_of(payment)])
    before = desk.calls(payment)
    authorising.expire(5)
    assert desk.calls(payment) == before
    assert shop.status(id_of(payment))["state"] == "CONFIRMING"
    assert capture(shop, payment).json()["state"] == "SETTLED"


def test_cancelling_gives_an_authorisation_up(shop: Shop, books: Books, authorising: App, desk: Card) -> None:
    payment = authorised(authorising, shop, desk)
    assert shop.cancel(id_of(payment)).json()["state"] == "CANCELLED"
    assert desk.intent(payment)["status"] == "canceled"
    assert capture(shop, payment).json()["code"] == "not_capturable"
    assert books.kinds(id_of(payment)) == ["payment.failed"]


def test_an_authorisation_that_the_processor_gave_up(shop: Shop, authorising: App, desk: Card) -> None:
    payment = authorised(authorising, shop, desk)
    desk.at(payment, "cancel")
    assert shop.await_state(id_of(payment), "CANCELLED")["amountPending"] == "0.00"


def test_what_cannot_be_captured(shop: Shop, alipay: Alipay, desk: Card) -> None:
    unpaid, other = desk.created(shop), shop.created()
    alipay.pay(other)
    shop.await_state(id_of(other), "SETTLED")
    for payment in (unpaid, other):
        answer = capture(shop, payment)
        assert (answer.status_code, answer.json()["code"]) == (409, "not_capturable")
    assert shop.call("POST", "/payments/PAY_01K6FZ1E8M9N0P1Q2R3S4T5V6W/capture").status_code == 404
    body = {"amount": "1.00"}
    assert shop.call("POST", f"/payments/{id_of(unpaid)}/capture", json=body).status_code == 400


# ---------------------------------------------------------------- refunds


def test_a_refund_that_takes_its_time(shop: Shop, books: Books, desk: Card) -> None:
    payment = desk.paid_with(shop, cards.REFUND_PENDING)
    refund = shop.refund(id_of(payment), amount="60.00")
    assert (refund.status_code, refund.json()["state"]) == (201, "PENDING")
    assert shop.await_state(id_of(payment), "PARTIALLY_REFUNDED")["amountRefunded"] == "60.00"
    assert books.kinds(id_of(payment)) == ["payment.settled", "payment.refunded"]
    assert books.sums(id_of(payment))["refunded_outside"] == 0


def test_a_refund_that_fails_before_it_was_done(shop: Shop, books: Books, desk: Card) -> None:
    payment = desk.settled(shop)
    desk.fault(payment, "refund_status", "refunds.create", status="requires_action")
    assert shop.refund(id_of(payment), amount="60.00").json()["state"] == "PENDING"
    [made] = desk.books(payment)["refunds"]
    desk.do(f"refunds/{made['id']}", status="canceled")
    until(lambda: shop.status(id_of(payment))["refunds"][0]["state"] == "FAILED", "the refund failed")
    assert books.sums(id_of(payment))["refund_reserved"] == 0
    assert shop.refund(id_of(payment)).json()["amount"] == "100.00"


def test_r5_a_refund_whose_answer_and_key_are_lost_is_made_once(
    shop: Shop, books: Books, app: App, desk: Card
) -> None:
    payment = desk.settled(shop)
    desk.fault(payment, "withhold", count=9)
    desk.fault(payment, "drop_after", "refunds.create", count=3)
    assert shop.refund(id_of(payment), amount="60.00").status_code == 202
    desk.do("forget-idempotency-keys")
    books.due_now(id_of(payment))
    app.resolve(5)
    assert shop.status(id_of(payment))["refunds"][0]["state"] == "SUCCEEDED"
    assert (desk.books(payment)["refunded"], len(desk.books(payment)["refunds"])) == (6000, 1)


def test_r7_one_in_the_dashboard_that_takes_its_time(shop: Shop, books: Books, desk: Card) -> None:
    payment = desk.paid_with(shop, cards.REFUND_PENDING)
    desk.at(payment, "console-refund", amount=2500)
    assert shop.await_state(id_of(payment), "PARTIALLY_REFUNDED")["amountRefunded"] == "25.00"
    assert books.sums(id_of(payment))["refunded_outside"] == 2500
    assert books.cases(reference(payment)) == ["REFUNDED_AT_THE_RAIL"]


# ---------------------------------------------------------------- what is not ours


def test_what_another_system_does_at_the_same_account_is_passed_over(
    stack: Stack, shop: Shop, books: Books, desk: Card
) -> None:
    secret = Path(stack.env["CARD_SECRET_KEY_FILE"]).read_text()
    form = {
        "amount": "500",
        "currency": "eur",
        "automatic_payment_methods[enabled]": "true",
        "metadata[reference]": "x1",
    }
    made = requests.post(
        f"{stack.sandbox.url}/card/v1/payment_intents", data=form, auth=(secret, ""), timeout=10
    ).json()
    before = books.run("SELECT count(*) FROM operator_cases")
    desk.do("confirm", reference=made["id"])
    desk.do("disputes", reference=made["id"], amount=100)
    desk.do("console-refund", reference=made["id"], amount=100)

    def told() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = desk.see("callbacks", reference="x1")["callbacks"]
        return found

    until(lambda: len(told()) > 5 and all(one["sends"] for one in told()), "every event was sent")
    assert {one["sends"][0]["status"] for one in told()} == {200}
    assert books.run("SELECT count(*) FROM operator_cases") == before


def test_w7_another_accounts_event_opens_a_case(shop: Shop, books: Books, desk: Card) -> None:
    payment = desk.created(shop)
    desk.await_told(payment)
    desk.fault(payment, "other_merchant", count=9)
    desk.pay(payment)
    until(lambda: books.cases(reference(payment)) == ["OTHER_ACCOUNT"], "the case")
    assert shop.status(id_of(payment))["state"] == "PENDING"


# ---------------------------------------------------------------- card numbers


def test_card_numbers_are_turned_away_and_leave_no_trace(stack: Stack, books: Books, shop: Shop) -> None:
    spy = Spy(stack.gateway.url)
    bare = PAN.replace(" ", "")
    body = {"orderId": new_order(), "userId": 1, "amount": "9.00", "currency": "EUR", "method": "CREDIT_CARD"}
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("description", {"description": f"card {PAN}"}),
        ("metadata.note", {"metadata": {"note": PAN.replace(" ", "-")}}),
        ("orderId", {"orderId": bare}),
        ("userId", {"userId": int(bare)}),
        ("card.number", {"card": {"number": bare, "cvc": "123"}}),
        ("body", {bare: True}),
    ]
    for field, changes in wrong:
        headers = {"Authorization": f"Bearer {shop.api_key}", "Idempotency-Key": new_key()}
        answer = spy.send("POST", "/payments", json={**body, **changes}, headers=headers)
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
            400,
            "card_number_refused",
            field,
        )
    headers = {"Authorization": f"Bearer {shop.api_key}", "Idempotency-Key": bare}
    assert spy.send("POST", "/payments", json=body, headers=headers).json()["field"] == "Idempotency-Key"
    spy.send("POST", f"/payments?card={bare}", json=body, headers=headers)
    spy.send("GET", f"/payments/{bare}?{bare}={bare}", headers=headers)
    spy.send(
        "POST",
        "/payments",
        data=f'{{"{bare}": 1, "{bare}": 2}}',
        headers={**headers, "Content-Type": "application/json"},
    )
    spy.send("POST", "/payments", data=f'{{"x": "{bare}', headers={**headers, "Content-Type": "application/json"})
    log = logs(stack)
    assert spy.is_heard_in(log)
    kept = books.run("SELECT count(*) FROM payments WHERE order_id = :id", id=body["orderId"])
    keys = books.run("SELECT count(*) FROM idempotency_keys WHERE key = :key", key=bare)
    assert (kept, keys) == ([[0]], [[0]])
    with stack.redis.client() as redis:
        names = [name.decode() for name in redis.scan_iter("*")]
    for place in (log, spy.told, stored(books), "\n".join(names)):
        assert bare not in place
        assert PAN not in place


def test_ids_of_ours_and_of_shops_pass(shop: Shop, desk: Card) -> None:
    for _ in range(3):
        desk.created(shop, orderId=str(uuid.uuid4()), metadata={"at": 1763839000123, "id": uuid.uuid4().hex})
