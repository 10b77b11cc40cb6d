"""A merchant of the sandboxed UnionPay that signs and verifies with code of its own."""

import base64
import hashlib
import html
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from tests.contract.sandbox_client import Sandbox

BEIJING = timezone(timedelta(hours=8))
Fields = dict[str, str]
NAME = "中国银联股份有限公司"


class Distrusted(Exception):
    """A message that nobody should believe."""


def beijing(offset_seconds: float = 0) -> str:
    return (datetime.now(BEIJING) + timedelta(seconds=offset_seconds)).strftime("%Y%m%d%H%M%S")


def digest(fields: Fields) -> bytes:
    parts = [f"{name}={value}" for name, value in sorted(fields.items()) if value != "" and name != "signature"]
    return hashlib.sha256("&".join(parts).encode("utf-8")).hexdigest().encode("ascii")


def split(text: str) -> Fields:
    """An answer's fields: as they stand, for nothing in them is percent-encoded."""
    return dict(part.split("=", 1) for part in text.split("&"))


class UnionPayMerchant:
    def __init__(self, settings: dict[str, str], base_url: str) -> None:
        self.gateway = base_url + settings["UNIONPAY_GATEWAY_URL"] + "/gateway/api/"
        self.mer_id = settings["UNIONPAY_MER_ID"]
        self.key = serialization.load_pem_private_key(_bytes(settings, "PRIVATE_KEY"), None)
        self.cert, self.middle, self.root = (
            x509.load_pem_x509_certificate(_bytes(settings, name)) for name in ("CERT", "MIDDLE_CERT", "ROOT_CERT")
        )

    # ------------------------------------------------------------ asking

    def fields(self, kind: str, order_id: str, **more: str) -> Fields:
        txn_type, sub_type, biz_type, channel = {
            "front": ("01", "01", "000201", "07"),
            "app": ("01", "01", "000201", "08"),
            "qr": ("01", "07", "000000", "08"),
            "void": ("31", "00", "000000", "07"),
            "refund": ("04", "00", "000000", "07"),
            "query": ("00", "00", "000000", ""),
        }[kind]
        fields = {
            "version": "5.1.0",
            "encoding": "UTF-8",
            "signMethod": "01",
            "certId": str(self.cert.serial_number),
            "merId": self.mer_id,
            "accessType": "0",
            "txnType": txn_type,
            "txnSubType": sub_type,
            "bizType": biz_type,
            "channelType": channel,
            "orderId": order_id,
            "txnTime": beijing(),
        }
        if kind != "query":
            fields |= {"currencyCode": "156", "txnAmt": "8880", "backUrl": "http://127.0.0.1:9/back"}
        if kind == "front":
            fields["frontUrl"] = "http://127.0.0.1:9/front"
        return {name: value for name, value in (fields | more).items() if value}

    def signed(self, fields: Fields) -> Fields:
        signature = self.key.sign(digest(fields), padding.PKCS1v15(), hashes.SHA256())
        return fields | {"signature": base64.b64encode(signature).decode()}

    def post(self, door: str, fields: Fields, timeout: float = 10) -> requests.Response:
        return requests.post(f"{self.gateway}{door}.do", data=fields, timeout=timeout)

    def call(self, kind: str, order_id: str, **more: str) -> Fields:
        door = {"app": "appTransReq", "query": "queryTrans"}.get(kind, "backTransReq")
        response = self.post(door, self.signed(self.fields(kind, order_id, **more)))
        response.raise_for_status()
        return self.read(response.content)

    def query(self, order_id: str, txn_time: str) -> Fields:
        return self.call("query", order_id, txnTime=txn_time)

    # ------------------------------------------------------------ believing

    def read(self, raw: bytes) -> Fields:
        return self.believe(split(raw.decode("utf-8")))

    def read_notification(self, body: bytes) -> Fields:
        return self.believe(dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)))

    def believe(self, fields: Fields) -> Fields:
        if "signature" not in fields:
            raise Distrusted("unsigned")
        leaf = x509.load_pem_x509_certificate(fields["signPubKeyCert"].encode())
        self._check_chain(leaf)
        signature = base64.b64decode(fields["signature"], validate=True)
        try:
            leaf.public_key().verify(signature, digest(fields), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise Distrusted("signature") from None
        return fields

    def _check_chain(self, leaf: x509.Certificate) -> None:
        for cert, issuer in ((leaf, self.middle), (self.middle, self.root), (self.root, self.root)):
            if not is_issued_by(cert, issuer):
                raise Distrusted("chain")
        if not leaf.not_valid_before_utc <= datetime.now(BEIJING) <= leaf.not_valid_after_utc:
            raise Distrusted("expired")
        (name,) = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        if NAME not in name.value:
            raise Distrusted("signer")


def is_issued_by(cert: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        issuer.public_key().verify(
            cert.signature, cert.tbs_certificate_bytes, padding.PKCS1v15(), cert.signature_hash_algorithm
        )
    except InvalidSignature:
        return False
    return cert.issuer == issuer.subject


def form_of(page: str) -> tuple[str, Fields]:
    """Where a page's form goes, and its hidden fields."""
    action = re.search(r'<form method="post" action="([^"]+)"', page)
    assert action, page
    inputs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    return html.unescape(action[1]), {name: html.unescape(value) for name, value in inputs}


def do(sandbox: Sandbox, step: str, **body: Any) -> dict[str, Any]:
    return requests.post(f"{sandbox.url}/unionpay/_sandbox/{step}", json=body, timeout=30).json()


def see(sandbox: Sandbox, what: str, **query: str) -> dict[str, Any]:
    return requests.get(f"{sandbox.url}/unionpay/_sandbox/{what}", params=query, timeout=30).json()


def _bytes(settings: dict[str, str], name: str) -> bytes:
    return Path(settings[f"UNIONPAY_{name}_FILE"]).read_bytes()
