"""What no order of events may do to a payment's money: transfers that wait, come, go, come again; refunds that are
taken, done and refused; an end that comes in between.

The chain's store is the real one, on a chain whose blocks are made up here, and nobody but this machine books.
"""

from __future__ import annotations

import json
import secrets
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from paygate.adapters.chains.addresses.bitcoin import NETWORKS
from paygate.adapters.postgres.chain_store import PostgresChains
from paygate.adapters.postgres.ledger import PostgresLedger
from paygate.adapters.sqs.nudge import no_nudge
from paygate.adapters.system.clock import SystemIds
from paygate.adapters.system.sealer import AesGcmSealer
from paygate.chain_ports import Block, ChainTransfer, Reading, Scan
from paygate.domain.assets import BTC
from paygate.domain.errors import NotCancellable, RefundNotPossible
from paygate.domain.states import UNDER_WAY, RefundState
from paygate.ports import RefundAnswer, RefundStatus
from paygate.services.book_transfers import BookTransfers
from tests.support.at_once import until
from tests.support.chain_shop import ChainShop, chain_shop
from tests.support.hd import chain_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack
    from paygate.bootstrap import App

NETWORK = "bitcoin"
EXAMPLES, STEPS = 12, 30
DUE, TOLERANCE = 1_000, 50
PAID = ("SETTLED", "PARTIALLY_REFUNDED", "REFUNDED", "REVERSED")
TREASURY, ELSEWHERE = (NETWORKS["regtest"].text("0014" + 20 * digits) for digits in ("aa", "bb"))


@pytest.fixture(scope="module")
def shop(stack: Stack, app: App) -> Iterator[ChainShop]:
    del app
    more = {"BTC_CONFIRMATIONS": "2", "BTC_TOLERANCE": "0.00000050", "BITCOIN_TREASURY": TREASURY}
    with chain_shop(stack, "BTC", {**chain_settings(secrets.token_bytes(16)), **more}) as found:
        yield found


class Booking(RuleBasedStateMachine):
    """One payment at a time, all on one chain: what another example left stands below."""

    shop: ChainShop
    owner: Any

    def __init__(self) -> None:
        super().__init__()
        app = self.shop.app
        ids = SystemIds(app.clock)
        self.ledger = PostgresLedger(app.database, AesGcmSealer(dict(app.settings.encryption_key)), ids)
        self.store = PostgresChains(app.database, {NETWORK: NETWORK}, app.clock, ids)
        self.book = BookTransfers(self.ledger, app.clock, ids, app.meter, no_nudge)
        self.refunds = app.resolve._refunds
        self.payment = self.shop.create("0.00001")
        self.id = self.payment["paymentId"]
        [[key]] = self.look("SELECT key FROM addresses WHERE payment_id = :id", id=self.id)
        self.key = str(key)
        self.store.start(NETWORK, self.new_block(1_000), 1_000)
        self.floor = self.cursor.block.height

    def look(self, text: str, **values: Any) -> list[list[Any]]:
        return self.owner.run(text, **values) or []

    def is_waited_for(self) -> bool:
        text = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        return bool(self.look(text)[0][0])

    # ------------------------------------------------------------ the chain

    @property
    def cursor(self) -> Any:
        found = self.store.cursor(NETWORK)
        assert found is not None
        return found

    def new_block(self, height: int) -> Block:
        return Block(height, uuid.uuid4().hex * 2, "", datetime.now(UTC))

    def transfer(self, units: int, tx_id: str, block: Block | None) -> ChainTransfer:
        return ChainTransfer(BTC, self.key, units, tx_id, "0", block)

    def known(self, condition: str) -> list[tuple[str, int]]:
        text = f"SELECT tx_id, units FROM transfers WHERE payment_id = :id AND {condition} ORDER BY id"
        return [(tx_id, int(units)) for tx_id, units in self.look(text, id=self.id)]

    def mine(self, *paid: tuple[str, int]) -> None:
        block = self.new_block(self.cursor.block.height + 1)
        found = [self.transfer(units, tx_id, block) for tx_id, units in paid]
        self.store.advance(self.cursor, Reading(Scan([block], found), 0, 0))

    @rule(units=st.sampled_from([1, DUE // 2, DUE - TOLERANCE - 1, DUE - TOLERANCE, DUE, DUE + 7]))
    def a_transaction_is_seen(self, units: int) -> None:
        self.store.keep_unconfirmed(NETWORK, [self.transfer(units, uuid.uuid4().hex * 2, None)], is_all=False)

    @rule(units=st.sampled_from([1, DUE // 2, DUE - TOLERANCE, DUE]))
    def a_transaction_is_mined(self, units: int) -> None:
        self.mine((uuid.uuid4().hex * 2, units))

    @rule()
    def all_that_waited_or_was_lost_is_mined(self) -> None:
        self.mine(*self.known("block_hash IS NULL"))

    @rule()
    def all_that_waited_is_gone(self) -> None:
        self.store.keep_unconfirmed(NETWORK, [], is_all=True)

    @rule()
    def blocks_come(self) -> None:
        self.mine()
        self.mine()

    @rule()
    def what_is_deep_is_final(self) -> None:
        self.store.finalise(NETWORK, self.store.ripe(self.cursor, 100))

    @rule(blocks=st.integers(1, 6))
    def the_chain_turns(self, blocks: int) -> None:
        height = max(self.cursor.block.height - blocks, self.floor)
        self.store.turn_back(self.cursor, self.new_block(height))

    @rule(units=st.sampled_from([1, DUE // 2, DUE]))
    def money_is_there_at_once(self, units: int) -> None:
        self.mine((uuid.uuid4().hex * 2, units))
        self.blocks_come()
        self.what_is_deep_is_final()
        self.it_is_booked()

    @rule()
    def the_chain_turns_and_it_is_booked(self) -> None:
        self.the_chain_turns(6)
        self.it_is_booked()

    # ------------------------------------------------------------ people

    @rule(part=st.sampled_from([None, 1, DUE // 2, DUE]))
    def a_refund_is_asked_for(self, part: int | None) -> None:
        amount = None if part is None else f"{part / 10**8:.8f}"
        with suppress(RefundNotPossible):
            self.shop.refund(self.payment, amount=amount, currency=None, address=ELSEWHERE)

    @rule(state=st.sampled_from([RefundState.SUCCEEDED, RefundState.FAILED]))
    def a_refund_ends(self, state: RefundState) -> None:
        text = "SELECT id FROM refunds WHERE payment_id = :id AND state = 'PENDING' ORDER BY id LIMIT 1"
        for (refund_id,) in self.look(text, id=self.id):
            with self.ledger.transaction() as tx:
                refund = tx.refund(refund_id)
            assert refund is not None
            assert refund.state in UNDER_WAY
            self.refunds.book(refund, state, RefundAnswer(RefundStatus(state.value), None, None))

    @rule()
    def its_time_is_up(self) -> None:
        """As `expire` finds it: only what was booked and is not seen on its way."""
        self.shop.end(self.payment)
        self.look("UPDATE chain_cursors SET block_time = now()")
        self.shop.app.expire(5)

    @rule()
    def the_shop_cancels(self) -> None:
        with suppress(NotCancellable):
            self.shop.app.payments.cancel_payment(self.id)

    # ------------------------------------------------------------ what must hold

    @rule()
    def it_is_booked(self) -> None:
        before = self.row()
        self.book(self.id)
        after = self.row()
        self.check_sums(before, after)
        self.book(self.id)
        assert self.row() == after, "booked twice"

    def row(self) -> dict[str, Any]:
        names = ["state", "received", "pending", "refunded", "refund_reserved", "withdrawn", "version", "sequence"]
        [row] = self.look(f"SELECT {', '.join(names)} FROM payments WHERE id = :id", id=self.id)
        return {name: value if name == "state" else int(value) for name, value in zip(names, row, strict=True)}

    def check_sums(self, before: dict[str, Any], row: dict[str, Any]) -> None:
        net, waiting = (
            sum(units for _, units in self.known(f"status = '{status}'")) for status in ("FINAL", "PENDING")
        )
        given = row["refunded"] + row["refund_reserved"]
        assert row["pending"] == waiting
        if row["state"] in PAID:
            assert row["received"] - row["withdrawn"] == net
            assert (row["state"] == "REVERSED") == (row["withdrawn"] > 0)
        else:
            assert row["received"] == max(net, given)
            assert net - given < DUE - TOLERANCE, "enough, and not settled"
            assert before["state"] not in PAID, "a settlement is never undone"
        if before["state"] in PAID and before["state"] != "REVERSED" and row["state"] == "REVERSED":
            assert net < before["received"], "reversed, and nothing was taken away"
        if row["state"] == "REVERSED":
            assert net - given < DUE - TOLERANCE, "reversed, and there is enough"

    @invariant()
    def nobody_is_given_more_than_came(self) -> None:
        row = self.row()
        assert row["refunded"] + row["refund_reserved"] <= row["received"]

    @invariant()
    def it_is_told_once_and_without_gaps(self) -> None:
        text = "SELECT sequence, kind, payload FROM outbox WHERE payment_id = :id ORDER BY sequence"
        told = self.look(text, id=self.id)
        assert [sequence for sequence, _, _ in told] == list(range(1, len(told) + 1))
        kinds = [kind for _, kind, _ in told]
        assert kinds.count("payment.settled") <= 1
        assert kinds.count("payment.failed") <= 1
        state = self.row()["state"]
        assert (state in PAID) == ("payment.settled" in kinds)
        if kinds and kinds[-1] in ("payment.reversed", "payment.reinstated"):
            assert json.loads(told[-1][2])["state"] == state

    def teardown(self) -> None:
        self.book(self.id)
        self.check_sums(self.row(), self.row())
        assert not self.look(
            "SELECT transfer_id FROM transfer_queue JOIN transfers ON id = transfer_id WHERE payment_id = :id",
            id=self.id,
        )
        self.look("DELETE FROM transfer_queue")


@pytest.fixture
def one(shop: ChainShop) -> Iterator[Booking]:
    """A payment, and its chain under our hands."""
    Booking.shop = shop
    with shop.stack.postgres.admin(shop.database) as Booking.owner:
        yield Booking()


def test_money_that_was_lost_and_replaced_is_not_lost_again_by_a_refund(one: Booking) -> None:
    """The shop's own refund, and then a mite that anybody may send."""
    one.money_is_there_at_once(DUE)
    one.the_chain_turns_and_it_is_booked()
    assert one.row()["state"] == "REVERSED"
    one.money_is_there_at_once(DUE)
    one.a_refund_is_asked_for(DUE // 2)
    one.a_refund_ends(RefundState.SUCCEEDED)
    assert one.row()["state"] == "PARTIALLY_REFUNDED"
    one.money_is_there_at_once(1)
    row = one.row()
    assert (row["state"], row["received"], row["withdrawn"]) == ("PARTIALLY_REFUNDED", DUE + 1, 0)
    assert one.shop.kinds(one.payment)[-1] == "payment.received"


def test_money_that_is_on_its_way_is_not_cancelled(one: Booking) -> None:
    one.a_transaction_is_seen(DUE)
    one.it_is_booked()
    with pytest.raises(NotCancellable):
        one.shop.app.payments.cancel_payment(one.id)
    found = one.shop.status(one.payment)
    assert (found["state"], found["amountPending"]) == ("CONFIRMING", "0.00001000")
    one.all_that_waited_is_gone()
    one.it_is_booked()
    one.the_shop_cancels()
    assert one.shop.states(one.payment)[-2:] == ["PENDING", "CANCELLED"]


def test_what_ends_while_it_is_booked_is_booked_again(one: Booking) -> None:
    """Who reads the chain commits in the midst of a booking, and dies."""
    one.a_transaction_is_mined(DUE)
    one.blocks_come()
    queued = "SELECT transfer_id FROM transfer_queue JOIN transfers ON id = transfer_id WHERE payment_id = :id"
    [[transfer_id]] = one.look(queued, id=one.id)
    one.owner.run("BEGIN")
    one.owner.run("UPDATE transfers SET status = 'FINAL' WHERE id = :id", id=transfer_id)
    one.owner.run("UPDATE transfer_queue SET available_at = now() WHERE transfer_id = :id", id=transfer_id)
    with ThreadPoolExecutor(1) as pool:
        booking = pool.submit(one.book, one.id)
        until(one.is_waited_for, "the booking waits for the row")
        one.owner.run("COMMIT")
        booking.result()
    assert one.row()["state"] == "CONFIRMING", "what it saw"
    assert one.look(queued, id=one.id) == [[transfer_id]]
    one.it_is_booked()
    assert one.row()["state"] == "SETTLED"


def test_whatever_comes_and_goes_in_whatever_order_the_sums_hold(shop: ChainShop) -> None:
    Booking.shop = shop
    with shop.stack.postgres.admin(shop.database) as Booking.owner:
        run_state_machine_as_test(
            Booking,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
