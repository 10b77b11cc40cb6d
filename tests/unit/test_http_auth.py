import hashlib
import hmac
from collections.abc import Sequence

import pytest

from paygate.domain.errors import InvalidField
from paygate.http.auth import ANY_KEY, Authenticator, may
from paygate.http.errors import Unauthenticated
from paygate.http.request import Request
from tests.unit.http_support import (
    BEARER,
    NOW,
    PEPPER,
    SECRET,
    SIGNING_SECRET,
    MemoryKeys,
    TestClock,
    bearer_key,
    request,
    sign,
    signing_key,
)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def keys() -> MemoryKeys:
    return MemoryKeys(bearer_key("payments:read"), signing_key("payments:write"))


@pytest.fixture
def checks(keys: MemoryKeys, clock: TestClock) -> Authenticator:
    return Authenticator(keys, clock, PEPPER)


def with_key(authorization: str) -> Request:
    return request("GET", "/payments", headers=[("Authorization", authorization)])


def test_a_bearer_key_lets_in(checks: Authenticator, keys: MemoryKeys) -> None:
    assert checks.caller(with_key(BEARER)).id == "pk_reader"
    assert keys.touches == ["pk_reader"]


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer pk_reader",
        "Bearer pk_reader.",
        "Bearer pk_reader.wrong",
        f"Bearer pk_reader.{SECRET} ",
        f"Bearer pk_other.{SECRET}",
        f"Bearer pk_reader.{SECRET}x",
        f"Basic pk_reader.{SECRET}",
        f"Bearer sk_reader.{SECRET}",
        "Bearer pk_signer." + SIGNING_SECRET.decode(),
        "Bearer pk_reader." + "x" * 10_000,
        f"Bearer pk_{'x' * 100}.{SECRET}",
        "Bearer pk_r\u00e9ader.secret",
        "Paygate-HMAC-SHA256",
        "Paygate-HMAC-SHA256 keyId=pk_signer,t=,signature=",
        f"Paygate-HMAC-SHA256 keyId=pk_signer,t={int(NOW.timestamp())},signature={'0' * 64}",
        f"Paygate-HMAC-SHA256 keyId=pk_signer,t={'9' * 400},signature={'0' * 64}",
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(checks: Authenticator, authorization: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        checks.caller(with_key(authorization))
    assert str(refused.value) == str(Unauthenticated())


def test_an_authorization_sent_twice_is_refused(checks: Authenticator) -> None:
    twice = request("GET", "/payments", headers=[("Authorization", BEARER), ("authorization", BEARER)])
    with pytest.raises(InvalidField):
        checks.caller(twice)


def test_a_verified_key_is_remembered_for_30_seconds_and_no_longer(
    checks: Authenticator, keys: MemoryKeys, clock: TestClock
) -> None:
    checks.caller(with_key(BEARER))
    del keys.keys["pk_reader"]
    clock.pass_seconds(29)
    checks.caller(with_key(BEARER))
    assert keys.lookups == ["pk_reader"]
    clock.pass_seconds(2)
    with pytest.raises(Unauthenticated):
        checks.caller(with_key(BEARER))


def test_a_remembered_key_still_needs_its_secret(checks: Authenticator) -> None:
    checks.caller(with_key(BEARER))
    with pytest.raises(Unauthenticated):
        checks.caller(with_key("Bearer pk_reader.wrong"))


def test_a_wrong_secret_is_not_remembered_and_touches_nothing(checks: Authenticator, keys: MemoryKeys) -> None:
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            checks.caller(with_key("Bearer pk_reader.wrong"))
    assert (keys.lookups, keys.touches) == (["pk_reader", "pk_reader"], [])


@pytest.mark.parametrize(
    ("target", "signed_as"),
    [
        ("/payments", "/payments"),
        ("/payments", "/v1/payments"),
        ("/payments?limit=5&state=PENDING", "/payments?limit=5&state=PENDING"),
        ("/payments?state=PENDING&limit=5", "/payments?state=PENDING&limit=5"),
        ("/payments?state=PENDING&limit=5", "/payments?limit=5&state=PENDING"),
        ("/payments?createdSince=2025-10-01T00:00:00Z", "/payments?createdSince=2025-10-01T00:00:00Z"),
        ("/payments?createdSince=2025-10-01T00:00:00Z", "/payments?createdSince=2025-10-01T00%3A00%3A00Z"),
        ("/payments?cursor=a+b%2B", "/payments?cursor=a+b%2B"),
        ("/payments?cursor=a+b%2B", "/payments?cursor=a%20b%2B"),
        ("/orders/%E8%AE%A2%20%2F1/payments", "/orders/%E8%AE%A2%20%2F1/payments"),
    ],
)
def test_a_signed_request_lets_in(checks: Authenticator, target: str, signed_as: str) -> None:
    sent = request("GET", target, headers=sign("GET", signed_as, b""))
    assert checks.caller(sent).id == "pk_signer"


def test_a_signature_covers_body_and_idempotency_key(checks: Authenticator) -> None:
    body = b'{"amount":"1.00"}'
    headers = sign("POST", "/payments", body, key="order-1")
    assert checks.caller(request("POST", "/payments", body=body, headers=headers)).id == "pk_signer"


def _changed(headers: Sequence[tuple[str, str]], name: str, value: str) -> list[tuple[str, str]]:
    return [(known, value if known == name else kept) for known, kept in headers]


def test_a_signature_over_anything_else_is_refused(checks: Authenticator) -> None:
    body = b'{"amount":"1.00"}'
    right = sign("POST", "/payments", body, key="order-1")
    wrong = [
        request("PUT", "/payments", body=body, headers=right),
        request("POST", "/payments/batch", body=body, headers=right),
        request("POST", "/payments?refresh=true", body=body, headers=right),
        request("POST", "/payments", body=body + b" ", headers=right),
        request("POST", "/payments", body=body, headers=_changed(right, "Idempotency-Key", "order-2")),
        request("POST", "/payments", body=body, headers=_changed(right, "Host", "evil.example")),
        request(
            "POST",
            "/payments",
            body=body,
            headers=_changed(right, "Authorization", right[1][1].replace("t=1", "t=2")),
        ),
    ]
    for sent in wrong:
        with pytest.raises(Unauthenticated):
            checks.caller(sent)


@pytest.mark.parametrize(("age", "is_fresh"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_a_signature_lives_300_seconds(checks: Authenticator, age: int, *, is_fresh: bool) -> None:
    sent = request("GET", "/payments", headers=sign("GET", "/payments", b"", t=int(NOW.timestamp()) - age))
    if is_fresh:
        assert checks.caller(sent).id == "pk_signer"
    else:
        with pytest.raises(Unauthenticated):
            checks.caller(sent)


def test_a_signature_is_taken_once(checks: Authenticator) -> None:
    sent = request("GET", "/payments", headers=sign("GET", "/payments", b""))
    checks.caller(sent)
    with pytest.raises(Unauthenticated):
        checks.caller(sent)


def test_a_wrong_signature_is_not_kept(checks: Authenticator, keys: MemoryKeys) -> None:
    headers = [
        ("Authorization", f"Paygate-HMAC-SHA256 keyId=pk_signer,t={int(NOW.timestamp())},signature={'0' * 64}")
    ]
    with pytest.raises(Unauthenticated):
        checks.caller(request("GET", "/payments", headers=headers))
    assert keys.seen == set()


def test_the_pepper_signs_for_nobody(checks: Authenticator) -> None:
    """An unknown key is compared against something that cannot be sent."""
    digest = hashlib.sha256(b"").hexdigest()
    moment = int(NOW.timestamp())
    lines = ["Paygate-HMAC-SHA256", str(moment), "GET", "h", "/payments", "", digest]
    signature = hmac.new(PEPPER, "\n".join(lines).encode(), "sha256").hexdigest()
    claim = f"Paygate-HMAC-SHA256 keyId=pk_nobody,t={moment},signature={signature}"
    with pytest.raises(Unauthenticated):
        checks.caller(request("GET", "/payments", headers=[("Host", "h"), ("Authorization", claim)]))


def test_scopes() -> None:
    reader, admin = bearer_key("payments:read"), bearer_key("admin")
    assert may(reader, "payments:read")
    assert not may(reader, "payments:write")
    assert may(reader, ANY_KEY)
    assert may(admin, "refunds:write")
