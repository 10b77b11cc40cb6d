"""What the gateway refuses, and the bytes and the chain of what it answers."""

import base64
import re
import subprocess
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.contract.sandbox_client import Sandbox
from tests.contract.unionpay_merchant import Distrusted, Fields, UnionPayMerchant, beijing, digest, see, split

WRONG = [
    ("10", {"version": "5.0.0"}),
    ("10", {"signMethod": "02"}),
    ("10", {"encoding": "GBK"}),
    ("10", {"accessType": "1"}),
    ("10", {"accessType": ""}),
    ("10", {"bizType": "000301"}),
    ("10", {"channelType": "07"}),
    ("10", {"txnType": "02"}),
    ("10", {"txnSubType": "03"}),
    ("10", {"currencyCode": "840"}),
    ("10", {"txnAmt": "88.80"}),
    ("10", {"txnAmt": "0"}),
    ("10", {"txnAmt": "-1"}),
    ("10", {"txnAmt": "08880"}),
    ("10", {"txnAmt": "８８８０"}),  # noqa: RUF001
    ("10", {"orderId": "A234567"}),
    ("10", {"orderId": "A" * 41}),
    ("10", {"orderId": "ORDER-0000-0001"}),
    ("10", {"orderId": "ORDER_0000_0001"}),
    ("10", {"txnTime": "2026-11-22 20:00:00"}),
    ("10", {"txnTime": "20261322200000"}),
    ("10", {"backUrl": "ftp://127.0.0.1/back"}),
    ("10", {"payTimeout": "tomorrow"}),
    ("11", {"merId": "777290000000001"}),
    ("11", {"certId": "68759585097"}),
    ("13", {"orderId": ""}),
    ("13", {"txnTime": ""}),
    ("13", {"txnAmt": ""}),
    ("13", {"currencyCode": ""}),
]


@pytest.mark.parametrize(("code", "wrong"), WRONG)
def test_strictness(unionpay: UnionPayMerchant, sandbox: Sandbox, number: str, code: str, wrong: Fields) -> None:
    answer = unionpay.call("qr", number, **wrong)
    assert answer["respCode"] == code
    assert "qrCode" not in answer
    assert see(sandbox, f"orders/{wrong.get('orderId') or number}")["respCode"] == "34"


@pytest.mark.parametrize(("minutes", "is_taken"), [(0, True), (-50, True), (50, True), (-61, False), (61, False)])
def test_txn_time_is_now_in_beijing(
    unionpay: UnionPayMerchant, number: str, minutes: int, *, is_taken: bool
) -> None:
    answer = unionpay.call("qr", number, txnTime=beijing(minutes * 60))
    assert answer["respCode"] == ("00" if is_taken else "10")
    assert ("txnTime" in answer["respMsg"]) == (not is_taken)


def test_a_pay_timeout_in_the_past_is_too_late(unionpay: UnionPayMerchant, number: str) -> None:
    assert unionpay.call("qr", number, payTimeout=beijing(-1))["respCode"] == "39"


def test_a_changed_request_is_refused(unionpay: UnionPayMerchant, number: str) -> None:
    fields = unionpay.signed(unionpay.fields("qr", number))
    for name, value in {"txnAmt": "1", "signature": base64.b64encode(b"x" * 256).decode(), "reserved": "1"}.items():
        answer = unionpay.read(unionpay.post("backTransReq", fields | {name: value}).content)
        assert (answer["respCode"], answer["respMsg"]) == ("11", "[9100004]Signature verification failed")


def test_empty_fields_are_not_part_of_the_signature(unionpay: UnionPayMerchant, number: str) -> None:
    fields = unionpay.signed(unionpay.fields("qr", number)) | {"reserved": "", "reqReserved": ""}
    assert unionpay.read(unionpay.post("backTransReq", fields).content)["respCode"] == "00"


def test_the_digest_is_signed_as_hex_text_by_the_merchants_own_key(unionpay: UnionPayMerchant, number: str) -> None:
    fields = unionpay.fields("qr", number)
    hex_text, other = digest(fields), rsa.generate_private_key(65537, 2048)
    wrong = [(unionpay.key, bytes.fromhex(hex_text.decode())), (unionpay.key, hex_text.upper()), (other, hex_text)]
    for key, text in wrong:
        signature = base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()
        answer = unionpay.post("backTransReq", fields | {"signature": signature})
        assert unionpay.read(answer.content)["respCode"] == "11"


@pytest.mark.parametrize(
    ("door", "kind"),
    [("appTransReq", "qr"), ("backTransReq", "app"), ("queryTrans", "qr"), ("backTransReq", "query")],
)
def test_each_transaction_has_its_own_door(unionpay: UnionPayMerchant, number: str, door: str, kind: str) -> None:
    answer = unionpay.post(door, unionpay.signed(unionpay.fields(kind, number)))
    assert unionpay.read(answer.content)["respCode"] == "10"


def test_what_never_reaches_the_gateway(unionpay: UnionPayMerchant, number: str) -> None:
    fields = unionpay.signed(unionpay.fields("qr", number))
    url = unionpay.gateway + "backTransReq.do"
    assert requests.get(url, params=fields, timeout=10).status_code == 501
    assert requests.post(url, json=fields, timeout=10).status_code == 400
    assert unionpay.post("backTransReq", fields | {"unheardOf": "1"}).status_code == 400
    twice = [*fields.items(), ("txnAmt", "8880")]
    assert requests.post(url, data=twice, timeout=10).status_code == 400
    for name in ("backUrl", "signature", "certId", "merId", "version"):
        left = {key: value for key, value in fields.items() if key != name}
        assert unionpay.post("backTransReq", left).content == b"Invalid request."


def test_a_refused_form_shows_a_page(unionpay: UnionPayMerchant, number: str) -> None:
    fields = unionpay.signed(unionpay.fields("front", number))
    page = unionpay.post("frontTransReq", fields | {"txnAmt": "1"})
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "11 [9100004]Signature verification failed" in page.text
    assert requests.get(unionpay.gateway + "frontTransReq.do", params=fields, timeout=10).status_code == 501


def test_an_answer_is_not_percent_encoded(unionpay: UnionPayMerchant, number: str) -> None:
    raw = unionpay.post("backTransReq", unionpay.signed(unionpay.fields("qr", number))).content
    assert b"%" not in raw
    fields = split(raw.decode())
    assert fields["respMsg"] == "成功[0000000]"
    assert [*fields][-2:] == ["signPubKeyCert", "signature"]
    assert fields["signPubKeyCert"].count("\r\n") == fields["signPubKeyCert"].count("\n") > 10
    assert not fields["signPubKeyCert"].endswith("\n")
    assert len(base64.b64decode(fields["signature"], validate=True)) == 256
    unionpay.believe(fields)
    with pytest.raises(Distrusted, match="signature"):
        unionpay.believe(fields | {"qrCode": fields["qrCode"] + "x"})


def test_the_chain(unionpay: UnionPayMerchant, number: str) -> None:
    """SHA-1 at every link, as the original's still are, and a certId of digits only."""
    leaf = x509.load_pem_x509_certificate(unionpay.call("qr", number)["signPubKeyCert"].encode())
    for cert in (leaf, unionpay.middle, unionpay.root, unionpay.cert):
        assert cert.signature_hash_algorithm.name == "sha1"
        assert re.fullmatch(r"\d{11}", str(cert.serial_number))
    assert unionpay.cert.issuer == leaf.issuer == unionpay.middle.subject


def test_openssl_agrees(unionpay: UnionPayMerchant, sandbox: Sandbox, number: str, tmp_path: Path) -> None:
    """A second implementation of all of it: it signs our request and verifies the answer and its chain."""
    settings = sandbox.settings()
    fields = unionpay.fields("qr", number)
    (tmp_path / "hex").write_bytes(digest(fields))
    openssl(
        "dgst", "-sha256", "-sign", settings["UNIONPAY_PRIVATE_KEY_FILE"], "-out", tmp_path / "s", tmp_path / "hex"
    )
    signature = base64.b64encode((tmp_path / "s").read_bytes()).decode()
    answer = split(unionpay.post("backTransReq", fields | {"signature": signature}).content.decode())
    assert answer["respCode"] == "00"

    (tmp_path / "leaf.cer").write_text(answer["signPubKeyCert"])
    (tmp_path / "hex").write_bytes(digest(answer))
    (tmp_path / "s").write_bytes(base64.b64decode(answer["signature"]))
    (tmp_path / "key").write_text(openssl("x509", "-in", tmp_path / "leaf.cer", "-noout", "-pubkey"))
    verified = openssl(
        "dgst", "-sha256", "-verify", tmp_path / "key", "-signature", tmp_path / "s", tmp_path / "hex"
    )
    assert verified == "Verified OK\n"
    root, middle = settings["UNIONPAY_ROOT_CERT_FILE"], settings["UNIONPAY_MIDDLE_CERT_FILE"]
    chain = ("-auth_level", "0", "-CAfile", root, "-untrusted", middle)
    assert openssl("verify", *chain, tmp_path / "leaf.cer").endswith("leaf.cer: OK\n")


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=True)
    return done.stdout


def test_provisioning_is_done_once_and_keeps_keys_private(sandbox: Sandbox) -> None:
    settings = sandbox.settings()
    assert settings == sandbox.settings()
    assert settings["UNIONPAY_GATEWAY_URL"] == "/unionpay"
    for name, value in settings.items():
        if name.startswith("UNIONPAY_") and name.endswith("_FILE"):
            is_private = "PRIVATE" in name
            assert Path(value).read_text().startswith("-----BEGIN")
            assert (Path(value).stat().st_mode & 0o077 == 0) == is_private
