"""Transactions that nodes do not take: sandbox and real node refuse them with the same number and reason."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from infra.sandbox.bitcoin.client import RpcRefused
from tests.support import bitcoin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.bitcoin import Bitcoin

ELSEWHERE = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"  # the program of BIP 173's examples, on regtest
FEE = Decimal("0.0001")
FINAL = 0xFFFFFFFF


@pytest.fixture(scope="module", params=bitcoin.KINDS)
def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bitcoin]:
    with bitcoin.opened(request.param, tmp_path_factory.mktemp("bitcoin")) as up:
        yield up


@pytest.fixture(autouse=True)
def _an_empty_pool(node: Bitcoin) -> None:
    node.mine()


def coins(node: Bitcoin) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = node.node.wallet("listunspent")
    return found


def made(node: Bitcoin, coin: dict[str, Any], outputs: Any, sequence: int = FINAL - 2, lock_time: int = 0) -> str:
    inputs = [{"txid": coin["txid"], "vout": coin["vout"], "sequence": sequence}]
    raw: str = node.rpc("createrawtransaction", inputs, outputs, lock_time)
    return raw


def signed(node: Bitcoin, raw: str) -> str:
    done = node.node.wallet("signrawtransactionwithwallet", raw)
    assert done["complete"], done
    return str(done["hex"])


def spending(node: Bitcoin, fee: Decimal = FEE, **how: Any) -> str:
    coin = coins(node)[0]
    return signed(node, made(node, coin, {ELSEWHERE: coin["amount"] - fee}, **how))


def no_signature(node: Bitcoin) -> str:
    coin = coins(node)[0]
    return made(node, coin, {ELSEWHERE: coin["amount"] - FEE})


def signature_of_another_amount(node: Bitcoin) -> str:
    coin = coins(node)[0]
    raw = made(node, coin, {ELSEWHERE: coin["amount"] - FEE})
    more = made(node, coin, {ELSEWHERE: coin["amount"] - FEE * 2})
    return signed(node, raw).replace(raw[94:110], more[94:110])


def no_such_coin(node: Bitcoin) -> str:
    return made(node, {"txid": "11" * 32, "vout": 0}, {ELSEWHERE: 1})


def spent_coin(node: Bitcoin) -> str:
    raw = spending(node)
    node.rpc("sendrawtransaction", spending(node, FEE * 3), 0)
    node.mine()
    return raw


def rival_that_pays_no_more(node: Bitcoin) -> str:
    coin = coins(node)[0]
    first, second = (
        signed(node, made(node, coin, {a: coin["amount"] - FEE})) for a in (ELSEWHERE, node.new_address())
    )
    node.rpc("sendrawtransaction", first)
    return second


def spends_more_than_there_is(node: Bitcoin) -> str:
    return spending(node, Decimal(-1))


def pays_no_fee(node: Bitcoin) -> str:
    return spending(node, Decimal(0))


def dust(node: Bitcoin) -> str:
    coin = coins(node)[0]
    outputs = [{ELSEWHERE: Decimal("0.00000293")}, {node.new_address(): coin["amount"] - FEE}]
    return signed(node, made(node, coin, outputs))


def unripe_reward(node: Bitcoin) -> str:
    own = node.new_address()
    block = node.rpc("getblock", node.rpc("generatetoaddress", 1, own)[0], 2)
    coin = {"txid": block["tx"][0]["txid"], "vout": 0}
    # A wallet signs for no unripe coin; the signature is the last thing that is looked at.
    return made(node, coin, {ELSEWHERE: 1})


def of_a_later_block(node: Bitcoin) -> str:
    return spending(node, lock_time=node.rpc("getblockcount") + 1)


def younger_than_it_asks_to_be(node: Bitcoin) -> str:
    node.pay(node.new_address(), 100_000)
    node.mine()
    coin = min(coins(node), key=lambda each: each["confirmations"])
    return signed(node, made(node, coin, {ELSEWHERE: coin["amount"] - Decimal("0.0005")}, sequence=5))


REFUSED: list[tuple[Callable[[Bitcoin], str], int, str]] = [
    (no_signature, -26, ""),
    (signature_of_another_amount, -26, ""),
    (no_such_coin, -25, "bad-txns-inputs-missingorspent"),
    (spent_coin, -25, "bad-txns-inputs-missingorspent"),
    (rival_that_pays_no_more, -26, "insufficient fee"),
    (spends_more_than_there_is, -26, "bad-txns-in-belowout"),
    (pays_no_fee, -26, "min relay fee not met"),
    (dust, -26, "dust"),
    (unripe_reward, -26, "bad-txns-premature-spend-of-coinbase"),
    (of_a_later_block, -26, "non-final"),
    (younger_than_it_asks_to_be, -26, "non-BIP68-final"),
]


@pytest.mark.parametrize(("make", "number", "reason"), REFUSED, ids=[make.__name__ for make, *_ in REFUSED])
def test_it_is_refused(node: Bitcoin, make: Callable[[Bitcoin], str], number: int, reason: str) -> None:
    raw = make(node)
    tested = node.rpc("testmempoolaccept", [raw], 0)[0]
    assert tested["allowed"] is False
    waiting = node.waiting()
    with pytest.raises(RpcRefused) as refused:
        node.rpc("sendrawtransaction", raw, 0)
    assert (refused.value.code, reason in refused.value.message) == (number, True), refused.value
    assert node.waiting() == waiting


def test_a_fee_beyond_what_the_caller_allows_is_refused(node: Bitcoin) -> None:
    raw = spending(node, Decimal("0.1"))
    assert node.rpc("testmempoolaccept", [raw])[0]["reject-reason"] == "max-fee-exceeded"
    with pytest.raises(RpcRefused, match=r"\(-25\)"):
        node.rpc("sendrawtransaction", raw)


def test_what_waits_may_be_sent_again_and_what_is_mined_may_not(node: Bitcoin) -> None:
    raw = spending(node)
    sent = node.rpc("sendrawtransaction", raw)
    assert node.rpc("sendrawtransaction", raw) == sent
    assert node.rpc("testmempoolaccept", [raw])[0]["reject-reason"] == "txn-already-in-mempool"
    node.mine()
    with pytest.raises(RpcRefused, match=r"\(-27\)"):
        node.rpc("sendrawtransaction", raw)


def test_a_line_of_unconfirmed_payments_is_limited(node: Bitcoin) -> None:
    coin = coins(node)[0]
    with pytest.raises(RpcRefused, match=r"too-long-mempool-chain.*\(-26\)"):
        for _ in range(26):
            coin = {"amount": coin["amount"] - FEE, **follow(node, coin)}
    assert len(node.waiting()) == 25
    node.mine()
    assert node.waiting() == []


def follow(node: Bitcoin, coin: dict[str, Any]) -> dict[str, Any]:
    raw = signed(node, made(node, coin, {node.new_address(): coin["amount"] - FEE}))
    return {"txid": node.rpc("sendrawtransaction", raw), "vout": 0}


def test_a_block_with_a_spent_coin_or_a_wrong_signature_is_refused(node: Bitcoin) -> None:
    height = node.rpc("getblockcount")
    for make in (no_signature, spent_coin):
        raw = make(node)
        with pytest.raises(RpcRefused, match=r"\(-25\)"):
            node.rpc("generateblock", ELSEWHERE, [raw])
    assert node.rpc("getblockcount") == height + 1  # which spent the coin
