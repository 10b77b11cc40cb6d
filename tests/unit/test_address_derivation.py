"""Addresses of an account's public key, against public vectors and against wallets that hold the private keys."""

import base58
import pytest
from coincurve import PublicKey
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as some

from paygate.adapters.chains.addresses.account import TPUB, VPUB, XPUB, ZPUB, AccountKey, read_account
from paygate.adapters.chains.addresses.bitcoin import NETWORKS
from paygate.adapters.chains.addresses.branch import Branch, child
from paygate.adapters.chains.addresses.evm import EvmEncoding
from paygate.adapters.chains.addresses.tron import TronEncoding
from tests.support import hd

# Words that every wallet's documentation uses; the second are BIP 84's.
TEST_WORDS = "test test test test test test test test test test test junk"
ABANDON = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
# BIP 32, test vector 1: m/0'/1/2', its child 2, and of that the child 1000000000.
VECTOR_1 = (
    "xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5",
    "xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV",
    "xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy",
)
# BIP 84, "Test vectors": account 0.
BIP84 = (
    "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1"
    "ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs"
)
# BIP 32, test vector 5: a point that is none, an unknown prefix of one, an unknown version; and a private key.
INVALID = (
    "xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Q5JXayek4PRsn35jii4veMimro1xefsM58PgBMrvdYre8QyULY",
    "xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Txnt3siSujt9RCVYsx4qHZGc62TG4McvMGcAUjeuwZdduYEvFn",
    "DMwo58pR1QLEFihHiXPVykYB6fJmsTeHvyTp7hRThAtCX8CvYzgPcn8XnmdfHGMQzT7ayAmfo4z3gY5KfbrZWZ6St24UVf2Qgo6oujFktLHdHY4",
    "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
)
EVM, TRON, BITCOIN = "m/44'/60'", "m/44'/195'", "m/84'/0'"


def account(wallet: hd.Node, path: str, version: int = XPUB) -> AccountKey:
    return read_account(wallet.at(f"{path.removeprefix('m/')}/0'").text(version), (version,), path)


def test_children_are_those_of_bip_32() -> None:
    [key, code], rest = parts(VECTOR_1[0]), VECTOR_1[1:]
    for expected, index in zip(rest, (2, 1_000_000_000), strict=True):
        found, code = child(PublicKey(key), key, code, index)
        key = found.format()
        assert [key, code] == parts(expected)


def parts(text: str) -> list[bytes]:
    decoded = base58.b58decode_check(text)
    return [decoded[45:], decoded[13:45]]


def test_addresses_are_those_of_bip_84() -> None:
    key = read_account(BIP84, (ZPUB, XPUB), BITCOIN)
    branch, encoding = Branch(key), NETWORKS["main"]
    assert (key.path, branch.path(1)) == ("m/84'/0'/0'", "m/84'/0'/0'/0/1")
    assert [encoding.text(encoding.of_point(branch.point(index))) for index in (0, 1)] == [
        "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu",
        "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g",
    ]


def test_addresses_are_those_of_public_wallets() -> None:
    evm = Branch(account(hd.from_words(TEST_WORDS), EVM))
    assert EvmEncoding().text(EvmEncoding().of_point(evm.point(1))) == "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    tron = Branch(account(hd.from_words(ABANDON), TRON))
    assert TronEncoding().text(TronEncoding().of_point(tron.point(0))) == "TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH"


@given(seed=some.binary(min_size=16, max_size=64), index=some.integers(0, 2**31 - 1))
@settings(max_examples=40, deadline=None)
def test_who_holds_the_private_key_finds_the_same_address(seed: bytes, index: int) -> None:
    wallet = hd.seeded(seed)
    own = wallet.at(f"44'/60'/0'/0/{index}")
    point = Branch(account(wallet, EVM)).point(index)
    assert point == own.public.format(compressed=False)
    text = EvmEncoding().text(EvmEncoding().of_point(point))
    assert text == Account.from_key(own.key).address
    tron = TronEncoding().text(TronEncoding().of_point(point))
    assert base58.b58decode_check(tron) == bytes([0x41]) + bytes.fromhex(text[2:])


def test_an_account_that_is_not_the_first_says_so() -> None:
    text = hd.from_words(ABANDON).at("44'/60'/7'").text()
    assert read_account(text, (XPUB,), EVM).path == "m/44'/60'/7'"


@pytest.mark.parametrize("index", [-1, 2**31])
def test_hardened_children_take_the_private_key(index: int) -> None:
    branch = Branch(account(hd.from_words(ABANDON), EVM))
    with pytest.raises(ValueError, match="no address has this index"):
        branch.point(index)


def wrong_ones() -> dict[str, tuple[str, str]]:
    wallet = hd.from_words(ABANDON)
    return {
        "another letter": (VECTOR_1[0][:-1] + "6", "checksum"),
        "a space": (VECTOR_1[0] + " ", "characters"),
        "nothing like it": ("hello", "checksum"),
        "the wallet's root": (wallet.text(), "must be an account's key"),
        "one address": (wallet.at("44'/60'/0'/0/1").text(), "must be an account's key"),
        "a branch's": (wallet.at("44'/60'/0").text(), "must be an account's key"),
        "of another network": (wallet.at("44'/60'/0'").text(TPUB), "extended public key: xpub or zpub"),
        "private": (wallet.at("44'/60'/0'").text(hd.XPRV), "extended public key"),
        "of nested scripts": (wallet.at("49'/0'/0'").text(0x049D7CB2), "another kind of address"),
    }


@pytest.mark.parametrize("name", wrong_ones())
def test_what_is_no_account_is_refused_without_showing_it(name: str) -> None:
    text, why = wrong_ones()[name]
    with pytest.raises(ValueError, match=why) as caught:
        read_account(text, (XPUB, ZPUB), "m/84'/0'")
    assert text[:12] not in str(caught.value)


@pytest.mark.parametrize("text", INVALID)
def test_what_bip_32_calls_invalid_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which of its rules is broken differs
        read_account(text, (XPUB,), EVM)


def test_a_point_that_is_not_on_the_curve_is_refused() -> None:
    decoded = base58.b58decode_check(hd.from_words(ABANDON).at("44'/60'/0'").text())
    for point in (b"\2" + (7).to_bytes(32, "big"), b"\2" + b"\xff" * 32, b"\4" + decoded[46:]):
        with pytest.raises(ValueError, match="holds no public key"):
            read_account(base58.b58encode_check(decoded[:45] + point).decode(), (XPUB,), EVM)


@pytest.mark.parametrize(("version", "prefix"), [(TPUB, "tpub"), (VPUB, "vpub"), (ZPUB, "zpub"), (XPUB, "xpub")])
def test_versions_are_those_that_wallets_write(version: int, prefix: str) -> None:
    assert hd.from_words(ABANDON).text(version).startswith(prefix)
