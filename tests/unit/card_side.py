"""The card processor's side of the wire, with secrets of the tests' own, and an HTTP that answers from a list."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from paygate.adapters.rails.card import settings as card_settings
from paygate.adapters.rails.card.rail import CardRail
from paygate.adapters.rails.http import HttpAnswer
from paygate.domain.assets import CURRENCIES
from paygate.domain.errors import OutcomeUnknown
from paygate.domain.money import Money
from paygate.ports import CallbackRequest, Order, RailUrls

API = "https://api.processor.example"
SECRETS = ("whsec_the_new_secret", "whsec_the_old_secret")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
AT = int(NOW.timestamp())
LOST = OutcomeUnknown("lost")
EUR = CURRENCIES["EUR"]


def environment(**changes: str) -> dict[str, str]:
    return {
        "CARD_API_URL": API,
        "CARD_SECRET_KEY": "sk_test_51ofthetests",
        "CARD_PUBLISHABLE_KEY": "pk_test_51ofthetests",
        "CARD_WEBHOOK_SECRETS": ", ".join(SECRETS),
        **changes,
    }


def intent(status: str = "requires_payment_method", **changes: Any) -> dict[str, Any]:
    is_paid = status == "succeeded"
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "status": status,
        "amount": 10000,
        "amount_received": 10000 if is_paid else 0,
        "currency": "eur",
        "client_secret": "pi_1_secret_2",
        "metadata": {"reference": "R1", "payment_id": "PAY_1"},
        "latest_charge": charge() if is_paid else None,
        "last_payment_error": None,
        "livemode": False,
        **changes,
    }


def charge(**changes: Any) -> dict[str, Any]:
    return {"id": "ch_1", "object": "charge", "created": AT, "disputed": False, **changes}


def refund(status: str = "succeeded", amount: int = 6000, reference: str = "F1", **changes: Any) -> dict[str, Any]:
    metadata = {"refund_reference": reference, "reference": "R1", "payment_id": "PAY_1"} if reference else {}
    facts = {"id": "re_1", "object": "refund", "status": status, "amount": amount, "currency": "eur"}
    return {**facts, "metadata": metadata, "payment_intent": "pi_1", **changes}


def dispute(*moves: int, status: str = "needs_response", currency: str = "eur", **changes: Any) -> dict[str, Any]:
    made = [{"amount": amount, "currency": currency, "fee": 2000, "net": amount - 2000} for amount in moves]
    facts = {"id": "du_1", "object": "dispute", "amount": 10000, "currency": "eur", "status": status}
    return {**facts, "balance_transactions": made, "payment_intent": "pi_1", **changes}


def listed(*found: dict[str, Any], has_more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": list(found), "has_more": has_more}


def failed(status: int, **error: Any) -> HttpAnswer:
    body = json.dumps({"error": {"type": "invalid_request_error", "message": "Prose: secret", **error}})
    return HttpAnswer(status, body.encode(), {})


def again(found: Mapping[str, Any]) -> HttpAnswer:
    """A stored answer."""
    return HttpAnswer(200, json.dumps(found).encode(), {"idempotent-replayed": "true"})


def event(kind: str, found: Mapping[str, Any], **changes: Any) -> bytes:
    made = {"id": "evt_1", "object": "event", "type": kind, "livemode": False, "data": {"object": found}, **changes}
    return json.dumps(made, indent=2).encode()


def mark(body: bytes, secret: str = SECRETS[0], at: int = AT) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def callback(body: bytes, header: str | None = None, received_at: datetime | None = None) -> CallbackRequest:
    signed = f"t={AT},v1={mark(body)}" if header is None else header
    return CallbackRequest(body, {"stripe-signature": signed}, {}, received_at)


class FixedClock:
    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class ListedHttp:
    """Answers in their order; raises what is an exception. `sent` keeps each call: verb, path, parameters."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, str, dict[str, str]]] = []
        self.headers: list[Mapping[str, str]] = []

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        is_repeatable: bool,
        body: bytes | None = None,
    ) -> HttpAnswer:
        assert is_repeatable
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}" == API
        self.sent.append((method, parts.path, dict(parse_qsl(parts.query) + parse_qsl((body or b"").decode()))))
        self.headers.append(headers)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, HttpAnswer) else HttpAnswer(200, json.dumps(answer).encode(), {})

    @property
    def calls(self) -> list[str]:
        return [f"{verb} {path.removeprefix('/v1/')}" for verb, path, _ in self.sent]

    @property
    def keys(self) -> list[str]:
        return [headers["Idempotency-Key"] for headers in self.headers if "Idempotency-Key" in headers]


def rail(*answers: Any, at: datetime = NOW, **env: str) -> tuple[CardRail, ListedHttp]:
    http = ListedHttp(*answers)
    settings = card_settings.read(environment(**env))
    assert settings is not None
    return CardRail(settings, RailUrls("", ""), FixedClock(at), http), http  # type: ignore[arg-type]


def order(**changes: Any) -> Order:
    opened = NOW - timedelta(minutes=1)
    facts: dict[str, Any] = {
        "reference": "R1",
        "channel": "WEB",
        "amount": Money(10000, EUR),
        "subject": "Tea 茶 100% + &",
        "opened_at": opened,
        "expires_at": opened + timedelta(minutes=15),
        "payment_id": "PAY_1",
    }
    return Order(**{**facts, **changes})
