"""The gateway's bytes: how requests are read, how anything is signed, how answers are written.

Signature (signMethod 01, version 5.1.0): the fields without `signature` and without the empty ones, sorted by
name, `k=v` joined with `&`; SHA-256 of that in lower-case hex; SHA256withRSA, PKCS#1 v1.5, over the hex text;
base64. Answers are written `k=v&k=v` as they are, not percent-encoded, with signPubKeyCert in PEM and CRLF.
"""

import base64
import hashlib
import re
import time
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from infra.sandbox.unionpay.certificates import Signer
from infra.sandbox.unionpay.errors import Unreadable

BEIJING = timezone(timedelta(hours=8))
FORM = "application/x-www-form-urlencoded"
Fields = dict[str, str]


def now() -> float:
    return time.time()


def beijing(at: float) -> datetime:
    return datetime.fromtimestamp(at, BEIJING)


def timestamp(at: float) -> str:
    return f"{beijing(at):%Y%m%d%H%M%S}"


def read_timestamp(text: str) -> float | None:
    if not re.fullmatch(r"[0-9]{14}", text):
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING).timestamp()
    except ValueError:
        return None


def settle_day(at: float) -> datetime:
    """The settlement day (清算日): from 23:00 of the day before to 23:00, Beijing time."""
    return beijing(at + 3600).replace(hour=0, minute=0, second=0, microsecond=0)


def read_form(content_type: str, body: bytes) -> Fields:
    """A request's fields, each once, in UTF-8."""
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise Unreadable(400, "HTTP Status 400")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise Unreadable(400, "HTTP Status 400") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Unreadable(400, "HTTP Status 400")
    return fields


def signed_bytes(fields: Fields) -> bytes:
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name] and name != "signature")
    return hashlib.sha256(text.encode()).hexdigest().encode()


def is_signed(fields: Fields, key: rsa.RSAPublicKey) -> bool:
    try:
        signature = base64.b64decode(fields["signature"], validate=True)
        key.verify(signature, signed_bytes(fields), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def sign(fields: Fields, signer: Signer) -> Fields:
    """The fields as the rail sends them, its certificate and signature last."""
    kept = {name: fields[name] for name in sorted(fields)}
    whole = kept | {"signMethod": "01", "signPubKeyCert": signer.certificate}
    signature = signer.key.sign(signed_bytes(whole), padding.PKCS1v15(), hashes.SHA256())
    return whole | {"signature": base64.b64encode(signature).decode()}


def written(fields: Fields) -> bytes:
    return "&".join(f"{name}={value}" for name, value in fields.items()).encode()
