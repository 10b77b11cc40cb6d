"""UnionPay: an order becomes a signed form; a notification of 31 fields, its signer's certificate among them.

The certificate proves itself once in a process and is known from then on, as in production.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from paygate.adapters.rails.http import RailHttp
from paygate.adapters.rails.rsa import is_signed
from paygate.adapters.rails.unionpay import callbacks, signing
from paygate.adapters.rails.unionpay.certificates import HOLDER, Signers
from paygate.adapters.rails.unionpay.rail import UnionPayRail
from paygate.adapters.rails.unionpay.settings import read
from paygate.adapters.system.clock import SystemClock
from paygate.ports import CallbackRequest
from tests.bench.rails import made
from tests.bench.rails.made import HASH, PADDING, REFERENCE, Side, key, order, private_pem, urls

if TYPE_CHECKING:
    from collections.abc import Iterator

MER_ID = "777290058110048"
NOTIFICATION = {
    "accNo": "6216***********0018",
    "accessType": "0",
    "acqInsCode": "48021000",
    "bizType": "000201",
    "channelType": "07",
    "currencyCode": "156",
    "customerInfo": "e3Bob25lTm89MTM4KioqKjAwMDB9",
    "encoding": "UTF-8",
    "exchangeRate": "0",
    "issInsCode": "01030000",
    "merId": MER_ID,
    "orderId": REFERENCE,
    "payCardNo": "6216***********0018",
    "payCardType": "01",
    "payType": "0001",
    "queryId": "802611222015311234568",
    "respCode": "00",
    "respMsg": "成功[0000000]",
    "settleAmt": "10000",
    "settleCurrencyCode": "156",
    "settleDate": "1122",
    "signMethod": "01",
    "traceNo": "123456",
    "traceTime": "1122201531",
    "txnAmt": "10000",
    "txnSubType": "01",
    "txnTime": "20261122201500",
    "txnType": "01",
    "version": "5.1.0",
}


def sides() -> Iterator[Side]:
    root, middle = _certificate("root", "root"), _certificate("middle", "root")
    settings = read(
        {
            "UNIONPAY_MER_ID": MER_ID,
            "UNIONPAY_PRIVATE_KEY": private_pem("merchant"),
            "UNIONPAY_CERT": _certificate("merchant", "middle"),
            "UNIONPAY_MIDDLE_CERT": middle,
            "UNIONPAY_ROOT_CERT": root,
        }
    )
    assert settings is not None
    rail = UnionPayRail(settings, urls("unionpay"), SystemClock(), RailHttp())
    opened = order("WEB")
    sent = signing.digest({n.encode(): v.encode() for n, v in rail.open(opened).fields["fields"].items()})
    yield Side("sign", lambda: rail.open(opened), made.signing("merchant", sent))

    fields = {**NOTIFICATION, "signPubKeyCert": _certificate("unionpay", "middle").strip().replace("\n", "\r\n")}
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name]).encode()
    signature, public = made.signature("unionpay", _digest(text)), key("unionpay").public_key()
    request = CallbackRequest(urlencode({**fields, "signature": base64.b64encode(signature).decode()}).encode(), {})
    signers, clock = Signers(settings.middle, settings.root), SystemClock()

    def bare() -> None:
        public.verify(signature, _digest(text), PADDING, HASH)

    sign, pem = base64.b64encode(signature), fields["signPubKeyCert"].encode()

    def proven() -> None:
        known = signers.key(pem, clock.now())
        assert known is not None
        is_signed(known, _digest(text), sign)

    yield Side("verify", proven, bare)
    yield Side("callback", lambda: callbacks.genuine(request.body, signers, clock.now()), bare)
    yield Side("read", lambda: rail.read_callback(request), bare)


def _digest(text: bytes) -> bytes:
    return sha256(text).hexdigest().encode()


def _certificate(subject: str, issuer: str) -> str:
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key(subject).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key(issuer), HASH)
    )
    return certificate.public_bytes(Encoding.PEM).decode()


def _name(owner: str) -> x509.Name:
    common = f"041@8310000000083040@{HOLDER}@00016495" if owner == "unionpay" else owner
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
