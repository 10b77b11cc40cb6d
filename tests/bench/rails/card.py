"""Cards: an event of 2.7 KB. Requests carry a secret key and no signature, so there is nothing to sign."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hmac import HMAC

from paygate.adapters.rails.card import signature
from paygate.adapters.rails.card.rail import CardRail
from paygate.adapters.rails.card.settings import read
from paygate.adapters.rails.http import RailHttp
from paygate.adapters.system.clock import SystemClock
from paygate.ports import CallbackRequest
from tests.bench.rails.made import HASH, REFERENCE, Side, urls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SECRET = "whsec_0123456789abcdefghijklmnopqrstuv"
_NULL = """application application_fee_amount canceled_at cancellation_reason customer customer_account description
excluded_payment_method_types hooks invoice last_payment_error next_action on_behalf_of payment_details
payment_method_configuration_details presentment_details processing receipt_email review setup_future_usage shipping
source statement_descriptor statement_descriptor_suffix transfer_data transfer_group automatic_payment_methods"""
UNSIGNED = "its requests carry no signature: nothing to sign"


def sides() -> Iterator[Side]:
    settings = read(
        {
            "CARD_SECRET_KEY": "sk_test_0123456789",
            "CARD_PUBLISHABLE_KEY": "pk_test_0123456789",
            "CARD_WEBHOOK_SECRETS": SECRET,
        }
    )
    assert settings is not None
    body, sent = json.dumps(_event(), indent=2).encode(), str(int(time.time()))
    signed, mac = f"{sent}.".encode() + body, HMAC(SECRET.encode(), HASH)
    mac.update(signed)
    tag = mac.finalize()
    header = f"t={sent},v1={tag.hex()},v0={tag[::-1].hex()}"
    request = CallbackRequest(body, {"stripe-signature": header})
    rail, clock = CardRail(settings, urls("card"), SystemClock(), RailHttp()), SystemClock()

    def ours() -> None:
        signature.verify(body, header, settings.webhook_secrets, clock.now())

    def proven() -> None:
        signature.is_signed(signed, (tag.hex(),), settings.webhook_secrets)

    def bare() -> None:
        mac = HMAC(key, HASH)
        mac.update(signed)
        mac.verify(tag)

    key = SECRET.encode()
    yield Side("verify", proven, bare, UNSIGNED)
    yield Side("callback", ours, bare)
    yield Side("read", lambda: rail.read_callback(request), bare)


def _event() -> dict[str, Any]:
    """As the processor writes it: indented by two, with all that is null."""
    intent: dict[str, Any] = {
        **dict.fromkeys(_NULL.split()),
        "id": "pi_3QNabcDEFghiJKLm0nOpQrSt",
        "object": "payment_intent",
        "amount": 10000,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 10000,
        "capture_method": "automatic",
        "client_secret": "pi_3QNabcDEFghiJKLm0nOpQrSt_secret_abcdefghijklmnopqrstuvwxy",
        "confirmation_method": "automatic",
        "created": 1763842522,
        "currency": "eur",
        "latest_charge": "ch_3QNabcDEFghiJKLm0aBcDeFg",
        "livemode": False,
        "metadata": {"reference": REFERENCE, "payment_id": "PAY_01JD8Z0Q4TXK9V3M2N7B5C6D1E"},
        "description": "Annual plan, 500 seats, renewed until the end of next year",
        "payment_method": "pm_1QNabcDEFghiJKLmnOpQrStU",
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            },
            "link": {"persistent_token": None},
        },
        "payment_method_types": ["card", "link"],
        "shipping": {
            "address": {
                "city": "Berlin",
                "country": "DE",
                "line1": "Example Street 12",
                "line2": None,
                "postal_code": "10115",
                "state": None,
            },
            "carrier": None,
            "name": "Jenny Example",
            "phone": None,
            "tracking_number": None,
        },
        "status": "succeeded",
    }
    return {
        "id": "evt_3QNabcDEFghiJKLm0vWxYzAb",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": 1763842531,
        "data": {"object": intent},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": "req_abcdefghijklmn", "idempotency_key": "6f1c2b9e-0d3a-4b8f-9a57-3c1e2d4f5a6b"},
        "type": "payment_intent.succeeded",
    }
