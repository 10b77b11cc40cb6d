"""A shop over django-payments: python django_shop.py <database URL> <rounds>, in the peers' own environment.

Prints the medians of create and status over Django's test client, in milliseconds. The settings are those of a
new Django project, its middleware included; nobody has to authenticate, and the provider asks nobody.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import uuid
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings
from django.urls import include, path

if TYPE_CHECKING:
    from collections.abc import Callable

WARM = 30

CONTRIB = ("auth", "contenttypes", "sessions", "messages")
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def configure(url: str) -> None:
    parts = urlsplit(url)
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts.path.lstrip("/"),
                "USER": unquote(parts.username or ""),
                "PASSWORD": unquote(parts.password or ""),
                "HOST": parts.hostname,
                "PORT": parts.port,
            }
        },
        INSTALLED_APPS=[f"django.contrib.{name}" for name in CONTRIB] + ["payments"],
        MIDDLEWARE=MIDDLEWARE,
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["testserver"],
        SECRET_KEY=uuid.uuid4().hex,
        PAYMENT_HOST="testserver",
        PAYMENT_USES_SSL=False,
        PAYMENT_MODEL="payments.Payment",
        PAYMENT_VARIANTS={"default": ("payments.dummy.DummyProvider", {})},
        USE_TZ=True,
    )
    django.setup()


configure(sys.argv[1])

from django.db import connection  # noqa: E402  # Django's parts need its settings
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.test import Client  # noqa: E402
from payments.models import BasePayment  # noqa: E402


class Payment(BasePayment):
    class Meta:
        app_label = "payments"

    def get_failure_url(self) -> str:
        return "http://testserver/failed"

    def get_success_url(self) -> str:
        return "http://testserver/paid"


def create(request: HttpRequest) -> JsonResponse:
    asked = json.loads(request.body)
    payment = Payment.objects.create(
        variant="default", total=asked["amount"], currency=asked["currency"], description=asked["orderId"]
    )
    payment.get_form()
    return JsonResponse(document(payment), status=201)


def status(request: HttpRequest, payment_id: int) -> JsonResponse:
    del request
    return JsonResponse(document(Payment.objects.get(pk=payment_id)))


def document(payment: Payment) -> dict[str, object]:
    return {
        "paymentId": payment.pk,
        "status": payment.status,
        "amount": str(payment.total),
        "currency": payment.currency,
        "received": str(payment.captured_amount),
        "process": payment.get_process_url(),
        "createdAt": payment.created.isoformat(),
    }


urlpatterns = [
    path("payments", create),
    path("payments/<int:payment_id>", status),
    path("process/", include("payments.urls")),
]


def medians(rounds: int, *, is_kept: bool) -> dict[str, float]:
    """`is_kept`: one connection for all; otherwise each request ends by closing its own, as Django does by
    default (CONN_MAX_AGE 0) everywhere but in its test client."""
    client = Client()
    times: dict[str, list[float]] = {"create": [], "status": []}

    def timed(name: str, ask: Callable[[], Any], expected: int) -> Any:
        started = time.perf_counter()
        answer = ask()
        if not is_kept:
            connection.close()
        times[name].append((time.perf_counter() - started) * 1000)
        if answer.status_code != expected:
            raise SystemExit(f"{name}: {answer.status_code}")
        return answer.json()

    for _ in range(rounds + WARM):
        body = {"amount": "100.00", "currency": "CNY", "orderId": uuid.uuid4().hex}
        made = timed("create", lambda: client.post("/payments", body, content_type="application/json"), 201)  # noqa: B023
        timed("status", lambda: client.get(f"/payments/{made['paymentId']}"), 200)  # noqa: B023
    return {name: statistics.median(taken[WARM:]) for name, taken in times.items()}


def main(rounds: int) -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Payment)
    kept, new = (medians(rounds, is_kept=is_kept) for is_kept in (True, False))
    print(json.dumps({"version": f"django-payments {version('django-payments')}", "kept": kept, "new": new}))


if __name__ == "__main__":
    main(int(sys.argv[2]))
