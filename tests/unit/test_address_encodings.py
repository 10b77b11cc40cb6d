"""Addresses as people write them: what is taken, what is refused, and why."""

import base58
import pytest
from eth_utils import to_checksum_address
from hypothesis import given
from hypothesis import strategies as some

from paygate.adapters.chains.addresses.bitcoin import NETWORKS
from paygate.adapters.chains.addresses.encoding import Encoding
from paygate.adapters.chains.addresses.evm import EvmEncoding
from paygate.adapters.chains.addresses.tron import TronEncoding

MAIN, TEST, REGTEST = NETWORKS["main"], NETWORKS["test"], NETWORKS["regtest"]
EVM, TRON = EvmEncoding(), TronEncoding()
KEYS = some.binary(min_size=20, max_size=20).filter(any).map(bytes.hex)
# ERC-55, "Test Cases": all caps, all lower, and mixed.
ERC55 = (
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
)
# BIP 350, "Test vectors for v0-v16 native segregated witness addresses".
WITNESSES = {
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4": "0014751e76e8199196d454941c45d1b3a323f1433bd6",
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y": (
        "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6"
    ),
    "BC1SW50QGDZ25J": "6002751e",
    "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs": "5210751e76e8199196d454941c45d1b3a323",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0": (
        "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    ),
}
WITNESSES_OF_TEST = {
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7": (
        "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262"
    ),
    "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c": (
        "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"
    ),
}
REFUSED = {
    "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut": "mistyped",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd": "checksum",
    "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL": "checksum",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh": "checksum",
    "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4": "holds what no address holds",
    "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R": "version or length",
    "bc1pw5dgrnzv": "version or length",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav": "version or length",
    "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P": "version or length",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf": "last bits",
    "bc1gmk9yu": "holds what no address holds",
    # BIP 173: Bech32 where BIP 350 has Bech32m since, mixed case, and non-zero bits at the end.
    "bc1zw508d6qejxtdg4y5r3zarvaryvg6kdaj": "checksum",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3T4": "one case",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv": "another network",
}


@pytest.mark.parametrize("text", ERC55)
def test_checksums_are_those_of_erc_55(text: str) -> None:
    assert EVM.text(EVM.key(text)) == text


@given(KEYS)
def test_checksums_agree_with_another_implementation(key: str) -> None:
    assert EVM.text(key) == to_checksum_address("0x" + key)


@given(KEYS)
def test_every_way_to_write_it_leads_back(key: str) -> None:
    for text in (EVM.text(key), f"0x{key}", f"0X{key.upper()}"):
        assert EVM.key(text) == key
    assert TRON.key(TRON.text(key)) == key
    for encoding in NETWORKS.values():
        for script in (f"76a914{key}88ac", f"a914{key}87", f"0014{key}", f"5114{key}", f"0020{key}{'ab' * 12}"):
            assert encoding.key(encoding.text(script)) == script
            assert script.startswith(("76", "a9")) or encoding.key(encoding.text(script).upper()) == script


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "mistyped"),
        ("0x5aeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "40 hex digits"),
        ("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "40 hex digits"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n", "40 hex digits"),
        ("0x" + "0" * 40, "zero address"),
        ("", "40 hex digits"),
    ],
)
def test_what_is_no_address_of_ethereum(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        EVM.key(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T", "checksum"),
        ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t ", "characters"),
        ("0xa614f803B6FD780986A42c78Ec9c7f77e6DeD13C", "checksum"),
        ("41a614f803b6fd780986a42c78ec9c7f77e6ded13c", "checksum"),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "34 characters that begin with T"),
        ("T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb", "zero address"),
        ("T" * 100_000, "characters"),
        ("", "characters"),
    ],
)
def test_what_is_no_address_of_tron(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        TRON.key(text)


def test_tether_s_contract_on_tron() -> None:
    assert TRON.key("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t") == "a614f803b6fd780986a42c78ec9c7f77e6ded13c"


@pytest.mark.parametrize("encoding", [MAIN, TEST], ids=["main", "test"])
def test_witness_addresses_are_those_of_bip_350(encoding: Encoding) -> None:
    ours, theirs = (WITNESSES, WITNESSES_OF_TEST) if encoding is MAIN else (WITNESSES_OF_TEST, WITNESSES)
    for text, script in ours.items():
        assert encoding.key(text) == script
        assert encoding.text(script) == text.lower()
    for text in theirs:
        with pytest.raises(ValueError, match="another network"):
            encoding.key(text)


@pytest.mark.parametrize("text", REFUSED)
def test_witness_addresses_that_the_bips_call_invalid(text: str) -> None:
    with pytest.raises(ValueError, match=REFUSED[text]):
        MAIN.key(text)


def test_bits_that_no_byte_fills_must_be_zero() -> None:
    with pytest.raises(ValueError, match="last bits"):
        TEST.key("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv")


def test_older_addresses_are_taken_on_their_own_network_only() -> None:
    # The first coins' (block 0), and what BIP 49's test vectors pay to.
    assert MAIN.key("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa") == "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac"
    assert TEST.key("2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2") == "a914336caa13e08b96080a32b5d818d59b4ab3b3674287"
    for encoding, text in (
        (TEST, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        (MAIN, "2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2"),
    ):
        with pytest.raises(ValueError, match="another network"):
            encoding.key(text)
    with pytest.raises(ValueError, match="another network"):
        MAIN.key(base58.b58encode_check(b"\0" + bytes(19)).decode())
    with pytest.raises(ValueError, match="another network"):
        REGTEST.key("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx")


@pytest.mark.parametrize("script", ["", "6a0568656c6c6f", "0013" + "ab" * 20, "5201ab", "5329" + "ab" * 41])
def test_scripts_without_an_address(script: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        MAIN.text(script)
