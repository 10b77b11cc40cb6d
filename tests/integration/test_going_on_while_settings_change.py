"""What operators change while payments are under way: a method that takes no more, a login that is replaced."""

from __future__ import annotations

import secrets
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.servers.postgres import OWNER
from infra.local.servers.programs import Gateway
from migrations import upgrade
from tests.support.operator_door import operate
from tests.support.shop import Shop, new_key, new_order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.local.stack import Stack
    from tests.support.alipay import Alipay


@contextmanager
def api(stack: Stack, shop: Shop, directory: Path, **settings: str) -> Iterator[Shop]:
    with Gateway(directory / uuid.uuid4().hex, settings={**stack.settings, **settings}) as gateway:
        yield Shop(gateway.url, shop.api_key)


def test_a_method_that_is_off_takes_no_new_payment_and_goes_on_with_old_ones(
    stack: Stack, shop: Shop, alipay: Alipay, tmp_path: Path
) -> None:
    order: dict[str, Any] = {"key": new_key(), "orderId": new_order()}
    payment = shop.created(**order)
    with api(stack, shop, tmp_path, METHODS_OFF="ALIPAY, UNIONPAY") as theirs:
        refused = theirs.create()
        assert (refused.status_code, refused.json()["code"]) == (422, "method_not_available")
        assert theirs.create(method="WECHAT_PAY").status_code == 201
        assert theirs.create(**order).json()["paymentId"] == payment["paymentId"], (
            "the same request is no new payment"
        )
        alipay.pay(payment)
        assert theirs.await_state(payment["paymentId"], "SETTLED")
        assert theirs.refund(payment["paymentId"]).status_code == 201


@pytest.fixture
def second_login(stack: Stack) -> Iterator[tuple[str, str]]:
    """A database of the test's own, and another login that may what the application's may."""
    database, role, word = f"login_{uuid.uuid4().hex[:8]}", f"paygate_{uuid.uuid4().hex[:8]}", secrets.token_hex(8)
    stack.postgres.create_database(database)
    upgrade(stack.postgres.url(OWNER, database))
    with stack.postgres.admin() as admin:
        admin.run(f"CREATE ROLE {role} LOGIN PASSWORD '{word}' IN ROLE paygate")
        admin.run(f"ALTER ROLE {role} SET statement_timeout = '10s'")
    yield database, f"postgresql://{role}:{word}@127.0.0.1:{stack.postgres.port}/{database}"
    stack.postgres.drop_database(database)
    with stack.postgres.admin() as admin:
        admin.run(f"DROP ROLE {role}")


def test_a_second_login_does_all_that_the_first_does_and_is_shut_out_with_it(
    stack: Stack, shop: Shop, tmp_path: Path, second_login: tuple[str, str]
) -> None:
    database, url = second_login
    owner = {**stack.env, "DATABASE_URL": url, "MIGRATE_DATABASE_URL": stack.postgres.url(OWNER, database)}
    key = operate(owner, "issue-key", name="second")["token"]
    with api(stack, Shop("", key), tmp_path, DATABASE_URL=url) as theirs:
        payment = theirs.created()
        assert theirs.cancel(payment["paymentId"]).status_code == 200
        operate(owner, "close")
        assert theirs.create().status_code == 503
        assert theirs.call("GET", f"/payments/{payment['paymentId']}").status_code == 503
        operate(owner, "reopen")
        assert theirs.status(payment["paymentId"])["state"] == "CANCELLED"
