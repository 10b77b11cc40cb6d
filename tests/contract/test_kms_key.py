"""What KMS says of a key, and what it signs, is taken only when it is what a chain can take."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from paygate.adapters.chains.addresses.evm import EvmEncoding
from paygate.adapters.chains.signatures import HALF_ORDER, recovery_of
from paygate.adapters.kms import key as module
from paygate.adapters.kms.key import ORDER, KmsKey
from paygate.signing_ports import KeyUnavailable, KeyUnusable
from tests.support.kms import ARN, DENIED, HIGH_S, LOW_S, UNAVAILABLE, Kms, running_kms

if TYPE_CHECKING:
    from collections.abc import Iterator

DIGEST = hashlib.sha256(b"what is signed").digest()


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kms]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    with running_kms() as running:
        yield running


def spki(key: Any) -> bytes:
    made: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return made


@pytest.mark.parametrize("half", [HIGH_S, LOW_S])
def test_signs_with_a_low_s_and_the_key_is_found_again(kms: Kms, half: str) -> None:
    key = KmsKey(ARN, kms.url)
    kms.faults = [half]
    r, s = key.sign(DIGEST)
    assert s <= HALF_ORDER == ORDER // 2
    owner = EvmEncoding().of_point(key.point())
    assert EvmEncoding().text(owner) == kms.address
    assert recovery_of(DIGEST, r, s, owner) in (0, 1)
    for wrong in ((DIGEST, r, s, secrets.token_hex(20)), (hashlib.sha256(b"else").digest(), r, s, owner)):
        with pytest.raises(ValueError, match="not the treasury's"):
            recovery_of(*wrong)


def test_the_digest_is_signed_as_it_is(kms: Kms) -> None:
    KmsKey(ARN, kms.url).sign(DIGEST)
    assert kms.signed == [DIGEST]
    with pytest.raises(ValueError, match="32 bytes"):
        KmsKey(ARN, kms.url).sign(b"what is signed")


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"\x30\x00",
        spki(ec.generate_private_key(ec.SECP256R1())),
        spki(rsa.generate_private_key(65537, 2048)),
    ],
    ids=["nothing", "no key", "another curve", "rsa"],
)
def test_another_kind_of_key_is_not_used(kms: Kms, told: bytes) -> None:
    kms.public_key = told
    with pytest.raises(KeyUnusable):
        KmsKey(ARN, kms.url).point()


def test_a_key_for_another_use_is_not_used(kms: Kms) -> None:
    kms.usage = "KEY_AGREEMENT"
    with pytest.raises(KeyUnusable):
        KmsKey(ARN, kms.url).point()


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"no signature",
        encode_dss_signature(1, 1) + b"\0",
        encode_dss_signature(0, 1),
        encode_dss_signature(1, 0),
        encode_dss_signature(ORDER, 1),
        encode_dss_signature(1, ORDER),
        bytes.fromhex("30060201ff020101"),
        bytes.fromhex("3007020200010201") + b"\x01",
    ],
    ids=["empty", "words", "more behind", "r 0", "s 0", "r order", "s order", "r negative", "r padded"],
)
def test_what_is_no_signature_is_refused(der: bytes) -> None:
    with pytest.raises(KeyUnusable):
        module.numbers(der)


@pytest.mark.parametrize(("fault", "error"), [(DENIED, KeyUnusable), (UNAVAILABLE, KeyUnavailable)])
def test_what_passes_is_told_from_what_does_not(kms: Kms, fault: str, error: type[Exception]) -> None:
    kms.faults = [fault, fault]
    with pytest.raises(error):
        KmsKey(ARN, kms.url).sign(DIGEST)


def test_nobody_there_is_not_now() -> None:
    with running_kms() as gone:
        url = gone.url
    with pytest.raises(KeyUnavailable):
        KmsKey(ARN, url).point()
