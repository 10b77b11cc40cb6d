"""W10: who may sign for UnionPay."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from paygate.adapters.rails.unionpay.certificates import Signers, is_issued_by
from tests.unit.unionpay_side import END, NOW, START, UNIONPAY, certificate, key, signer

MIDDLE = certificate("middle", "middle", "root")
ROOT = certificate("root", "root", "root")


@pytest.fixture
def signers() -> Signers:
    return Signers(MIDDLE, ROOT)


def test_w10_unionpays_own(signers: Signers) -> None:
    found = signers.key(signer().encode(), NOW)
    assert found is not None
    assert found.public_numbers() == key("unionpay").public_key().public_numbers()


def test_w10_a_chain_of_sha_1_is_followed_link_by_link() -> None:
    leaf = certificate(UNIONPAY, "unionpay", "middle")
    assert leaf.signature_hash_algorithm is not None
    assert leaf.signature_hash_algorithm.name == "sha1"
    assert (is_issued_by(leaf, MIDDLE), is_issued_by(MIDDLE, ROOT), is_issued_by(leaf, ROOT)) == (True, True, False)


@pytest.mark.parametrize(
    "given",
    [
        {"holder": "041@1@某商户有限公司@2"},
        {"holder": "041@1@中国银联数据有限公司@2"},
        {"holder": "041@1@中国银联股份有限公司某某分公司@2"},
        {"holder": "041@中国银联股份有限公司@某商户@2"},
        {"holder": "中国银联股份有限公司"},
        {"issuer": "stranger", "issuer_name": "middle"},
        {"issuer": "middle", "issuer_name": "another middle"},
        {"issuer": "root"},
    ],
    ids=["merchant", "lookalike", "longer", "elsewhere", "bare", "foreign key", "foreign name", "past the middle"],
)
def test_w10_anybody_else(signers: Signers, given: dict[str, Any]) -> None:
    assert signers.key(signer(**given).encode(), NOW) is None


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"\x00\xff",
        b"-----BEGIN CERTIFICATE-----",
        b"x" * 60_000,
        signer().encode() * 2,
        signer().encode()[:-40],
    ],
    ids=["nothing", "bytes", "a beginning", "much", "two", "cut"],
)
def test_w10_what_is_no_certificate(signers: Signers, pem: bytes) -> None:
    assert signers.key(pem, NOW) is None


def test_w10_dates_are_looked_at_each_time(signers: Signers) -> None:
    pem = signer().encode()
    for at, is_valid in (
        (NOW, True),
        (START - timedelta(days=1), False),
        (END + timedelta(days=1), False),
        (NOW, True),
    ):
        assert (signers.key(pem, at) is not None) == is_valid


def test_w10_a_middle_that_ran_out_certifies_nobody() -> None:
    over = certificate("middle", "middle", "root", start=START, end=datetime(2025, 6, 1, tzinfo=UTC))
    assert Signers(over, ROOT).key(signer().encode(), NOW) is None


def test_a_few_are_remembered_and_no_more(signers: Signers) -> None:
    pems = [signer().encode() + b"\n" * number for number in range(40)]
    assert all(signers.key(pem, NOW) for pem in pems)
    assert len(signers._known) <= 16


def test_strangers_are_not_remembered(signers: Signers) -> None:
    for number in range(20):
        signers.key(signer(holder="041@1@某商户@2").encode() + b"\n" * number, NOW)
    assert signers._known == {}
