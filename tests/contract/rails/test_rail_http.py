"""The HTTP that all rails share, against a server that misbehaves on purpose."""

import socket
import ssl
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from paygate import budget
from paygate.adapters.rails.http import RailHttp
from paygate.domain.errors import AnswerTooLong, OutcomeUnknown
from tests.contract.rails.loopback import Loopback, answer, answering, loopback


def client(**changes: float) -> RailHttp:
    return RailHttp(
        **{"connect_seconds": 1, "read_seconds": 1, "total_seconds": 2, "pause_seconds": 0.01, **changes}
    )


def unknown(http: RailHttp, server: Loopback, *, is_repeatable: bool = False) -> float:
    """Seconds until OutcomeUnknown was raised."""
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        http.send("GET", server.url, is_repeatable=is_repeatable)
    return time.monotonic() - started


def test_an_answer() -> None:
    with loopback(answering(answer(b"body", 404, "X-Serial: 1"))) as server:
        found = client().send("POST", server.url + "?a=1", body=b"b=2", headers={"X-Own": "3"})
    assert (found.status, found.body, found.headers["x-serial"]) == (404, b"body", "1")
    head, _, body = server.heads[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /gateway?a=1 HTTP/1.1\r\n")
    assert (b"X-Own: 3" in head, body) == (True, b"b=2")


def test_one_connection_serves_many_calls() -> None:
    http = client()
    with loopback(answering(answer())) as server:
        for _ in range(5):
            http.send("GET", server.url)
    assert (server.requests, server.connections) == (5, 1)


def test_a_socket_that_was_idle_for_long_is_not_trusted() -> None:
    http = client()
    with loopback(answering(answer())) as server:
        http.send("GET", server.url)
        _age_sockets(http, server, 19)
        http.send("GET", server.url)
        assert server.connections == 1
        _age_sockets(http, server, 21)
        http.send("GET", server.url)
        assert server.connections == 2


def _age_sockets(http: RailHttp, server: Loopback, seconds: float) -> None:
    assert http._session is not None
    pools = http._session.get_adapter(server.url).poolmanager.pools  # type: ignore[attr-defined]
    aged = [one for key in pools.keys() for one in pools[key].pool.queue if one is not None]  # noqa: SIM118
    assert len(aged) == 1
    aged[0]._used_at -= seconds


def test_a_socket_that_the_rail_closed_is_replaced() -> None:
    http = client()

    def once(connection: socket.socket, _number: int) -> bool:
        connection.sendall(answer())
        return False

    with loopback(once) as server:
        http.send("GET", server.url)
        time.sleep(0.05)
        assert http.send("GET", server.url).body == b"ok"


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"])
@pytest.mark.parametrize("drop", [b"x"])
def test_a_rail_that_drips_does_not_outlast_the_budget(start: bytes, drop: bytes) -> None:
    def drip(connection: socket.socket, _number: int) -> bool:
        connection.sendall(start)
        while True:
            connection.sendall(drop)
            time.sleep(0.05)

    with loopback(drip) as server:
        assert unknown(client(total_seconds=0.4), server) < 1
        with budget.limit(0.3):
            assert unknown(client(), server) < 1


def test_dripping_chunks_do_not_outlast_the_budget_either() -> None:
    def drip(connection: socket.socket, _number: int) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"1\r\nx\r\n")
            time.sleep(0.05)

    with loopback(drip) as server:
        assert unknown(client(total_seconds=0.4), server) < 1


def test_a_silent_rail_is_left_in_time() -> None:
    over = threading.Event()
    with loopback(lambda _connection, _number: over.wait(5)) as server:
        assert unknown(client(read_seconds=0.2), server) < 0.8
        with budget.limit(0.2):
            assert unknown(client(), server) < 0.8
        over.set()


def test_without_time_nothing_is_sent() -> None:
    with loopback(answering(answer())) as server, budget.limit(0):
        unknown(client(), server)
        time.sleep(0.1)  # a connection would have been counted by now
    assert server.connections == 0


def test_a_rail_that_falls_silent_halfway_is_left_in_time() -> None:
    over = threading.Event()

    def script(connection: socket.socket, _number: int) -> bool:
        time.sleep(0.4)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        return over.wait(5)

    with loopback(script) as server:
        assert unknown(client(read_seconds=2, total_seconds=0.5), server) < 0.75
        over.set()


def test_an_answer_without_end_is_cut() -> None:
    def endless(connection: socket.socket, _number: int) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with loopback(endless) as server:
        with pytest.raises(AnswerTooLong):
            client(max_bytes=100_000).send("GET", server.url, is_repeatable=True)
        assert server.requests == 1


def test_what_may_be_repeated_is_repeated() -> None:
    with loopback(answering(answer(status=503), answer(status=429), answer(b"done"))) as server:
        assert client().send("GET", server.url, is_repeatable=True).body == b"done"
    assert server.requests == 3


def test_headers_that_are_a_function_are_made_for_each_try() -> None:
    numbers = iter("123")
    with loopback(answering(answer(status=503), answer(b"done"))) as server:
        client().send("GET", server.url, headers=lambda: {"X-Own": next(numbers)}, is_repeatable=True)
    first, second = server.heads
    assert (b"X-Own: 1" in first, b"X-Own: 2" in second) == (True, True)


def test_repeats_are_bounded() -> None:
    with loopback(answering(answer(status=500))) as server:
        assert client().send("GET", server.url, is_repeatable=True).status == 500
    assert server.requests == 3


def test_repeats_end_with_the_budget() -> None:
    with loopback(answering(answer(status=500))) as server, budget.limit(0.4):
        assert client(pause_seconds=0.4).send("GET", server.url, is_repeatable=True).status == 500
    assert server.requests == 1


def test_what_may_not_be_repeated_is_sent_once() -> None:
    def hang_up(_connection: socket.socket, _number: int) -> bool:
        return False

    with loopback(hang_up) as server:
        unknown(client(), server)
        assert server.requests == 1
        unknown(client(), server, is_repeatable=True)
        assert server.requests == 4
    with loopback(answering(answer(status=503))) as server:
        assert client().send("GET", server.url).status == 503
        assert server.requests == 1


def test_redirects_are_answers() -> None:
    with loopback(answering(answer(b"", 302, "Location: http://127.0.0.1:1/"))) as server:
        assert client().send("GET", server.url).status == 302


@pytest.mark.parametrize(
    "garbage", [b"\x00\xff\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"]
)
def test_what_is_no_http_is_unknown(garbage: bytes) -> None:
    def script(connection: socket.socket, _number: int) -> bool:
        connection.sendall(garbage)
        return False

    with loopback(script) as server:
        unknown(client(), server)


def test_a_body_that_does_not_unpack_is_unknown() -> None:
    with loopback(answering(answer(b"no gzip", 200, "Content-Encoding: gzip"))) as server:
        unknown(client(), server)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/?sign=planted", "http://planted:planted@[::/", "http:///planted"]
)
def test_p2_an_error_shows_nothing_of_the_request(url: str) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        client().send("POST", url, body=b"planted", headers={"Authorization": "planted"})
    shown = "".join(traceback.format_exception(caught.value, chain=True))
    assert "planted" not in shown.replace('"planted"', "").replace('b"planted"', "")
    assert "planted" not in str(caught.value)


def test_a_proxy_of_the_surroundings_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with loopback(answering(answer())) as server:
        assert client().send("GET", server.url).status == 200


def test_threads_share_a_session() -> None:
    http = client()
    with loopback(answering(answer())) as server, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: http.send("GET", server.url).status, range(64)))
    assert found == [200] * 64
    assert server.connections <= 8


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


def test_p1_tls_is_always_verified(self_signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(self_signed))
    monkeypatch.setenv("CURL_CA_BUNDLE", "")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(self_signed)
    with loopback(answering(answer()), tls) as server:
        with pytest.raises(OutcomeUnknown, match="SSLError"):
            client().send("GET", server.url)
        assert server.requests == 0


def test_how_long_a_call_took_is_told_whatever_came_of_it() -> None:
    told: list[tuple[int, bool]] = []
    hear = lambda milliseconds, is_answered: told.append((milliseconds, is_answered))  # noqa: E731
    http = RailHttp(connect_seconds=1, read_seconds=0.3, total_seconds=1, repeats=0, told=hear)
    for status in (200, 404, 503):
        with loopback(answering(answer(status=status))) as server:
            http.send("GET", server.url)
    with pytest.raises(OutcomeUnknown):
        http.send("GET", "http://127.0.0.1:1/")  # nobody's, while the server's own may be another's by now
    assert [is_answered for _, is_answered in told] == [True, True, False, False]
    assert all(0 <= milliseconds < 1000 for milliseconds, _ in told)
