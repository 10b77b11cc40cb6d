"""Contracts at the simulated TRON node: the token, its look-alike, many payments at once, and energy."""

from typing import Any

import pytest

from tests.contract.tron_wallet import TRANSFER, Wallet, fresh, info, unhex, words
from tests.support.tron import Tron


def moved(found: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Contract, receiver and units of each transfer in it."""
    logs = [log for log in found.get("log", []) if log["topics"][0] == TRANSFER]
    return [(log["address"], log["topics"][2][24:], int(log["data"], 16)) for log in logs]


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        ("decimals()", "06".rjust(64, "0")),
        ("symbol()", "20".rjust(64, "0") + "4".rjust(64, "0") + "55534454".ljust(64, "0")),
    ],
)
def test_the_token_says_what_it_is(tron: Tron, function: str, answer: str) -> None:
    asked = {
        "owner_address": "41" + "00" * 20,
        "contract_address": unhex(tron.contract),
        "function_selector": function,
    }
    for area in ("wallet", "walletsolidity"):
        said = tron.ask(f"{area}/triggerconstantcontract", **asked)
        assert said["constant_result"] == [answer]
        assert said["transaction"]["ret"] == [{}]
        assert said["energy_used"] > 0


def test_a_balance_is_final_later_than_it_is_seen(tron: Tron) -> None:
    receiver = fresh()
    tron.pay(receiver, "7", mine=1)
    asked = {
        "owner_address": receiver,
        "contract_address": tron.contract,
        "function_selector": "balanceOf(address)",
        "parameter": unhex(receiver)[2:].rjust(64, "0"),
        "visible": True,
    }

    def balance(area: str) -> int:
        return int(tron.ask(f"{area}/triggerconstantcontract", **asked)["constant_result"][0], 16)

    assert (balance("wallet"), balance("walletsolidity")) == (7_000_000, 0)
    tron.finalize()
    assert balance("walletsolidity") == 7_000_000


def test_one_transaction_pays_many_and_one_of_them_twice(tron: Tron) -> None:
    first, second = fresh(), fresh()
    tx_id = tron.pay_many((first, "1"), (second, "2.000001"), (first, "3"), mine=1)
    token = unhex(tron.contract)[2:]
    wanted = [(first, 1_000_000), (second, 2_000_001), (first, 3_000_000)]
    found = info(tron, tx_id)
    assert moved(found) == [(token, unhex(who)[2:], units) for who, units in wanted]
    assert found["contract_address"] == unhex(tron.contracts["batch"]) != token
    assert [tron.account(who)["usdt"] for who in (first, second)] == ["4000000", "2000001"]


def test_a_look_alike_is_another_contract(tron: Tron) -> None:
    receiver = fresh()
    found = info(tron, tron.fake(receiver, "1000", mine=1))
    assert found["receipt"]["result"] == "SUCCESS"
    assert moved(found) == [(unhex(tron.contracts["lookalike"])[2:], unhex(receiver)[2:], 1_000_000_000)]
    assert tron.account(receiver)["usdt"] == "0"


def test_nothing_may_be_sent_in_anybodys_name(tron: Tron) -> None:
    victim, receiver = fresh(), fresh()
    found = info(tron, tron.zero(receiver, from_=victim, mine=1))
    assert moved(found) == [(unhex(tron.contract)[2:], unhex(receiver)[2:], 0)]
    assert found["log"][0]["topics"][1][24:] == unhex(victim)[2:]


@pytest.mark.parametrize(("how", "result"), [("energy", "OUT_OF_ENERGY"), ("revert", "REVERT")])
def test_a_transfer_that_fails_is_in_a_block_and_moves_nothing(tron: Tron, how: str, result: str) -> None:
    receiver = fresh()
    tx_id = tron.fail(receiver, "5", how, mine=1)
    found = info(tron, tx_id)
    assert (found["result"], found["receipt"]["result"]) == ("FAILED", result)
    assert "log" not in found
    assert found["fee"] > 0
    assert tron.ask("wallet/gettransactionbyid", value=tx_id)["ret"] == [{"contractRet": result}]
    assert tron.account(receiver)["usdt"] == "0"
    said = {"OUT_OF_ENERGY": "Not enough energy for 'SSTORE'", "REVERT": "REVERT opcode executed"}[result]
    assert words(found["resMessage"]).startswith(said)
    assert info(tron, tx_id, visible=True)["resMessage"].startswith(said)


def test_energy_is_staked_or_burned_and_the_fee_limit_ends_it(tron: Tron) -> None:
    sender, receiver = Wallet(tron), fresh()
    tron.fund(sender.address, trx="100", usdt="10", mine=1)

    def send(fee_limit: int) -> dict[str, Any]:
        sent = sender.token_transfer(receiver, 1, fee_limit)
        assert sender.broadcast(sent)["result"]
        tron.mine()
        return info(tron, sent["txID"])

    dear = send(20_000_000)["receipt"]
    assert (dear["energy_usage_total"], dear["energy_fee"]) == (130_285, 13_028_500)
    known = send(6_428_500)["receipt"]
    assert (known["result"], known["energy_fee"]) == ("SUCCESS", 6_428_500)
    short = send(6_428_400)
    assert short["receipt"]["result"] == "OUT_OF_ENERGY"
    assert short["receipt"]["energy_usage_total"] == 64_284
    tron.fund(sender.address, energy=64_285)
    staked = send(6_428_500)["receipt"]
    assert (staked["energy_usage"], "energy_fee" in staked) == (64_285, False)
    assert tron.ask("wallet/getaccountresource", address=sender.hex)["EnergyUsed"] > 64_000


def test_energy_is_estimated(tron: Tron) -> None:
    asked = {
        "owner_address": tron.chain["payer"],
        "contract_address": tron.contract,
        "function_selector": "transfer(address,uint256)",
        "parameter": unhex(fresh())[2:].rjust(64, "0") + f"{1:064x}",
        "visible": True,
    }
    assert tron.ask("wallet/estimateenergy", **asked) == {"result": {"result": True}, "energy_required": 130_285}
    poor = tron.ask("wallet/estimateenergy", **{**asked, "owner_address": fresh()})
    assert poor["result"] == {"code": "CONTRACT_EXE_ERROR", "message": "REVERT opcode executed"}


def test_the_issuer_stops_and_takes(tron: Tron) -> None:
    holder = Wallet(tron)
    tron.fund(holder.address, trx="100", usdt="10", mine=1)
    tron.blacklist(holder.address, mine=1)
    sent = holder.token_transfer(fresh(), 1)
    holder.broadcast(sent)
    tron.mine()
    assert info(tron, sent["txID"])["receipt"]["result"] == "REVERT"
    destroyed = info(tron, tron.do("destroy", address=holder.address, mine=1)["txId"])
    assert destroyed["receipt"]["result"] == "SUCCESS"
    assert moved(destroyed) == []
    assert tron.account(holder.address)["usdt"] == "0"


def test_a_contract_tells_its_interface(tron: Tron) -> None:
    found = tron.ask("wallet/getcontract", value=tron.contract, visible=True)
    assert found["contract_address"] == tron.contract
    (transfer,) = [each for each in found["abi"]["entrys"] if each["name"] == "transfer"]
    assert [each["type"] for each in transfer["inputs"]] == ["address", "uint256"]
    assert tron.ask("wallet/getcontract", value=unhex(fresh())) == {}


def test_the_uniform_door_pays_what_a_payment_asks_for(tron: Tron) -> None:
    receiver = fresh()
    action = {"type": "CRYPTO", "network": "tron", "asset": "USDT", "address": receiver, "amount": "12.345678"}
    assert tron.pay_action(action, "decline") == {"paid": False}
    tx_id = tron.pay_action(action)["txId"]
    tron.pay_action(action, amount="0.5")
    tron.mine()
    assert moved(info(tron, tx_id))[0][2] == 12_345_678
    assert tron.account(receiver)["usdt"] == "12845678"
    wrong = {"action": {**action, "asset": "TRX"}, "decision": "pay"}
    assert tron.session.post(f"{tron.sandbox}/_sandbox/tron/pay", json=wrong, timeout=10).status_code == 400
    dear = {"action": {**action, "amount": "0.0000001"}, "decision": "pay"}
    assert tron.session.post(f"{tron.sandbox}/_sandbox/tron/pay", json=dear, timeout=10).status_code == 400
