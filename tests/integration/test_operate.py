"""What an operator does by hand: keys, replays, erasure, sealing anew. Called as its invoker calls it."""

from __future__ import annotations

import base64
import json
import os
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from infra.local.server import ROOT
from infra.local.servers.programs import CODE
from infra.local.template import read_template
from operate.app import TASKS, TaskRefused
from paygate import bootstrap
from paygate.config import read_settings
from paygate.domain import ids
from tests.support.function_process import FunctionProcess
from tests.support.operator_door import operate
from tests.support.rails import rail_sandboxes
from tests.support.shop import Shop, new_key, new_order, reference

if TYPE_CHECKING:
    from pathlib import Path

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.alipay import Alipay
    from tests.support.books import Books

PERSONAL = "Ms Wang, 13800138000"


# ---------------------------------------------------------------- keys


def test_a_new_key_works_and_its_secret_is_in_no_log(
    stack: Stack, shop: Shop, books: Books, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    functions = {each.name: each for each in read_template(ROOT / "template.yaml").functions}
    environment = {**stack.env, "PYTHONPATH": os.pathsep.join(map(str, CODE))}
    with log.open("w") as file:
        process = FunctionProcess(functions["OperateFunction"], environment, file)
        answer = process.call({"task": "issue-key", "name": "first"})
        process.close()
    theirs = Shop(shop.url, answer["token"])
    assert theirs.create().status_code == 201
    assert theirs.call("GET", "/cases").status_code == 200
    [[scopes]] = books.run("SELECT scopes FROM api_keys WHERE id = :id", id=answer["keyId"])
    assert "admin" not in scopes
    logged = log.read_text()
    assert '"task":"issue-key"' in logged.replace(" ", "")
    assert answer["token"].partition(".")[2] not in logged


def test_a_signing_keys_secret_is_told_once_and_kept_sealed(stack: Stack, books: Books) -> None:
    answer = operate(stack.env, "issue-key", name="signer", kind="signing", scopes=["payments:read"])
    assert set(answer) == {"keyId", "secret"}
    [[sealed]] = books.run("SELECT secret_sealed FROM api_keys WHERE id = :id", id=answer["keyId"])
    assert answer["secret"].encode() not in sealed


def test_a_revoked_key_is_refused(stack: Stack, shop: Shop) -> None:
    answer = operate(stack.env, "issue-key", name="brief")
    operate(stack.env, "revoke-key", keyId=answer["keyId"])
    assert Shop(shop.url, answer["token"]).create().status_code == 401


# ---------------------------------------------------------------- events


def test_events_are_queued_again(stack: Stack, shop: Shop, app: App, alipay: Alipay) -> None:
    payment = settled(shop, alipay)
    app.relay(5)
    assert operate(stack.env, "replay", payment=payment["paymentId"]) == {"queued": 1}
    app.relay(5)
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert operate(stack.env, "replay", **{"from": hour_ago})["queued"] >= 1
    app.relay(5)


# ---------------------------------------------------------------- erasure


def test_a_payment_whose_callback_waits_is_not_erased_yet(
    stack: Stack, shop: Shop, alipay: Alipay, books: Books
) -> None:
    payment = shop.created()
    alipay.pay(payment)
    shop.await_state(payment["paymentId"], "SETTLED")
    alipay.await_callbacks(reference(payment), 1)
    waits = (
        "INSERT INTO callback_queue (callback_id, available_at) SELECT id, now() + interval '1 hour'"
        " FROM callback_inbox WHERE position(CAST(:reference AS bytea) IN body) > 0 ON CONFLICT DO NOTHING"
    )
    books.run(waits, reference=reference(payment).encode())
    asked = {"payments": [payment["paymentId"]]}
    assert operate(stack.env, "erase", **asked) == {"erased": [], "not_yet": asked["payments"]}
    applied = (
        "DELETE FROM callback_queue USING callback_inbox WHERE id = callback_id"
        " AND position(CAST(:reference AS bytea) IN body) > 0"
    )
    books.run(applied, reference=reference(payment).encode())
    assert operate(stack.env, "erase", **asked) == {"erased": asked["payments"], "not_yet": []}


def test_what_is_erased_of_a_payment_and_what_stays(
    stack: Stack, app: App, shop: Shop, alipay: Alipay, books: Books
) -> None:
    key = new_key()
    personal = {
        "orderId": new_order(),
        "metadata": {"name": PERSONAL},
        "description": PERSONAL,
        "returnUrl": "https://shop.example/?u=wang",
    }
    payment = shop.created(key=key, **personal)
    payment_id = payment["paymentId"]
    alipay.pay(payment)
    before = shop.await_state(payment_id, "SETTLED")
    assert shop.refund(payment_id, amount="30.00", reason=PERSONAL).status_code == 201
    alipay.await_callbacks(reference(payment), 2)
    assert callbacks(books, payment) == 2
    books.run("UPDATE callback_queue SET available_at = now()")  # one that lost a race is applied by the next run
    app.resolve(5)

    assert operate(stack.env, "erase", payments=[payment_id]) == {"erased": [payment_id], "not_yet": []}
    after = shop.status(payment_id)
    assert PERSONAL not in json.dumps(after, ensure_ascii=False)
    assert (after["metadata"], after["description"], after["returnUrl"]) == ({}, None, None)
    for name in ("orderId", "userId", "amount", "amountReceived", "settledAt"):
        assert after[name] == before[name]
    assert [each["reason"] for each in after["timeline"]][-1] == "erased"
    assert after["timeline"][: len(before["timeline"])] == before["timeline"]
    assert callbacks(books, payment) == 0
    again = shop.create(key=key, **personal)
    assert again.json()["paymentId"] == payment_id, "its key is still known"
    assert PERSONAL not in json.dumps(again.json(), ensure_ascii=False)
    assert operate(stack.env, "erase", payments=[payment_id])["erased"] == [payment_id], "repeated"

    assert shop.refund(payment_id, amount="70.00").status_code == 201, "and it can still be refunded"
    assert shop.status(payment_id)["state"] == "REFUNDED"


@pytest.mark.parametrize(
    ("channel", "metadata"),
    [("JSAPI", {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}), ("H5", {"payerClientIp": "203.0.113.7"})],
)
def test_a_payment_whose_payer_is_forgotten_is_still_asked_about_and_refunded(
    stack: Stack, shop: Shop, app: App, books: Books, channel: str, metadata: dict[str, str]
) -> None:
    sandbox = rail_sandboxes(stack.sandbox.url)["wechat_pay"]
    payment = sandbox.settled(shop, channel=channel, metadata=metadata)
    assert operate(stack.env, "erase", payments=[payment["paymentId"]])["erased"]
    assert shop.status(payment["paymentId"], refresh="true")["metadata"] == {}
    assert shop.refund(payment["paymentId"]).status_code == 201
    books.due_now(payment["paymentId"])
    app.resolve(5)
    assert shop.await_state(payment["paymentId"], "REFUNDED")


def test_nothing_is_erased_while_something_is_still_to_come(stack: Stack, shop: Shop) -> None:
    payment = shop.created(description=PERSONAL)
    answer = operate(stack.env, "erase", payments=[payment["paymentId"]])
    assert answer == {"erased": [], "not_yet": [payment["paymentId"]]}
    assert shop.status(payment["paymentId"])["description"] == PERSONAL


def test_old_callbacks_and_transfers_are_emptied_and_still_known(
    stack: Stack, shop: Shop, alipay: Alipay, books: Books
) -> None:
    old, young = settled(shop, alipay), settled(shop, alipay)
    for payment in (old, young):
        alipay.await_callbacks(reference(payment), 1)
    hundred_days_ago = int((time.time() - 100 * 86400) * 1000) << 80
    aged = ids.encode("CBK", hundred_days_ago + secrets.randbits(60))
    books.run(
        "WITH old AS (SELECT * FROM callback_inbox WHERE position(CAST(:reference AS bytea) IN body) > 0),"
        " copied AS (INSERT INTO callback_inbox"
        " SELECT :aged, rail, sha256(CAST(CAST(:aged AS text) AS bytea)), body,"
        " headers, query FROM old RETURNING id)"
        " INSERT INTO callback_outcomes SELECT id, 'settled' FROM copied",
        reference=reference(old).encode(),
        aged=aged,
    )
    transfer_id = ids.encode("TRF", hundred_days_ago + secrets.randbits(60))
    books.run(
        "INSERT INTO transfers (id, rail, dedupe, role, status, units, asset, decimals, detail, happened_at)"
        " VALUES (:id, 'bank_transfer', :id, 'PAYMENT', 'FINAL', 1, 'EUR', 2, :detail, now() - interval '91 days')",
        id=transfer_id,
        detail=json.dumps({"name": PERSONAL}),
    )
    moment = (datetime.now(UTC) - timedelta(days=90)).isoformat()
    answer = operate(stack.env, "forget", before=moment)
    assert answer["emptied"] >= 2
    assert answer["is_complete"]
    assert books.run("SELECT body FROM callback_inbox WHERE id = :id", id=aged) == [[b""]]
    assert (callbacks(books, old), callbacks(books, young)) == (1, 1), "the aged copy is emptied"
    assert books.run("SELECT detail FROM transfers WHERE id = :id", id=transfer_id) == [[{}]]
    assert operate(stack.env, "forget", before=moment) == {"emptied": 0, "is_complete": True}
    with pytest.raises(TaskRefused, match="at least 30 days"):
        operate(stack.env, "forget", before=datetime.now(UTC).isoformat())


# ---------------------------------------------------------------- sealing anew


def test_an_old_encryption_key_can_go_once_all_is_sealed_anew(stack: Stack, shop: Shop, books: Books) -> None:
    del books
    old = stack_key(stack)
    payment = shop.created()
    signing = operate({**stack.env, "ENCRYPTION_KEY": old}, "issue-key", name="seal", kind="SIGNING")
    new = f"next:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    both, only_new = {**stack.env, "ENCRYPTION_KEY": f"{new},{old}"}, {**stack.env, "ENCRYPTION_KEY": new}
    try:
        assert operate(both, "reseal")["resealed"] >= 2
        app = bootstrap.build(read_settings(only_new))
        found = app.keys.find(signing["keyId"])
        document = json.loads(app.payments.get_payment_status(payment["paymentId"]))
        app.database.close()
        assert found is not None
        assert found.secret == signing["secret"].encode()
        assert document["action"] == payment["action"]
    finally:
        operate({**stack.env, "ENCRYPTION_KEY": f"{old},{new}"}, "reseal")  # as other tests know it
    assert shop.status(payment["paymentId"])["action"] == payment["action"]


# ---------------------------------------------------------------- the door


@pytest.mark.parametrize(
    ("task", "fields", "reason"),
    [
        ("everything", {}, "task: is one of issue-key"),
        ("issue-key", {}, "name: is a text"),
        ("issue-key", {"name": "x", "scopes": ["root"]}, "scopes: are of"),
        ("issue-key", {"name": "x", "kind": "magic"}, "kind: is BEARER or SIGNING"),
        ("revoke-key", {"keyId": "pk_none"}, "no such key"),
        ("replay", {}, "from: is a text"),
        ("erase", {}, "payments: are 1 to 100 ids"),
        ("erase", {"payments": ["PAY_none"]}, "no such payment"),
        ("release-refund", {"refund": "REF_none"}, "no refund of this id is held"),
        ("recover-refund", {"payment": "PAY_x", "refund": "REF_x", "amount": "1"}, "is not an id of a refund"),
    ],
)
def test_what_is_refused_says_why(stack: Stack, task: str, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(TaskRefused, match=reason):
        operate(stack.env, task, **fields)


def test_settings_that_cannot_work_are_named_without_values(stack: Stack) -> None:
    wrong = {**stack.env, "APP_ENV": "production", "ENCRYPTION_KEY": "hunter2"}
    with pytest.raises(TaskRefused, match="ENCRYPTION_KEY must be") as refused:
        operate(wrong, "issue-key", name="x")
    assert "hunter2" not in str(refused.value)


def test_every_task_is_tried_here_or_with_a_restore() -> None:
    assert set(TASKS) == {
        *("issue-key", "revoke-key", "replay", "erase", "forget", "reseal"),
        *("close", "reopen", "raise-epoch", "reconcile", "recover-refund", "release-refund", "adopt-refund"),
    }


def settled(shop: Shop, alipay: Alipay) -> dict[str, Any]:
    payment = shop.created()
    alipay.pay(payment)
    return shop.await_state(payment["paymentId"], "SETTLED")


def callbacks(books: Books, payment: dict[str, Any]) -> int:
    """Those in which the payment's order can be read."""
    text = "SELECT count(*) FROM callback_inbox WHERE position(CAST(:reference AS bytea) IN body) > 0"
    return int(books.run(text, reference=reference(payment).encode())[0][0])


def stack_key(stack: Stack) -> str:
    kept = json.loads((stack.directory / "secrets.json").read_text())
    return str(kept["ENCRYPTION_KEY"])
