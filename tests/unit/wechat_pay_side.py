"""WeChat Pay's side of the wire, with keys of the tests' own, and an HTTP that answers from a list."""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from paygate.adapters.rails.http import HttpAnswer
from paygate.adapters.rails.wechat_pay import settings as wechat_pay_settings
from paygate.adapters.rails.wechat_pay.rail import WechatPayRail
from paygate.adapters.rails.wechat_pay.wire import CNY
from paygate.domain.errors import OutcomeUnknown
from paygate.domain.money import Money
from paygate.ports import CallbackRequest, Order, RailUrls

APP_ID, MCH_ID = "wx0123456789abcdef", "1900000001"
MERCHANT_SERIAL = "7132D72A03E93CDDF8C03BBD1F37EEDF00000001"
API_V3_KEY = "0123456789abcdef0123456789ABCDEF"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000000012026010100000000001"
BASE_URL = "https://api.wechat.example"
CALLBACK_URL = "https://pay.example/webhooks/wechat_pay"
NOW = datetime(2026, 1, 1, 17, 0, 0, tzinfo=UTC)
LOST = OutcomeUnknown("lost")


@cache
def key(owner: str) -> rsa.RSAPrivateKey:
    """One key per owner for the whole run; `owner` is only a label."""
    return rsa.generate_private_key(65537, 2048)


def private_pem(owner: str) -> str:
    return key(owner).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(owner: str) -> str:
    return key(owner).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@cache
def certificate(owner: str, since_days: int = -30, days: int = 1825, number: int = 0) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sign")])
    start = NOW + timedelta(days=since_days)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key(owner).public_key())
        .serial_number(number or secrets.randbits(158) | 1 << 158)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .sign(key("root"), SHA256())
    )


def pem(made: x509.Certificate) -> str:
    return made.public_bytes(Encoding.PEM).decode()


def serial(made: x509.Certificate) -> str:
    return f"{made.serial_number:040X}"


def environment(**changes: str) -> dict[str, str]:
    """In public-key mode."""
    return {
        "WECHAT_PAY_BASE_URL": BASE_URL,
        "WECHAT_PAY_APP_ID": APP_ID,
        "WECHAT_PAY_MCH_ID": MCH_ID,
        "WECHAT_PAY_MERCHANT_SERIAL": MERCHANT_SERIAL,
        "WECHAT_PAY_PRIVATE_KEY": private_pem("merchant"),
        "WECHAT_PAY_API_V3_KEY": API_V3_KEY,
        "WECHAT_PAY_PUBLIC_KEY_ID": PUBLIC_KEY_ID,
        "WECHAT_PAY_PUBLIC_KEY": public_pem("wechat"),
        **changes,
    }


def certificate_environment(*pinned: x509.Certificate) -> dict[str, str]:
    env = environment(WECHAT_PAY_PLATFORM_CERTS="".join(map(pem, pinned)))
    return {name: value for name, value in env.items() if "PUBLIC_KEY" not in name}


@cache
def settings() -> wechat_pay_settings.WechatPaySettings:
    read = wechat_pay_settings.read({**environment(), "WECHAT_PAY_KEY_VALIDATED": "1"})
    assert read is not None
    return read


# ---------------------------------------------------------------- signing and sealing


def signature(body: bytes, *, signer: str, at: datetime, nonce: str) -> str:
    message = f"{int(at.timestamp())}\n{nonce}\n".encode() + body + b"\n"
    return base64.b64encode(key(signer).sign(message, padding.PKCS1v15(), SHA256())).decode()


def signed(
    body: bytes,
    *,
    signer: str = "wechat",
    named: str = PUBLIC_KEY_ID,
    at: datetime = NOW,
    **changes: str | None,
) -> dict[str, str]:
    """Headers of a signed message, names in lower case; `changes` by a name's last part, None leaves one out."""
    nonce = secrets.token_hex(16)
    headers = {
        "timestamp": str(int(at.timestamp())),
        "nonce": nonce,
        "signature": signature(body, signer=signer, at=at, nonce=nonce),
        "signature-type": "WECHATPAY2-SHA256-RSA2048",
        "serial": named,
        **changes,
    }
    return {f"wechatpay-{name}": value for name, value in headers.items() if value is not None}


def sealed(plain: bytes, associated_data: str = "transaction", nonce: str = "", **changes: str) -> dict[str, str]:
    nonce = nonce or secrets.token_hex(6)
    text = AESGCM(API_V3_KEY.encode()).encrypt(nonce.encode(), plain, associated_data.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(text).decode(),
        "associated_data": associated_data,
        "nonce": nonce,
        **changes,
    }


# ---------------------------------------------------------------- what it says


def trade(state: str = "SUCCESS", **changes: Any) -> dict[str, Any]:
    return {
        "appid": APP_ID,
        "mchid": MCH_ID,
        "out_trade_no": "R1",
        "transaction_id": "4200000000000000000000000001",
        "trade_type": "NATIVE",
        "trade_state": state,
        "success_time": "2026-01-02T01:00:00+08:00",
        "payer": {"openid": "o1"},
        "amount": {"total": 10000, "payer_total": 10000, "currency": "CNY", "payer_currency": "CNY"},
        **changes,
    }


def refund(status: str = "SUCCESS", **changes: Any) -> dict[str, Any]:
    """As an interface answers it."""
    return {
        "refund_id": "5030000000000000000000000001",
        "out_refund_no": "F1",
        "out_trade_no": "R1",
        "transaction_id": "4200000000000000000000000001",
        "status": status,
        "amount": {"total": 10000, "refund": 6000, "payer_total": 10000, "payer_refund": 6000, "currency": "CNY"},
        **changes,
    }


def told(status: str = "SUCCESS", **changes: Any) -> dict[str, Any]:
    """A refund as a callback tells it."""
    found = refund(status)
    del found["status"]
    found["amount"].pop("currency")
    return {
        "mchid": MCH_ID,
        **found,
        "refund_status": status,
        "success_time": "2026-01-02T01:00:00+08:00",
        **changes,
    }


def callback(
    content: Mapping[str, Any] | bytes,
    event_type: str = "TRANSACTION.SUCCESS",
    resource: Mapping[str, Any] | None = None,
    **signing: Any,
) -> CallbackRequest:
    plain = content if isinstance(content, bytes) else json.dumps(content).encode()
    envelope = {
        "id": "EV-1",
        "create_time": "2026-01-02T01:00:00+08:00",
        "event_type": event_type,
        "resource_type": "encrypt-resource",
        "resource": {**sealed(plain), **(resource or {})},
    }
    body = json.dumps(envelope, ensure_ascii=False).encode()
    return CallbackRequest(body, signed(body, **signing))


# ---------------------------------------------------------------- answers


def answer(content: Mapping[str, Any] | None, status: int = 200, **signing: Any) -> HttpAnswer:
    body = b"" if content is None else json.dumps(content).encode()
    return HttpAnswer(status, body, signed(body, **signing))


def refused(code: str, status: int = 400, *, is_signed: bool = True) -> HttpAnswer:
    made = answer({"code": code, "message": "…"}, status)
    return made if is_signed else HttpAnswer(status, made.body, {})


CLOSED = answer(None, 204)


def certificates(*listed: x509.Certificate, signer: str, named: str = "", **signing: Any) -> HttpAnswer:
    """What /v3/certificates answers, signed as the first of them unless `named` otherwise."""
    data = [
        {"serial_no": serial(one), "encrypt_certificate": sealed(pem(one).encode(), "certificate")}
        for one in listed
    ]
    return answer({"data": data}, signer=signer, named=named or serial(listed[0]), **signing)


def order(channel: str = "QR", **changes: object) -> Order:
    at = NOW - timedelta(minutes=1)
    made = Order("R1", channel, Money(10000, CNY), "Tea 茶 100% +", at, at + timedelta(minutes=30))
    return replace(made, **changes)  # type: ignore[arg-type]


class SetClock:
    """17:00 UTC is already the next day in Shanghai."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


class ListedHttp:
    """Answers what is listed, in order; raises what is an exception. Keeps what was sent."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.targets: list[str] = []
        self.bodies: list[bytes] = []
        self.headers: list[Mapping[str, str]] = []
        self.repeatable: list[bool] = []

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None,
        headers: Callable[[], Mapping[str, str]],
        is_repeatable: bool,
    ) -> HttpAnswer:
        assert url.startswith(BASE_URL)
        self.targets.append(f"{method} {url.removeprefix(BASE_URL)}")
        self.bodies.append(body or b"")
        self.headers.append(headers())
        self.repeatable.append(is_repeatable)
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        made: HttpAnswer = answer(found) if isinstance(found, dict) else found
        return made

    def content(self, number: int = 0) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.bodies[number])
        return read


def rail(*answers: Any, env: Mapping[str, str] | None = None) -> tuple[WechatPayRail, ListedHttp, SetClock]:
    http, clock = ListedHttp(*answers), SetClock()
    read = wechat_pay_settings.read({**(env or environment()), "WECHAT_PAY_KEY_VALIDATED": "1"})
    assert read is not None
    return WechatPayRail(read, RailUrls(CALLBACK_URL, ""), clock, http), http, clock  # type: ignore[arg-type]
