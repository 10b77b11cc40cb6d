"""The local stack's wallet against libraries that others wrote, and against BIP 32's and BIP 84's own words."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from eth_account import Account
from eth_account.hdaccount import ETHEREUM_DEFAULT_PATH, seed_from_mnemonic

from infra.local import wallet
from infra.local.wallet import BITCOIN_ACCOUNT, TREASURIES, XPUB, Wallet, root
from paygate.adapters.chains.private_keys import find_private_keys

if TYPE_CHECKING:
    from pathlib import Path

NETWORKS = ("ethereum", "bsc", "tron", "bitcoin")
# BIP 32, "Test vectors", 1: chain m and m/0'/1.
VECTOR = "000102030405060708090a0b0c0d0e0f"
MASTER = (
    "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2g"
    "Z29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8"
)
CHILD = (
    "xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHK"
    "kNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ"
)
# BIP 84, "Test vectors"; the words are BIP 39's all-zero entropy.
WORDS = "abandon " * 11 + "about"
ZPUB = 0x04B24746
BIP84_ACCOUNT = (
    "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3Ef"
    "H1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs"
)


def test_derives_as_bip_32_says() -> None:
    master = root(bytes.fromhex(VECTOR))

    assert master.extended_public(XPUB) == MASTER
    assert master.at("m/0'/1").extended_public(XPUB) == CHILD
    assert root(seed_from_mnemonic(WORDS, "")).at("m/84'/0'/0'").extended_public(ZPUB) == BIP84_ACCOUNT


def test_derives_as_a_public_wallet_does() -> None:
    Account.enable_unaudited_hdwallet_features()

    theirs = Account.from_mnemonic(WORDS, account_path=ETHEREUM_DEFAULT_PATH).key

    assert root(seed_from_mnemonic(WORDS, "")).at("m/44'/60'/0'/0/0").secret == bytes(theirs)


def test_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first, again, other = Wallet(tmp_path / "a"), Wallet(tmp_path / "a"), Wallet(tmp_path / "b")

    assert first.settings(NETWORKS) == again.settings(NETWORKS)
    assert first.settings(NETWORKS)["EVM_XPUB"] != other.settings(NETWORKS)["EVM_XPUB"]
    assert stat.S_IMODE((tmp_path / "a" / "wallet_seed").stat().st_mode) == 0o600


def test_tells_public_keys_and_treasuries_and_nothing_that_spends(tmp_path: Path) -> None:
    told = Wallet(tmp_path).settings(NETWORKS)

    assert {name: value[:4] for name, value in told.items() if name.endswith("XPUB")} == {
        "EVM_XPUB": "xpub",
        "TRON_XPUB": "xpub",
        "BITCOIN_XPUB": "vpub",
    }
    assert told["ETHEREUM_TREASURY"] == told["BSC_TREASURY"]
    assert told["TRON_TREASURY"].startswith("T")
    assert told["BITCOIN_TREASURY"].startswith("bcrt1q")
    assert find_private_keys(told) == ()
    assert (tmp_path / "wallet_seed").read_text() not in str(told)


@pytest.mark.parametrize("network", ["ethereum", "bsc"])
def test_spends_from_the_treasury_it_tells(tmp_path: Path, network: str) -> None:
    made = Wallet(tmp_path)

    assert Account.from_key(made.private_key(TREASURIES[network])).address == made.treasury(network)


def test_settings_are_those_of_networks_with_a_node(tmp_path: Path) -> None:
    assert set(Wallet(tmp_path).settings(["bsc"])) == {"EVM_XPUB", "BSC_TREASURY"}
    assert set(Wallet(tmp_path).settings([])) == set()


def test_accounts_of_payments_and_of_the_treasury_differ() -> None:
    accounts = (wallet.EVM_ACCOUNT, wallet.TRON_ACCOUNT, BITCOIN_ACCOUNT)

    assert not any(path.startswith(accounts) for path in TREASURIES.values())
