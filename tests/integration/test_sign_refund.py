"""Refunds that a key in KMS signs, on a real node: within caps, with a second person's word, and never twice."""

from __future__ import annotations

import json
import secrets
import signal
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from paygate import bootstrap
from paygate.adapters.chains.addresses.tron import TronEncoding
from paygate.config import read_settings
from paygate.domain.errors import NotApprovable, NotFound, SecondPersonNeeded
from paygate.services.sign_refund import MOST_VERSIONS
from tests.support.chain_shop import chain_shop
from tests.support.evm import running_node
from tests.support.hd import chain_settings
from tests.support.kms import (
    ARN,
    DENIED,
    GARBAGE,
    HANGS_UP,
    HIGH_S,
    LOW_S,
    OTHER_KEY,
    UNAVAILABLE,
    Kms,
    running_kms,
)
from tests.support.signing_desk import ASKER, CAPS, ETHER, USDT, Desk, signing_desk
from tests.support.tron import Tron

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.local.stack import Stack
    from paygate.bootstrap import App
    from tests.support.evm import EvmNode
    from tests.support.shop import Shop

APPROVER = "pk_approver"


@pytest.fixture(scope="module")
def evm_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmNode]:
    with running_node(tmp_path_factory.mktemp("ethereum")) as node:
        yield node


@pytest.fixture
def kms() -> Iterator[Kms]:
    with running_kms() as running:
        yield running


@pytest.fixture
def desk(stack: Stack, app: App, evm_node: EvmNode, kms: Kms, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", kms.url)
    with signing_desk(stack, evm_node, kms) as found:
        yield found


# ---------------------------------------------------------------- signing


def test_a_refund_is_signed_mined_and_done(desk: Desk) -> None:
    refund = desk.refund("4")
    assert desk.sign() == (1, 0, 0)
    assert desk.got(refund) == 4 * USDT
    assert desk.state(refund) == "PENDING"
    desk.follow()
    assert desk.state(refund) == "SUCCEEDED"
    assert desk.shop.kinds(refund["payment"]) == ["payment.settled", "payment.refunded"]
    assert desk.sign() == (0, 0, 0)
    assert (desk.sent(), desk.kms.asked, desk.taken()) == (1, 1, 400)


def test_the_networks_own_coin_is_signed_as_well(desk: Desk) -> None:
    refund = desk.refund("0.25", "ETH")
    assert desk.sign() == (1, 0, 0)
    assert desk.node.ether(refund["address"]) == ETHER // 4


def test_a_refund_waits_for_nobody_elses_turn(desk: Desk) -> None:
    desk.refund("1")
    assert desk.shop.app.sign_refunds(10).signed == 1
    desk.refund("1")
    assert desk.shop.app.sign_refunds(10).signed == 1


@pytest.mark.parametrize("half", [HIGH_S, LOW_S])
def test_either_half_of_s_is_made_the_low_one(desk: Desk, half: str) -> None:
    refund = desk.refund("1")
    desk.kms.faults = [half]
    assert desk.sign() == (1, 0, 0)
    assert desk.got(refund) == USDT


def test_a_stuck_transaction_that_a_person_replaced_is_signed_again_and_pays_once(desk: Desk) -> None:
    refund = desk.refund("1")
    with desk.node.mining_paused():
        assert desk.sign() == (1, 0, 0)
        desk.shop.app.pay_out.prepare(refund["refundId"], replaces=True)
        assert desk.sign() == (1, 0, 0)
    assert (desk.got(refund), desk.sent(), desk.taken()) == (USDT, 1, 100)
    desk.follow()
    assert desk.state(refund) == "SUCCEEDED"


def test_what_is_replaced_again_and_again_is_not_signed_for_ever(desk: Desk) -> None:
    """Each time it pays the network more."""
    refund = desk.refund("1")
    for number in range(MOST_VERSIONS + 1):
        desk.shop.app.pay_out.prepare(refund["refundId"], replaces=number > 0)
    assert desk.sign() == (0, 1, 0)
    assert desk.problems(refund) == ["TOO_OFTEN"]
    assert desk.kms.asked == 0


# ---------------------------------------------------------------- caps


def test_more_than_one_refund_may_be_is_left_to_people_and_told_once(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    refund = desk.refund("10.000001")
    capsys.readouterr()
    assert [desk.sign(), desk.sign()] == [(0, 1, 0), (0, 1, 0)]
    assert desk.problems(refund) == ["TOO_LARGE"]
    assert capsys.readouterr().out.count('"SigningRefused"') == alarm_lines(1)
    assert (desk.state(refund), desk.kms.asked, desk.taken()) == ("PENDING", 0, 0)
    assert desk.shop.run("SELECT count(*) FROM payouts") == [[0]], "no nonce may wait for nobody"


def alarm_lines(alarms: int) -> int:
    """An EMF line names its metric twice: in its directory, and with its value."""
    return 2 * alarms


def test_a_day_signs_no_more_than_its_cap_and_the_next_one_goes_on(desk: Desk) -> None:
    refunds = [desk.refund("5") for _ in range(3)]
    assert desk.sign() == (2, 1, 0)
    waiting = [refund for refund in refunds if not desk.got(refund)]
    assert [desk.problems(refund) for refund in waiting] == [["DAY_IS_FULL"]]
    assert desk.sign() == (0, 1, 0)
    assert (desk.taken(), desk.kms.asked) == (1000, 2)
    assert desk.refund("2")
    assert desk.sign() == (1, 1, 0), "a smaller one still fits"
    desk.shop.run("UPDATE signing_days SET day = day - 1")
    assert desk.sign() == (1, 0, 0)
    assert desk.got(waiting[0]) == 5 * USDT
    assert desk.problems(waiting[0]) == []
    assert desk.problems(waiting[0], is_open=False) == ["DAY_IS_FULL"]


def test_two_processes_at_once_never_pass_the_cap_together(desk: Desk) -> None:
    refunds = [desk.refund("5") for _ in range(4)]
    both = [desk.process() for _ in range(2)]
    reports = [json.loads(process.communicate(timeout=60)[0].splitlines()[-1]) for process in both]
    assert sum(report["signed"] for report in reports) == 2
    assert sum(desk.got(refund) for refund in refunds) == 10 * USDT
    assert (desk.taken(), len(desk.kms.signed)) == (1000, 2)


def test_the_days_cap_holds_whoever_takes_from_it_at_once(desk: Desk) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from paygate.adapters.postgres.database import Database
    from paygate.adapters.postgres.signing_store import PostgresSignings
    from paygate.domain.assets import USDT_ON_ETHEREUM
    from paygate.domain.money import Money

    ids = [desk.refund("1")["refundId"] for _ in range(8)]
    with closing(Database(desk.env["DATABASE_URL"])) as database:
        store, one = PostgresSignings(database), Money(USDT, USDT_ON_ETHEREUM)
        with ThreadPoolExecutor(16) as pool:
            taken = list(pool.map(lambda refund_id: store.reserve(refund_id, one, 5 * USDT), ids * 2))
        granted = {refund_id for refund_id, is_taken in zip(ids * 2, taken, strict=True) if is_taken}
    assert len(granted) == 5, "the same refund takes its share once"
    assert desk.taken() == 500


@pytest.mark.parametrize("missing", ["SIGN_REFUND_KEY_ARN", "SIGN_REFUND_MAX_USDT_ERC20", "ETHEREUM_TREASURY"])
def test_nothing_is_signed_that_is_not_set(desk: Desk, missing: str) -> None:
    refund = desk.refund("1")
    changes = {missing: ""}
    if missing.startswith("SIGN_REFUND_MAX"):
        changes |= {name: "" for name in CAPS if name.endswith("USDT_ERC20")}
    other = bootstrap.build(read_settings({**desk.env, **changes}))
    with closing(other.database):
        done = other.sign_refunds(10)
    assert (done.signed, done.refused) == (0, 0)
    assert (desk.got(refund), desk.kms.asked) == (0, 0)


def test_a_treasury_of_another_key_is_not_signed_for(desk: Desk) -> None:
    refund = desk.refund("1")
    other = bootstrap.build(read_settings({**desk.env, "ETHEREUM_TREASURY": f"0x{secrets.token_hex(20)}"}))
    with closing(other.database):
        assert other.sign_refunds(10).signed == 0
    assert (desk.got(refund), desk.kms.asked, desk.taken()) == (0, 0, 0)


# ---------------------------------------------------------------- a second person


def test_above_the_threshold_another_key_must_approve(desk: Desk) -> None:
    refund, approve = desk.refund("5.000001"), desk.shop.app.approve_refund
    assert desk.sign() == (0, 1, 0)
    assert desk.problems(refund) == ["UNAPPROVED"]
    with pytest.raises(SecondPersonNeeded):
        approve(refund["refundId"], ASKER)
    assert desk.sign() == (0, 1, 0)
    approval = json.loads(approve(refund["refundId"], APPROVER))
    assert (approval["refundId"], approval["approvedBy"]) == (refund["refundId"], APPROVER)
    assert json.loads(approve(refund["refundId"], "pk_third")) == approval, "approving again changes nothing"
    assert desk.sign() == (1, 0, 0)
    assert (desk.got(refund), desk.problems(refund)) == (5_000_001, [])


def test_an_approval_lifts_no_cap(desk: Desk) -> None:
    refund = desk.refund("10.5")
    desk.shop.app.approve_refund(refund["refundId"], APPROVER)
    assert desk.sign() == (0, 1, 0)
    assert desk.problems(refund) == ["TOO_LARGE"]


def test_what_is_over_or_unknown_is_not_approved(desk: Desk) -> None:
    refund = desk.refund("1")
    desk.sign()
    desk.follow()
    assert desk.state(refund) == "SUCCEEDED"
    with pytest.raises(NotApprovable):
        desk.shop.app.approve_refund(refund["refundId"], APPROVER)
    with pytest.raises(NotFound):
        desk.shop.app.approve_refund("REF_01K6FZ1E8M9N0P1Q2R3S4T5V6W", APPROVER)


def test_a_refund_is_approved_over_http(shop: Shop) -> None:
    path = "/refunds/REF_01K6FZ1E8M9N0P1Q2R3S4T5V6W/approval"
    assert shop.call("POST", path).json()["code"] == "not_found"
    assert shop.call("POST", path, json={"by": "me"}).json()["code"] == "invalid_field"


def test_who_asked_is_known_to_nobody_so_nobody_approves(desk: Desk) -> None:
    """A refund from before keys were kept."""
    refund = desk.refund("6")
    desk.shop.run("UPDATE refunds SET requested_by = NULL WHERE id = :id", id=refund["refundId"])
    with pytest.raises(SecondPersonNeeded):
        desk.shop.app.approve_refund(refund["refundId"], APPROVER)


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("fault", [DENIED, UNAVAILABLE, HANGS_UP, GARBAGE])
def test_a_key_that_does_not_sign_stops_the_run_and_the_next_one_goes_on(
    desk: Desk, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    refunds = [desk.refund("1") for _ in range(2)]
    capsys.readouterr()
    desk.kms.faults = [fault, fault]  # boto3 asks twice where that may help
    assert desk.sign() == (0, 0, 1)
    assert capsys.readouterr().out.count('"SigningKeyUnusable"') == alarm_lines(1)
    assert [(desk.got(refund), desk.state(refund)) for refund in refunds] == [(0, "PENDING")] * 2
    desk.kms.faults = []
    assert desk.sign() == (2, 0, 0)
    assert ([desk.got(refund) for refund in refunds], desk.sent(), desk.taken()) == ([USDT, USDT], 2, 200)


def test_a_signature_of_another_key_is_nothing(desk: Desk) -> None:
    """Neither recovery id gives the treasury's address."""
    refund = desk.refund("1")
    desk.kms.faults = [OTHER_KEY]
    assert desk.sign() == (0, 1, 0)
    assert (desk.problems(refund), desk.got(refund)) == (["NOT_AS_PREPARED"], 0)
    assert desk.shop.run("SELECT status FROM payouts") == [["PREPARED"]]
    assert desk.sign() == (1, 0, 0)
    assert (desk.got(refund), desk.problems(refund)) == (USDT, [])


@pytest.mark.parametrize("change", ["chainId", "recipient"])
def test_what_was_changed_since_is_never_shown_to_the_key(desk: Desk, change: str) -> None:
    """Somebody who can write to the database, or a gateway that was meant for another chain."""
    refund = desk.refund("1")
    if change == "recipient":
        desk.shop.app.pay_out.prepare(refund["refundId"])
        desk.shop.run("UPDATE refunds SET address = '0x' || repeat('ab', 20)")
        assert desk.sign() == (0, 1, 0)
    else:
        desk.shop.app.pay_out.prepare(refund["refundId"])
        other = bootstrap.build(read_settings({**desk.env, "ETHEREUM_CHAIN_ID": "5"}))
        with closing(other.database):
            done = other.sign_refunds(10)
        assert (done.signed, done.refused) == (0, 1)
    assert desk.problems(refund) == ["NOT_AS_PREPARED"]
    assert (desk.kms.asked, desk.sent()) == (0, 0)


def test_money_that_was_withdrawn_since_is_not_given_back_and_takes_nothing_of_the_day(desk: Desk) -> None:
    refund = desk.refund("1")
    desk.shop.run("UPDATE payments SET state = 'REVERSED' WHERE id = :id", id=refund["payment"]["paymentId"])
    assert desk.sign() == (0, 1, 0)
    assert (desk.problems(refund), desk.kms.asked, desk.taken()) == (["WITHDRAWN"], 0, 0)


def test_a_treasury_that_is_too_poor_is_told_and_holds_up_nobody(desk: Desk) -> None:
    poor, paid = desk.refund("0.5", "ETH"), desk.refund("1")
    left = desk.node.ether(desk.kms.address) - ETHER // 4
    desk.node.rpc.call("anvil_setBalance", desk.kms.address, hex(ETHER // 4))
    assert left
    assert desk.sign() == (1, 1, 0)
    assert (desk.problems(poor), desk.got(paid)) == (["NOT_PAYABLE"], USDT)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_that_is_killed_around_the_signature_pays_once_in_the_end(desk: Desk, moment: str) -> None:
    """Between the reserve and the signature, and between the signature and its being kept."""
    refund = desk.refund("4")
    with desk.process() as process:

        def kill() -> None:
            process.kill()
            raise ConnectionAbortedError

        setattr(desk.kms, moment, kill)
        assert process.wait(timeout=60) == -signal.SIGKILL
    setattr(desk.kms, moment, lambda: None)
    assert len(desk.kms.signed) == (1 if moment == "after" else 0)
    assert desk.shop.run("SELECT status FROM payouts") == [["PREPARED"]]
    assert (desk.got(refund), desk.taken()) == (0, 400)
    assert desk.sign() == (1, 0, 0)
    desk.follow()
    assert (desk.state(refund), desk.got(refund)) == ("SUCCEEDED", 4 * USDT)
    assert (desk.sent(), desk.taken()) == (1, 400)


def test_what_was_reserved_yesterday_is_reserved_again_today(desk: Desk) -> None:
    desk.refund("4")
    desk.kms.faults = [DENIED]
    assert desk.sign() == (0, 0, 1)
    desk.shop.run("UPDATE signing_days SET day = day - 1")
    desk.shop.run("UPDATE signings SET reserved_on = reserved_on - 1")
    assert desk.sign() == (1, 0, 0)
    assert desk.shop.run("SELECT units FROM signing_days ORDER BY day") == [[4 * USDT], [4 * USDT]]


# ---------------------------------------------------------------- the other networks


def test_the_same_key_signs_on_bsc(stack: Stack, app: App, kms: Kms, bsc_node: EvmNode, signs: None) -> None:
    settings = {
        **chain_settings(secrets.token_bytes(16)),
        **bsc_node.server.env,
        **caps("USDT_BEP20"),
        "BSC_TREASURY": kms.address,
        "USDT_BEP20_CONFIRMATIONS": "1",
    }
    bsc_node.pay_eth(kms.address, ETHER)
    bsc_node.pay_token(kms.address, 10 * ETHER)
    with chain_shop(stack, "USDT_BEP20", settings) as shop:
        payment = shop.create("2.5")
        bsc_node.pay_token(payment["action"]["address"], 25 * 10**17)
        shop.follow()
        to = f"0x{secrets.token_hex(20)}"
        shop.refund(payment, address=to, requested_by=ASKER)
        assert shop.app.sign_refunds(10).signed == 1
        assert bsc_node.tokens(to) == 25 * 10**17
        bsc_node.mine(8)
        shop.follow()
        assert shop.kinds(payment) == ["payment.settled", "payment.refunded"]


def test_the_same_key_signs_on_tron(stack: Stack, app: App, kms: Kms, tmp_path: Path, signs: None) -> None:
    encoding = TronEncoding()
    treasury, to = (encoding.text(key) for key in (encoding.of_point(kms.point), secrets.token_hex(20)))
    with Tron.alone(tmp_path) as tron:
        settings = {
            **chain_settings(secrets.token_bytes(16)),
            **tron.env,
            **caps("USDT_TRC20"),
            "TRON_TREASURY": treasury,
            "USDT_TRC20_CONFIRMATIONS": "1",
        }
        tron.fund(treasury, trx="100", usdt="10", mine=1)
        with chain_shop(stack, "USDT_TRC20", settings) as shop:
            payment = shop.create("2.5")
            tron.pay(payment["action"]["address"], "2.5")
            tron.mine(1)
            shop.follow()
            shop.refund(payment, address=to, requested_by=ASKER)
            assert shop.app.sign_refunds(10).signed == 1
            tron.mine(30)
            shop.follow()
            assert int(tron.account(to)["usdt"]) == 2_500_000
            assert shop.kinds(payment) == ["payment.settled", "payment.refunded"]
            assert len(kms.signed) == 1


@pytest.fixture
def signs(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", kms.url)


def caps(method: str) -> dict[str, str]:
    names = ("SIGN_REFUND_MAX_", "SIGN_REFUND_MAX_PER_DAY_", "SIGN_REFUND_APPROVAL_ABOVE_")
    return {"SIGN_REFUND_KEY_ARN": ARN, **{name + method: "5" for name in names}}
