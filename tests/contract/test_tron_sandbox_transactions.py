"""Signed transactions at the simulated TRON node: what is taken, and what is refused in java-tron's words."""

import hashlib
from typing import Any

import pytest

from tests.contract.tron_wallet import Wallet, fresh, info, unhex, words
from tests.support.tron import Tron


@pytest.fixture(scope="module")
def wallet(tron: Tron) -> Wallet:
    made = Wallet(tron)
    tron.fund(made.address, trx="5000", usdt="1000", mine=1)
    return made


def test_a_token_transfer_is_made_signed_sent_and_read(tron: Tron, wallet: Wallet) -> None:
    receiver = fresh()
    transaction = wallet.token_transfer(receiver, 12_500_000)
    assert wallet.broadcast(transaction) == {"result": True, "txid": transaction["txID"]}
    waiting = tron.ask("wallet/gettransactionbyid", value=transaction["txID"])
    assert waiting["raw_data"] == transaction["raw_data"]
    number = tron.mine()[0]["number"]
    (found,) = tron.ask("wallet/gettransactioninfobyblocknum", num=number)
    assert found == info(tron, transaction["txID"])
    assert found["receipt"]["result"] == "SUCCESS"
    assert "result" not in found
    assert found["contract_address"] == unhex(tron.contract)
    (log,) = found["log"]
    assert log["address"] == unhex(tron.contract)[2:]
    assert [topic[-40:] for topic in log["topics"][1:]] == [wallet.hex[2:], unhex(receiver)[2:]]
    assert int(log["data"], 16) == 12_500_000
    (in_block,) = tron.ask("wallet/getblockbynum", num=number)["transactions"]
    assert (in_block["txID"], in_block["ret"]) == (transaction["txID"], [{"contractRet": "SUCCESS"}])
    assert tron.account(receiver)["usdt"] == "12500000"


def test_visible_turns_addresses_and_nothing_else(tron: Tron, wallet: Wallet) -> None:
    sent = wallet.token_transfer(fresh(), 1)
    wallet.broadcast(sent)
    tron.mine()
    plain, visible = (info(tron, sent["txID"], visible=each) for each in (False, True))
    assert visible["contract_address"] == tron.contract
    assert visible["log"][0]["address"] == tron.contract
    assert visible["log"][0]["topics"] == plain["log"][0]["topics"]
    shown = tron.ask("wallet/gettransactionbyid", value=sent["txID"], visible=True)
    value = shown["raw_data"]["contract"][0]["parameter"]["value"]
    assert (value["owner_address"], value["contract_address"]) == (wallet.address, tron.contract)
    assert shown["raw_data_hex"] == sent["raw_data_hex"]


def test_a_trx_transfer_has_no_result_and_costs_nothing_while_bandwidth_lasts(tron: Tron) -> None:
    sender, receiver = Wallet(tron), Wallet(tron)
    tron.fund(sender.address, trx="10", mine=1)
    tron.fund(receiver.address, trx="1", mine=1)
    sent = sender.trx_transfer(receiver.address, 2_000_000)
    assert sender.broadcast(sent)["result"]
    tron.mine()
    found = info(tron, sent["txID"])
    assert found["contractResult"] == [""]
    assert set(found["receipt"]) == {"net_usage"}
    assert "fee" not in found
    assert tron.ask("wallet/getaccount", address=receiver.hex)["balance"] == 3_000_000
    assert tron.ask("wallet/getaccountresource", address=sender.hex)["freeNetUsed"] > 200


def test_a_new_account_costs_its_sender_a_fee(tron: Tron, wallet: Wallet) -> None:
    receiver = Wallet(tron)
    assert tron.ask("wallet/getaccount", address=receiver.hex) == {}
    sent = wallet.trx_transfer(receiver.address, 1)
    wallet.broadcast(sent)
    tron.mine()
    assert info(tron, sent["txID"])["fee"] == 1_100_000
    assert tron.ask("wallet/getaccount", address=receiver.hex)["balance"] == 1


def test_the_same_twice_is_refused(tron: Tron, wallet: Wallet) -> None:
    sent = wallet.token_transfer(fresh(), 1)
    assert wallet.broadcast(sent)["result"]
    assert wallet.broadcast(sent)["code"] == "DUP_TRANSACTION_ERROR"
    tron.mine()
    again = wallet.broadcast(sent)
    assert again["code"] == "DUP_TRANSACTION_ERROR"
    assert words(again["message"]) == "Dup transaction."
    assert "result" not in again
    assert again["txid"] == sent["txID"]


def test_another_ones_signature_is_refused(tron: Tron, wallet: Wallet) -> None:
    other = Wallet(tron)
    sent = wallet.token_transfer(fresh(), 1)
    refused = tron.ask("wallet/broadcasttransaction", **other.sign(sent))
    assert refused["code"] == "SIGERROR"
    assert f"is signed by {other.address} but it is not contained of permission." in words(refused["message"])
    for signature in ([], ["00" * 64], ["00" * 65]):
        refused = tron.ask("wallet/broadcasttransaction", **{**sent, "signature": signature})
        assert refused["code"] == "SIGERROR", signature


def test_what_was_changed_after_signing_is_refused(tron: Tron, wallet: Wallet) -> None:
    signed = wallet.sign(wallet.token_transfer(fresh(), 1))
    signed["raw_data"]["fee_limit"] += 1
    assert tron.ask("wallet/broadcasttransaction", **signed)["code"] == "SIGERROR"


def test_a_transaction_must_know_a_recent_block(tron: Tron, wallet: Wallet) -> None:
    for name, value in (("ref_block_hash", "00" * 8), ("ref_block_bytes", "fffe")):
        changed = resigned(wallet, wallet.token_transfer(fresh(), 1), **{name: value})
        refused = tron.ask("wallet/broadcasttransaction", **changed)
        assert (refused["code"], words(refused["message"])) == ("TAPOS_ERROR", "Tapos check error."), name


def test_a_transaction_lives_for_a_minute_to_a_day(tron: Tron, wallet: Wallet) -> None:
    now = tron.chain["head"]["timestamp"]
    assert 50_000 < wallet.token_transfer(fresh(), 1)["raw_data"]["expiration"] - now <= 60_000
    for expiration in (now, now + 24 * 3600 * 1000 + 1):
        changed = resigned(wallet, wallet.token_transfer(fresh(), 1), expiration=expiration)
        refused = tron.ask("wallet/broadcasttransaction", **changed)
        assert refused["code"] == "TRANSACTION_EXPIRATION_ERROR", expiration


def test_one_that_expires_before_its_block_is_never_seen_again(tron: Tron) -> None:
    tx_id = tron.pay(fresh(), "1", lifetime_ms=60_000)
    block = tron.mine(timestamp=tron.chain["head"]["timestamp"] + 120_000)[0]
    assert tron.ask("wallet/gettransactioninfobyblocknum", num=block["number"]) == []
    assert tron.ask("wallet/gettransactionbyid", value=tx_id) == {}


def test_what_cannot_be_is_refused_before_it_is_in_a_block(tron: Tron, wallet: Wallet) -> None:
    poor = Wallet(tron)
    refused = poor.broadcast(poor.token_transfer(fresh(), 1))
    assert refused["code"] == "CONTRACT_VALIDATE_ERROR"
    assert words(refused["message"]) == f"Contract validate error : account [{poor.address}] does not exist"
    tron.fund(poor.address, trx="0.000001", mine=1)
    for _ in range(2):
        refused = poor.broadcast(poor.token_transfer(fresh(), 1))  # a day's free bandwidth is enough for one
    assert (refused["code"], words(refused["message"])) == (
        "BANDWITH_ERROR",
        "Account resource insufficient error.",
    )
    error = wallet.trx_transfer(poor.address, 10**15)["Error"]
    assert error.endswith("ContractValidateException : Validate TransferContract error, balance is not sufficient.")
    answer = tron.ask(
        "wallet/triggersmartcontract",
        owner_address=wallet.hex,
        contract_address=poor.hex,
        function_selector="transfer(address,uint256)",
    )
    assert answer["result"]["code"] == "CONTRACT_VALIDATE_ERROR"
    assert "transaction" not in answer


def test_what_waits_counts_when_more_is_sent(tron: Tron) -> None:
    sender, receiver = Wallet(tron), Wallet(tron)
    tron.fund(sender.address, trx="10", mine=1)
    tron.fund(receiver.address, trx="1", mine=1)
    first, second = (sender.trx_transfer(receiver.address, sun) for sun in (6_000_000, 6_000_001))
    assert sender.broadcast(first)["result"]
    assert sender.broadcast(second)["code"] == "CONTRACT_VALIDATE_ERROR"


def test_hex_is_broadcast_too(tron: Tron, wallet: Wallet) -> None:
    signed = wallet.sign(wallet.token_transfer(fresh(), 1))
    raw, signature = bytes.fromhex(signed["raw_data_hex"]), bytes.fromhex(signed["signature"][0])
    whole = b"\x0a" + bytes([len(raw) & 127 | 128, len(raw) >> 7]) + raw + b"\x12\x41" + signature
    answer = tron.ask("wallet/broadcasthex", transaction=whole.hex())
    assert (answer["result"], answer["code"], answer["txid"]) == (True, "SUCCESS", signed["txID"])
    assert tron.ask("wallet/broadcasthex", transaction=whole.hex())["code"] == "DUP_TRANSACTION_ERROR"
    assert "InvalidProtocolBufferException" in tron.ask("wallet/broadcasthex", transaction="0a05aa")["Error"]


def test_who_must_sign_is_told(tron: Tron, wallet: Wallet) -> None:
    sent = wallet.token_transfer(fresh(), 1)
    unsigned, signed = (tron.ask("wallet/getsignweight", **each) for each in (sent, wallet.sign(sent)))
    assert unsigned["transaction"]["transaction"]["txID"] == sent["txID"]
    assert unsigned["result"] == {"code": "NOT_ENOUGH_PERMISSION"}
    assert unsigned["permission"]["keys"] == [{"address": wallet.hex, "weight": 1}]
    assert (signed["result"], signed["approved_list"], signed["current_weight"]) == ({}, [wallet.hex], 1)


@pytest.mark.parametrize(
    ("address", "is_valid", "message"),
    [
        ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", True, "Base58check format"),
        ("41a614f803b6fd780986a42c78ec9c7f77e6ded13c", True, "Hex string format"),
        ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u", False, "Invalid address"),
        ("42a614f803b6fd780986a42c78ec9c7f77e6ded13c", False, "Invalid address"),
        ("a614f803b6fd780986a42c78ec9c7f77e6ded13c", False, "Length error"),
    ],
)
def test_addresses_are_validated(tron: Tron, address: str, *, is_valid: bool, message: str) -> None:
    answer = tron.ask("wallet/validateaddress", address=address)
    assert answer == {"result": is_valid, "message": message}


def resigned(wallet: Wallet, transaction: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Signed again with other words in raw_data: the node tells the id that they have."""
    transaction = {**transaction, "raw_data": {**transaction["raw_data"], **changes}}
    weighed = wallet.tron.ask("wallet/getsignweight", **transaction)["transaction"]["transaction"]
    assert hashlib.sha256(bytes.fromhex(weighed["raw_data_hex"])).hexdigest() == weighed["txID"]
    assert weighed["txID"] != transaction["txID"]
    return wallet.sign(weighed)
