"""The simulated TRON node's blocks: what their ids say, what is final, how they are asked for."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.tron_wallet import fresh
from tests.support.tron import Tron


def test_a_blocks_id_begins_with_its_number_and_names_its_parent(tron: Tron) -> None:
    below, above = tron.mine(2)
    block = tron.ask("wallet/getblockbynum", num=above["number"])
    raw = block["block_header"]["raw_data"]
    assert block["blockID"] == above["id"]
    assert int(block["blockID"][:16], 16) == raw["number"] == above["number"]
    assert raw["parentHash"] == below["id"]
    assert (
        raw["timestamp"]
        > tron.ask("wallet/getblockbynum", num=below["number"])["block_header"]["raw_data"]["timestamp"]
    )
    assert raw["witness_address"].startswith("41")
    assert len(bytes.fromhex(block["block_header"]["witness_signature"])) == 65
    assert "transactions" not in block


def test_the_trie_root_is_over_the_transactions(tron: Tron) -> None:
    """Of one it is its own hash, of none it is zero."""
    tron.pay(fresh(), "1")
    full, empty = (tron.ask("wallet/getblockbynum", num=each["number"]) for each in tron.mine(2))
    (transaction,) = full["transactions"]
    signed = bytes.fromhex(transaction["raw_data_hex"]), bytes.fromhex(transaction["signature"][0])
    body = b"\x0a" + varint(len(signed[0])) + signed[0] + b"\x12\x41" + signed[1] + b"\x2a\x02\x18\x01"
    assert full["block_header"]["raw_data"]["txTrieRoot"] == hashlib.sha256(body).hexdigest()
    assert empty["block_header"]["raw_data"]["txTrieRoot"] == "00" * 32


def varint(value: int) -> bytes:
    return bytes([value & 127 | 128, value >> 7]) if value > 127 else bytes([value])


def test_what_is_final_lags_19_blocks_behind(tron: Tron) -> None:
    tx_id = tron.pay(fresh(), "1")
    assert tron.ask("wallet/gettransactioninfobyid", value=tx_id) == {}
    number = tron.mine()[0]["number"]
    assert tron.ask("wallet/gettransactioninfobyid", value=tx_id)["blockNumber"] == number
    tron.mine(18)
    assert tron.ask("walletsolidity/gettransactioninfobyid", value=tx_id) == {}
    assert tron.ask("walletsolidity/gettransactioninfobyblocknum", num=number) == []
    assert tron.ask("walletsolidity/getblockbynum", num=number) == {}
    tron.mine()
    assert tron.ask("walletsolidity/getnowblock")["block_header"]["raw_data"]["number"] == number
    assert tron.ask("walletsolidity/gettransactioninfobyid", value=tx_id)["id"] == tx_id
    assert tron.ask("walletsolidity/gettransactionbyid", value=tx_id)["txID"] == tx_id
    node = tron.ask("wallet/getnodeinfo")
    assert node["block"].startswith(f"Num:{number + 19},ID:{number + 19:016x}")
    assert node["solidityBlock"].startswith(f"Num:{number},ID:{number:016x}")


def test_blocks_are_found_by_id_number_and_range(tron: Tron) -> None:
    first, second, third = tron.mine(3)
    asked = {
        "getblockbyid": {"value": second["id"]},
        "getblockbynum": {"num": second["number"]},
        "getblock": {"id_or_num": str(second["number"]), "detail": True},
    }
    for method, args in asked.items():
        assert tron.ask(f"wallet/{method}", **args)["blockID"] == second["id"], method
        got = tron.session.get(f"{tron.url}/wallet/{method}", params=args, timeout=10).json()
        assert got["blockID"] == second["id"], method
    assert tron.ask("wallet/getblock", id_or_num=second["id"])["blockID"] == second["id"]
    assert tron.ask("wallet/getblock")["blockID"] == third["id"]
    ranged = tron.ask("wallet/getblockbylimitnext", startNum=first["number"], endNum=third["number"])
    assert [each["blockID"] for each in ranged["block"]] == [first["id"], second["id"]]
    latest = tron.ask("wallet/getblockbylatestnum", num=2)
    assert [each["blockID"] for each in latest["block"]] == [second["id"], third["id"]]


def test_what_is_not_there_is_empty(tron: Tron) -> None:
    above = tron.head + 1
    assert tron.ask("wallet/getblockbynum", num=above) == {}
    assert tron.ask("wallet/getblockbyid", value=f"{above:016x}" + "00" * 24) == {}
    assert tron.ask("wallet/gettransactioninfobyblocknum", num=above) == []
    assert tron.ask("wallet/gettransactioninfobyblocknum", num=tron.mine()[0]["number"]) == []
    assert tron.ask("wallet/gettransactioninfobyblocknum", num=0) == {}
    assert tron.ask("wallet/gettransactionbyid", value="00" * 32) == {}
    assert tron.ask("wallet/getblockbylimitnext", startNum=1, endNum=102) == {}
    assert tron.ask("wallet/getaccount", address="41" + "11" * 20) == {}


def test_errors_are_told_with_status_200(tron: Tron) -> None:
    wrong = tron.session.post(f"{tron.url}/wallet/getblockbynum", json={"num": "x"}, timeout=10)
    assert (wrong.status_code, "ParseException" in wrong.json()["Error"]) == (200, True)
    broken = tron.session.post(f"{tron.url}/wallet/getblockbynum", data=b"{", timeout=10)
    assert "JSONException" in broken.json()["Error"]
    assert "INVALID hex String" in tron.ask("wallet/getaccount", address=fresh())["Error"]
    assert tron.session.post(f"{tron.url}/wallet/nothing", timeout=10).status_code == 404
    assert tron.session.post(f"{tron.url}/walletsolidity/broadcasttransaction", timeout=10).status_code == 404


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Tron]:
    """A block every 50 ms, and the third after it makes it final."""
    with Tron.alone(tmp_path, auto=True, time_scale=0.001) as running:
        running.clock(solid_lag=2)
        yield running


def test_blocks_come_by_the_clock(running: Tron) -> None:
    before = running.head
    tx_id = running.pay(fresh(), "1")
    found: dict[str, Any] = {}
    while not found:
        found = running.ask("walletsolidity/gettransactioninfobyid", value=tx_id)
    assert found["blockNumber"] > before
    both = [running.ask("wallet/getblockbynum", num=found["blockNumber"] + more) for more in (0, 1)]
    first, second = (each["block_header"]["raw_data"]["timestamp"] for each in both)
    assert (second - first) % 50 == 0


def test_a_pause_makes_no_more_blocks_than_finality_takes(running: Tron) -> None:
    """What nobody saw are slots that were missed: what waited is in the first block, and final."""
    tx_id = running.pay(fresh(), "1")
    before = running.head
    time.sleep(0.8)
    assert before < running.head <= before + 7
    assert running.ask("walletsolidity/gettransactioninfobyid", value=tx_id)["blockNumber"] <= before + 1


def test_a_clock_that_stands_still_makes_no_blocks(tron: Tron) -> None:
    assert tron.chain["auto"] is False
    before = tron.head
    tron.ask("wallet/getnowblock")
    assert tron.head == before
