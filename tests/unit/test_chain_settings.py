"""What chains are configured with: all four, what is wrong with it, and that nothing which can spend gets in."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import base58
import pytest
from coincurve import PrivateKey

from paygate.adapters.chains.bitcoin import settings as bitcoin
from paygate.adapters.chains.evm import bsc, ethereum
from paygate.adapters.chains.policy import Policy, Tier, read_tiers, read_tolerance
from paygate.adapters.chains.tron import settings as tron
from paygate.config import read_settings
from paygate.domain.assets import BTC, ETH, USDT_ON_BSC, USDT_ON_ETHEREUM, USDT_ON_TRON
from paygate.domain.money import Asset, parse_money
from paygate.faults import SettingsFaults
from tests.support import hd

SEED = b"settings of chains"
GOOD = hd.chain_settings(SEED)
READERS: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "ethereum": (ethereum.read, ethereum.NAMES),
    "bsc": (bsc.read, bsc.NAMES),
    "tron": (tron.read, tron.NAMES),
    "bitcoin": (bitcoin.read, bitcoin.NAMES),
}


def read(chain: str, **changes: str) -> Any:
    settings = READERS[chain][0]({**GOOD, **changes})
    assert settings is not None
    return settings


def fault(chain: str, **changes: str) -> str:
    with pytest.raises(SettingsFaults) as caught:
        READERS[chain][0]({**GOOD, **changes})
    [only] = caught.value.faults
    return only


@pytest.mark.parametrize("chain", READERS)
def test_what_is_blank_is_off(chain: str) -> None:
    reader, names = READERS[chain]
    assert reader({}) is None
    assert reader(dict.fromkeys(names, " ")) is None


def test_defaults_are_those_of_the_public_networks() -> None:
    eth, bnb, trx = read("ethereum"), read("bsc"), read("tron")
    assert (eth.network, eth.chain_id, eth.traces, eth.assets) == ("ethereum", 1, "auto", (USDT_ON_ETHEREUM, ETH))
    assert (bnb.network, bnb.chain_id, bnb.traces, bnb.assets) == ("bsc", 56, "none", (USDT_ON_BSC,))
    assert (trx.network, trx.assets, trx.api_key) == ("tron", (USDT_ON_TRON,), None)
    assert eth.encoding.text(eth.token) == "0xdAC17F958D2ee523a2206206994597C13D831ec7"
    assert bnb.encoding.text(bnb.token) == "0x55d398326f99059fF775485246999027B3197955"
    assert trx.encoding.text(trx.token) == "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
    assert eth.account == bnb.account != trx.account
    assert bitcoin.read({**GOOD, "BITCOIN_NETWORK": "", "BITCOIN_XPUB": main_xpub()}).chain == "main"  # type: ignore[union-attr]


def main_xpub(version: int = hd.ZPUB) -> str:
    return hd.seeded(SEED).at("84'/0'/0'").text(version)


def test_everything_that_can_be_set() -> None:
    eth = read(
        "ethereum",
        ETHEREUM_CHAIN_ID="11155111",
        ETHEREUM_USDT_CONTRACT="0x" + "ab" * 20,
        ETHEREUM_TREASURY="0x" + "cd" * 20,
        ETHEREUM_TRACES="debug",
        ETH_CONFIRMATIONS="1:12,final",
        USDT_ERC20_TOLERANCE="0.5",
    )
    assert (eth.chain_id, eth.token, eth.treasury, eth.traces) == (11155111, "ab" * 20, "cd" * 20, "debug")
    assert eth.policies["ETH"].tiers == (Tier(10**18, 12), Tier(None, None))
    assert eth.policies["USDT"].tolerance == 500_000
    trx = read("tron", TRON_API_KEY="0d5a8c5e-key", TRON_TREASURY="TMVQGm1qAQYVdetCeGRRkTWYYrLXuHK2HC")
    assert (trx.api_key, trx.treasury) == ("0d5a8c5e-key", "7e5f4552091a69125d5dfcb7b8c2659029395bdf")
    btc = read("bitcoin", BITCOIN_TREASURY="bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080")
    assert btc.treasury == "0014751e76e8199196d454941c45d1b3a323f1433bd6"
    assert (btc.rpc_url, btc.rpc_user, btc.rpc_password) == ("http://127.0.0.1:9/bitcoin", "paygate", "a password")


@pytest.mark.parametrize("chain", READERS)
def test_neither_keys_nor_urls_nor_passwords_are_shown(chain: str) -> None:
    shown = repr(read(chain, TRON_API_KEY="a TRON key"))
    for name in (
        "EVM_XPUB",
        "TRON_XPUB",
        "BITCOIN_XPUB",
        "ETHEREUM_RPC_URL",
        "BSC_RPC_URL",
        "BITCOIN_RPC_PASSWORD",
    ):
        assert GOOD[name] not in shown
    assert "a TRON key" not in shown


@pytest.mark.parametrize(
    ("chain", "name", "why"),
    [
        ("ethereum", "EVM_XPUB", "EVM_XPUB is missing"),
        ("bsc", "EVM_XPUB", "EVM_XPUB is missing"),
        ("tron", "TRON_XPUB", "TRON_XPUB is missing"),
        ("tron", "TRON_API_URL", "TRON_API_URL is missing"),
        ("bitcoin", "BITCOIN_RPC_PASSWORD", "BITCOIN_RPC_PASSWORD is missing"),
    ],
)
def test_half_a_chain_is_a_fault(chain: str, name: str, why: str) -> None:
    assert fault(chain, **{name: " "}) == why


def test_one_of_the_two_chains_that_share_an_account_is_enough() -> None:
    assert READERS["ethereum"][0]({**GOOD, "ETHEREUM_RPC_URL": ""}) is None
    assert READERS["bsc"][0]({**GOOD, "BSC_RPC_URL": ""}) is None
    why = "ETHEREUM_RPC_URL or BSC_RPC_URL is missing: EVM_XPUB alone receives nothing"
    assert fault("ethereum", ETHEREUM_RPC_URL="", BSC_RPC_URL="") == why
    assert fault("ethereum", ETHEREUM_RPC_URL="", ETH_TOLERANCE="1") == "ETHEREUM_RPC_URL is missing"


@pytest.mark.parametrize(
    ("chain", "changes", "why"),
    [
        (
            "ethereum",
            {"ETHEREUM_RPC_URL": "http://node.example"},
            "ETHEREUM_RPC_URL must be an https URL without a query",
        ),
        ("tron", {"TRON_API_URL": "https://u:p@node.example"}, "TRON_API_URL must not hold a user or a password"),
        (
            "bitcoin",
            {"BITCOIN_RPC_URL": "https://u:p@node.example/"},
            "BITCOIN_RPC_URL must not hold a user or a password",
        ),
        ("bsc", {"BSC_RPC_URL": "https://node.example/?key=1"}, "BSC_RPC_URL must be an https URL without a query"),
    ],
)
def test_nodes_are_reached_by_https_and_without_credentials(chain: str, changes: dict[str, str], why: str) -> None:
    https = {name: url.replace("http:", "https:") for name, url in GOOD.items()}
    assert fault(chain, **{**https, "APP_ENV": "production", **changes}) == why


@pytest.mark.parametrize(
    ("chain", "changes", "why"),
    [
        ("ethereum", {"ETHEREUM_CHAIN_ID": "0"}, "ETHEREUM_CHAIN_ID must be a whole number above zero"),
        ("ethereum", {"ETHEREUM_TRACES": "all"}, "ETHEREUM_TRACES must be auto, debug or none"),
        (
            "ethereum",
            {"ETHEREUM_TREASURY": "0xdAC17F958D2ee523a2206206994597C13D831ec7"},
            "ETHEREUM_TREASURY is the token's own contract",
        ),
        (
            "tron",
            {"TRON_TREASURY": "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"},
            "TRON_TREASURY is the token's own contract",
        ),
        ("bsc", {"BSC_TREASURY": "0x" + "0" * 40}, "BSC_TREASURY is the zero address, which belongs to nobody"),
        ("bitcoin", {"BITCOIN_NETWORK": "mainnet"}, "BITCOIN_NETWORK must be main, test, signet or regtest"),
        (
            "bitcoin",
            {"BITCOIN_TREASURY": "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
            "BITCOIN_TREASURY is of another network: it must begin with bcrt1",
        ),
        (
            "bitcoin",
            {"BITCOIN_TREASURY": "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"},
            "BITCOIN_TREASURY must begin with bcrt1",
        ),
        ("bitcoin", {"BITCOIN_XPUB": main_xpub()}, "BITCOIN_XPUB must be an extended public key: vpub or tpub"),
        (
            "bitcoin",
            {"BTC_CONFIRMATIONS": "final"},
            "BTC_CONFIRMATIONS must be numbers: this chain calls no block final",
        ),
        ("tron", {"USDT_TRC20_TOLERANCE": "0.0000001"}, "of at most 6 decimals"),
        ("tron", {"USDT_TRC20_TOLERANCE": "-1"}, "USDT_TRC20_TOLERANCE must name amounts in USDT"),
    ],
)
def test_what_cannot_be_is_named(chain: str, changes: dict[str, str], why: str) -> None:
    told = [part for part in faults(chain, **changes) if why in part]
    assert len(told) == 1, told


def faults(chain: str, **changes: str) -> tuple[str, ...]:
    with pytest.raises(SettingsFaults) as caught:
        READERS[chain][0]({**GOOD, **changes})
    return caught.value.faults


# ---------------------------------------------------------------- policies


@pytest.mark.parametrize(
    ("amount", "blocks"),
    [("0.00000294", 1), ("0.01", 1), ("0.01000001", 3), ("0.1", 3), ("0.10000001", 6), ("20999999", 6)],
)
def test_tiers_go_by_what_is_due(amount: str, blocks: int) -> None:
    policy = read("bitcoin").policies["BTC"]
    assert policy.blocks(parse_money(amount, BTC)) == blocks


def test_small_amounts_may_be_quick_and_large_ones_final() -> None:
    policy = Policy(USDT_ON_TRON, read_tiers(" 10:1, 100:19, final", USDT_ON_TRON, has_finality=True))
    assert [policy.blocks(parse_money(text, USDT_ON_TRON)) for text in ("10", "100", "101")] == [1, 19, None]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "count blocks"),
        ("6,", "name an amount for each number but the last"),
        ("0.1:3", "count blocks"),
        ("1,6", "name an amount for each"),
        ("0.1:3,0.01:1,6", "growing amounts"),
        ("0.1:3,0.1:4,6", "growing amounts"),
        ("0.1:3,1:2,6", "not ask less of a larger amount"),
        ("0.1:final,6", "not ask less of a larger amount"),
        ("0:1,6", "amounts in ETH"),
        ("1e3:1,6", "amounts in ETH"),
        ("0.1:0,6", "count blocks, 1 to 1000, or say final"),
        ("0.1:-1,6", "count blocks"),
        ("1001", "count blocks"),
        ("\N{ARABIC-INDIC DIGIT ONE}", "count blocks"),
        ("ever", "count blocks"),
    ],
)
def test_tiers_that_say_nothing(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_tiers(text, ETH, has_finality=True)


@pytest.mark.parametrize("text", ["0", "0.00", "0.000000000000000000000"])
def test_no_tolerance(text: str) -> None:
    assert read_tolerance(text, BTC) == 0


@pytest.mark.parametrize("text", [".", "", "0.", "1,5", "0.000000001"])
def test_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="amounts in BTC"):
        read_tolerance(text, BTC)


def test_tolerance_is_exact() -> None:
    for asset in (BTC, ETH, Asset("USDT", 6)):
        text = f"{Decimal(1).scaleb(-asset.decimals):f}"
        assert read_tolerance(text, asset) == 1


# ---------------------------------------------------------------- private keys

KEY = PrivateKey(b"\7" * 32)
SPENDING = {
    "extended": hd.seeded(SEED).at("44'/60'/0'").text(hd.XPRV),
    "descriptor": f"wpkh([d34db33f/84h/0h/0h]{hd.seeded(SEED).text(hd.XPRV)}/0/*)",
    "import format": base58.b58encode_check(b"\x80" + KEY.secret + b"\1").decode(),
    "old import format": base58.b58encode_check(b"\xef" + KEY.secret).decode(),
    "bare": KEY.secret.hex(),
    "bare with 0x": "0x" + KEY.secret.hex().upper(),
    "seed": "ab" * 64,
    "words": "legal winner thank year wave sausage worth useful legal winner thank yellow",
    "words in lines": "letter\nadvice\ncage\nabsurd\namount\ndoctor\nacoustic\navoid\nletter\nadvice\ncage\nabove",
}
ANYWHERE = ("extended", "descriptor", "import format", "old import format")


@pytest.mark.parametrize("app_env", ["production", "development"])
@pytest.mark.parametrize("name", ["EVM_XPUB", "TRON_TREASURY", "BITCOIN_RPC_URL", "ETH_MNEMONIC", "BSC_SEED"])
@pytest.mark.parametrize("form", SPENDING)
def test_what_could_spend_is_refused_at_start_and_not_shown(form: str, name: str, app_env: str) -> None:
    with pytest.raises(SettingsFaults) as caught:
        read_settings({"APP_ENV": app_env, **GOOD, name: f" {SPENDING[form]}\n"})
    told = f"{name} holds a private key or a seed: nothing that can spend belongs on this server"
    assert caught.value.faults == (told,)


@pytest.mark.parametrize("form", ANYWHERE)
def test_what_can_only_be_a_key_is_found_under_any_name(form: str) -> None:
    with pytest.raises(SettingsFaults, match="WALLET holds a private key"):
        read_settings({"WALLET": SPENDING[form]})


def test_a_key_in_a_secret_is_found_as_well() -> None:
    with pytest.raises(SettingsFaults, match="EVM_SEED holds a private key"):
        read_settings({"SECRETS": "chains"}, lambda _: {"EVM_SEED": SPENDING["words"]})


@pytest.mark.filterwarnings("ignore:settings")
def test_what_only_looks_like_a_key_is_taken() -> None:
    settings = read_settings(
        {**GOOD, "BITCOIN_RPC_PASSWORD": "0f" * 32, "API_KEY_PEPPER": "ab" * 32, "TRON_API_KEY": "K" * 51}
    )
    assert set(settings.rails) == {"ethereum", "bsc", "tron", "bitcoin"}
