"""TronGrid's lists at the simulated node."""

from typing import Any

from tests.contract.tron_wallet import fresh, unhex
from tests.support.tron import Tron


def listed(tron: Tron, address: str, **query: Any) -> dict[str, Any]:
    url = f"{tron.url}/v1/accounts/{address}/transactions/trc20"
    answer = tron.session.get(url, params=query, timeout=10)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(page: dict[str, Any]) -> list[str]:
    return [each["transaction_id"] for each in page["data"]]


def test_a_transfer_is_listed_in_trongrids_words(tron: Tron) -> None:
    receiver = fresh()
    tx_id = tron.pay(receiver, "1.5", mine=1)
    block = tron.ask("wallet/getnowblock")["block_header"]["raw_data"]
    page = listed(tron, receiver)
    assert page["success"] is True
    assert page["data"] == [
        {
            "transaction_id": tx_id,
            "token_info": {"symbol": "USDT", "address": tron.contract, "decimals": 6, "name": "Tether USD"},
            "block_timestamp": block["timestamp"],
            "from": tron.chain["payer"],
            "to": receiver,
            "type": "Transfer",
            "value": "1500000",
        }
    ]
    assert listed(tron, unhex(receiver))["data"] == page["data"]


def test_only_what_is_final_or_of_one_contract_or_one_way(tron: Tron) -> None:
    receiver = fresh()
    old = tron.pay(receiver, "1", mine=1)
    tron.finalize()
    new, fake = tron.pay(receiver, "2"), tron.fake(receiver, "3")
    tron.mine()
    assert set(ids(listed(tron, receiver))) == {old, new, fake}
    assert ids(listed(tron, receiver, only_confirmed="true")) == [old]
    assert set(ids(listed(tron, receiver, only_unconfirmed="true"))) == {new, fake}
    assert ids(listed(tron, receiver, contract_address=tron.contract)) == [new, old]
    assert ids(listed(tron, receiver, only_from="true")) == []
    since = tron.chain["head"]["timestamp"]
    assert old not in ids(listed(tron, receiver, min_timestamp=since))


def test_pages_follow_the_fingerprint(tron: Tron) -> None:
    receiver = fresh()
    sent = [tron.pay(receiver, str(units)) for units in (1, 2, 3, 4, 5)]
    tron.mine()
    page = listed(tron, receiver, limit=2, order_by="block_timestamp,asc")
    seen = ids(page)
    while "fingerprint" in page["meta"]:
        page = tron.session.get(page["meta"]["links"]["next"], timeout=10).json()
        seen += ids(page)
    assert seen == sent


def test_an_account_tells_its_tokens(tron: Tron) -> None:
    receiver = fresh()
    url = f"{tron.url}/v1/accounts/{receiver}"
    assert tron.session.get(url, timeout=10).json()["data"] == []
    tron.fund(receiver, trx="2", usdt="3", mine=1)
    (account,) = tron.session.get(url, timeout=10).json()["data"]
    assert account["balance"] == 2_000_000
    assert account["trc20"] == [{tron.contract: "3000000"}]


def test_a_list_of_nobody_or_of_nonsense_is_refused(tron: Tron) -> None:
    for path in ("nobody", "nobody/transactions/trc20", f"{fresh()}/transactions/trc20?limit=x"):
        answer = tron.session.get(f"{tron.url}/v1/accounts/{path}", timeout=10)
        assert (answer.status_code, answer.json()["success"]) == (400, False), path
