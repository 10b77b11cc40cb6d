"""Every statement that follows a chain and pays refunds over it, run once on a world that has TRON's cursor."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from paygate.adapters.postgres.chain_store import PostgresChains
from paygate.adapters.postgres.payout_store import PostgresPayouts
from paygate.adapters.postgres.signing_store import PostgresSignings
from paygate.adapters.postgres.sweep_store import PostgresSweeps
from paygate.adapters.system.clock import SystemClock, SystemIds
from paygate.chain_ports import Block, ChainTransfer, Payout, PayoutStatus, Reading, Scan, Signed, Unsigned
from paygate.domain.assets import ETH, USDT_ON_TRON
from paygate.domain.money import Money

if TYPE_CHECKING:
    from paygate.adapters.postgres.database import Database
    from paygate.chain_ports import Cursor

NETWORK, TREASURY = "tron", "treasury"


def follow_a_chain(database: Database, payment_id: str, key: str) -> None:
    """`key` is the payment's address."""
    clock = SystemClock()
    chains = PostgresChains(database, {NETWORK: NETWORK}, clock, SystemIds(clock))
    assert chains.first_address_at(NETWORK)
    assert chains.has_open(NETWORK)
    assert chains.follow(NETWORK, "plans", 60)
    chains.start(NETWORK, _cursor(chains).block, 0)
    at = Block(_cursor(chains).block.height + 1, "next", "", datetime.now(UTC))
    due = ChainTransfer(USDT_ON_TRON, key, 10**6, "ab" * 32, "0", at)
    stray = replace(due, asset=replace(ETH, network=NETWORK), index="1")
    watch = chains.watch(NETWORK)
    assert (watch.few, list(watch.ours([key, "unknown"]))) == (None, [key])
    found = chains.advance(_cursor(chains), Reading(Scan([at], [due, stray]), at.height - 19, at.height - 100))
    assert (list(found.payments), found.misfits) == ([payment_id], 1)
    chains.keep_unconfirmed(NETWORK, [replace(due, index="2", block=None)], is_all=True)
    assert chains.open_keys(NETWORK, 10_000)
    known = chains.known(NETWORK, USDT_ON_TRON, at.height, 10_000)
    assert chains.keep_missed(NETWORK, [replace(due, index="balance")], known).payments
    assert chains.address_of(payment_id)
    assert chains.may_claim(payment_id, "cd" * 32, "a key", 20, 1000)
    chains.keep_claimed(NETWORK, [due])
    ripe = chains.ripe(_cursor(chains), 500)
    assert payment_id in chains.finalise(NETWORK, ripe).payments
    chains.dispute(_cursor(chains), datetime.now(UTC))
    [height, block_hash] = chains.hashes(NETWORK)[-2]
    assert chains.turn_back(_cursor(chains), replace(at, height=height, hash=block_hash)).payments
    chains.leave(NETWORK, "plans")


def pay_out(database: Database, refund_id: str) -> None:
    payouts = PostgresPayouts(database)
    assert payouts.under_way(NETWORK, 100)
    assert not payouts.is_held(refund_id)
    assert payouts.taken(NETWORK, TREASURY, refund_id)
    made = Payout(
        refund_id, 7, NETWORK, TREASURY, PayoutStatus.PREPARED, Unsigned({}, None, 3, ("never spent:0",), None)
    )
    assert payouts.add(made, takes_nonce=True)
    assert payouts.next_nonce(NETWORK, TREASURY) == 4
    assert payouts.sign(made, Signed("ef" * 32, "signed"))
    assert payouts.move(replace(made, status=PayoutStatus.SIGNED), PayoutStatus.SENT)
    assert payouts.of_refund(refund_id)


def collect(database: Database) -> None:
    PostgresSweeps(database, {NETWORK: NETWORK}).paid(NETWORK, datetime.now(UTC) - timedelta(days=1))


def sign(database: Database, refund_id: str) -> None:
    """`refund_id` is pending, and another than "b key" asked for it."""
    signings = PostgresSignings(database)
    assert signings.turns(USDT_ON_TRON, 20)
    assert signings.reserve(refund_id, Money(1, USDT_ON_TRON), 10)
    assert signings.approve(refund_id, "b key")
    assert signings.approval(refund_id)


def _cursor(chains: PostgresChains) -> Cursor:
    cursor = chains.cursor(NETWORK)
    assert cursor
    return cursor
