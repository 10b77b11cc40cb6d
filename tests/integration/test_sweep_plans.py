"""Money that payments brought, collected at the treasury: planned by the gateway, signed by the seed's owner."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from coincurve import PrivateKey
from eth_account import Account

from infra.local.servers.anvil import BSC, ETHEREUM
from infra.local.servers.postgres import APP
from infra.local.sweep import EVER, plan
from infra.sandbox.bitcoin.codec import hash160
from paygate.adapters.chains.addresses.bitcoin import NETWORKS
from paygate.adapters.chains.addresses.evm import EvmEncoding
from paygate.adapters.chains.addresses.tron import TronEncoding
from paygate.adapters.chains.bitcoin.settings import read as read_bitcoin
from paygate.adapters.chains.collectors import collector
from paygate.adapters.postgres.sweep_store import PostgresSweeps
from paygate.domain.errors import NotFound, TreasuryMissing
from tests.support import bitcoin, bitcoin_signer
from tests.support.chain_shop import ChainShop, chain_shop
from tests.support.evm import running_node
from tests.support.hd import Node, chain_settings, seeded
from tests.support.tron import Tron

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from infra.local.stack import Stack
    from paygate.adapters.chains.addresses.encoding import Encoding
    from paygate.bootstrap import App
    from tests.support.evm import EvmNode

SEED = secrets.token_bytes(32)
ROOT = seeded(SEED)
ETHER = 10**18
CONFIRMED = {"USDT_TRC20_CONFIRMATIONS": "1"}
ROOT_FOLDER = Path(__file__).parents[2]


class Signer:
    """Somebody with the seed, and no network."""

    def key(self, origin: Mapping[str, Any]) -> bytes:
        """Of a path that the plan tells; the account is the one it says."""
        path = origin["path"].removeprefix("m/")
        account = ROOT.at("/".join(path.split("/")[:3]))
        assert origin["accountFingerprint"] == fingerprint(account)
        return ROOT.at(path).key

    def evm(self, asked: Mapping[str, Any]) -> str:
        names = ("chainId", "nonce", "value", "gas", "type", "maxFeePerGas", "maxPriorityFeePerGas", "gasPrice")
        made: dict[str, Any] = {name: int(asked[name]) for name in names if name in asked}
        made |= {"to": asked["to"], "data": asked["data"]}
        account = Account.from_key(self.key(asked))
        assert account.address == asked["from"] == asked["address"]
        return "0x" + bytes(account.sign_transaction(made).raw_transaction).hex().removeprefix("0x")

    def tron(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        signature = PrivateKey(self.key(asked)).sign_recoverable(bytes.fromhex(asked["txID"]), hasher=None)
        names = ("visible", "txID", "raw_data", "raw_data_hex")
        return {**{name: asked[name] for name in names}, "signature": [signature.hex()]}

    def bitcoin(self, asked: Mapping[str, Any]) -> str:
        return bitcoin_signer.final(asked["psbt"], [self.key(each) for each in asked["inputs"]])


def fingerprint(node: Node) -> str:
    return hash160(node.public.format())[:4].hex()


def treasury(encoding: Encoding) -> tuple[str, str]:
    """A new one's key and address."""
    point = PrivateKey(secrets.token_bytes(32)).public_key.format(compressed=False)
    key = encoding.of_point(point)
    return key, encoding.text(key)


def to(payment: Mapping[str, Any]) -> str:
    address: str = payment["action"]["address"]
    return address


def settle(shop: ChainShop, *payments: Mapping[str, Any]) -> None:
    shop.follow()
    shop.app.poll_chain(shop.network, 1.0)
    assert {shop.status(each)["state"] for each in payments} == {"SETTLED"}


def said(plan: Mapping[str, Any], name: str) -> Sequence[tuple[str, str]]:
    found = plan["needs"][name] if name in plan["needs"] else plan[name]
    return [(each["address"], each["amount"]) for each in found]


def database(shop: ChainShop) -> list[Any]:
    tables = ("transfers", "addresses", "payments", "outbox", "payouts")
    return [shop.run(f"SELECT count(*), max(xmin::text::bigint) FROM {table}") for table in tables]


# ---------------------------------------------------------------- Ethereum, BNB Smart Chain


@pytest.fixture(scope="module")
def evm_node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvmNode]:
    with running_node(tmp_path_factory.mktemp("evm"), network=request.param) as node:
        yield node


@pytest.fixture(scope="module")
def collected_at() -> tuple[str, str]:
    return treasury(EvmEncoding())


@pytest.fixture(scope="module")
def evm_shop(stack: Stack, app: App, evm_node: EvmNode, collected_at: tuple[str, str]) -> Iterator[ChainShop]:
    name = evm_node.server.network.name
    method = {"ethereum": "USDT_ERC20", "bsc": "USDT_BEP20"}[name]
    env = {
        **chain_settings(SEED),
        **evm_node.server.env,
        f"{name.upper()}_TREASURY": collected_at[1],
        f"{method}_CONFIRMATIONS": "1",
        "ETH_CONFIRMATIONS": "1",
    }
    with chain_shop(stack, method, env) as found:
        yield found


both = pytest.mark.parametrize("evm_node", [ETHEREUM, BSC], indirect=True, ids=["ethereum", "bsc"], scope="module")
ethereum_only = pytest.mark.parametrize("evm_node", [ETHEREUM], indirect=True, ids=["ethereum"], scope="module")


@both
def test_tokens_are_collected_once_their_gas_was_sent(
    evm_shop: ChainShop, evm_node: EvmNode, collected_at: tuple[str, str]
) -> None:
    unit = 10 ** (6 if evm_shop.network == "ethereum" else 18)
    first, second, unpaid, little, frozen = (
        evm_shop.create(amount) for amount in ("10", "25.5", "7", "0.01", "20")
    )
    for payment, amount in ((first, 1000), (second, 2550), (little, 1), (frozen, 2000)):
        evm_node.pay_token(to(payment), amount * unit // 100)
    evm_node.blacklist(to(frozen))
    evm_node.pay_token(to(unpaid), unit)  # less than is due: it still waits
    settle(evm_shop, first, second, little, frozen)
    before = database(evm_shop)
    made = plan(evm_shop.app, evm_shop.network)
    assert database(evm_shop) == before
    assert {each["from"] for each in made["transactions"]} == {to(first), to(second)}
    assert made["treasury"] == collected_at[1]
    assert [(each["address"], each["reason"]) for each in made["leftOut"]] == [
        (to(little), "is less than collecting it is worth"),
        (to(frozen), "the token's contract would not move it"),
    ]
    held = evm_node.tokens(collected_at[0])
    fund_and_send(evm_node, made)
    assert evm_node.tokens(collected_at[0]) - held == 71 * unit // 2
    assert [evm_node.tokens(to(each)) for each in (first, second)] == [0, 0]
    again = plan(evm_shop.app, evm_shop.network)  # what gas left may be worth collecting, too
    assert "USDT" not in {each["pays"]["asset"] for each in again["transactions"]}


def fund_and_send(node: EvmNode, made: Mapping[str, Any]) -> None:
    """What the plan asks for, to the last digit, suffices."""
    for address, amount in said(made, "toFund"):
        node.pay_eth(address, int(amount.replace(".", "")))
    for asked in made["transactions"]:
        tx_hash = node.rpc.call("eth_sendRawTransaction", Signer().evm(asked))
        assert int(node.rpc.receipt(tx_hash)["status"], 16) == 1


@ethereum_only
def test_ether_pays_its_own_way_and_the_tokens_beside_it(
    evm_shop: ChainShop, evm_node: EvmNode, collected_at: tuple[str, str]
) -> None:
    """Tokens that came to a payment in ether belong to nobody, and are collected too."""
    payment = evm_shop.create("0.5", "ETH")
    dust = evm_shop.create("0.000001", "ETH")
    evm_node.pay_eth(to(payment), ETHER // 2)
    evm_node.pay_eth(to(dust), ETHER // 10**6)
    evm_node.pay_token(to(payment), 90 * 10**6)
    settle(evm_shop, payment, dust)
    evm_node.finalize()
    settle(evm_shop, payment, dust)
    made = plan(evm_shop.app, "ethereum")
    own = [each for each in made["transactions"] if each["from"] == to(payment)]
    assert [(each["pays"]["asset"], int(each["nonce"])) for each in own] == [("USDT", 0), ("ETH", 1)]
    assert to(payment) not in dict(said(made, "toFund"))
    assert (to(dust), "is not worth the gas that it costs") in [
        (each["address"], each["reason"]) for each in made["leftOut"]
    ]
    ether, tokens = evm_node.ether(collected_at[0]), evm_node.tokens(collected_at[0])
    fund_and_send(evm_node, made)
    assert evm_node.tokens(collected_at[0]) - tokens == 90 * 10**6
    assert evm_node.ether(collected_at[0]) - ether == int(made["collects"]["ETH"].replace(".", ""))
    [cost] = [amount for address, amount in said(made, "perAddress") if address == to(payment)]
    [arrived] = [each["pays"]["amount"] for each in own if each["pays"]["asset"] == "ETH"]
    assert sum(int(amount.replace(".", "")) for amount in (cost, arrived)) == ETHER // 2


@ethereum_only
def test_an_address_whose_transaction_waits_is_left_alone(evm_shop: ChainShop, evm_node: EvmNode) -> None:
    payment = evm_shop.create("0.25", "ETH")
    evm_node.pay_eth(to(payment), ETHER // 4)
    settle(evm_shop, payment)
    made = plan(evm_shop.app, "ethereum")
    with evm_node.mining_paused():
        for asked in made["transactions"]:
            evm_node.rpc.call("eth_sendRawTransaction", Signer().evm(asked))
        again = plan(evm_shop.app, "ethereum")
        assert to(payment) not in {each["from"] for each in again["transactions"]}
        assert (to(payment), "0.250000000000000000") in said(again, "leftOut")


# ---------------------------------------------------------------- TRON


@pytest.fixture(scope="module")
def tron(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tron]:
    with Tron.alone(tmp_path_factory.mktemp("tron")) as node:
        yield node


def test_tokens_on_tron_are_collected_once_trx_was_sent(stack: Stack, app: App, tron: Tron) -> None:
    _, address = treasury(TronEncoding())
    env = {**chain_settings(SEED), **tron.env, "TRON_TREASURY": address, **CONFIRMED}
    with chain_shop(stack, "USDT_TRC20", env) as shop:
        first, second, little = (shop.create(amount) for amount in ("12.5", "30", "1"))
        for payment, amount in ((first, "12.5"), (second, "30"), (little, "1")):
            tron.pay(to(payment), amount)
        tron.mine(3)
        settle(shop, first, second, little)
        made = plan(shop.app, "tron")
        assert made["collects"] == {"USDT": "42.500000"}
        assert said(made, "leftOut") == [(to(little), "1.000000")]
        needs = made["needs"]
        assert needs["energy"] == sum(each["energy"] for each in needs["perAddress"]) > 100_000
        assert needs["toActivate"] == 2
        for owner, amount in said(made, "toFund"):
            tron.fund(owner, trx=amount)
        tron.mine()
        for asked in made["transactions"]:
            answer = tron.ask("wallet/broadcasttransaction", **Signer().tron(asked))
            assert answer.get("result") is True, answer
            tron.mine()
        assert tron.account(address)["usdt"] == "42500000"
        assert plan(shop.app, "tron")["transactions"] == []


# ---------------------------------------------------------------- Bitcoin


@pytest.fixture(scope="module", params=bitcoin.KINDS)
def btc_node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[bitcoin.Bitcoin]:
    with bitcoin.opened(request.param, tmp_path_factory.mktemp("bitcoin")) as opened:
        yield opened


def test_bitcoins_are_collected_in_one_transaction(stack: Stack, app: App, btc_node: bitcoin.Bitcoin) -> None:
    script, address = treasury(NETWORKS["regtest"])
    env = {**chain_settings(SEED), **btc_node.env, "BITCOIN_TREASURY": address}
    with chain_shop(stack, "BTC", env) as shop:
        first, second, dust = (shop.create(amount) for amount in ("0.005", "0.004", "0.000006"))
        btc_node.pay_many([(to(first), 300_000), (to(second), 400_000), (to(first), 200_000), (to(dust), 600)])
        btc_node.mine()
        settle(shop, first, second, dust)
        waiting = shop.create("0.005")
        btc_node.pay(to(waiting), 500_000)
        shop.follow()
        made = plan(shop.app, "bitcoin")
        [asked] = made["transactions"]
        assert sorted((each["address"], each["amount"]) for each in asked["inputs"]) == sorted(
            [(to(first), "0.00300000"), (to(first), "0.00200000"), (to(second), "0.00400000")]
        )
        assert said(made, "leftOut") == [(to(dust), "0.00000600")]
        assert made["needs"]["total"] == asked["fee"]
        for each, told in zip(
            btc_node.rpc("decodepsbt", asked["psbt"])["inputs"], asked["inputs"], strict=True
        ):  # hardware that knows the account's key finds its own
            [derived] = each["bip32_derivs"]
            assert derived["path"] == "m/" + "/".join(told["path"].split("/")[-2:])
            assert derived["master_fingerprint"] == told["accountFingerprint"]
        turn(shop, second, "PENDING")
        [other] = plan(shop.app, "bitcoin")["transactions"]
        assert {each["address"] for each in other["inputs"]} == {to(first)}
        turn(shop, second, "FINAL")
        raw = Signer().bitcoin(asked)
        assert btc_node.rpc("sendrawtransaction", raw) == asked["txId"]
        assert plan(shop.app, "bitcoin")["transactions"] == []  # what waits to be mined spends them
        btc_node.mine()
        output = btc_node.rpc("gettxout", asked["txId"], 0)
        assert output["scriptPubKey"]["hex"] == script
        assert f"{output['value']:.8f}" == made["collects"]["BTC"]
        shop.follow()


def turn(shop: ChainShop, payment: Mapping[str, Any], status: str) -> None:
    """As if more had come there that is in no block, or not deep enough yet."""
    shop.run("UPDATE transfers SET status = :s WHERE payment_id = :p", s=status, p=payment["paymentId"])


# ---------------------------------------------------------------- the command


def test_the_command_writes_a_file_and_overwrites_none(stack: Stack, app: App, tron: Tron, tmp_path: Path) -> None:
    """Against a database that only the environment names, as a deployed one's is."""
    _, address = treasury(TronEncoding())
    with chain_shop(stack, "USDT_TRC20", {**chain_settings(SEED), **tron.env, "TRON_TREASURY": address}) as shop:
        env = {**stack.env, **chain_settings(SEED), **tron.env, "TRON_TREASURY": address}
        env["DATABASE_URL"] = stack.postgres.url(APP, shop.database)
        env["PYTHONPATH"] = ":".join(sys.path)
        file = tmp_path / "plan.json"
        command = [sys.executable, "-m", "infra.local.sweep", "plan", "--network", "tron", "--to", str(file)]

        def run() -> subprocess.CompletedProcess[str]:
            return subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=ROOT_FOLDER)

        done = run()
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("0 transactions to sign")
        assert json.loads(file.read_text())["treasury"] == address
        again = run()
        assert again.returncode == 1
        assert "is there already" in again.stderr


def test_a_network_without_a_treasury_and_one_that_is_off_are_named() -> None:
    known = read_bitcoin(chain_settings(SEED))
    with pytest.raises(TreasuryMissing, match="BITCOIN_TREASURY"):
        collector("bitcoin", {"bitcoin": known})
    with pytest.raises(NotFound):
        collector("tron", {"bitcoin": known})


def test_pages_of_transfers_add_up_and_since_is_respected(stack: Stack, app: App, tron: Tron) -> None:
    own = chain_settings(secrets.token_bytes(16))
    with chain_shop(stack, "USDT_TRC20", {**own, **tron.env, **CONFIRMED}) as shop:
        payments = [shop.create("1") for _ in range(3)]
        for payment in payments * 2:
            tron.pay(to(payment), "1")
        tron.mine(2)
        settle(shop, *payments)
        store = PostgresSweeps(shop.app.database, {"tron": "tron"}, at_once=2)
        found = store.paid("tron", EVER)
        assert {each.address for each in found} == {to(each) for each in payments}
        assert [len(set(each.outpoints)) for each in found] == [2, 2, 2]
        assert store.paid("tron", datetime.now(UTC) + timedelta(days=400)) == []
