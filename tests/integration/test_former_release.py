"""While a release goes out, the former one's code runs on the new schema beside it: on the same payments, at once.

The former code is the real one, out of git (former_release.txt). `former` and `present` are two shops at two APIs
over one database; each API has rails call back to the other one.
"""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.ports import free_port
from infra.local.server import ROOT
from infra.local.servers.postgres import OWNER
from infra.local.servers.programs import Gateway
from migrations import PRE, upgrade
from tests.support import former_release
from tests.support.former_release import FormerRelease
from tests.support.rails import rail_sandboxes
from tests.support.shop import Shop, new_key, new_order, reference
from tests.support.topics import Topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books

pytestmark = pytest.mark.xdist_group("former-release")


@pytest.fixture(scope="module")
def both(
    stack: Stack, app: App, shop: Shop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[FormerRelease, Shop, Shop]]:
    """The former release, a shop at its API and one at the present API."""
    code = former_release.unpack(tmp_path_factory.mktemp("former-code"))
    upgrade(stack.postgres.url(OWNER), PRE)
    ports = (free_port(), free_port())
    addresses = [f"http://127.0.0.1:{port}" for port in ports]
    release = FormerRelease(code, {**stack.settings, "PUBLIC_BASE_URL": addresses[1]})
    former = release.gateway(tmp_path_factory.mktemp("former"))
    present = Gateway(
        tmp_path_factory.mktemp("present"), settings={**stack.settings, "PUBLIC_BASE_URL": addresses[0]}
    )
    for gateway, port in zip((former, present), ports, strict=True):
        gateway.port = port
    with former, present:
        yield release, Shop(former.url, shop.api_key), Shop(present.url, shop.api_key)


@pytest.fixture(params=["former", "present"])
def pair(request: pytest.FixtureRequest, both: tuple[FormerRelease, Shop, Shop]) -> tuple[Shop, Shop]:
    """Who begins, and who goes on: both ways round."""
    _, former, present = both
    return (former, present) if request.param == "former" else (present, former)


def test_the_former_release_is_an_ancestor_that_knew_an_older_schema() -> None:
    def git(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)

    if git("cat-file", "-e", former_release.commit()).returncode:
        pytest.skip("no history here")
    assert git("merge-base", "--is-ancestor", former_release.commit(), "HEAD").returncode == 0


def test_the_former_api_is_served_by_the_former_code(both: tuple[FormerRelease, Shop, Shop]) -> None:
    _, former, present = both
    assert former.create(method="WECHAT_PAY").status_code in (400, 422)
    assert present.create(method="WECHAT_PAY").status_code == 201


def test_what_one_creates_the_other_settles_and_both_refund(
    pair: tuple[Shop, Shop], alipay: Alipay, books: Books
) -> None:
    begins, goes_on = pair
    payment = begins.created()
    alipay.pay(payment)  # the rail calls the other one back
    assert goes_on.await_state(payment["paymentId"], "SETTLED")["amountReceived"] == "100.00"
    assert outcomes(books, payment) == ["settled"]
    assert goes_on.refund(payment["paymentId"], amount="30.00").status_code == 201
    assert begins.status(payment["paymentId"])["state"] == "PARTIALLY_REFUNDED"
    assert begins.refund(payment["paymentId"], amount="70.01").status_code == 422, "it sees the other's refund"
    assert begins.refund(payment["paymentId"], amount="70.00").status_code == 201
    assert goes_on.status(payment["paymentId"])["state"] == "REFUNDED"
    assert books.kinds(payment["paymentId"]) == ["payment.settled", "payment.refunded", "payment.refunded"]
    assert [event["sequence"] for event in books.events(payment["paymentId"])] == [1, 2, 3]


def test_a_repeated_request_gets_the_first_answer_at_the_other(pair: tuple[Shop, Shop]) -> None:
    begins, goes_on = pair
    key, order = new_key(), new_order()
    first = begins.create(key=key, orderId=order)
    again = goes_on.create(key=key, orderId=order)
    assert again.status_code == first.status_code == 201
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert goes_on.create(key=key, orderId=order, amount="1.00").status_code == 422


def test_what_one_creates_the_other_cancels(pair: tuple[Shop, Shop], books: Books) -> None:
    begins, goes_on = pair
    payment = begins.created()
    assert goes_on.cancel(payment["paymentId"]).status_code == 200
    assert begins.status(payment["paymentId"])["state"] == "CANCELLED"
    assert books.kinds(payment["paymentId"]) == ["payment.failed"]


def test_both_read_lists_and_orders_of_both(pair: tuple[Shop, Shop]) -> None:
    begins, goes_on = pair
    order = new_order()
    ids = [each.created(orderId=order)["paymentId"] for each in (begins, goes_on)]
    listed = goes_on.call("GET", f"/orders/{order}/payments").json()
    assert [each["paymentId"] for each in listed["payments"]] == ids[::-1]
    batch = goes_on.call("POST", "/payments/batch", json={"paymentIds": ids}).json()
    assert {each["paymentId"] for each in batch["payments"]} == set(ids)


def test_an_order_is_settled_first_by_one_only(pair: tuple[Shop, Shop], alipay: Alipay) -> None:
    begins, goes_on = pair
    order = new_order()
    for shop in (begins, goes_on):
        alipay.pay(shop.created(orderId=order))
    payments = [
        begins.await_state(each["paymentId"], "SETTLED")
        for each in begins.call("GET", f"/orders/{order}/payments").json()["payments"]
    ]
    assert sorted(each["exceptions"] for each in payments) == [[], ["DUPLICATE"]]


def test_the_formers_sweeps_settle_and_expire_what_the_present_one_left(
    both: tuple[FormerRelease, Shop, Shop], script: Alipay, books: Books
) -> None:
    release, _, present = both
    lost = present.created()
    script.fault("withhold", method="callback", out_trade_no=reference(lost))
    script.pay(lost)
    late = present.created()
    books.due_now(lost["paymentId"])
    release.run("resolve")
    assert present.status(lost["paymentId"])["state"] == "SETTLED"
    books.run("UPDATE payments SET created_at = now() - interval '2 h', expires_at = now() - interval '1 h'"
              " WHERE id = :id", id=late["paymentId"])  # fmt: skip
    release.run("expire")
    assert present.status(late["paymentId"])["state"] == "EXPIRED"


def test_events_come_in_order_through_both_relays_at_once(
    both: tuple[FormerRelease, Shop, Shop], stack: Stack, app: App, alipay: Alipay
) -> None:
    release, former, present = both
    payments = [shop.created() for shop in (former, present) * 4]
    for payment in payments:
        alipay.pay(payment)
    with release.function("relay_events") as relay, ThreadPoolExecutor(3) as pool:
        for number, payment in enumerate(payments):
            (former, present)[number % 2].await_state(payment["paymentId"], "SETTLED")
            told = [pool.submit(relay.call, {}), pool.submit(app.relay, 5)]
            for shop in (former, present):
                assert shop.refund(payment["paymentId"], amount="10.00").status_code == 201
            for each in told:
                each.result()
        relay.call({})
        app.relay(5)
    topics = Topics(stack.kafka.bootstrap_servers)
    for payment in payments:
        told = [
            json.loads(each.value)["sequence"] for each in topics.records("payments.events", payment["paymentId"])
        ]
        firsts = list(dict.fromkeys(told))
        assert firsts == [1, 2, 3], told


@pytest.mark.parametrize("rail", ["wechat_pay", "unionpay", "card"])
def test_what_only_the_present_one_knows_is_left_whole_by_the_former(
    both: tuple[FormerRelease, Shop, Shop], stack: Stack, books: Books, rail: str
) -> None:
    release, former, present = both
    sandbox = rail_sandboxes(stack.sandbox.url)[rail]
    payment = sandbox.created(present)
    assert former.status(payment["paymentId"])["state"] == "PENDING"
    books.due_now(payment["paymentId"])
    for sweep in ("resolve", "expire"):
        release.run(sweep)
    assert present.status(payment["paymentId"])["state"] == "PENDING"
    sandbox.pay(payment)
    books.due_now(payment["paymentId"])
    assert present.status(payment["paymentId"], refresh="true")["state"] == "SETTLED"
    read = former.status(payment["paymentId"])
    assert (read["state"], read["amountReceived"]) == ("SETTLED", "100.00")
    assert books.kinds(payment["paymentId"]) == ["payment.settled"]


def outcomes(books: Books, payment: dict[str, Any]) -> list[str]:
    """What came of the callbacks that name the payment's order."""
    rows = books.run(
        "SELECT outcome FROM callback_inbox JOIN callback_outcomes ON callback_id = id"
        " WHERE position(CAST(:reference AS bytea) IN body) > 0",
        reference=reference(payment).encode(),
    )
    return [outcome for (outcome,) in rows]
