"""KMS with one key, over its own wire (AWS KMS API Reference, "Sign", "GetPublicKey"; JSON 1.1), and its faults.

moto hashes a digest once more, so that nothing on a chain takes what it signs.
"""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from paygate.adapters.chains.addresses.evm import EvmEncoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ARN = "arn:aws:kms:us-east-1:123456789012:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_INFO = bytes.fromhex("3056301006072a8648ce3d020106052b8104000a034200")  # RFC 5480: an EC key on secp256k1
HIGH_S, LOW_S, OTHER_KEY, GARBAGE = "high s", "low s", "other key", "garbage"
DENIED, UNAVAILABLE, HANGS_UP = "denied", "unavailable", "hangs up"


class Kms:
    """`faults` come one each, at the next signatures; `signed` are the digests that were. `before` is called before
    something is signed, `after` before the answer.
    """

    def __init__(self) -> None:
        self._key = PrivateKey()
        self.faults: list[str] = []
        self.signed: list[bytes] = []
        self.before: Callable[[], None] = _nothing
        self.after: Callable[[], None] = _nothing
        self.asked = 0
        self.public_key = _INFO + self.point
        self.usage = "SIGN_VERIFY"
        handler = type("Handler", (_Handler,), {"kms": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def point(self) -> bytes:
        return self._key.public_key.format(compressed=False)

    @property
    def address(self) -> str:
        return EvmEncoding().text(EvmEncoding().of_point(self.point))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, target: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        assert asked["KeyId"] == ARN
        if target == "TrentService.GetPublicKey":
            key = base64.b64encode(self.public_key).decode()
            told = {"KeySpec": "ECC_SECG_P256K1", "KeyUsage": self.usage, "SigningAlgorithms": ["ECDSA_SHA_256"]}
            return 200, {"KeyId": ARN, "PublicKey": key, **told}
        assert target == "TrentService.Sign"
        assert (asked["MessageType"], asked["SigningAlgorithm"]) == ("DIGEST", "ECDSA_SHA_256")
        self.asked += 1
        self.before()
        told = self._sign(base64.b64decode(asked["Message"]), self.faults.pop(0) if self.faults else "")
        self.after()
        return told

    def _sign(self, digest: bytes, fault: str) -> tuple[int, dict[str, Any]]:
        if fault == DENIED:
            return 400, {"__type": "AccessDeniedException", "message": "not authorized to perform: kms:Sign"}
        if fault == UNAVAILABLE:
            return 500, {"__type": "KMSInternalException"}
        if fault == HANGS_UP:
            raise ConnectionAbortedError
        der = (PrivateKey() if fault == OTHER_KEY else self._key).sign(digest, hasher=None)
        r, s = decode_dss_signature(der)
        low = min(s, ORDER - s)
        wanted = {HIGH_S: ORDER - low, LOW_S: low}.get(fault, s)
        der = b"no signature" if fault == GARBAGE else encode_dss_signature(r, wanted)
        self.signed.append(digest)
        return 200, {"KeyId": ARN, "Signature": base64.b64encode(der).decode(), "SigningAlgorithm": "ECDSA_SHA_256"}


class _Handler(BaseHTTPRequestHandler):
    kms: Kms

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            status, told = self.kms.answer(self.headers["X-Amz-Target"], asked)
        except ConnectionAbortedError:
            self.close_connection = True
            return
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # whoever asked may be dead
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def _nothing() -> None:
    """By default."""


@contextmanager
def running_kms() -> Iterator[Kms]:
    kms = Kms()
    try:
        yield kms
    finally:
        kms.close()
