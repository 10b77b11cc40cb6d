"""Keys, an order and settings of the benchmark's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from paygate.domain.assets import CURRENCIES
from paygate.domain.money import Money
from paygate.ports import Order, RailUrls

Work = Callable[[], object]
PADDING, HASH = PKCS1v15(), SHA256()
REFERENCE = "PAY01JD8Z0Q4TXK9V3M2N7B5C6D1"
SUBJECT = "Annual plan, 500 seats: 年度套餐"


@dataclass(frozen=True)
class Side:
    """`name` is sign, verify, callback or read."""

    name: str
    ours: Work
    bare: Work
    note: str = ""


@cache
def key(owner: str) -> RSAPrivateKey:
    """One for each `owner`, which is only a label."""
    assert owner
    return generate_private_key(65537, 2048)


def private_pem(owner: str) -> str:
    return key(owner).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(owner: str) -> str:
    return key(owner).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signature(owner: str, data: bytes) -> bytes:
    return key(owner).sign(data, PADDING, HASH)


def signing(owner: str, data: bytes) -> Work:
    """The floor of signing."""
    mine = key(owner)
    return lambda: mine.sign(data, PADDING, HASH)


def order(channel: str) -> Order:
    now = datetime.now(UTC)
    return Order(
        reference=REFERENCE,
        channel=channel,
        amount=Money(10000, CURRENCIES["CNY"]),
        subject=SUBJECT,
        opened_at=now,
        expires_at=now + timedelta(minutes=30),
        return_url="https://shop.example/orders/1/done?from=pay",
        payment_id="PAY_01JD8Z0Q4TXK9V3M2N7B5C6D1E",
    )


def urls(rail: str) -> RailUrls:
    return RailUrls(f"https://pay.example/webhooks/{rail}", "https://pay.example/returned")
