"""Refunds from a treasury on TRON: prepared, signed by a wallet of another's making, checked, sent, and mined."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from paygate.adapters.chains.tron.chain import MAX_BYTES
from paygate.adapters.chains.tron.treasury import LAGGING, TronTreasury
from paygate.chain_ports import PayoutOrder, Signed, TransactionState, Unsigned
from paygate.domain.assets import USDT_ON_BSC, USDT_ON_TRON
from paygate.domain.errors import (
    InvalidField,
    NodeMisled,
    NodeUnavailable,
    NotYetReplaceable,
    TransactionRefused,
    TreasuryMissing,
    TreasuryTooPoor,
)
from tests.contract.chains.adapters import http
from tests.contract.chains.treasury_keys import order
from tests.contract.chains.tron_driver import TronDriver, tron
from tests.contract.tron_wallet import Wallet
from tests.support.faulty_node import NO_ANSWERS, Asked, Wrong, faulty
from tests.support.tron import Tron

ORDER_OF_CURVE = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass
class Payer:
    """A treasury, its wallet, and the node that it pays on."""

    driver: TronDriver
    wallet: Wallet

    @property
    def node(self) -> Tron:
        return self.driver.node

    def treasury(self, url: str | None = None, *, is_patient: bool = True, **changes: Any) -> TronTreasury:
        settings = replace(
            self.driver.settings, api_url=url or self.driver.url, treasury=self.wallet.hex[2:], **changes
        )
        return TronTreasury(settings, http(MAX_BYTES, is_patient=is_patient))

    def order(self, units: int, recipient: str | None = None) -> PayoutOrder:
        return order(USDT_ON_TRON, units, self.driver.settings.encoding, recipient)

    def prepare(self, asked: PayoutOrder, replaces: Unsigned | None = None) -> Unsigned:
        return self.treasury().prepare(asked, None, (), replaces)

    def sign(self, unsigned: Unsigned) -> dict[str, Any]:
        """Over what came through JSON, and with everything that is in it."""
        return self.wallet.sign(json.loads(json.dumps(unsigned.document)))

    def checked(self, asked: PayoutOrder, unsigned: Unsigned) -> Signed:
        return self.treasury().check(asked, unsigned, json.dumps(self.sign(unsigned)))

    def pay(self, asked: PayoutOrder, unsigned: Unsigned) -> str:
        signed = self.checked(asked, unsigned)
        self.treasury().send(signed)
        return signed.tx_id

    def state(self, tx_id: str) -> TransactionState:
        return self.driver.chain().transaction(tx_id).state

    def tokens(self, address: str) -> int:
        return int(self.node.account(address)["usdt"])


@pytest.fixture(scope="module")
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TronDriver]:
    with tron(request, tmp_path_factory.mktemp("tron")) as opened:
        yield opened


@pytest.fixture
def payer(door: TronDriver) -> Iterator[Payer]:
    yield rich(door)
    door.node.heal()
    door.node.forget()


def rich(door: TronDriver, trx: str = "100", usdt: str = "0.001", energy: int = 0) -> Payer:
    made = Payer(door, Wallet(door.node))
    wishes: dict[str, Any] = {"trx": trx} if trx else {}
    wishes |= {"usdt": usdt} if usdt else {}
    wishes |= {"energy": energy} if energy else {}
    door.node.fund(made.wallet.address, mine=1, **wishes)
    return made


# ---------------------------------------------------------------- paying


def test_tokens_arrive_exactly_and_only_they_leave(payer: Payer) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    before = int(payer.node.account(payer.wallet.address)["sun"])
    assert payer.pay(asked, unsigned) == unsigned.tx_id
    assert payer.state(unsigned.tx_id) is TransactionState.WAITING
    payer.node.mine()
    [transfer] = payer.driver.chain().transaction(unsigned.tx_id).transfers
    assert (transfer.key, transfer.units, transfer.asset) == (asked.recipient, 250, USDT_ON_TRON)
    assert (payer.tokens(asked.address), payer.tokens(payer.wallet.address)) == (250, 750)
    info = payer.node.ask("wallet/gettransactioninfobyid", value=unsigned.tx_id)
    assert before - int(payer.node.account(payer.wallet.address)["sun"]) == info["fee"]


def test_the_document_is_what_a_wallet_gets_from_its_node(payer: Payer) -> None:
    """The node would write the same transaction, of these same values, and hash it to the same id."""
    asked = payer.order(250)
    document = payer.prepare(asked).document
    raw = document["raw_data"]
    made = payer.wallet.token_transfer(asked.address, 250, raw["fee_limit"])
    for name in ("ref_block_bytes", "ref_block_hash", "contract", "fee_limit"):
        assert raw[name] == made["raw_data"][name]
    shown = payer.node.ask("wallet/getsignweight", **payer.wallet.sign(dict(document)))
    assert shown["transaction"]["txid"] == document["txID"]
    inner = shown["transaction"]["transaction"]
    assert (inner["raw_data_hex"], inner["raw_data"]) == (document["raw_data_hex"], raw)
    assert document["pays"] == {"asset": "USDT", "amount": "0.000250", "to": asked.address}
    assert document["from"] == payer.wallet.address
    assert document["visible"] is False


def test_it_lives_for_most_of_a_day(payer: Payer) -> None:
    unsigned, now = payer.prepare(payer.order(1)), payer.driver.chain().head().latest.time
    assert unsigned.expires_at is not None
    assert timedelta(hours=22) < unsigned.expires_at - now <= timedelta(hours=23)
    assert unsigned.document["expiresAt"].startswith(f"{unsigned.expires_at:%Y-%m-%dT%H:%M:%S.}")
    assert payer.treasury().next_nonce() is None
    assert unsigned.nonce is None


def test_refunds_that_are_alike_are_two_transactions(payer: Payer) -> None:
    one = payer.order(250)
    one, two = replace(one, refund_id="REF_one"), replace(one, refund_id="REF_another")
    first, second = payer.prepare(one), payer.prepare(two)
    assert first.tx_id != second.tx_id
    for told in ("expiration", "timestamp"):
        assert first.document["raw_data"][told] != second.document["raw_data"][told]
    assert payer.prepare(one).tx_id == first.tx_id  # and one, prepared twice at the same head, is one
    for asked, unsigned in ((one, first), (two, second)):
        payer.pay(asked, unsigned)
    payer.node.mine()
    assert payer.tokens(one.address) == 500


def test_the_fee_limit_leaves_room(payer: Payer) -> None:
    for usdt, energy in (("0", 130_285), ("1", 64_285)):
        recipient = payer.order(1)
        if usdt != "0":
            payer.node.pay(recipient.address, usdt, mine=1)
        assert payer.prepare(recipient).document["feeLimit"] == str(2 * energy * 100)


# ---------------------------------------------------------------- what is signed


def test_in_hex_it_is_taken_too(payer: Payer) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    whole = payer.checked(asked, unsigned)
    assert payer.treasury().check(asked, unsigned, f" 0x{whole.raw}\n") == whole
    assert whole.tx_id == unsigned.tx_id


def test_a_wallet_that_leaves_the_bytes_out_has_signed_them_all_the_same(payer: Payer) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    signed = payer.sign(unsigned)
    del signed["raw_data_hex"]
    assert payer.treasury().check(asked, unsigned, json.dumps(signed)) == payer.checked(asked, unsigned)


def test_its_other_signature_is_one_too(payer: Payer) -> None:
    """TRON does not ask for a low s, and takes the recovery id in Bitcoin's form."""
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    transaction = payer.sign(unsigned)
    signature = bytes.fromhex(transaction["signature"][0])
    s = ORDER_OF_CURVE - int.from_bytes(signature[32:64], "big")
    other = signature[:32] + s.to_bytes(32, "big") + bytes([28 - signature[64]])
    found = payer.treasury().check(asked, unsigned, json.dumps({**transaction, "signature": [other.hex()]}))
    payer.treasury().send(found)
    payer.node.mine()
    assert payer.tokens(asked.address) == 250


def test_another_amount_recipient_token_or_time_is_refused(payer: Payer) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    look_alike = payer.treasury(token=payer.driver.settings.encoding.key(payer.node.contracts["lookalike"]))
    payer.node.fake(payer.wallet.address, "1", mine=1)
    others = [
        payer.prepare(payer.order(251, asked.recipient)),
        payer.prepare(payer.order(250)),
        look_alike.prepare(asked, None, (), None),
        payer.prepare(replace(asked, refund_id="REF_another")),
    ]
    for other in others:
        signed = payer.sign(other)
        refuse(payer, asked, unsigned, signed, "not what was prepared")
        named = {**signed, "raw_data_hex": unsigned.document["raw_data_hex"], "txID": unsigned.tx_id}
        refuse(payer, asked, unsigned, named, "not signed by the treasury")


def test_a_document_that_was_changed_pays_nothing(payer: Payer) -> None:
    """What is signed is compared with the order, not only with what was kept."""
    asked, other = payer.order(250), payer.order(251)
    kept = payer.prepare(other)
    refuse(payer, asked, kept, payer.sign(kept), "not what this refund pays")


def test_another_signer_is_refused(payer: Payer) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    signed = Wallet(payer.node).sign(dict(unsigned.document))
    refuse(payer, asked, unsigned, signed, "not signed by the treasury")


BROKEN: dict[str, dict[str, Any]] = {
    "no signature": {"signature": []},
    "none at all": {"signature": None},
    "two": {"signature": ["00" * 65, "00" * 65]},
    "short": {"signature": ["00" * 64]},
    "long": {"signature": ["00" * 66]},
    "nobody's": {"signature": ["00" * 65]},
    "no recovery id": {"signature": ["11" * 64 + "1f"]},
    "no hex": {"signature": ["xx" * 65]},
    "no text": {"signature": [5]},
    "no bytes": {"raw_data_hex": None},
    "another id": {"txID": "11" * 32},
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_signatures_are_refused(payer: Payer, kind: str) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    refuse(payer, asked, unsigned, {**payer.sign(unsigned), **BROKEN[kind]})


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", "null", "no hex", "0x", "0a", '{"signature":1e999}', "é"])
def test_what_is_no_transaction_is_refused(payer: Payer, text: str) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    with pytest.raises(InvalidField):
        payer.treasury().check(asked, unsigned, text)


def test_more_than_was_prepared_is_refused_in_hex(payer: Payer) -> None:
    asked = payer.order(250)
    unsigned = payer.prepare(asked)
    raw = payer.checked(asked, unsigned).raw
    for changed in (raw + "1241" + raw[-130:], raw[:-2], raw + "00", "00" + raw, raw * 40):
        with pytest.raises(InvalidField):
            payer.treasury().check(asked, unsigned, changed)


def test_an_asset_of_another_network_is_nobodys_wish(payer: Payer) -> None:
    with pytest.raises(ValueError, match="not paid on tron"):
        payer.prepare(order(USDT_ON_BSC, 1, payer.driver.settings.encoding))


def refuse(payer: Payer, asked: PayoutOrder, unsigned: Unsigned, signed: object, why: str = r".") -> None:
    with pytest.raises(InvalidField, match=why) as refused:
        payer.treasury().check(asked, unsigned, json.dumps(signed))
    assert refused.value.field == "transaction"


# ---------------------------------------------------------------- too little


def test_too_little_is_told_before_anybody_signs(door: TronDriver, payer: Payer) -> None:
    with pytest.raises(TreasuryTooPoor, match=r"0\.001000 USDT; this takes 0\.001001"):
        payer.prepare(payer.order(1001))
    poor = rich(door, trx="6", usdt="1")
    with pytest.raises(TreasuryTooPoor, match=r"6\.000000 TRX; this takes 13\.028500"):
        poor.prepare(poor.order(1))
    unknown = rich(door, trx="", usdt="1")
    with pytest.raises(TreasuryTooPoor, match=r"0\.000000 TRX"):
        unknown.prepare(unknown.order(1))


def test_energy_of_ones_own_is_energy(door: TronDriver) -> None:
    payer = rich(door, trx="1", usdt="1", energy=200_000)
    asked = payer.order(1)
    tx_id = payer.pay(asked, payer.prepare(asked))
    payer.node.mine()
    assert payer.state(tx_id) is TransactionState.DONE
    with pytest.raises(TreasuryTooPoor, match="TRX"):  # it is used up for a day
        payer.prepare(payer.order(1))


def test_bandwidth_beyond_the_free_one_takes_trx(door: TronDriver) -> None:
    payer = rich(door, trx="0.3", usdt="1", energy=10_000_000)
    asked = payer.order(1)
    payer.pay(asked, payer.prepare(asked))
    payer.node.mine()
    with pytest.raises(TreasuryTooPoor, match=r"0\.300000 TRX; this takes 0\.3"):
        payer.prepare(payer.order(1))


def test_what_would_fail_is_not_prepared(payer: Payer) -> None:
    payer.node.blacklist(payer.wallet.address, mine=1)
    with pytest.raises(TransactionRefused, match="would fail"):
        payer.prepare(payer.order(1))


def test_what_would_burn_a_fortune_waits(payer: Payer) -> None:
    with (
        changing(payer, TRIED, lambda said: {**said, "energy_used": 50_000_001}) as treasury,
        pytest.raises(NodeUnavailable, match="500 TRX"),
    ):
        treasury.prepare(payer.order(1), None, (), None)


def test_without_a_treasury(door: TronDriver) -> None:
    with pytest.raises(TreasuryMissing):
        TronTreasury(door.settings, http(MAX_BYTES))


# ---------------------------------------------------------------- taking another's place


def test_until_it_has_expired_and_that_is_final_there_is_no_other(payer: Payer) -> None:
    asked = payer.order(250)
    first = payer.prepare(asked)
    signed = payer.checked(asked, first)
    with pytest.raises(NotYetReplaceable, match="until"):
        payer.prepare(asked, first)
    payer.node.mine(timestamp=end_of(first) - 1000)  # those that make it final come each a millisecond later
    payer.node.finalize()
    with pytest.raises(NotYetReplaceable, match="until"):
        payer.prepare(asked, first)
    payer.node.mine(timestamp=end_of(first))
    with pytest.raises(NotYetReplaceable, match="until"):
        payer.prepare(asked, first)
    payer.node.finalize()
    second = payer.prepare(asked, first)
    assert second.tx_id != first.tx_id
    with pytest.raises(TransactionRefused, match="expired"):
        payer.treasury().send(signed)
    with pytest.raises(InvalidField, match="expired"):
        payer.checked(asked, first)
    payer.pay(asked, second)
    payer.node.mine()
    assert payer.tokens(asked.address) == 250


def test_what_is_mined_is_not_replaced(payer: Payer) -> None:
    asked = payer.order(250)
    first = payer.prepare(asked)
    signed = payer.checked(asked, first)
    payer.treasury().send(signed)
    payer.node.mine()
    payer.node.mine(timestamp=end_of(first))
    payer.node.finalize()
    with pytest.raises(NotYetReplaceable, match="knows it"):
        payer.prepare(asked, first)
    payer.treasury().send(signed)  # long expired, and no fault: it is there
    assert payer.tokens(asked.address) == 250


@pytest.mark.parametrize(
    "telling",
    [
        *("walletsolidity/gettransactionbyid", "walletsolidity/gettransactioninfobyid"),
        *("wallet/gettransactionbyid", "wallet/gettransactioninfobyid", "wallet/gettransactionfrompending"),
    ],
)
def test_whichever_of_a_nodes_doors_knows_it_it_is_known(payer: Payer, telling: str) -> None:
    asked = payer.order(250)
    first = payer.prepare(asked)
    payer.node.mine(timestamp=end_of(first))
    payer.node.finalize()
    with (
        changing(payer, f"/{telling}", lambda _: {"txID": first.tx_id}) as treasury,
        pytest.raises(NotYetReplaceable, match="knows it"),
    ):
        treasury.prepare(asked, None, (), first)


def end_of(unsigned: Unsigned) -> int:
    """From this block's time on, once it is final, the transaction is out for good."""
    assert unsigned.expires_at is not None
    return int((unsigned.expires_at + LAGGING).timestamp() * 1000)


# ---------------------------------------------------------------- sending

SENT, TRIED = "/wallet/broadcasthex", "/wallet/triggerconstantcontract"


def test_sent_again_it_is_no_fault_before_and_after_it_is_mined(payer: Payer) -> None:
    asked = payer.order(250)
    signed = payer.checked(asked, payer.prepare(asked))
    for _ in range(2):
        payer.treasury().send(signed)
        payer.treasury().send(signed)
        payer.node.mine()
    assert payer.tokens(asked.address) == 250


def test_an_answer_that_is_lost_is_unknown_and_sending_again_settles_it(payer: Payer) -> None:
    asked = payer.order(250)
    signed = payer.checked(asked, payer.prepare(asked))
    payer.node.fault("drop_after", SENT[1:])
    with pytest.raises(NodeUnavailable):
        payer.treasury().send(signed)
    payer.treasury().send(signed)
    payer.node.mine()
    assert payer.tokens(asked.address) == 250


def test_what_the_network_would_not_take_is_told(payer: Payer) -> None:
    signed = payer.checked(*prepared(payer))
    with pytest.raises(TransactionRefused, match="SIGERROR"):
        payer.treasury().send(replace(signed, raw=signed.raw[:-2] + "1f"))


@pytest.mark.parametrize(
    "code",
    [
        *("SIGERROR", "CONTRACT_VALIDATE_ERROR", "CONTRACT_EXE_ERROR", "BANDWITH_ERROR", "TAPOS_ERROR"),
        *("TOO_BIG_TRANSACTION_ERROR", "TRANSACTION_EXPIRATION_ERROR"),
    ],
)
def test_a_refusal_is_told_in_words_of_ours(payer: Payer, code: str) -> None:
    signed = payer.checked(*prepared(payer))
    planted = {"result": False, "code": code, "message": "see https://node.example/key-of-ours"}
    with answering(payer, SENT, planted) as treasury, pytest.raises(TransactionRefused, match=code) as refused:
        treasury.send(signed)
    assert "key-of-ours" not in str(refused.value)


@pytest.mark.parametrize(
    "planted",
    [
        *({"code": code} for code in ("SERVER_BUSY", "NO_CONNECTION", "OTHER_ERROR", "BLOCK_UNSOLIDIFIED", "NEW")),
        *({}, {"result": False}, {"result": "true"}, {"code": 5}, [], None),
    ],
    ids=str,
)
def test_not_now_is_no_refusal(payer: Payer, planted: Any) -> None:
    signed = payer.checked(*prepared(payer))
    with answering(payer, SENT, planted) as treasury, pytest.raises(NodeUnavailable):
        treasury.send(signed)


def test_a_duplicate_is_no_fault_and_another_transaction_is(payer: Payer) -> None:
    signed = payer.checked(*prepared(payer))
    with answering(payer, SENT, {"result": False, "code": "DUP_TRANSACTION_ERROR"}) as treasury:
        treasury.send(signed)
    with answering(payer, SENT, {"result": True, "txid": "11" * 32}) as treasury, pytest.raises(NodeMisled):
        treasury.send(signed)


@pytest.mark.parametrize("kind", NO_ANSWERS)
def test_a_node_that_gives_no_answer_decides_nothing(payer: Payer, kind: str) -> None:
    asked, unsigned = prepared(payer)
    text = json.dumps(payer.sign(unsigned))
    signed = payer.checked(asked, unsigned)
    with faulty(payer.driver.url) as node:
        node.fault = lambda _asked: NO_ANSWERS[kind]
        treasury = payer.treasury(node.url, is_patient=False)
        for step in (
            lambda: treasury.prepare(payer.order(1), None, (), None),
            lambda: treasury.check(asked, unsigned, text),
            lambda: treasury.send(signed),
        ):
            with pytest.raises(NodeUnavailable):
                step()


def test_a_node_of_another_chain_is_not_believed(payer: Payer) -> None:
    elsewhere = payer.treasury(token=payer.driver.other_chain()._token)
    with pytest.raises(NodeMisled):
        elsewhere.prepare(payer.order(1), None, (), None)


@pytest.mark.parametrize(
    ("question", "planted"),
    [
        (TRIED, {"result": {"result": True}, "energy_used": 1, "constant_result": []}),
        (TRIED, {"result": {"result": True}, "energy_used": 1, "constant_result": ["zz"]}),
        (TRIED, {"result": {"result": True}, "energy_used": 1, "constant_result": ["00"]}),
        (TRIED, {"result": {"result": True}, "energy_used": 1, "constant_result": "00"}),
        (TRIED, []),
        ("/wallet/getaccount", {"balance": "much"}),
        ("/wallet/getaccount", {"balance": -1}),
        ("/wallet/getaccountresource", []),
        ("/wallet/getaccountresource", {"EnergyLimit": True}),
        ("/wallet/getchainparameters", {}),
        ("/wallet/getchainparameters", {"chainParameter": [{"key": "getEnergyFee", "value": 100}]}),
    ],
)
def test_what_cannot_be_read_prepares_nothing(payer: Payer, question: str, planted: Any) -> None:
    with answering(payer, question, planted) as treasury, pytest.raises(NodeMisled):
        treasury.prepare(payer.order(1), None, (), None)


def test_a_node_that_tries_no_calls_is_no_help(payer: Payer) -> None:
    refused = {"result": {"code": "OTHER_ERROR", "message": "6e6f"}}
    with answering(payer, TRIED, refused) as treasury, pytest.raises(NodeUnavailable):
        treasury.prepare(payer.order(1), None, (), None)


def prepared(payer: Payer) -> tuple[PayoutOrder, Unsigned]:
    asked = payer.order(1)
    return asked, payer.prepare(asked)


@contextmanager
def changing(payer: Payer, question: str, change: Callable[[Any], Any]) -> Iterator[TronTreasury]:
    """One whose node answers that question otherwise."""

    def changed(asked: Asked, body: bytes) -> bytes:
        return json.dumps(change(json.loads(body))).encode() if asked.path.endswith(question) else body

    with faulty(payer.driver.url) as node:
        node.change = changed
        yield payer.treasury(node.url)


@contextmanager
def answering(payer: Payer, question: str, planted: Any) -> Iterator[TronTreasury]:
    """One whose node is not asked that question."""
    answer = Wrong(body=json.dumps(planted).encode())
    with faulty(payer.driver.url) as node:
        node.fault = lambda asked: answer if asked.path.endswith(question) else None
        yield payer.treasury(node.url)
