"""UnionPay's side of the wire, with keys of the tests' own, and an HTTP that answers from a list."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from infra.sandbox.unionpay.old_certificates import Authority, issue
from paygate.adapters.rails.http import HttpAnswer
from paygate.adapters.rails.unionpay import settings as unionpay_settings
from paygate.adapters.rails.unionpay.rail import UnionPayRail
from paygate.adapters.rails.unionpay.settings import UnionPaySettings
from paygate.domain.assets import CURRENCIES
from paygate.domain.errors import OutcomeUnknown
from paygate.domain.money import Money
from paygate.ports import Order, RailUrls, RefundOrder

MER_ID = "777290000000001"
GATEWAY = "https://gateway.example"
CALLBACK_URL = "https://pay.example/webhooks/unionpay"
UNIONPAY = "041@8310000000083040@中国银联股份有限公司@00016495"
NOW = datetime(2026, 1, 1, 17, 0, 0, tzinfo=UTC)  # already the next day in Beijing
START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
Fields = dict[str, str]


@cache
def key(owner: str) -> rsa.RSAPrivateKey:
    """One key per owner for the whole run; `owner` is only a label."""
    return rsa.generate_private_key(65537, 2048)


def private_pem(owner: str) -> str:
    return key(owner).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@cache
def certificate(
    holder: str, owner: str, issuer: str, start: datetime = START, end: datetime = END, issuer_name: str = ""
) -> x509.Certificate:
    """Signed with SHA-1, as the original's are; `owner` and `issuer` name keys."""
    authority = Authority(name(issuer_name or issuer), key(issuer))
    return issue(name(holder), key(owner).public_key(), authority, start, end)


def pem(made: x509.Certificate) -> str:
    return made.public_bytes(Encoding.PEM).decode()


def signer(holder: str = UNIONPAY, owner: str = "unionpay", issuer: str = "middle", **more: Any) -> str:
    """A signPubKeyCert: PEM with CRLF, and none at the end."""
    return pem(certificate(holder, owner, issuer, **more)).strip().replace("\n", "\r\n")


def environment(**changes: str) -> dict[str, str]:
    return {
        "UNIONPAY_GATEWAY_URL": GATEWAY,
        "UNIONPAY_MER_ID": MER_ID,
        "UNIONPAY_PRIVATE_KEY": private_pem("merchant"),
        "UNIONPAY_CERT": pem(certificate("041@1@商户@1", "merchant", "middle")),
        "UNIONPAY_MIDDLE_CERT": pem(certificate("middle", "middle", "root")),
        "UNIONPAY_ROOT_CERT": pem(certificate("root", "root", "root")),
        "UNIONPAY_KEY_VALIDATED": "1",
        **changes,
    }


def settings(**changes: str) -> UnionPaySettings:
    found = unionpay_settings.read(environment(**changes))
    assert found is not None
    return found


def text_of(fields: Mapping[str, str]) -> str:
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name] and name != "signature")


def sign(fields: Mapping[str, str], owner: str = "unionpay", certified: str | None = None) -> Fields:
    """As UnionPay does, with a code of the tests' own."""
    whole = {"version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", **fields}
    whole["signPubKeyCert"] = signer() if certified is None else certified
    digest = hashlib.sha256(text_of(whole).encode()).hexdigest().encode()
    signature = key(owner).sign(digest, padding.PKCS1v15(), SHA256())
    return {**whole, "signature": base64.b64encode(signature).decode()}


def written(fields: Mapping[str, str]) -> bytes:
    return "&".join(f"{name}={value}" for name, value in fields.items()).encode()


PAID = {
    "merId": MER_ID,
    "orderId": "ORDER001",
    "txnTime": "20260102010000",
    "txnType": "01",
    "txnSubType": "01",
    "txnAmt": "10000",
    "currencyCode": "156",
    "queryId": "912601020100071234567",
    "traceNo": "123456",
    "traceTime": "0102010005",
    "settleAmt": "10000",
    "settleCurrencyCode": "156",
    "settleDate": "0102",
    "accNo": "6216***********0018",
    "reqReserved": "a+b c",
    "respCode": "00",
    "respMsg": "成功[0000000]",
}


def changed(fields: Mapping[str, str], changes: Mapping[str, str | None]) -> Fields:
    """None leaves a field out."""
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def notification(owner: str = "unionpay", certified: str | None = None, **changes: str | None) -> bytes:
    return urlencode(sign(changed(PAID, changes), owner, certified)).encode()


class FixedClock:
    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class ListedHttp:
    """Answers from a list: fields, which are signed, with what an answer echoes; bytes; or an error to raise."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, Fields]] = []
        self.repeatable: list[bool] = []

    def send(self, method: str, url: str, *, body: bytes, headers: object, is_repeatable: bool) -> HttpAnswer:
        assert method == "POST"
        fields = dict(parse_qsl(body.decode(), strict_parsing=True, keep_blank_values=True))
        self.sent.append((url.removeprefix(f"{GATEWAY}/gateway/api/"), fields))
        self.repeatable.append(is_repeatable)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, HttpAnswer):
            return answer
        if isinstance(answer, dict):
            echoed = {name: fields[name] for name in ("merId", "orderId", "txnTime", "txnType", "txnSubType")}
            answer = written(sign(changed({**echoed, "respCode": "00", "respMsg": "成功[0000000]"}, answer)))
        return HttpAnswer(200, answer, {})

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Type and number of each call's transaction."""
        return [(fields["txnType"], fields["orderId"]) for _, fields in self.sent]


def rail(*answers: Any, at: datetime = NOW, **env: str) -> tuple[UnionPayRail, ListedHttp]:
    http = ListedHttp(*answers)
    urls = RailUrls(CALLBACK_URL, "https://pay.example/return")
    return UnionPayRail(settings(**env), urls, FixedClock(at), http), http  # type: ignore[arg-type]


def money(units: int) -> Money:
    return Money(units, CURRENCIES["CNY"])


ORDER = Order(
    reference="ORDER001",
    channel="QR",
    amount=money(10000),
    subject="Tea",
    opened_at=NOW,
    expires_at=NOW + timedelta(minutes=15),
    payment_id="PAY_1",
    rail_id="912601020100071234567",
)


def refund_order(units: int = 10000, **changes: Any) -> RefundOrder:
    order = replace(ORDER, **changes.pop("order", {}))
    return RefundOrder(
        order, "REFUND01", money(units), changes.pop("asked_at", NOW + timedelta(minutes=5)), **changes
    )


LOST = OutcomeUnknown("lost")


def found(code: str, **fields: str | None) -> dict[str, str | None]:
    """A query's answer about a payment; a queryId and the rest where it is paid."""
    told = {name: PAID[name] for name in ("txnAmt", "currencyCode", "queryId", "traceTime", "settleAmt")}
    return {"origRespCode": code, "txnType": "01", **(told if code == "00" else {"txnAmt": "10000"}), **fields}


def returned(code: str, txn_type: str, units: int = 10000) -> dict[str, str | None]:
    """A query's answer about a void or refund."""
    return {"origRespCode": code, "txnType": txn_type, "txnAmt": str(units), "queryId": "Q2"}


def refused(code: str) -> dict[str, str | None]:
    return {"respCode": code, "respMsg": "…"}


UNKNOWN_ORDER = refused("34")
