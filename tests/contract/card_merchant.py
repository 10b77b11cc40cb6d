"""A merchant of the sandboxed card processor that asks and verifies with code of its own."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from tests.contract.sandbox_client import Sandbox

Json = dict[str, Any]


class CardMerchant:
    def __init__(self, sandbox: Sandbox) -> None:
        settings = sandbox.settings()
        self.url = sandbox.url
        self.api_url = f"{sandbox.url}{settings['CARD_API_URL']}/v1"
        self.secret_key = Path(settings["CARD_SECRET_KEY_FILE"]).read_text()
        self.publishable_key = settings["CARD_PUBLISHABLE_KEY"]
        self.webhook_secret = Path(settings["CARD_WEBHOOK_SECRETS_FILE"]).read_text()
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {self.secret_key}"

    def post(self, path: str, key: str | None = None, **form: str) -> requests.Response:
        """Names of fields are spelt with `__` for brackets: `metadata__a` is `metadata[a]`."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.session.post(f"{self.api_url}/{path}", data=_named(form), headers=headers, timeout=30)

    def get(self, path: str, **query: str) -> requests.Response:
        return self.session.get(f"{self.api_url}/{path}", params=_named(query), timeout=30)

    def create(self, number: str, **form: str) -> Json:
        asked = {"amount": "1000", "currency": "eur", "automatic_payment_methods__enabled": "true"}
        response = self.post("payment_intents", **{**asked, "metadata__reference": number, **form})
        assert response.status_code == 200, response.text
        return response.json()

    def paid(self, number: str, method: str = "pm_card_visa", **form: str) -> Json:
        intent = self.create(number, **form)
        self.do("confirm", reference=number, payment_method=method)
        return intent

    def intent(self, intent_id: str, **query: str) -> Json:
        return self.get(f"payment_intents/{intent_id}", **query).json()

    def browser(self, intent: Json, **form: str) -> requests.Response:
        """What the payer's page does: it has the publishable key and the client secret."""
        asked = {"client_secret": intent["client_secret"], "use_stripe_sdk": "true", **form}
        return requests.post(
            f"{self.api_url}/payment_intents/{intent['id']}/confirm",
            data=_named(asked),
            headers={"Authorization": f"Bearer {self.publishable_key}"},
            timeout=30,
        )

    def do(self, step: str, /, **body: Any) -> Json:
        return requests.post(f"{self.url}/card/_sandbox/{step}", json=body, timeout=30).json()

    def see(self, what: str, **query: str) -> Json:
        return requests.get(f"{self.url}/card/_sandbox/{what}", params=query, timeout=30).json()

    def order(self, number: str) -> Json:
        return self.see(f"orders/{number}")

    def forget_endpoint(self, endpoint_id: str) -> None:
        requests.delete(f"{self.url}/card/_sandbox/webhook_endpoint/{endpoint_id}", timeout=30).raise_for_status()


def _named(form: dict[str, str]) -> dict[str, str]:
    def spelt(name: str) -> str:
        first, *rest = name.split("__")
        return first + "".join(f"[{part}]" for part in rest)

    return {spelt(name): value for name, value in form.items()}


@dataclass
class Delivery:
    body: bytes
    headers: dict[str, str]

    @property
    def event(self) -> Json:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        return self.event["type"]

    @property
    def sent_at(self) -> int:
        return int(dict(part.split("=", 1) for part in self._parts())["t"])

    def is_signed_with(self, secret: str) -> bool:
        content = f"{self.sent_at}.".encode() + self.body
        wanted = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
        return f"v1={wanted}" in self._parts()

    def _parts(self) -> list[str]:
        return self.headers["Stripe-Signature"].split(",")


@dataclass
class Mailbox:
    """A webhook endpoint. `statuses` are answered in turn, the last one for ever."""

    url: str
    endpoint_id: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    deliveries: list[Delivery] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def receive(self, delivery: Delivery) -> int:
        with self.arrived:
            self.deliveries.append(delivery)
            self.arrived.notify_all()
            return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def wait(self, count: int, kind: str = "", seconds: float = 10) -> list[Delivery]:
        """The first `count` deliveries, of events of that kind."""

        def found() -> list[Delivery]:
            return [delivery for delivery in self.deliveries if kind in ("", delivery.type)]

        with self.arrived:
            self.arrived.wait_for(lambda: len(found()) >= count, seconds)
            assert len(found()) >= count, f"{[d.type for d in self.deliveries]} and not {count} of {kind or 'any'}"
            return found()[:count]


@contextmanager
def mailbox(merchant: CardMerchant, **options: Any) -> Iterator[Mailbox]:
    """Registered for as long as it is open, so that tests hear only of their own orders."""
    with serving() as opened:
        opened.endpoint_id = merchant.do("webhook_endpoint", url=opened.url, **options)["id"]
        try:
            yield opened
        finally:
            merchant.forget_endpoint(opened.endpoint_id)


@contextmanager
def serving() -> Iterator[Mailbox]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(box.receive(Delivery(body, dict(self.headers))))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    box = Mailbox(f"http://127.0.0.1:{server.server_port}/webhooks/card")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield box
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
