"""Alipay's side of the wire, with keys of the tests' own, and an HTTP that answers from a list."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from paygate.adapters.rails.alipay import settings as alipay_settings
from paygate.adapters.rails.alipay.rail import AlipayRail
from paygate.adapters.rails.http import HttpAnswer
from paygate.domain.errors import OutcomeUnknown
from paygate.ports import RailUrls

APP_ID, SELLER_ID = "2021000000000001", "2088000000000001"
GATEWAY = "https://openapi.example/gateway.do"
CALLBACK_URL = "https://pay.example/webhooks/alipay"


@cache
def key(owner: str) -> rsa.RSAPrivateKey:
    """One key per owner for the whole run; `owner` is only a label."""
    return rsa.generate_private_key(65537, 2048)


def private_pem(owner: str, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return key(owner).private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def public_pem(owner: str) -> str:
    return key(owner).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def environment(**changes: str) -> dict[str, str]:
    return {
        "ALIPAY_GATEWAY_URL": GATEWAY,
        "ALIPAY_APP_ID": APP_ID,
        "ALIPAY_SELLER_ID": SELLER_ID,
        "ALIPAY_APP_PRIVATE_KEY": private_pem("app"),
        "ALIPAY_PUBLIC_KEY": public_pem("alipay"),
        **changes,
    }


def certificate_environment(**changes: str) -> dict[str, str]:
    env = environment(
        ALIPAY_APP_CERT=pem(certificate("app", "root")),
        ALIPAY_CERT=pem(certificate("alipay", "between")) + pem(certificate("between", "root")),
        ALIPAY_ROOT_CERT=pem(certificate("root", "root")),
        **changes,
    )
    del env["ALIPAY_PUBLIC_KEY"]
    return env


@cache
def certificate(subject: str, issuer: str) -> x509.Certificate:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key(subject).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .sign(key(issuer), SHA256())
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "蚂蚁, 测试"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def pem(made: x509.Certificate) -> str:
    return made.public_bytes(Encoding.PEM).decode()


def sign(data: bytes, owner: str = "alipay") -> str:
    return base64.b64encode(key(owner).sign(data, padding.PKCS1v15(), SHA256())).decode()


def envelope(method: str, content: Mapping[str, Any], *, tail: str = "", signature: str | None = None) -> bytes:
    """An answer as the gateway writes it; `signature` "" leaves it out."""
    inner = json.dumps(content, ensure_ascii=False).replace("/", "\\/")
    made = sign(inner.encode()) if signature is None else signature
    signed = f',"sign":"{made}"' if made else ""
    return f'{{"{method.replace(".", "_")}_response":{inner}{tail}{signed}}}'.encode()


def notification(*, charset: str = "utf-8", signer: str = "alipay", **changes: str | None) -> bytes:
    """A trade's signed notification; None leaves a parameter out."""
    params = {
        "notify_type": "trade_status_sync",
        "notify_id": "2026010100222000000000000000000001",
        "notify_time": "2026-01-02 01:00:02",
        "charset": charset,
        "version": "1.0",
        "app_id": APP_ID,
        "seller_id": SELLER_ID,
        "out_trade_no": "R1",
        "trade_no": "2026010222001400000000000001",
        "trade_status": "TRADE_SUCCESS",
        "total_amount": "100.00",
        "gmt_payment": "2026-01-02 01:00:00",
        **changes,
    }
    return form({name: value for name, value in params.items() if value is not None}, charset, signer)


def form(params: Mapping[str, str], charset: str = "utf-8", signer: str = "alipay") -> bytes:
    """Signed without `sign` and `sign_type`, over the bytes of `charset`, and form-encoded in it."""
    text = "&".join(f"{name}={params[name]}" for name in sorted(params))
    signed = {**params, "sign_type": "RSA2", "sign": sign(text.encode(charset), signer)}
    return urlencode(signed, encoding=charset).encode()


class FixedClock:
    """17:00 UTC is already the next day in Shanghai."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, 17, 0, 0, tzinfo=UTC)


class ListedHttp:
    """Answers (method, content) pairs in their order, signed; raises what is an exception. `sent` keeps calls."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[dict[str, str]] = []
        self.repeatable: list[bool] = []

    def send(self, method: str, url: str, *, body: bytes, headers: object, is_repeatable: bool) -> HttpAnswer:
        assert method == "POST"
        params = dict(parse_qsl(urlsplit(url).query) + parse_qsl(body.decode()))
        self.sent.append(params)
        self.repeatable.append(is_repeatable)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, HttpAnswer):
            return answer
        return HttpAnswer(200, answer if isinstance(answer, bytes) else envelope(params["method"], answer), {})

    @property
    def methods(self) -> list[str]:
        return [params["method"].removeprefix("alipay.trade.") for params in self.sent]

    def biz(self, number: int = 0) -> dict[str, str]:
        read: dict[str, str] = json.loads(self.sent[number]["biz_content"])
        return read


def rail(*answers: Any, env: Mapping[str, str] | None = None) -> tuple[AlipayRail, ListedHttp]:
    http = ListedHttp(*answers)
    settings = alipay_settings.read({**(env or environment()), "ALIPAY_KEY_VALIDATED": "1"})
    assert settings is not None
    return AlipayRail(settings, RailUrls(CALLBACK_URL, ""), FixedClock(), http), http  # type: ignore[arg-type]


LOST = OutcomeUnknown("lost")


def refused(sub_code: str, code: str = "40004") -> dict[str, str]:
    return {"code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "…"}


def done(**fields: str) -> dict[str, str]:
    return {"code": "10000", "msg": "Success", **fields}
