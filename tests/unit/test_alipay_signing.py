import base64
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from paygate.adapters.rails import keys
from paygate.adapters.rails.alipay import certificates
from paygate.adapters.rails.alipay.signing import signed_text
from paygate.adapters.rails.chains import is_chained
from paygate.adapters.rails.rsa import is_signed, sign
from tests.unit.alipay_side import certificate, key, pem


def test_a_request_is_signed_by_name_without_what_is_empty() -> None:
    params = {"version": "1.0", "sign_type": "RSA2", "sign": "x", "app_id": "1", "return_url": "", "a": "b c+&="}
    assert signed_text(params) == "a=b c+&=&app_id=1&sign_type=RSA2&version=1.0"


def test_a_signature_holds_for_its_bytes_only() -> None:
    made = sign(key("alipay"), "中文 +&%".encode())
    public = key("alipay").public_key()
    assert is_signed(public, "中文 +&%".encode(), made)
    assert not is_signed(public, "中文 +&%".encode("gbk"), made)
    assert not is_signed(key("app").public_key(), "中文 +&%".encode(), made)


@pytest.mark.parametrize("signature", ["", "!", "中", base64.b64encode(b"x" * 256).decode(), "AAAA", "A" * 100_000])
def test_what_is_no_signature(signature: str) -> None:
    assert not is_signed(key("alipay").public_key(), b"", signature)


def test_serial_numbers_name_issuer_and_serial() -> None:
    made = certificate("alipay", "root")
    named = f"CN=root,O=蚂蚁\\, 测试,C=CN{made.serial_number}"
    assert certificates.serial_number(made) == hashlib.md5(named.encode()).hexdigest()


def _curve_root() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "curve")])
    root = certificate("root", "root")
    curve_key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(curve_key.public_key())
    builder = builder.serial_number(1).not_valid_before(root.not_valid_before_utc)
    return pem(builder.not_valid_after(root.not_valid_after_utc).sign(curve_key, SHA256()))


def test_roots_that_are_not_rsa_or_not_readable_are_left_out() -> None:
    """Alipay's own root file holds one of each."""
    unreadable = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    first, second = certificate("root", "root"), certificate("stranger", "stranger")
    roots = keys.certificates(_curve_root() + pem(first) + unreadable + "comment\n" + pem(second))
    assert roots == [first, second]
    joined = f"{certificates.serial_number(first)}_{certificates.serial_number(second)}"
    assert certificates.root_serial_number(roots) == joined


def test_certificates_that_issue_each_other_end_the_search() -> None:
    ring = [certificate("a", "b"), certificate("b", "a")]
    assert not is_chained(certificate("alipay", "a"), ring, [certificate("root", "root")])
