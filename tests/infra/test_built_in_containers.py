"""What `sam build` made, in SAM's containers over LocalStack: what only there could go wrong.

Needs Docker, the SAM CLI and PAYGATE_BUILT, as `make sam` does; `.ci/run` runs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from infra.local.docker import bridge_address, docker
from infra.local.sam import SamStack
from infra.local.sam_build import built
from tests.support.at_once import until
from tests.support.books import Books
from tests.support.notification import Notifications, notifications
from tests.support.shop import Shop
from tests.support.statements import Entry, camt053

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack

pytestmark = [pytest.mark.built, pytest.mark.timeout(600)]
PATIENCE_SECONDS = 60
TEA = "茶"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with SamStack(tmp_path_factory.mktemp("sam"), built=built(), host=bridge_address()) as up:
        yield up


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Shop:
    return Shop(stack.gateway.url, stack.api_key)


@pytest.fixture(scope="module")
def books(stack: Stack) -> Books:
    return Books(stack.postgres)


@pytest.fixture(scope="module")
def notified(stack: Stack) -> Notifications:
    return notifications(stack.gateway.url, stack.sandbox.state)


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/plain"])
@pytest.mark.parametrize("is_raw", [False, True], ids=["percent-encoded", "raw"])
def test_gbk_bytes_arrive_as_they_were_signed(
    shop: Shop, books: Books, notified: Notifications, media_type: str, *, is_raw: bool
) -> None:
    payment = shop.created(channel="WEB")
    body = notified.body(payment, charset="GBK", subject=TEA)
    assert b"%B2%E8" in body
    if is_raw:
        body = body.replace(b"%B2%E8", TEA.encode("gbk"))
        with pytest.raises(UnicodeDecodeError):
            body.decode()
    assert notified.post(body, headers={"Content-Type": f"{media_type}; charset=GBK"}).text == "success"
    assert shop.status(payment["paymentId"])["state"] == "SETTLED"
    assert books.outcomes(body) == ["settled"], "the bytes were not kept as they came"


def test_a_changed_byte_is_refused(shop: Shop, notified: Notifications) -> None:
    payment = shop.created(channel="WEB")
    body = notified.body(payment, charset="GBK", subject=TEA).replace(b"%B2%E8", b"\xb2\xe9")
    assert notified.post(body).text != "success"
    assert shop.status(payment["paymentId"])["state"] == "PENDING"


def test_an_uploaded_statement_goes_through_s3_and_its_queue_to_the_function(stack: Stack, shop: Shop) -> None:
    payment = shop.created(method="BANK_TRANSFER", currency="EUR")
    answer = shop.call("POST", "/bank-statements/uploads", json={})
    assert answer.status_code == 201, answer.text
    form: dict[str, Any] = answer.json()
    file = camt053(stack.env["BANK_EUR_IBAN"], [Entry("100.00", payment["action"]["reference"])])
    assert requests.post(form["url"], data=form["fields"], files={"file": file}, timeout=20).ok
    until(
        lambda: shop.status(payment["paymentId"])["state"] == "SETTLED",
        "the statement settled the payment",
        PATIENCE_SECONDS,
    )


def test_everything_is_reachable_from_the_containers(shop: Shop) -> None:
    answer = shop.call("GET", "/health?deep=true")
    assert answer.status_code == 200, answer.text


def test_a_container_that_is_lost_is_made_anew(shop: Shop) -> None:
    """As when Lambda ends an environment."""
    (lost,) = docker("ps", "--quiet", "--filter", "label=sam.cli.function.name=StatusFunction").split()
    docker("rm", "--force", lost)
    payment = shop.created()
    until(
        lambda: shop.call("GET", f"/payments/{payment['paymentId']}").status_code == 200,
        "status again",
        PATIENCE_SECONDS,
    )
