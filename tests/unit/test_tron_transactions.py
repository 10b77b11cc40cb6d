"""A transfer's bytes, part by part, and signatures that go with them."""

import hashlib
import json

import pytest
from coincurve import PrivateKey

from paygate.adapters.chains.addresses.evm import EvmEncoding
from paygate.adapters.chains.tron import protobuf, transactions
from paygate.adapters.chains.tron.transactions import Transfer

SECRET = PrivateKey(b"\1" * 32)
TRANSFER = Transfer(
    owner="aa" * 20,
    token="bb" * 20,
    recipient="cc" * 20,
    units=2**64,
    place="1234",
    proof="56" * 8,
    expiration=1_700_000_000_000,
    timestamp=1_600_000_000_000,
    fee_limit=100_000_000,
)


@pytest.mark.parametrize(
    ("value", "written"), [(1, "0801"), (127, "087f"), (150, "089601"), (0, ""), (300, "08ac02")]
)
def test_numbers(value: int, written: str) -> None:
    assert protobuf.number(1, value).hex() == written


def test_bytes_and_fields_beyond_fifteen() -> None:
    assert protobuf.chunk(2, b"testing").hex() == "120774657374696e67"
    assert protobuf.number(18, 1).hex() == "900101"
    assert protobuf.chunk(1, bytes(300)).hex() == "0aac02" + "00" * 300


def test_every_part_is_where_it_belongs() -> None:
    call = "a9059cbb" + "00" * 12 + "cc" * 20 + f"{2**64:064x}"
    trigger = "0a15" + "41" + "aa" * 20 + "1215" + "41" + "bb" * 20 + "2244" + call
    url = b"type.googleapis.com/protocol.TriggerSmartContract".hex()
    packed = "0a31" + url + "1274" + trigger
    assert len(bytes.fromhex(trigger)) == 0x74
    contract = "081f" + "12a901" + packed
    assert len(bytes.fromhex(packed)) == 0xA9
    parts = ["0a02" + "1234", "2208" + "56" * 8, "40" + "80d095ffbc31", "5aae01" + contract]
    parts += ["70" + "8080babbc82e", "9001" + "80c2d72f"]
    assert TRANSFER.encoded().hex() == "".join(parts)


def test_it_is_made_again_from_what_wallets_get() -> None:
    wallets = json.loads(json.dumps(TRANSFER.for_wallets()))
    again = Transfer.again(TRANSFER.owner, TRANSFER.token, TRANSFER.recipient, TRANSFER.units, wallets["raw_data"])
    assert again == TRANSFER
    assert wallets["txID"] == hashlib.sha256(TRANSFER.encoded()).hexdigest()


@pytest.mark.parametrize("header", [0, 27])
def test_who_signed(header: int) -> None:
    raw = TRANSFER.encoded()
    found = SECRET.sign_recoverable(raw)  # over its SHA-256
    signature = found[:64] + bytes([found[64] + header])
    assert transactions.signed_by(raw, signature) == EvmEncoding().of_point(
        SECRET.public_key.format(compressed=False)
    )
    whole = transactions.with_signature(raw, signature)
    assert transactions.signature_of(whole.hex(), raw) == signature


@pytest.mark.parametrize("last", [4, 26, 31, 255])
def test_impossible_recovery_ids(last: int) -> None:
    raw = TRANSFER.encoded()
    with pytest.raises(ValueError, match="recovery"):
        transactions.signed_by(raw, SECRET.sign_recoverable(raw)[:64] + bytes([last]))
