"""Encryption at rest."""

from __future__ import annotations

import base64

import pytest

from paygate.adapters.system.sealer import AesGcmSealer, parse_keys

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def test_what_is_sealed_opens_in_its_context_only() -> None:
    sealer = AesGcmSealer({"1": OLD})
    sealed = sealer.seal(b"client secret", "PAY_1")
    assert b"client secret" not in sealed
    assert sealer.open(sealed, "PAY_1") == b"client secret"
    with pytest.raises(LookupError):
        sealer.open(sealed, "PAY_2")
    with pytest.raises(LookupError):
        sealer.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "PAY_1")
    assert sealer.seal(b"client secret", "PAY_1") != sealed
    for cut in (b"", sealed[:1], sealed[:-20]):
        with pytest.raises(LookupError):
            sealer.open(cut, "PAY_1")


def test_a_new_key_in_front_seals_and_the_old_one_still_opens() -> None:
    sealed_before = AesGcmSealer({"1": OLD}).seal(b"text", "c")
    rotated = AesGcmSealer({"2": NEW, "1": OLD})
    assert rotated.open(sealed_before, "c") == b"text"
    sealed_after = rotated.seal(b"text", "c")
    assert AesGcmSealer({"2": NEW}).open(sealed_after, "c") == b"text"
    with pytest.raises(LookupError):
        AesGcmSealer({"2": NEW}).open(sealed_before, "c")


def test_keys_are_read_in_order() -> None:
    text = f"new:{base64.b64encode(NEW).decode()}, old:{base64.b64encode(OLD).decode()}"
    assert list(parse_keys(text).items()) == [("new", NEW), ("old", OLD)]
    assert parse_keys(base64.b64encode(OLD).decode()) == {"0": OLD}


@pytest.mark.parametrize("text", ["", "1:", "1:c2hvcnQ=", "1:not base64!", "é:" + base64.b64encode(OLD).decode()])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        parse_keys(text)
