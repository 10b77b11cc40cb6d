"""localstripe, somebody else's simulator of the same processor, run as a program of its own.

It is licensed under the GPL and shares nothing with this project but a socket: it has an interpreter of its own
below `.local/`, made at first use with exactly what `localstripe_environment/requirements.txt` says.

    with Localstripe() as other:
        other.url                                   the API's address, without /v1
        other.register("we_1", url, "whsec_…")
        other.pay(client_secret)

It knows less than the original. Requests go through a front that leaves out what it would refuse (LEFT_OUT),
answers for what it lacks (ABSENT) and adds amount_received to a PaymentIntent; nothing else is touched, and events
are not. It also ignores Idempotency-Key, expands latest_charge always, signs events with the time of their making,
sends each once, a second later, and charges all cards that are to be declined but pm_card_chargeCustomerFail.
"""

import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

import requests

from tests.contract.environments import interpreter
from tests.contract.sandbox_client import ROOT, free_port

ENVIRONMENT = Path(__file__).with_name("localstripe_environment")
HOME = ROOT / ".local" / "localstripe"
LEFT_OUT = ("automatic_payment_methods", "cancellation_reason", "created", "description", "reason")
ABSENT = {"/v1/disputes": {"object": "list", "data": [], "has_more": False, "url": "/v1/disputes"}}
SECRET_KEY, PUBLISHABLE_KEY = "sk_test_12345", "pk_test_12345"  # any will do
PASSED_ON = ("Authorization", "Content-Type", "Idempotency-Key", "Stripe-Version")


class Localstripe:
    def __init__(self) -> None:
        self.port = free_port()
        self._address = f"http://[::1]:{self.port}"
        self._front = front(self._address)
        self.url = f"http://127.0.0.1:{self._front.server_port}"

    def start(self) -> Self:
        command = [
            interpreter(HOME, ENVIRONMENT / "requirements.txt"),
            "-m",
            "localstripe",
            "--port",
            str(self.port),
            "--from-scratch",
        ]
        env = {"PYTHONPATH": str(ENVIRONMENT), "PATH": "/usr/bin:/bin"}
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, env=env, stdout=quiet, stderr=quiet, cwd=HOME)
        try:
            self._wait()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        self._thread = threading.Thread(target=self._front.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def stop(self) -> None:
        self._front.shutdown()
        self._thread.join()
        self._front.server_close()
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def register(self, endpoint_id: str, url: str, secret: str, events: list[str] | None = None) -> None:
        body = {"url": url, "secret": secret, **({"events": events} if events else {})}
        requests.post(f"{self._address}/_config/webhooks/{endpoint_id}", json=body, timeout=10).raise_for_status()

    def pay(self, client_secret: str, method: str = "pm_card_visa") -> requests.Response:
        """As the payer's browser would; localstripe wants the card first, and then the confirmation."""
        path = f"payment_intents/{client_secret.partition('_secret')[0]}"
        self._post(path, payment_method=method).raise_for_status()
        return self._post(f"{path}/confirm")

    def challenge(self, client_secret: str, *, is_passed: bool) -> requests.Response:
        """A card that wants 3-D Secure, and how that ended."""
        digits = (
            "4000" + "0025" + "0000" + "3155"
        )  # Stripe's published number for it; nothing here has a name for it
        card = {"number": digits, "exp_month": "12", "exp_year": "2034", "cvc": "123"}
        made = self._post("payment_methods", type="card", **{f"card[{name}]": card[name] for name in card}).json()
        asked = self.pay(client_secret, made["id"])
        assert asked.json()["status"] == "requires_action", asked.text
        path = f"payment_intents/{client_secret.partition('_secret')[0]}/_authenticate"
        return self._post(path, client_secret=client_secret, success=str(is_passed).lower())

    def _post(self, path: str, **form: str) -> requests.Response:
        return requests.post(f"{self._address}/v1/{path}", data=form, auth=(SECRET_KEY, ""), timeout=10)

    def _wait(self) -> None:
        for _ in range(200):
            if self._process.poll() is not None:
                raise RuntimeError("localstripe ended at once; it needs IPv6 on loopback")
            try:
                requests.get(f"{self._address}/js.stripe.com/v3/", timeout=1)
            except requests.ConnectionError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("localstripe does not answer")


def front(address: str) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path in ABSENT:
                self._answer(200, json.dumps(ABSENT[path]).encode())
                return
            self._pass_on("GET", f"{path}?{kept(query)}", None)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._pass_on("POST", self.path, kept(body.decode("ascii")))

        def _pass_on(self, verb: str, target: str, body: str | None) -> None:
            headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
            answer = requests.request(verb, address + target, data=body, headers=headers, timeout=10)
            self._answer(answer.status_code, completed(answer.content))

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server


def completed(body: bytes) -> bytes:
    try:
        found = json.loads(body)
    except ValueError:
        return body
    if not isinstance(found, dict) or found.get("object") != "payment_intent":
        return body
    received = found["amount"] if found["status"] == "succeeded" else 0
    return json.dumps({**found, "amount_received": received}).encode()


def kept(form: str) -> str:
    """The fields that localstripe would not refuse."""
    pairs = parse_qsl(form, keep_blank_values=True)
    return urlencode([(name, value) for name, value in pairs if name.partition("[")[0] not in LEFT_OUT])
