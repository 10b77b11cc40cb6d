"""What the merchant's backUrl receives, when, and how often."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.contract.sandbox_client import Inbox, Sandbox, inbox
from tests.contract.schedules import require_schedule
from tests.contract.unionpay_merchant import Distrusted, UnionPayMerchant, do, see


def paid(unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str) -> None:
    assert unionpay.call("qr", number, backUrl=shop.url)["respCode"] == "00"
    do(sandbox, "pay", order_id=number)


def settled(sandbox: Sandbox, number: str, state: str = "acknowledged") -> dict[str, Any]:
    """The order's only callback once it is in `state`."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        (callback,) = see(sandbox, "callbacks", order_id=number)["callbacks"]
        if callback["state"] == state:
            return callback
        time.sleep(0.02)
    raise AssertionError(callback)


def attempted(sandbox: Sandbox, number: str, count: int) -> dict[str, Any]:
    """The order's only callback once it was sent `count` times, and the pause after is written."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        (callback,) = see(sandbox, "callbacks", order_id=number)["callbacks"]
        if len(callback["sends"]) >= count and callback["sends"][count - 1]["pause_seconds"] is not None:
            return callback
        time.sleep(0.02)
    raise AssertionError(callback)


def test_a_notification_is_an_ordinary_form(
    unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str
) -> None:
    paid(unionpay, sandbox, shop, number)
    (body,) = shop.wait(1)
    assert shop.content_types == ["application/x-www-form-urlencoded;charset=UTF-8"]
    assert b"%2B" in body or b"%2F" in body  # what base64 is made of
    told = unionpay.read_notification(body)
    assert "*" in told["accNo"]
    with pytest.raises(Distrusted, match="signature"):
        unionpay.believe(told | {"txnAmt": "8881"})
    assert settled(sandbox, number)["sends"][0]["status"] == 200


@pytest.mark.parametrize(
    ("status", "is_accepted"), [(200, True), (302, True), (204, False), (400, False), (500, False)]
)
def test_what_accepts_a_notification(
    unionpay: UnionPayMerchant, sandbox: Sandbox, number: str, status: int, *, is_accepted: bool
) -> None:
    with inbox(b"FAIL") as shop:
        shop.server.RequestHandlerClass.send_response = answering(status)
        paid(unionpay, sandbox, shop, number)
        callback = settled(sandbox, number, "acknowledged" if is_accepted else "given_up")
    assert len(callback["sends"]) == (1 if is_accepted else 5)
    assert {send["status"] for send in callback["sends"]} == {status}
    assert len(set(shop.bodies)) == 1


def answering(status: int) -> Any:
    def send_response(handler: Any, _code: int) -> None:
        handler.send_response_only(status)

    return send_response


def test_what_nobody_answers_is_repeated_too(unionpay: UnionPayMerchant, sandbox: Sandbox, number: str) -> None:
    unionpay.call("qr", number, backUrl="http://127.0.0.1:9/nobody")
    do(sandbox, "pay", order_id=number)
    callback = settled(sandbox, number, "given_up")
    assert [send["status"] for send in callback["sends"]] == [None] * 5


def test_a_notification_can_be_sent_again(
    unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox, number: str
) -> None:
    paid(unionpay, sandbox, shop, number)
    callback = settled(sandbox, number)
    assert do(sandbox, f"callbacks/{callback['id']}/resend")["status"] == 200
    assert shop.bodies[0] == shop.bodies[1]


def test_a_signed_notification_out_of_nowhere(unionpay: UnionPayMerchant, sandbox: Sandbox, shop: Inbox) -> None:
    fields = {"orderId": "NOBODY00", "txnAmt": "1", "respCode": "00", "txnType": "01"}
    assert do(sandbox, "callbacks", url=shop.url, fields=fields)["status"] == 200
    told = unionpay.read_notification(shop.bodies[0])
    assert (fields | {"merId": unionpay.mer_id}).items() <= told.items()


def test_the_schedule_and_that_it_survives_a_kill(tmp_path: Path, number: str) -> None:
    """Five sends: at once again, then 1, 2 and 4 minutes apart, times the scale."""
    sandbox = Sandbox(tmp_path, time_scale=0.004)
    unionpay = UnionPayMerchant(sandbox.settings(), sandbox.url)
    with inbox(b"") as shop:
        handler = shop.server.RequestHandlerClass
        usual, handler.send_response = handler.send_response, answering(500)
        fields = unionpay.fields("qr", number, backUrl=shop.url)
        unionpay.post("backTransReq", unionpay.signed(fields))
        do(sandbox, "pay", order_id=number)
        shop.wait(4)
        callback = attempted(sandbox, number, 4)
        sandbox.kill()
        handler.send_response = usual
        sandbox.start()
        try:
            assert len(settled(sandbox, number)["sends"]) == 5
            assert unionpay.query(number, fields["txnTime"])["origRespCode"] == "00"
        finally:
            sandbox.kill()
    assert len(set(shop.bodies)) == 1
    require_schedule(callback, [minutes * 60 for minutes in (0, 1, 2, 4)], sandbox.time_scale)
