"""Where the key of an address is told to be, for whoever signs elsewhere."""

import secrets
from dataclasses import replace

from infra.sandbox.bitcoin.codec import hash160
from paygate.adapters.chains.addresses.account import XPUB, read_account
from paygate.adapters.chains.origins import Origins
from paygate.sweep_ports import PaidAddress
from tests.support.hd import seeded

ROOT = seeded(secrets.token_bytes(32))
OWN = ROOT.at("44'/60'/0'")
ACCOUNT = read_account(OWN.text(), (XPUB,), "m/44'/60'")
PAID = PaidAddress("00" * 20, "0x00", ACCOUNT.name, "m/44'/60'/0'/0/2147483647", ())


def test_an_address_is_found_below_the_account_s_own_key() -> None:
    fingerprint = hash160(OWN.public.format())[:4]
    assert Origins(ACCOUNT).told(PAID) == {
        "address": "0x00",
        "path": "m/44'/60'/0'/0/2147483647",
        "accountFingerprint": fingerprint.hex(),
    }
    key, path = Origins(ACCOUNT).derivation(PAID) or (b"", b"")
    assert key == ROOT.at("44'/60'/0'/0/2147483647").public.format()
    assert path == fingerprint + bytes(4) + bytes.fromhex("ffffff7f")


def test_of_an_account_that_was_configured_before_only_the_path_is_known() -> None:
    other = replace(PAID, account="another")
    assert Origins(ACCOUNT).told(other) == {"address": "0x00", "path": "m/44'/60'/0'/0/2147483647"}
    assert Origins(ACCOUNT).derivation(other) is None
