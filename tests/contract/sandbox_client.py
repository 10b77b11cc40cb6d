"""A merchant of the sandboxed Alipay that signs and verifies with code of its own."""

import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

ROOT = Path(__file__).parents[2]
SHANGHAI = timezone(timedelta(hours=8))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sandbox:
    """The sandbox process, and its control door."""

    def __init__(self, state: Path, *, time_scale: float = 0.0005) -> None:
        self.state, self.time_scale = state, time_scale
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "infra.sandbox",
            "--port",
            str(self.port),
            "--state",
            str(self.state),
        ]
        command += ["--time-scale", str(self.time_scale)]
        env = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
        self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
        assert "ready" in self.process.stdout.readline()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def settings(self) -> dict[str, str]:
        command = [sys.executable, "-m", "infra.sandbox", "provision", str(self.state)]
        lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return dict(line.split("=", 1) for line in lines.splitlines())

    def at(self, rail: str) -> "Door":
        return Door(f"{self.url}/{rail}/_sandbox")

    def do(self, step: str, **body: Any) -> dict[str, Any]:
        return self.at("alipay").do(step, **body)

    def see(self, what: str, **query: str) -> dict[str, Any]:
        return self.at("alipay").see(what, **query)


@dataclass(frozen=True)
class Door:
    """One rail's control door."""

    url: str

    def do(self, step: str, **body: Any) -> dict[str, Any]:
        return requests.post(f"{self.url}/{step}", json=body, timeout=30).json()

    def see(self, what: str, **query: str) -> dict[str, Any]:
        return requests.get(f"{self.url}/{what}", params=query, timeout=30).json()


class Merchant:
    def __init__(self, settings: dict[str, str], base_url: str) -> None:
        self.gateway = base_url + settings["ALIPAY_GATEWAY_URL"]
        self.app_id, self.seller_id = settings["ALIPAY_APP_ID"], settings["ALIPAY_SELLER_ID"]
        private = Path(settings["ALIPAY_APP_PRIVATE_KEY_FILE"]).read_bytes()
        self.private_key = serialization.load_pem_private_key(private, None)
        self.alipay_key = serialization.load_pem_public_key(Path(settings["ALIPAY_PUBLIC_KEY_FILE"]).read_bytes())

    def params(self, method: str, biz: Any, **more: str) -> dict[str, str]:
        params = {
            "app_id": self.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": datetime.now(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
            "version": "1.0",
            "biz_content": json.dumps(biz, ensure_ascii=False),
        }
        return params | more

    def signed(self, params: dict[str, str]) -> dict[str, str]:
        text = "&".join(f"{name}={params[name]}" for name in sorted(params) if params[name])
        data = text.encode(params.get("charset", "utf-8"))
        signature = self.private_key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return params | {"sign": base64.b64encode(signature).decode()}

    def call(self, method: str, biz: Any, **more: str) -> dict[str, Any]:
        return self.post(self.signed(self.params(method, biz, **more)))

    def post(self, params: dict[str, str], timeout: float = 30) -> dict[str, Any]:
        """Common parameters in the query and biz_content in the body, as the official SDKs send them."""
        charset = params.get("charset") or "utf-8"
        query = urlencode({k: v for k, v in params.items() if k != "biz_content"}, encoding=charset)
        body = urlencode({"biz_content": params.get("biz_content", "")}, encoding=charset).encode()
        headers = {"Content-Type": f"application/x-www-form-urlencoded;charset={charset}"}
        response = requests.post(f"{self.gateway}?{query}", data=body, headers=headers, timeout=timeout)
        response.raise_for_status()
        return self.read(response.content, charset)

    def read(self, raw: bytes, charset: str = "utf-8") -> dict[str, Any]:
        """Verify the signature over the very bytes, then decode."""
        match = re.fullmatch(
            rb'\{"(\w+)":(\{.*\})(?:,"alipay_cert_sn":"(\w+)")?,"sign":"([^"]+)"\}', raw, re.DOTALL
        )
        assert match, raw
        self.alipay_key.verify(base64.b64decode(match[4]), match[2], padding.PKCS1v15(), hashes.SHA256())
        answer = json.loads(match[2].decode(charset))
        return answer | {"_name": match[1].decode(), "_cert_sn": (match[3] or b"").decode()}

    def verify_notification(self, body: bytes) -> dict[str, str]:
        charset = dict(parse_qsl(body.decode("ascii"), encoding="latin-1"))["charset"]
        params = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, encoding=charset, errors="strict"))
        self.verify_params(params, charset)
        return params

    def verify_params(self, params: dict[str, str], charset: str = "utf-8") -> None:
        kept = sorted(name for name in params if name not in ("sign", "sign_type"))
        text = "&".join(f"{name}={params[name]}" for name in kept)
        signature = base64.b64decode(params["sign"])
        self.alipay_key.verify(signature, text.encode(charset), padding.PKCS1v15(), hashes.SHA256())


Answer = bytes | tuple[int, bytes]


class Inbox:
    """Where a merchant gets callbacks. `answers` are given in turn, the last one for ever; bytes go with a 200."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers or (b"success",))
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []  # names in lower case
        self.content_types: list[str] = []
        self.arrived = threading.Condition()
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with inbox.arrived:
                    inbox.bodies.append(body)
                    inbox.headers.append({name.lower(): value for name, value in self.headers.items()})
                    inbox.content_types.append(self.headers["Content-Type"])
                    answer = inbox.answers.pop(0) if len(inbox.answers) > 1 else inbox.answers[0]
                    inbox.arrived.notify_all()
                status, content = answer if isinstance(answer, tuple) else (200, answer)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/notify"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def wait(self, count: int, seconds: float = 10) -> list[bytes]:
        with self.arrived:
            self.arrived.wait_for(lambda: len(self.bodies) >= count, seconds)
            assert len(self.bodies) >= count, f"{len(self.bodies)} of {count} notifications came"
            return list(self.bodies)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@contextlib.contextmanager
def inbox(*answers: Answer) -> Iterator[Inbox]:
    opened = Inbox(*answers)
    try:
        yield opened
    finally:
        opened.close()
